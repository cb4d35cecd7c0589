"""Joining, starting and losing engines: scripted ones for faults, then real ones."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

import state.engine.errors
from state.engine import detached, supervisor
from state.engine.control import stop
from state.engine.errors import (
    AuthRefused,
    EngineError,
    EngineLost,
    EngineStartFailed,
    HandshakeFailed,
)
from state.engine.locate import EngineBinary
from state.engine.supervisor import (
    Connection,
    ConnectOptions,
    PrivateTarget,
    RemoteTarget,
    SharedTarget,
    Target,
    backoff,
    connect,
    control_socket,
)
from tests.engine.fake_engine import fake_binary, fake_command
from tests.engine.harness import EngineUnderTest, each_engine
from tui.demo.home import DemoHome
from tui.demo.project import project_files


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with room for a socket's name, its `home` and its `state`."""
    with tempfile.TemporaryDirectory(prefix="ct") as name:
        (Path(name) / "home").mkdir()
        yield Path(name)


def options(folder: Path, **more: Any) -> ConnectOptions:
    settings: dict[str, Any] = {"env": os.environ, "state_dir": folder / "state"}
    return ConnectOptions(client_version="1", **settings | more)


def fake(folder: Path, script: dict[str, Any]) -> EngineBinary:
    return EngineBinary(fake_binary(folder, script), "0.163.9", "flag")


def shared(folder: Path, script: dict[str, Any]) -> SharedTarget:
    return SharedTarget(lambda: fake(folder, script), folder / "home")


DIAGNOSTICS = "server/diagnostics"


def test_backoff_doubles_from_half_a_second_to_thirty() -> None:
    waits = [backoff(attempt) for attempt in range(9)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert backoff(10_000) == 30.0


def test_an_engine_that_dies_at_start_leaves_its_last_words(short: Path) -> None:
    script = {"start": [{"stderr": 3}, {"exit": 1}]}
    for target in (
        PrivateTarget(lambda: fake(short, script), short / "home"),
        shared(short, script),
    ):
        with pytest.raises(EngineStartFailed) as caught:
            asyncio.run(connect(target, options(short)))
        assert caught.value.exit_code == 1
        assert caught.value.stderr_tail == [f"ERROR line {n}" for n in range(3)]


def test_a_binary_that_cannot_run_is_a_failed_start(short: Path) -> None:
    gone = EngineBinary(short / "gone", "0", "flag")
    target = PrivateTarget(lambda: gone, short / "home")
    with pytest.raises(EngineStartFailed, match="--codex-bin"):
        asyncio.run(connect(target, options(short)))


def test_a_private_engine_ends_when_the_handshake_fails(short: Path) -> None:
    script = {"on": {"initialize": [{"silent": True}]}}
    target = PrivateTarget(lambda: fake(short, script), short / "home")
    with pytest.raises(HandshakeFailed):
        asyncio.run(connect(target, options(short, handshake_seconds=0.3)))
    assert not [p for p in psutil.process_iter() if str(short) in _command(p)]


def test_nobody_there_and_nothing_to_start(short: Path) -> None:
    with pytest.raises(EngineLost, match="no engine serves"):
        asyncio.run(connect(SharedTarget(None, short / "home"), options(short)))


def test_a_detached_engine_holds_nothing_of_ours(short: Path) -> None:
    env = {**os.environ, "CODEX_THREAD_ID": "t", "FROM_WINDOW": "yes"}
    config = ("thread_unload_delay_secs=2",)

    async def main() -> None:
        link = await connect(shared(short, {}), options(short, env=env, config=config))
        assert link.how == "started"
        assert link.pid is not None
        process = psutil.Process(link.pid)
        inherited = process.environ()
        assert inherited["CODEX_HOME"] == str(short / "home")
        assert inherited["FROM_WINDOW"] == "yes"
        assert "CODEX_THREAD_ID" not in inherited
        assert os.getsid(link.pid) == link.pid
        cwd = Path(process.cwd())
        assert cwd == (short / "state" / "engine" / "cwd").resolve()
        assert stat.S_IMODE(cwd.stat().st_mode) == 0o700
        assert list(cwd.iterdir()) == []
        assert "-c thread_unload_delay_secs=2" in _command(process)
        note = detached.remembered(short / "state", short / "home")
        errors = Path(note["stderr"])
        assert stat.S_IMODE(errors.stat().st_mode) == 0o600
        if sys.platform == "linux":
            ends = [os.readlink(f"/proc/{link.pid}/fd/{n}") for n in range(3)]
            assert ends == ["/dev/null", "/dev/null", str(errors.resolve())]
        errors.write_bytes(b"x" * (detached.STDERR_LIMIT + 1))
        again = await connect(shared(short, {}), options(short))
        assert errors.stat().st_size == 0
        assert again.how == "joined"
        await again.rpc.close()
        await link.rpc.close()
        process.kill()

    asyncio.run(main())


def test_a_stale_socket_is_not_an_engine(short: Path) -> None:
    async def main() -> None:
        first = await connect(shared(short, {}), options(short))
        assert first.pid is not None
        psutil.Process(first.pid).kill()
        await first.rpc.batch()  # the end of the connection
        assert control_socket(short / "home").exists()
        control_socket(short / "home").unlink()
        second = await connect(shared(short, {}), options(short))
        assert second.how == "started"
        assert second.epoch != first.epoch
        assert second.pid is not None
        psutil.Process(second.pid).kill()
        await second.rpc.close()
        await first.rpc.close()

    asyncio.run(main())


def test_an_engine_that_closes_while_we_arrive_is_just_ending(short: Path) -> None:
    """As a killed one does: its socket still takes us, and then nothing comes."""
    path = control_socket(short / "home")
    path.parent.mkdir()

    async def main() -> None:
        async def hang_up(_: object, writer: asyncio.StreamWriter) -> None:
            writer.transport.abort()
            server.close()
            path.unlink(missing_ok=True)

        server = await asyncio.start_unix_server(hang_up, path)
        link = await connect(shared(short, {}), options(short))
        assert link.how == "started"
        assert link.pid is not None
        psutil.Process(link.pid).kill()
        await link.rpc.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("target", "word"),
    [
        (RemoteTarget("ws://127.0.0.1:9"), "--insecure-loopback"),
        (RemoteTarget("ws://localhost:9"), "--insecure-loopback"),
        (RemoteTarget("wss://[::1]:9"), "--insecure-loopback"),
        (RemoteTarget("ws://example.invalid", "s3cret"), "wss://"),
    ],
)
def test_a_remote_that_would_leak_or_let_agents_in_is_refused(
    short: Path, target: RemoteTarget, word: str
) -> None:
    with pytest.raises(AuthRefused, match=word):
        asyncio.run(connect(target, options(short)))
    assert "s3cret" not in repr(target)


