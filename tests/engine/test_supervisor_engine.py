"""Joining, starting and losing the real engines, each one that is found."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

import state.engine.errors
from state.engine import supervisor
from state.engine.control import stop
from state.engine.errors import (
    AuthRefused,
    EngineLost,
    EngineStartFailed,
)
from state.engine.locate import EngineBinary
from state.engine.supervisor import (
    Connection,
    ConnectOptions,
    PrivateTarget,
    RemoteTarget,
    SharedTarget,
    Target,
    connect,
)
from tests.engine.harness import EngineUnderTest, each_engine
from tui.demo.home import DemoHome
from tui.demo.project import project_files


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
        (pid,) = {told for _, told, _ in answers}
        # Who lost the race may take a moment to be gone.
        deadline = time.monotonic() + 90
        while serving(home) != [pid] and time.monotonic() < deadline:
            os.sched_yield()
        assert serving(home) == [pid]
        assert sorted(how for how, _, _ in answers) == ["joined"] * 3 + ["started"]
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
    found: set[str] = set()
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
    assert {"initialize", "server/diagnostics", "command/exec"} <= called
    assert called - known == set()
