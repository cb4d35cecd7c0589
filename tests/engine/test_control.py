"""Looking at a shared engine and ending it; the probe of its sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from state.engine import control, detached
from state.engine.control import count_peers, status, stop
from state.engine.locate import EngineBinary
from state.engine.probe import explain, probe_sandbox
from state.engine.rpc import RpcHooks
from state.engine.supervisor import (
    Connection,
    ConnectOptions,
    PrivateTarget,
    SharedTarget,
    connect,
    control_socket,
)
from tests.engine.fake_engine import fake_binary, short_folder
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Say, Step


@pytest.fixture
def short() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def options(folder: Path) -> ConnectOptions:
    def window_of_another_engine(_: object) -> None:
        raise AssertionError("a look must stay out of the window's hooks")

    return ConnectOptions(
        state_dir=folder / "state",
        client_version="1",
        env=os.environ,
        hooks=RpcHooks(on_message=window_of_another_engine),
    )


NEWS = {"send": {"method": "configWarning", "params": {}}}
IDLE: dict[str, Any] = {"thread/loaded/list": [NEWS, {"reply": {"data": []}}]}


def ended(pid: int) -> bool:
    """Gone, or a zombie that only waits for its parent to look."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


async def started(folder: Path, script: dict[str, Any]) -> Connection:
    binary = EngineBinary(fake_binary(folder, script), "0.163.9", "flag")
    return await connect(SharedTarget(lambda: binary, folder / "home"), options(folder))


def test_no_engine_is_no_error(short: Path) -> None:
    seen = asyncio.run(status(short / "home", options(short)))
    assert not seen.running
    report = asyncio.run(stop(short / "home", options(short)))
    assert report.stopped
    assert report.signals == ()


@pytest.mark.parametrize(
    ("stubborn", "signals"),
    [
        (0, ("SIGTERM",)),
        (1, ("SIGTERM", "SIGTERM")),
        (9, ("SIGTERM", "SIGTERM", "SIGKILL")),
    ],
)
def test_an_idle_engine_is_ended_no_harder_than_needed(
    short: Path, stubborn: int, signals: tuple[str, ...]
) -> None:
    async def main() -> None:
        link = await started(short, {"on": IDLE, "ignore_sigterm": stubborn})
        await link.rpc.close()
        seen = await status(short / "home", options(short))
        assert (seen.running, seen.started_by_us, seen.pid) == (True, True, link.pid)
        report = await stop(short / "home", options(short), grace=0.3)
        assert report.stopped
        assert report.signals == signals
        assert link.pid is not None
        assert ended(link.pid)

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="peers are seen on Linux only")
def test_another_client_is_reason_to_ask(short: Path) -> None:
    async def main() -> None:
        link = await started(short, {"on": IDLE})
        assert count_peers(control_socket(short / "home"), own=0) == 1
        report = await stop(short / "home", options(short))
        assert not report.stopped
        assert "1 other client;" in report.sentence
        assert link.pid is not None
        assert psutil.pid_exists(link.pid)
        assert (await stop(short / "home", options(short), interrupt=True)).stopped
        await link.rpc.close()

    asyncio.run(main())


