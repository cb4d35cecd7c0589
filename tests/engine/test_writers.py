"""A thread that another engine writes, on real engines: read here, and forked.

The oracles: the other engine's own history, what the scripted model was asked, the lock
in /proc. The second engine stands for any other program on the same CODEX_HOME."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from state.commands import ForkThread, OpenThread, SendTurn
from state.events import TurnEnded, TurnsLoaded
from state.items import ThreadId
from state.model import ClientId
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import engine_pid, running
from tests.engine.test_agent_commands import call, said_to
from tui.demo.request import ModelRequest
from tui.demo.steps import Say, Step


@each_engine
def test_what_another_process_writes_is_read_and_forked(
    engine: EngineUnderTest,
) -> None:
    asked: list[str] = []

    def script(request: ModelRequest) -> Sequence[Step]:
        asked.append(request.user_text)
        return [Say("heard")]

    async def work(bench: Bench) -> None:
        other = bench.stdio()
        thread_id = ThreadId(other.start_thread(bench.workspace))
        other.start_turn(thread_id, "first words")
        other.wait_for("turn/completed", threadId=thread_id)
        async with running(bench) as watch:
            report = await watch.session.inspect(thread_id)
            assert report is not None and report.writer is not None
            assert report.writer.name == Path(engine.path).name
            assert report.writer.pid != engine_pid(watch)

            # It is read all the same.
            await watch.session.send(OpenThread(thread_id))
            await watch.until(
                TurnsLoaded,
                lambda e: e.thread_id == thread_id and "first words" in repr(e.turns),
            )

            # Nothing gets in from here; the command line says why and sends nothing.
            before = list(asked)
            code, out, errors = await asyncio.to_thread(
                call, bench, "send", thread_id, "not here"
            )
            assert (code, out) == (1, "")
            assert f"process {report.writer.pid}" in errors
            assert asked == before

            # A fork is one's own.
            fork = await watch.session.send(ForkThread(thread_id))
            assert fork is not None
            mark = len(watch.events)
            await watch.session.send(SendTurn(ClientId("c1"), fork, "to the fork"))
            await watch.until(TurnEnded, lambda e: e.thread_id == fork, since=mark)
            assert asked[-1] == "to the fork"
            assert said_to(other, thread_id) == ["first words"]

    with Bench(engine, script) as bench:
        asyncio.run(work(bench))
