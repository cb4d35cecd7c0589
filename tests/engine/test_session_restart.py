"""An engine that ends or is upgraded under running threads, on the real ones.

The oracles are the requests at the model, the files on disk and a second client.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from state.commands import Decide, Interrupt, SendTurn, StartThread
from state.engine.locate import EngineBinary, own_copy
from state.engine.supervisor import SharedTarget, control_socket
from state.events import (
    ItemCompleted,
    ItemStarted,
    ReviewAsked,
    ReviewReopened,
    ReviewSent,
    SettingsChanged,
    TurnEnded,
    TurnStarted,
)
from state.items import Command, ItemStatus, ThreadId
from state.model import ClientId, EnginePhase, TurnStatus
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import Watch, engine_pid, kill, running
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Say, Step

Work = Callable[[Bench], Coroutine[Any, Any, None]]


class Model:
    """Answers, and keeps what it was asked: thread and words, in order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: ModelRequest) -> Sequence[Step]:
        self.asked.append((request.thread_id, request.user_text))
        first = request.reply_index == 0
        words = request.user_text
        if "ask " in words and first:
            path = words.rpartition("ask ")[2].split()[0]
            return [Exec(f"touch {path}", escalate=True, justification="may I?")]
        if "run" in words and first:
            return [Exec("echo it runs")]
        if "hold" in words and first:
            return [Exec("sleep 60", yield_ms=120_000)]
        return [Say("heard")]


def on(engine: EngineUnderTest, model: Model, work: Work) -> None:
    with Bench(engine, model) as bench:
        asyncio.run(work(bench))


async def begin(watch: Watch, bench: Bench, text: str) -> ThreadId:
    start = StartThread(
        ClientId(f"c-{text}"), str(bench.workspace), text, sandbox="workspace-write"
    )
    thread_id = await watch.session.send(start)
    assert thread_id is not None, watch.said()
    return thread_id


async def ended(watch: Watch, thread_id: ThreadId, since: int = 0) -> TurnEnded:
    return await watch.until(
        TurnEnded, lambda event: event.thread_id == thread_id, since=since
    )


async def replaced(watch: Watch) -> int:
    """kill -9, and our restart; where the events stood before."""
    mark = len(watch.events)
    kill(engine_pid(watch))
    await watch.phase(EnginePhase.LOST, since=mark)
    await watch.phase(EnginePhase.READY, since=mark)
    return mark


def call(bench: Bench, method: str, params: dict[str, Any]) -> Any:
    """By a client that is not ours."""
    client = bench.connect(control_socket(bench.home.codex_home).resolve())
    return client.call(method, params)


@each_engine
def test_a_goal_does_not_reach_the_model_after_our_restart(
    engine: EngineUnderTest,
) -> None:
    """And an answer to a question of the dead engine reaches nobody."""
    model = Model()

    async def work(bench: Bench) -> None:
        first, second = bench.home.outside / "first", bench.home.outside / "second"
        async with running(bench) as watch:
            calm = await begin(watch, bench, "hello")
            await ended(watch, calm)
            driven = await begin(watch, bench, "hello too")
            await ended(watch, driven)
            asking = await begin(watch, bench, f"ask {first}")
            old = (await watch.until(ReviewAsked)).review
            goal = {"threadId": driven, "objective": "hold until it is done"}
            await asyncio.to_thread(call, bench, "thread/goal/set", goal)
            await watch.until(
                ItemStarted,
                lambda e: e.thread_id == driven and isinstance(e.item.body, Command),
            )
            before = len(model.asked)
            mark = await replaced(watch)
            # The calm one comes back by itself: the bootstrap went to its end.
            await watch.until(
                SettingsChanged, lambda e: e.thread_id == calm, since=mark
            )
            report = await watch.session.inspect(driven)
            assert report is not None
            assert report.goal is not None and report.goal.active
            loaded = await asyncio.to_thread(call, bench, "thread/loaded/list", {})
            assert driven not in loaded["data"]

            # A question of the new engine, under the id that the old one had.
            fresh_thread = await begin(watch, bench, f"ask {second}")
            fresh = (await watch.until(ReviewAsked, since=mark)).review
            assert fresh.key.request_id == old.key.request_id
            assert fresh.thread_id == fresh_thread
            await watch.session.send(Decide(old, old.decisions[0]))
            reopened = await watch.until(ReviewReopened, since=mark)
            assert reopened.key == old.key
            assert watch.of(ReviewSent) == []
            await watch.session.send(Decide(fresh, fresh.decisions[-1]))
            await ended(watch, fresh_thread, since=mark)
            assert not first.exists()
            assert not second.exists()
            asked = {thread for thread, _ in model.asked[before:]}
            assert asked <= {fresh_thread}
            started = [e for e in watch.events[mark:] if isinstance(e, TurnStarted)]
            assert {e.thread_id for e in started} == {fresh_thread}
            assert asking not in asked

    on(engine, model, work)


@each_engine
def test_a_review_turn_with_two_ids_is_interrupted(engine: EngineUnderTest) -> None:
    model = Model()

    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await begin(watch, bench, "hello")
            await ended(watch, thread_id)
            mark = len(watch.events)
            target = {"type": "custom", "instructions": "hold this"}
            params = {"threadId": thread_id, "target": target}
            await asyncio.to_thread(call, bench, "review/start", params)
            await watch.until(
                ItemStarted, lambda e: isinstance(e.item.body, Command), since=mark
            )
            await watch.session.send(Interrupt(thread_id))
            end = await ended(watch, thread_id, since=mark)
            assert end.status is TurnStatus.INTERRUPTED
            assert watch.said() == []
            mark = len(watch.events)
            await watch.session.send(SendTurn(ClientId("next"), thread_id, "and on"))
            end = await ended(watch, thread_id, since=mark)
            assert end.status is TurnStatus.COMPLETED

    on(engine, model, work)


def package_of(engine: EngineUnderTest, into: Path) -> Path:
    """The engine's package as an upgrade would find it: a tree of its own."""

    def link(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)

    shutil.copytree(engine.path.parent.parent, into, copy_function=link)
    return into


@each_engine
def test_an_upgrade_under_a_running_engine_breaks_no_command(
    engine: EngineUnderTest,
) -> None:
    """The package's folder goes away while threads run: ours is a copy."""
    model = Model()

    async def work(bench: Bench) -> None:
        package = package_of(engine, bench.home.root / "package")
        copy = own_copy(package, bench.home.tui_home)
        binary = EngineBinary(copy / "bin" / "codex", engine.version, "wheel")
        target = SharedTarget(lambda: binary, bench.home.codex_home)
        async with running(bench, target) as watch:
            thread_id = await begin(watch, bench, "hello")
            await ended(watch, thread_id)
            shutil.rmtree(package)
            mark = len(watch.events)
            await watch.session.send(SendTurn(ClientId("r"), thread_id, "run it"))
            done = await watch.until(
                ItemCompleted, lambda e: isinstance(e.item.body, Command), since=mark
            )
            assert isinstance(done.item.body, Command)
            assert done.item.status is ItemStatus.COMPLETED
            assert done.item.body.exit_code == 0
            assert "it runs" in str(done.item.body.output)
            await ended(watch, thread_id, since=mark)

    on(engine, model, work)
