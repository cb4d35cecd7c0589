"""Runs the real engine offline for tests: which engines, and a bench for each.

Owns: finding the engines under test, a private home with a scripted provider,
the count of real-engine tests. Not here: the client (`tests.engine.plain_client`)
and our own engine client, which the harness never uses: it is its oracle.
Invariant: a bench leaves no file and no process.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import os
import subprocess
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, unix_connect

from tests.engine.plain_client import LIMIT, Client
from tui.demo.home import DemoHome, sweep
from tui.demo.project import project_files
from tui.demo.provider import Provider, Reviewer, Script, deny

T = TypeVar("T")

# Not below /tmp: the engine's sandbox lets commands write there.
_BENCHES = Path.home() / ".cache" / "codex-tui-tests"


@dataclass(frozen=True, slots=True)
class EngineUnderTest:
    """One codex; `version` is what it prints itself."""

    version: str
    path: Path


@functools.cache
def engines() -> tuple[EngineUnderTest, ...]:
    """The wheel's engine and those of CODEX_TUI_TEST_CODEX, one per version."""
    found: dict[str, EngineUnderTest] = {}
    for path in _candidates():
        printed = subprocess.run(
            (path, "--version"), capture_output=True, text=True, check=True
        )
        version = printed.stdout.split()[-1]
        found.setdefault(version, EngineUnderTest(version, path))
    return tuple(found.values())


def _candidates() -> Iterator[Path]:
    with contextlib.suppress(ImportError):
        yield Path(importlib.import_module("codex_cli_bin").bundled_codex_path())
    for text in os.environ.get("CODEX_TUI_TEST_CODEX", "").split(os.pathsep):
        if text:
            yield Path(text)


def engine_required() -> bool:
    """CODEX_TUI_REQUIRE_ENGINE=1: a skip of an engine test is a failure."""
    return os.environ.get("CODEX_TUI_REQUIRE_ENGINE") == "1"


F = TypeVar("F", bound=Callable[..., object])


def each_engine(test: F) -> F:
    """Run the test, which takes `engine`, once for every engine found."""
    found = [pytest.param(engine, id=engine.version) for engine in engines()]
    if not found:
        skip = pytest.mark.skip(reason="no codex found: install the engine extra")
        found = [pytest.param(None, id="no-engine", marks=skip)]
    marked: F = pytest.mark.engine(pytest.mark.parametrize("engine", found)(test))
    return marked


@functools.cache
def _sandbox_problem(engine: EngineUnderTest) -> str:
    """What the engine says when it cannot run a sandboxed command, or nothing."""
    with Bench(engine, lambda _request: ()) as bench:
        client = bench.stdio()
        policy = {"type": "workspaceWrite"}
        answer = client.call(
            "command/exec",
            {
                "command": ["/bin/sh", "-c", "echo fine"],
                "cwd": str(bench.workspace),
                "sandboxPolicy": policy,
            },
        )
    return "" if answer["stdout"] == "fine\n" else f"{answer['stderr']!r}"


def need_sandbox(engine: EngineUnderTest) -> None:
    """Skip where this machine does not let the engine's sandbox work."""
    problem = _sandbox_problem(engine)
    if problem:
        pytest.skip(f"the sandbox of {engine.version} does not work here: {problem}")


