"""Joining, starting and losing engines, with scripted ones for the faults."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

import state.engine.errors
from state.engine import detached, supervisor
from state.engine.errors import (
    AuthRefused,
    EngineError,
    EngineLost,
    EngineStartFailed,
    HandshakeFailed,
)
from state.engine.locate import EngineBinary
from state.engine.supervisor import (
    ConnectOptions,
    PrivateTarget,
    RemoteTarget,
    SharedTarget,
    Target,
    backoff,
    connect,
    control_socket,
)
from tests.engine.fake_engine import fake_binary, fake_command, short_folder


@pytest.fixture
def short() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def _command(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


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


LOSER = "Error: app-server control socket is already in use at x"


def loser(folder: Path) -> Path:
    """A codex that ends at once, as one does whose CODEX_HOME is served."""
    path = folder / "loser"
    path.write_text(f'#!/bin/sh\necho run >> "$0.runs"\necho "{LOSER}" >&2\nexit 1\n')
    path.chmod(0o755)
    return path


def test_losing_the_race_means_joining_the_winner(short: Path) -> None:
    winner = fake(short, {})
    processes = []

    def find() -> EngineBinary:
        # The winner began before us and opens its socket after we have lost.
        command = [str(winner.path), "app-server", "--listen", "unix://"]
        env = {**os.environ, "CODEX_HOME": str(short / "home")}
        processes.append(subprocess.Popen(command, env=env))
        return EngineBinary(loser(short), "0.163.9", "flag")

    link_how = asyncio.run(_how(SharedTarget(find, short / "home"), short))
    assert link_how == ("joined", processes[0].pid)
    processes[0].kill()
    processes[0].wait()
    assert (short / "loser.runs").read_text() == "run\n"
    assert detached.remembered(short / "state", short / "home") == {}


async def _how(target: Target, folder: Path) -> tuple[str, int | None]:
    link = await connect(target, options(folder))
    await link.rpc.close()
    return link.how, link.pid


def test_a_race_lost_to_nobody_is_run_again_but_not_for_ever(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "SOCKET_SECONDS", 0.5)
    binary = EngineBinary(loser(short), "0.163.9", "flag")
    with pytest.raises(EngineStartFailed, match="start and end again"):
        asyncio.run(
            connect(SharedTarget(lambda: binary, short / "home"), options(short))
        )
    assert (short / "loser.runs").read_text() == "run\n" * supervisor.STARTS


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


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = (state.engine.errors.__doc__ or "").replace("│", " ")
    below = [EngineError]
    for kind in below:
        below.extend(kind.__subclasses__())
        assert re.search(rf"\b{kind.__name__}\b", drawn)


@pytest.mark.parametrize("broken", ["folder", "program"])
def test_what_cannot_be_started_is_a_sentence_and_no_crash(
    tmp_path: Path, broken: str
) -> None:
    """A folder of ours on a read-only disk, a program that is none."""
    ours, program = tmp_path / "ours", Path("/bin/true")
    if broken == "folder":
        ours.write_text("no folder")
    else:
        program = tmp_path / "codex"
        program.write_text("no program")
        program.chmod(0o755)
    home = tmp_path / "codex-home"
    home.mkdir()
    binary = EngineBinary(program, "0.169.0", "flag")
    options = ConnectOptions(state_dir=ours, client_version="0", env={})
    with pytest.raises(EngineStartFailed) as caught:
        asyncio.run(connect(SharedTarget(lambda: binary, home), options))
    words = "set CODEX_TUI_HOME" if broken == "folder" else "--codex-bin"
    assert words in str(caught.value)