def test_an_unreachable_or_odd_remote_has_a_sentence(short: Path) -> None:
    with pytest.raises(HandshakeFailed, match="unix://"):
        asyncio.run(connect(RemoteTarget("http://x"), options(short)))
    with pytest.raises(EngineLost):
        asyncio.run(connect(RemoteTarget("ws://127.0.0.1:9", "t"), options(short)))


def test_an_engine_elsewhere_has_an_epoch_per_connection(short: Path) -> None:
    elsewhere = {"process": {"id": 1}, "gauges": []}
    script = {"on": {DIAGNOSTICS: [{"reply": elsewhere}]}}
    path = short / "engine.sock"
    command = [*fake_command(short, script), "--listen", f"unix://{path}"]

    async def main() -> None:
        process = await asyncio.create_subprocess_exec(*command)
        while not path.exists():
            await asyncio.sleep(0.01)
        target = RemoteTarget(f"unix://{path}")
        links = [await connect(target, options(short)) for _ in range(2)]
        assert {link.how for link in links} == {"remote"}
        assert {link.pid for link in links} == {None}
        assert len({link.epoch for link in links}) == 2
        for link in links:
            await link.rpc.close()
        process.kill()
        await process.wait()

    asyncio.run(main())


def test_a_start_mark_is_one_processs_own() -> None:
    mine = detached.start_mark(os.getpid())
    assert mine is not None
    assert mine == detached.start_mark(os.getpid())
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        assert detached.start_mark(child.pid) not in (None, mine)
        child.kill()
        assert child.stdin is not None
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert detached.start_mark(child.pid) is None  # a zombie is gone


