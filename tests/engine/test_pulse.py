"""An engine that stands still: said, left, reached anew; one that answers is not."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from state.commands import RenameThread
from state.engine.locate import EngineBinary
from state.engine.pulse import Pulse
from state.engine.session import EngineSession, SessionOptions
from state.engine.supervisor import (
    ConnectOptions,
    PrivateTarget,
    SharedTarget,
    Target,
)
from state.events import EngineChanged, MessageShown, ThreadStatusChanged
from state.items import ThreadId
from state.model import EnginePhase
from tests.engine.fake_engine import fake_binary, short_folder
from tests.engine.session_bench import LIMIT, Watch, engine_pid
from tests.engine.test_session_faults import script

# Long enough for an engine that has to wait for a processor.
QUICK = Pulse(quiet=0.05, patience=0.5)
PATIENT = Pulse(quiet=0.05, patience=LIMIT)


@contextlib.asynccontextmanager
async def running(
    folder: Path, *, private: bool = False, pulse: Pulse | None = None, **on: Any
) -> AsyncIterator[Watch]:
    binary = EngineBinary(fake_binary(folder, script(**on)), "0.163.9", "flag")
    target: Target = SharedTarget(lambda: binary, folder / "home")
    if private:
        target = PrivateTarget(lambda: binary, folder / "home")
    env = {**os.environ, "FAKE_ENGINE_LOG": str(folder / "log")}
    connecting = ConnectOptions(state_dir=folder, client_version="0", env=env)
    session = EngineSession(
        target,
        SessionOptions(connect=connecting, backoff=lambda _a: 0.01, pulse=pulse),
    )
    watch = Watch(session)
    run = asyncio.create_task(session.run(watch.inlet))
    try:
        await watch.until(ThreadStatusChanged)
        yield watch
    finally:
        await session.close()
        await asyncio.wait_for(run, LIMIT)


async def is_left(watch: Watch) -> None:
    pid, mark = engine_pid(watch), len(watch.events)
    os.kill(pid, signal.SIGSTOP)
    try:
        # More than any socket holds.
        word = RenameThread(ThreadId("t"), "x" * 4_000_000)
        sent = asyncio.create_task(watch.session.send(word))
        gone = await watch.phase(EnginePhase.LOST, since=mark)
        assert "says nothing" in (gone.engine.sentence or "")
        await asyncio.wait_for(sent, LIMIT)
    finally:
        os.kill(pid, signal.SIGCONT)
    back = await watch.phase(EnginePhase.READY, since=mark)
    assert back.engine.epoch == gone.engine.epoch
    assert back.engine.connection > gone.engine.connection


async def stays(watch: Watch) -> None:
    """Leaving one of our own would end all that runs in it."""
    pid, mark = engine_pid(watch), len(watch.events)
    os.kill(pid, signal.SIGSTOP)
    try:
        await watch.until(MessageShown, lambda e: "nothing any more" in e.text)
    finally:
        os.kill(pid, signal.SIGCONT)
    await watch.session.send(RenameThread(ThreadId("t"), "n"))
    assert engine_pid(watch) == pid
    assert [e for e in watch.events[mark:] if isinstance(e, ThreadStatusChanged)] == []


@pytest.mark.parametrize("private", [False, True])
def test_an_engine_that_stands_still(*, private: bool) -> None:
    async def main(folder: Path) -> None:
        async with running(folder, private=private, pulse=QUICK) as watch:
            await (stays if private else is_left)(watch)

    with short_folder() as folder:
        asyncio.run(main(folder))


def test_one_that_stands_still_does_not_hold_up_the_end() -> None:
    """Its socket is full, and takes no word of the end either."""

    async def main(folder: Path) -> None:
        async with running(folder) as watch:
            os.kill(engine_pid(watch), signal.SIGSTOP)
            word = RenameThread(ThreadId("t"), "x" * 4_000_000)
            send = asyncio.create_task(watch.session.send(word))
            await asyncio.wait([send], timeout=0.2)
            await asyncio.wait_for(watch.session.close(), LIMIT)
            await asyncio.wait_for(send, LIMIT)

    with short_folder() as folder:
        asyncio.run(main(folder))


def test_one_that_answers_is_left_alone() -> None:
    """Also with an error, as one that does not know the question does."""

    async def main(folder: Path) -> None:
        unknown = [{"error": {"code": -32600, "message": "?"}}]
        async with running(folder, pulse=PATIENT, server_diagnostics=unknown) as watch:
            log = folder / "log"
            async with asyncio.timeout(LIMIT):
                while log.read_text().count("server/diagnostics") < 6:
                    await asyncio.sleep(0.02)
            assert watch.of(MessageShown) == []
            phases = [one.engine.phase for one in watch.of(EngineChanged)]
            # What is installed may be told later: the same phase again.
            assert [phase for phase, _ in itertools.groupby(phases)] == [
                EnginePhase.CONNECTING,
                EnginePhase.READY,
            ]

    with short_folder() as folder:
        asyncio.run(main(folder))
