"""Real engines that die: nothing is answered for the user, and nothing is woken."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from state.commands import Decide, StartThread
from state.engine.supervisor import control_socket
from state.events import ReviewAsked, ReviewReopened, ReviewSent, TurnEnded
from state.items import ThreadId
from state.model import ClientId, EnginePhase, Review
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import Watch, engine_pid, kill, running
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Say, Step


def script(request: ModelRequest) -> Sequence[Step]:
    """`ask PATH` touches a path outside; all else is answered."""
    word, _, path = request.user_text.partition(" ")
    if word == "ask" and request.reply_index == 0:
        return [Exec(f"touch {path}", escalate=True, justification="may I?")]
    return [Say("done")]


async def begin(watch: Watch, bench: Bench, text: str) -> ThreadId:
    made = await watch.session.send(
        StartThread(ClientId(text), str(bench.workspace), text, "workspace-write")
    )
    assert made is not None, watch.said()
    return made


async def asked(watch: Watch, since: int = 0) -> Review:
    return (await watch.until(ReviewAsked, since=since)).review


@each_engine
def test_an_old_answer_never_reaches_the_next_engine(engine: EngineUnderTest) -> None:
    """Ids begin at 0 again with each engine: the old card's is the new one's."""

    async def work(bench: Bench) -> None:
        first, second = bench.home.outside / "first", bench.home.outside / "second"
        async with running(bench) as watch:
            await begin(watch, bench, f"ask {first}")
            old = await asked(watch)
            mark = len(watch.events)
            kill(engine_pid(watch))
            await watch.phase(EnginePhase.READY, since=mark)
            thread_id = await begin(watch, bench, f"ask {second}")
            new = await asked(watch, mark)
            assert new.key.request_id == old.key.request_id
            assert new.key != old.key
            # By its own key, as the next engine's, and as if it came by this one.
            moved = replace(old, key=new.key)
            here = replace(moved, connection=new.connection)
            for stale in (old, moved, here):
                at = len(watch.events)
                await watch.session.send(Decide(stale, old.decisions[0]))
                await watch.until(ReviewReopened, since=at)
            assert watch.of(ReviewSent) == []
            await watch.session.send(Decide(new, new.decisions[-1]))
            await watch.until(TurnEnded, lambda e: e.thread_id == thread_id, since=mark)
            assert not first.exists() and not second.exists()

    with Bench(engine, script) as bench:
        asyncio.run(work(bench))


@each_engine
def test_a_goal_is_not_woken_by_our_restart(engine: EngineUnderTest) -> None:
    heard: list[str] = []

    def listening(request: ModelRequest) -> Sequence[Step]:
        heard.append(request.user_text)
        if "hello" not in request.user_text:  # what a goal says for itself
            return [Exec("sleep 300", yield_ms=120_000)]
        return script(request)

    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            goal = await begin(watch, bench, "hello")
            await watch.until(TurnEnded, lambda e: e.thread_id == goal)
            await asyncio.to_thread(set_goal, bench, goal)
            mark = len(watch.events)
            kill(engine_pid(watch))
            await watch.phase(EnginePhase.LOST, since=mark)
            before = len(heard)
            await watch.phase(EnginePhase.READY, since=mark)
            report = await watch.session.inspect(goal)
            assert report is not None
            assert report.goal is not None and report.goal.active
            # A thread that does talk to the model, after all that a restart does.
            other = await begin(watch, bench, "hello again")
            await watch.until(TurnEnded, lambda e: e.thread_id == other, since=mark)
            assert heard[before:] == ["hello again"]

    with Bench(engine, listening) as bench:
        asyncio.run(work(bench))


def set_goal(bench: Bench, thread_id: str) -> None:
    """By a client that is not ours; paused threads are not started by it."""
    socket: Path = control_socket(bench.home.codex_home).resolve()
    client = bench.connect(socket)
    params = {"threadId": thread_id, "objective": "never end", "status": "active"}
    client.call("thread/goal/set", params)