# -- the real engines ----------------------------------------------------------------


def _command(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def serving(home: DemoHome) -> list[int]:
    """The app-servers of this CODEX_HOME, as the system sees them."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if "app-server" in process.cmdline() and (
                process.environ().get("CODEX_HOME") == str(home.codex_home)
            ):
                found.append(process.pid)
    return found


@pytest.fixture
def home() -> Iterator[DemoHome]:
    # Not below the temporary folder: there the engine makes no sandbox helper.
    parent = Path.home() / ".cache" / "codex-tui-tests" / uuid.uuid4().hex
    try:
        with DemoHome(project_files(), parent) as opened:
            opened.configure("http://127.0.0.1:9/v1")
            yield opened
    finally:
        with contextlib.suppress(OSError):
            parent.rmdir()
            parent.parent.rmdir()


def real(home: DemoHome, **more: Any) -> ConnectOptions:
    return ConnectOptions(
        state_dir=home.tui_home,
        client_version="1",
        env=home.environment(),
        config=("thread_unload_delay_secs=2",),
        **more,
    )


def target_of(engine: EngineUnderTest, home: DemoHome) -> SharedTarget:
    binary = EngineBinary(engine.path, engine.version, "flag")
    return SharedTarget(lambda: binary, home.codex_home)


@contextlib.asynccontextmanager
async def connected(target: Target, home: DemoHome) -> AsyncIterator[Connection]:
    link = await connect(target, real(home))
    try:
        yield link
    finally:
        await link.rpc.close()


@each_engine
def test_private_engine_answers_and_ends_with_us(
    engine: EngineUnderTest, home: DemoHome
) -> None:
    binary = EngineBinary(engine.path, engine.version, "flag")

    async def main() -> None:
        target = PrivateTarget(lambda: binary, home.codex_home, home.workspace)
        async with connected(target, home) as link:
            assert link.info.version == engine.version
            assert Path(link.info.codex_home) == home.codex_home
            assert (link.how, [link.pid]) == ("private", serving(home))
            threads = await link.rpc.call("thread/list", {"useStateDbOnly": True})
            assert threads["data"] == []
        assert serving(home) == []

    asyncio.run(main())


WINDOW = """
import asyncio, json, os, sys
from pathlib import Path
from state.engine.locate import EngineBinary
from state.engine.supervisor import ConnectOptions, SharedTarget, connect

async def main():
    binary = EngineBinary(Path(sys.argv[1]), sys.argv[2], "flag")
    target = SharedTarget(lambda: binary, Path(sys.argv[3]))
    options = ConnectOptions(
        state_dir=Path(sys.argv[4]), client_version="1", env=os.environ
    )
    print("ready", flush=True)
    sys.stdin.readline()
    link = await connect(target, options)
    print(json.dumps([link.how, link.pid, link.epoch]), flush=True)
    await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main())