class EngineSummary:
    """A pytest plugin: counts real-engine tests per version, turns skips to errors.

    Register it in `pytest_configure`: `config.pluginmanager.register(EngineSummary())`.
    """

    def __init__(self, *, required: bool | None = None) -> None:
        self.passed: Counter[str] = Counter()
        self._required = engine_required() if required is None else required

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        real = any(item.iter_markers("engine")) or any(item.iter_markers("sandbox"))
        if real and report.skipped and self._required:
            report.outcome = "failed"
            report.longrepr = (
                f"skipped, but CODEX_TUI_REQUIRE_ENGINE=1: {report.longrepr}"
            )
        callspec = getattr(item, "callspec", None)
        engine = callspec.params.get("engine") if callspec is not None else None
        if isinstance(engine, EngineUnderTest) and report.when == "call":
            report.user_properties.append(("engine", engine.version))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Counted where all workers' reports meet."""
        if report.when == "call" and report.passed:
            self.passed.update(
                str(value) for name, value in report.user_properties if name == "engine"
            )

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Say it whenever an engine was found or asked for."""
        if self.passed or self._required:
            terminalreporter.write_line(engine_summary(self.passed))


def engine_summary(passed: Mapping[str, int]) -> str:
    """`real-engine tests: 0.163.0: 4, 0.169.0: 4`; zero is said, too."""
    versions = {engine.version: 0 for engine in engines()} | dict(passed)
    counts = ", ".join(f"{version}: {count}" for version, count in versions.items())
    return f"real-engine tests: {counts or 'none, no engine found'}"


class ProviderThread:
    """A `Provider` in a thread with a loop of its own."""

    def __init__(self, script: Script, reviewer: Reviewer = deny) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.provider = Provider(script, reviewer=reviewer)

    def __enter__(self) -> Self:
        self._thread.start()
        self.run(self.provider.__aenter__()).result(LIMIT)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.run(self.provider.__aexit__(None, None, None)).result(LIMIT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT)
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine in the provider's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def release(self, event: asyncio.Event) -> None:
        """Set the event of a `HoldUntil` step."""
        self._loop.call_soon_threadsafe(event.set)


class Bench:
    """Context manager: a private home, a provider, and engines on demand."""

    def __init__(
        self,
        engine: EngineUnderTest,
        script: Script,
        *,
        reviewer: Reviewer = deny,
        config: str = "",
        files: Mapping[str, str] | None = None,
    ) -> None:
        self.engine = engine
        self._config = config
        self._stack = contextlib.ExitStack()
        self._folder = (
            Path.home() / ".cache" / "codex-tui-tests" / uuid.uuid4().hex[:12]
        )
        self.home = DemoHome({**project_files(), **(files or {})}, self._folder)
        self.provider = ProviderThread(script, reviewer)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            _sweep_benches()
            stack.callback(_rmdir, _BENCHES)
            stack.enter_context(self.home)
            stack.enter_context(self.provider)
            self.home.configure(self.provider.provider.base_url, extra=self._config)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        faults = self.provider.provider.faults
        if faults and error is None:
            raise faults[0]

    @property
    def workspace(self) -> Path:
        """The threads' working folder: the demo's project in git."""
        return self.home.workspace

    def stdio(self, *arguments: str) -> Client:
        """Start `codex app-server` on pipes; its stdin is closed at the end."""
        process = self._start(("app-server", *arguments), pipes=True)
        assert process.stdin is not None
        assert process.stdout is not None
        client = Client(_line_writer(process.stdin), iter(process.stdout))
        self._stack.callback(_end_stdio, process, client)
        return client.initialize()

    def listen(self, *arguments: str) -> Path:
        """Start `codex app-server --listen unix://…`; returns the socket's path."""
        path = self.home.root / "engine.sock"
        process = self._start(
            ("app-server", "--listen", f"unix://{path}", *arguments), pipes=False
        )
        self._stack.callback(_end_process, process)
        return path

    def connect(self, path: Path, name: str = "harness") -> Client:
        """A WebSocket client of a listening engine; waits for the socket."""
        socket = self._stack.enter_context(_until_connected(path))
        return Client(socket.send, _text_frames(socket), name).initialize()

    def _start(
        self, arguments: tuple[str, ...], *, pipes: bool
    ) -> subprocess.Popen[str]:
        errors = (self.home.root / "engine.stderr").open("a")
        self._stack.callback(errors.close)
        piped = subprocess.PIPE if pipes else subprocess.DEVNULL
        return subprocess.Popen(
            (str(self.engine.path), *arguments),
            stdin=piped,
            stdout=piped,
            stderr=errors,
            text=True,
            encoding="utf-8",
            cwd=self.home.outside,
            env=self.home.environment(),
        )


def _line_writer(pipe: IO[str]) -> Callable[[str], None]:
    def write(text: str) -> None:
        pipe.write(text + "\n")
        pipe.flush()

    return write


def _text_frames(socket: ClientConnection) -> Iterator[str]:
    with contextlib.suppress(ConnectionClosed):
        for frame in socket:
            yield frame if isinstance(frame, str) else frame.decode()


def _until_connected(path: Path) -> ClientConnection:
    """Polls, as a socket that will appear gives no sign to wait for."""
    waiting = threading.Event()
    for _attempt in range(int(LIMIT / 0.02)):
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return unix_connect(str(path), uri="ws://localhost/", max_size=None)
        waiting.wait(0.02)
    raise TimeoutError(f"no engine listens on {path}")


def _end_stdio(process: subprocess.Popen[str], client: Client) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    _end_process(process)
    client.join()
    if process.stdout is not None:
        process.stdout.close()


def _end_process(process: subprocess.Popen[str]) -> None:
    """A listening engine would drain forever while a review is pending."""
    if process.stdin is None:
        process.kill()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _sweep_benches() -> None:
    """Remove what killed test runs left."""
    for folder in _BENCHES.glob("*/"):
        with contextlib.suppress(OSError):
            sweep(folder)
            folder.rmdir()


def _rmdir(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