def test_the_official_daemon_is_left_to_its_own_tool(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        link = await started(short, {"on": IDLE})
        await link.rpc.close()
        daemon = (short / "home").resolve() / "packages" / "1" / "codex"
        monkeypatch.setattr(detached, "executable", lambda _: daemon)
        report = await stop(short / "home", options(short), interrupt=True)
        assert not report.stopped
        assert "daemon stop" in report.sentence
        assert report.signals == ()
        monkeypatch.undo()
        assert (await stop(short / "home", options(short))).stopped

    asyncio.run(main())


def test_a_process_that_took_the_number_since_gets_no_signal() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as stranger:
        sent = asyncio.run(control._end(stranger.pid, f"{stranger.pid}@old", 0.1))
        assert sent == ()
        assert stranger.poll() is None


# -- the real engines ----------------------------------------------------------------


def script(request: ModelRequest) -> Sequence[Step]:
    if request.reply_index:
        return [Say("done")]
    if "terminal" in request.user_text:
        return [Exec("sleep 471147", yield_ms=300)]
    return [Exec("touch /etc/codex-tui-test", escalate=True, justification="please")]


def sleepers() -> list[int]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cmdline() == ["sleep", "471147"]:
                found.append(process.pid)
    return found


async def until(link: Connection, method: str) -> dict[str, Any]:
    async with asyncio.timeout(90):
        while True:
            for message in await link.rpc.batch():
                if message["method"] == method:
                    return message


@each_engine
@pytest.mark.sandbox
def test_stop_names_what_runs_and_ends_it_only_when_asked(
    engine: EngineUnderTest,
) -> None:
    with Bench(engine, script) as bench:
        asyncio.run(_stop_busy(engine, bench))
    assert sleepers() == []


async def _stop_busy(engine: EngineUnderTest, bench: Bench) -> None:
    home = bench.home
    settings = ConnectOptions(
        state_dir=home.tui_home, client_version="1", env=home.environment()
    )
    binary = EngineBinary(engine.path, engine.version, "flag")
    link = await connect(SharedTarget(lambda: binary, home.codex_home), settings)
    threads = []
    for text, sign in (
        ("a terminal", "turn/completed"),
        ("a review", "item/commandExecution/requestApproval"),
    ):
        params = {"cwd": str(bench.workspace)}
        thread = (await link.rpc.call("thread/start", params))["thread"]["id"]
        words = {"threadId": thread, "input": [{"type": "text", "text": text}]}
        await link.rpc.call("turn/start", words)
        asked = await until(link, sign)
        threads.append((thread, asked["params"].get("turnId")))
    (with_terminal, _), (with_review, turn) = threads

    seen = await status(home.codex_home, settings)
    assert seen.version == engine.version
    assert seen.started_by_us
    if sys.platform == "linux":
        assert seen.peers == 1
    activity = {thread.thread_id: thread for thread in seen.busy}
    assert activity[with_terminal].terminals == ("sleep 471147",)
    assert activity[with_terminal].turn_id is None
    assert activity[with_review].turn_id == turn
    assert activity[with_review].flags == ("waitingOnApproval",)

    report = await stop(home.codex_home, settings)
    assert not report.stopped
    assert "1 running turn, 1 live terminal" in report.sentence
    assert len(sleepers()) == 1
    assert len(link.rpc.waiting()) == 1

    report = await stop(home.codex_home, settings, interrupt=True, grace=5.0)
    assert report.stopped
    assert report.interrupted == (turn,)
    assert report.signals == ("SIGTERM",)
    assert link.pid is not None
    assert ended(link.pid)
    await link.rpc.close()


@each_engine
@pytest.mark.sandbox
def test_the_probe_says_that_the_sandbox_works(engine: EngineUnderTest) -> None:
    async def main(bench: Bench) -> None:
        home = bench.home
        settings = ConnectOptions(
            state_dir=home.tui_home, client_version="1", env=home.environment()
        )
        binary = EngineBinary(engine.path, engine.version, "flag")
        link = await connect(PrivateTarget(lambda: binary, home.codex_home), settings)
        before = sorted(bench.workspace.iterdir())
        result = await probe_sandbox(link.rpc, bench.workspace)
        assert (result.ok, result.sentence) == (True, "Commands run in the sandbox.")
        assert sorted(bench.workspace.iterdir()) == before
        result = await probe_sandbox(link.rpc, bench.workspace / "no-such-folder")
        assert not result.ok
        assert "does not exist" in result.sentence
        await link.rpc.close()

    with Bench(engine, script) as bench:
        asyncio.run(main(bench))


# -- the probe's sentences -------------------------------------------------------------

REGISTRY = (
    "failed to open synthetic bubblewrap mount registry lock "
    "/tmp/codex-bwrap-synthetic-mount-targets-0/lock: "
    "Read-only file system (os error 30)"
)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("bubblewrap is unavailable: no system bwrap was found on PATH", "missing"),
        (REGISTRY, "/tmp is read-only"),
        ("bwrap: Creating new namespace failed: nesting depth", "user namespaces"),
        ("bwrap: setting up uid map: Permission denied", "AppArmor"),
        (
            "Unable to spawn codex-linux-sandbox … No viable candidates found in PATH",
            "temporary folder",
        ),
        ("Failed to create unified exec process", "upgrade"),
        ("bwrap: Can't mkdir /ws/.agents: Read-only file system", "The folder is"),
        ("error: app-server socket directory must be a user-owned", "start it outside"),
        ("/bin/sh: 1: cannot create /x: Read-only file system", "read-only"),
        ("No space left on device (os error 28)", "disk is full"),
        ("something new", "not known yet"),
    ],
)
def test_known_failures_have_a_sentence(text: str, word: str) -> None:
    assert word in explain(text)


@pytest.mark.parametrize(
    "reply",
    [
        {"reply": {"exitCode": 101, "stdout": "", "stderr": REGISTRY}},
        {"error": {"code": -32603, "message": REGISTRY}},
        {"reply": {"exitCode": 0, "stdout": REGISTRY, "stderr": ""}},
    ],
)
def test_a_failed_probe_is_a_result(short: Path, reply: dict[str, Any]) -> None:
    async def main() -> None:
        link = await started(short, {"on": {"command/exec": [reply], **IDLE}})
        result = await probe_sandbox(link.rpc, short)
        assert not result.ok
        assert "/tmp is read-only" in result.sentence
        await link.rpc.close()
        await stop(short / "home", options(short))

    asyncio.run(main())
