"""Driving a writer from plain tests: worlds, folding, opening."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from state import events as e
from state.db.history import load_thread, load_world
from state.db.writer import StoreWriter
from state.events import Event
from state.items import Item, ItemBody, ItemId, ItemStatus, ThreadId, TurnId
from state.model import (
    ClientId,
    Decision,
    Origin,
    Review,
    ReviewKey,
    ReviewKind,
    Send,
    SendState,
    Thread,
    World,
)
from state.reduce import reduce

HOME = "/home/dev/.codex"
T1, T2 = ThreadId("t1"), ThreadId("t2")


class Clock:
    """Counts; a store needs order, not time."""

    def __init__(self) -> None:
        self._ticks = itertools.count(1)

    def __call__(self) -> int:
        return next(self._ticks)


@asynccontextmanager
async def writing(
    path: Path, failures: list[str | None] | None = None, *, ingest: bool = True
) -> AsyncIterator[StoreWriter]:
    said = failures if failures is not None else []
    writer = await StoreWriter.open(
        path, HOME, on_event=lambda event: said.append(event.sentence), now_ms=Clock()
    )
    writer.ingest = ingest
    try:
        yield writer
    finally:
        await writer.close()


def publish(writer: StoreWriter, world: World, *events: Event) -> World:
    """One tick: reduce, and hand the writer what changed."""
    before = world
    for event in events:
        world = reduce(world, event)
    dirty = {k for k, t in world.threads.items() if before.threads.get(k) is not t}
    writer.enqueue(world, dirty, events)
    return world


def written(path: Path, *ticks: Iterable[Event], world: World | None = None) -> World:
    """Fold the ticks, each followed by a flush, and close."""

    async def run() -> World:
        at = world or World()
        async with writing(path) as writer:
            for tick in ticks:
                at = publish(writer, at, *tick)
                assert await writer.flush()
        return at

    return asyncio.run(run())


def restored(path: Path) -> dict[ThreadId, Thread]:
    """Every thread with all its turns, as a fresh process would read them."""
    threads: dict[ThreadId, Thread] = {}
    for thread_id in load_world(path):
        thread = load_thread(path, thread_id, None)
        assert thread is not None
        threads[thread_id] = thread
    return threads


def seen(thread_id: ThreadId, **facts: object) -> e.ThreadSeen:
    return e.ThreadSeen(thread_id, tuple(facts.items()), Origin.ENGINE, 1)


def item(
    item_id: str, body: ItemBody, status: ItemStatus = ItemStatus.COMPLETED
) -> Item:
    return Item(ItemId(item_id), body, status)


def started(turn: str, thread: ThreadId = T1) -> e.TurnStarted:
    return e.TurnStarted(thread, TurnId(turn), at_ms=1)


def review(request: int | str = 0, epoch: str = "e1", connection: int = 1) -> Review:
    return Review(
        key=ReviewKey(epoch, request),
        connection=connection,
        method="item/commandExecution/requestApproval",
        kind=ReviewKind.COMMAND,
        thread_id=T1,
        turn_id=TurnId("u1"),
        item_id=None,
        approval_id=None,
        params='{"command":"ls"}',
        params_hash="hash",
        asked_ms=5,
    )


def decided(request: int | str = 0, at_ms: int = 9) -> e.ReviewDecided:
    answer = Decision("a", "Approve", '{"decision":"accept"}')
    return e.ReviewDecided(T1, ReviewKey("e1", request), answer, at_ms)


def noted(client: str, words: str = "hello") -> e.SendNoted:
    send = Send(ClientId(client), words, "start", SendState.NOTED, 3)
    return e.SendNoted(T1, send)