"""


def window(engine: EngineUnderTest, home: DemoHome) -> subprocess.Popen[str]:
    """A process of its own that connects when it is told to."""
    root = str(Path(state.__file__).parents[1])
    arguments = (engine.path, engine.version, home.codex_home, home.tui_home)
    process = subprocess.Popen(
        [sys.executable, "-c", WINDOW, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**home.environment(), "PYTHONPATH": root},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(windows: list[subprocess.Popen[str]]) -> list[list[Any]]:
    for process in windows:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = []
    for process in windows:
        assert process.stdout is not None
        answers.append(json.loads(process.stdout.readline()))
    return answers


@each_engine
def test_four_windows_at_once_share_one_engine_that_outlives_them(
    engine: EngineUnderTest, home: DemoHome
) -> None:
    windows = [window(engine, home) for _ in range(4)]
    with contextlib.ExitStack() as stack:
        for process in windows:
            stack.enter_context(process)
            stack.callback(process.kill)
        answers = go(windows)
        (pid,) = serving(home)
        assert sorted(how for how, _, _ in answers) == ["joined"] * 3 + ["started"]
        assert {told for _, told, _ in answers} == {pid}
        (epoch,) = {told for _, _, told in answers}
        for process in windows:
            process.send_signal(signal.SIGKILL)
            process.wait()

    async def main() -> None:
        async with connected(target_of(engine, home), home) as link:
            assert (link.how, link.pid, link.epoch) == ("joined", pid, epoch)
            await link.rpc.call("thread/list", {"useStateDbOnly": True})
        assert serving(home) == [pid]
        assert (await stop(home.codex_home, real(home))).stopped
        assert serving(home) == []

    asyncio.run(main())


@each_engine
def test_a_killed_engine_fails_what_waits_and_the_next_has_another_epoch(
    engine: EngineUnderTest, home: DemoHome
) -> None:
    async def main() -> None:
        async with connected(target_of(engine, home), home) as first:
            assert first.pid is not None
            started = await first.rpc.call("thread/start", {"cwd": str(home.workspace)})
            shell = {"threadId": started["thread"]["id"], "command": "sleep 60"}
            await first.rpc.call("thread/shellCommand", shell)
            exec_ = {"command": ["sleep", "60"], "sandboxPolicy": {"type": "readOnly"}}
            waiting = asyncio.create_task(first.rpc.call("command/exec", exec_))
            await first.rpc.call("thread/loaded/list")
            os.kill(first.pid, signal.SIGKILL)
            with pytest.raises(EngineLost):
                await waiting
            async with connected(target_of(engine, home), home) as second:
                assert second.how == "started"
                assert second.epoch != first.epoch
            report = await stop(home.codex_home, real(home))
            assert report.stopped

    asyncio.run(main())


@each_engine
def test_an_engine_that_cannot_start_says_why(
    engine: EngineUnderTest, home: DemoHome
) -> None:
    nowhere = home.root / "no-such-home"
    binary = EngineBinary(engine.path, engine.version, "flag")
    targets = (
        PrivateTarget(lambda: binary, nowhere),
        SharedTarget(lambda: binary, nowhere),
    )
    for target in targets:
        with pytest.raises(EngineStartFailed) as caught:
            asyncio.run(connect(target, real(home)))
        said = "\n".join(caught.value.stderr_tail)
        assert "that path does not exist" in said
        assert "\x1b" not in said


@each_engine
def test_a_token_opens_a_websocket_engine_and_nothing_else_does(
    engine: EngineUnderTest, home: DemoHome
) -> None:
    secret = home.root / "token"
    secret.write_text("s3cret-s3cret-s3cret-s3cret-s3cret")
    auth = ("--ws-auth", "capability-token", "--ws-token-file", str(secret))
    process = subprocess.Popen(
        [str(engine.path), "app-server", "--listen", "ws://127.0.0.1:0", *auth],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=home.environment(),
        text=True,
    )

    async def main(url: str) -> None:
        target = RemoteTarget(url, secret.read_text())
        async with connected(target, home) as link:
            assert link.how == "remote"
            assert link.info.version == engine.version
            assert await link.rpc.call("thread/loaded/list") is not None
        for wrong in (RemoteTarget(url, "wrong"), RemoteTarget(url, None, True)):
            with pytest.raises(AuthRefused):
                await connect(wrong, real(home))

    with process:
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"ws://127\.0\.0\.1:\d+", line):
                asyncio.run(main(found.group()))
                break
        else:
            pytest.fail("the engine named no address")
        process.kill()


def called_methods() -> set[str]:
    """Every method that `state.engine` names in a call or a notification."""
    found = {DIAGNOSTICS}
    for path in Path(supervisor.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("call", "notify")
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(str(node.args[0].value))
    return found


@each_engine
def test_every_method_we_call_is_one_the_engine_knows(
    engine: EngineUnderTest, home: DemoHome
) -> None:
    out = home.root / "schema"
    printer = ("app-server", "generate-json-schema", "--experimental", "--out")
    subprocess.run([engine.path, *printer, out], check=True, env=home.environment())
    known = {
        method
        for name in ("ClientRequest.json", "ClientNotification.json")
        for variant in json.loads((out / name).read_bytes())["oneOf"]
        for method in variant["properties"]["method"]["enum"]
    }
    called = called_methods()
    assert {"initialize", "thread/loaded/list", "command/exec"} <= called
    assert called - known == set()


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = (state.engine.errors.__doc__ or "").replace("│", " ")
    below = [EngineError]
    for kind in below:
        below.extend(kind.__subclasses__())
        assert re.search(rf"\b{kind.__name__}\b", drawn)
