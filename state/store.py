"""The in-memory store: events in, one published world per frame out. No I/O.

Owns the plain dict of threads between publishes; hands out frozen worlds. Does not
own time (the caller passes it) nor persistence (a subscriber). Invariant: a
published world never changes, and every change is named in `dirty`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from state.coalesce import Inlet
from state.dataclass import dataclass, replace
from state.events import Event, WorldEvent
from state.frame import FrameGate
from state.items import ThreadId
from state.model import Thread, World
from state.reduce import apply_to
from state.reduce.epoch import after_world_event
from state.reduce.world import reduce_frame


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """One step of the world: what it was, what it is, what differs and why."""

    before: World
    world: World
    dirty: frozenset[ThreadId]
    events: tuple[Event, ...]


Subscriber = Callable[[Published], None]


def _filled(known: Thread, whole: Thread) -> Thread:
    parts: dict[str, Any] = {
        name: getattr(whole, name)
        for name in ("terminals", "ended_terminals", "sends")
        if getattr(whole, name) and not getattr(known, name)
    }
    return replace(known, **parts) if parts else known


class Store:
    """dispatch (`offer`), frame gate (`tick`), subscribe."""

    def __init__(self, world: World | None = None) -> None:
        self._world = world or World()
        self._threads: dict[ThreadId, Thread] = dict(self._world.threads)
        self._subscribers: list[Subscriber] = []
        self.gate = FrameGate()
        self.inlet = Inlet()
        """Where events come in; `on_news`: ask for a tick"""

    @property
    def world(self) -> World:
        """The world as last published."""
        return self._world

    @property
    def idle(self) -> bool:
        """Nothing waits for a tick."""
        return not self.inlet

    def subscribe(self, subscriber: Subscriber) -> None:
        """Called once per publish, in order of subscription."""
        self._subscribers.append(subscriber)

    def restore(self, threads: Mapping[ThreadId, Thread], now_ms: int) -> None:
        """More threads of the store on disk. What is known already stays as it is, but
        for what the first paint did without: terminals and messages on their way."""
        before = self._world
        fresh = {k: v for k, v in threads.items() if k not in self._threads}
        for thread_id, whole in threads.items():
            known = self._threads.get(thread_id)
            if known is not None and (filled := _filled(known, whole)) is not known:
                fresh[thread_id] = filled
        self._threads = {**threads, **self._threads, **fresh}
        self._world = replace(before, threads=dict(self._threads))
        published = Published(before, self._world, frozenset(fresh), ())
        self.gate.published(now_ms)
        for subscriber in self._subscribers:
            subscriber(published)

    def offer(self, event: Event) -> None:
        """Take an event; never blocks, never raises."""
        self.inlet(event)

    def offer_all(self, events: Iterable[Event]) -> None:
        """Take several events in order."""
        for event in events:
            self.offer(event)

    def tick(self, now_ms: int) -> Published | None:
        """Reduce what waits and publish; None when nothing waits."""
        if not self.inlet:
            return None
        batch = self.inlet.take()
        before = self._world
        world = before
        dirty: set[ThreadId] = set()
        for event in batch:
            if isinstance(event, WorldEvent):
                engine = world.engine
                world = reduce_frame(world, event)
                moved = after_world_event(self._threads, event, engine, world.engine)
                self._threads.update(moved)
                dirty.update(moved)
            else:
                dirty.update(apply_to(self._threads, event))
        if dirty:
            world = replace(world, threads=dict(self._threads))
        self._world = world
        self.gate.published(now_ms, len(dirty))
        published = Published(before, world, frozenset(dirty), tuple(batch))
        for subscriber in self._subscribers:
            subscriber(published)
        return published
