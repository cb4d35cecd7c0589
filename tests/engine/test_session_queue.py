"""The queue on real engines: what a listing says, and every act on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from state.commands import (
    DeleteQueued,
    DeleteThread,
    EditQueued,
    HoldQueued,
    Interrupt,
    MoveQueued,
    QueueTurn,
    StartQueue,
    StartThread,
)
from state.events import (
    ItemCompleted,
    QueueListed,
    SendChanged,
    ThreadDeleted,
    TurnEnded,
    TurnStarted,
)
from state.items import ThreadId, TurnId, UserMessage
from state.model import ClientId, QueueEntry, SendState, TurnStatus, World
from state.queue import QueueWatch, burning
from state.reduce import reduce
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import Watch, running
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Fail, Say, Step


def script(request: ModelRequest) -> Sequence[Step]:
    word = request.user_text.partition(" ")[0]
    if word == "hold" and request.reply_index == 0:
        return [Exec("sleep 60", yield_ms=120_000)]
    if word == "limit":
        return [Fail(429, "usage_limit_reached", "no more", "usage_limit_reached")]
    return [Say(f"heard {request.user_text}")]


def on(
    engine: EngineUnderTest, work: Callable[[Bench], Coroutine[Any, Any, None]]
) -> None:
    with Bench(engine, script) as bench:
        asyncio.run(work(bench))


async def begin(watch: Watch, bench: Bench, *queue: str) -> ThreadId:
    """A thread whose turn holds, and these behind it."""
    start = StartThread(ClientId("c"), str(bench.workspace), "hold")
    thread_id = await watch.session.send(start)
    assert thread_id is not None, watch.said()
    await watch.until(TurnStarted)
    for text in queue:
        await watch.session.send(QueueTurn(ClientId(f"q-{text}"), thread_id, text))
    await listed(watch, *queue)
    return thread_id


async def listed(watch: Watch, *texts: str, since: int = 0) -> list[QueueEntry]:
    """The first listing with exactly these texts."""
    event = await watch.until(
        QueueListed, lambda e: tuple(q.text for q in e.entries) == texts, since=since
    )
    return list(event.entries)


def told(bench: Bench, thread_id: str) -> list[str]:
    """The queue as another client reads it from the files."""
    answer = bench.stdio().call("thread/queue/list", {"threadId": thread_id})
    return [row["input"][0]["text"] for row in answer["data"]]


@each_engine
def test_a_queue_is_listed_edited_ordered_and_deleted(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await begin(watch, bench, "one", "two", "three")
            one, two, three = await listed(watch, "one", "two", "three")
            assert one.client_id == "q-one"
            send = watch.session.send
            mark = len(watch.events)
            await send(MoveQueued(thread_id, (three.id, one.id, two.id)))
            await listed(watch, "three", "one", "two", since=mark)
            await send(EditQueued(thread_id, one.id, "other\nwords"))
            await listed(watch, "three", "other\nwords", "two", since=mark)
            await send(DeleteQueued(thread_id, two))
            await listed(watch, "three", "other\nwords", since=mark)
            dropped = await watch.until(
                SendChanged, lambda e: e.state is SendState.DROPPED, since=mark
            )
            assert dropped.client_id == "q-two"
            await send(HoldQueued(thread_id, (three,)))
            await listed(watch, "other\nwords", since=mark)
            there = await asyncio.to_thread(told, bench, thread_id)
            assert there == ["other\nwords"]
            assert watch.said() == []

    on(engine, work)


@each_engine
def test_after_an_interrupt_the_queue_waits_until_it_is_started(
    engine: EngineUnderTest,
) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await begin(watch, bench, "one", "two")
            await watch.session.send(Interrupt(thread_id))
            end = await watch.until(TurnEnded)
            assert end.status is TurnStatus.INTERRUPTED
            mark = len(watch.events)
            await watch.session.send(StartQueue(thread_id))
            await watch.until(
                SendChanged,
                lambda e: (e.client_id, e.state) == ("q-one", SendState.SEEN),
                since=mark,
            )
            await listed(watch, since=mark)  # and "two" followed by itself

    on(engine, work)


@each_engine
def test_what_a_limit_burns_is_found_by_the_watch(engine: EngineUnderTest) -> None:
    """No message is lost between the queue and the failed turns."""

    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            thread_id = await begin(watch, bench, "limit a", "limit b", "limit c")
            queued = await listed(watch, "limit a", "limit b", "limit c")
            await watch.session.send(Interrupt(thread_id))
            await watch.until(TurnEnded)
            await watch.session.send(StartQueue(thread_id))
            mark = len(watch.events)
            await watch.until(
                TurnEnded, lambda e: e.status is TurnStatus.FAILED, since=0
            )
            await watch.session.send(HoldQueued(thread_id, tuple(queued)))
            await listed(watch, since=mark)
            await quiet(watch, thread_id)
            world, observer, kept = World(), QueueWatch(), set()
            for event in watch.events:
                world = reduce(world, event)
                if isinstance(event, TurnEnded):
                    found = observer.ended(world.threads[thread_id], event.turn_id)
                elif isinstance(event, QueueListed):
                    found = observer.listed(world.threads[thread_id])
                else:
                    continue
                if found is not None:
                    kept |= {entry.text for entry in (*found.queued, *found.gone)}
            assert kept == {"limit a", "limit b", "limit c"}
            failed = [
                turn
                for turn in world.threads[thread_id].turns.values()
                if turn.status is TurnStatus.FAILED
            ]
            assert failed
            assert all(burning(turn) for turn in failed)

    on(engine, work)


async def quiet(watch: Watch, thread_id: ThreadId) -> None:
    """Until every turn that started has ended."""
    started = {e.turn_id for e in watch.of(TurnStarted) if e.thread_id == thread_id}

    def ends(turn_id: TurnId) -> Callable[[TurnEnded], bool]:
        return lambda event: event.turn_id == turn_id

    for turn_id in started:
        await watch.until(TurnEnded, ends(turn_id))


@each_engine
def test_delete_takes_the_thread_from_the_engine(engine: EngineUnderTest) -> None:
    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            start = StartThread(ClientId("c"), str(bench.workspace), "hello")
            thread_id = await watch.session.send(start)
            assert thread_id is not None
            await watch.until(TurnEnded)
            await watch.until(
                ItemCompleted, lambda e: isinstance(e.item.body, UserMessage)
            )
            await watch.session.send(DeleteThread(thread_id))
            await watch.until(ThreadDeleted, lambda e: e.thread_id == thread_id)
            assert watch.said() == []
            assert not list(bench.home.codex_home.rglob(f"*{thread_id}*.jsonl"))

    on(engine, work)
