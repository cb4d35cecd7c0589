"""An engine session under test: its events, and how to wait for one of them.

Owns nothing of the engine; the oracle beside it is the harness's plain client.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, TypeVar

from state.coalesce import Inlet
from state.engine.locate import EngineBinary
from state.engine.session import EngineSession, SessionOptions
from state.engine.supervisor import ConnectOptions, SharedTarget, Target
from state.events import EngineChanged, Event, ItemDelta, MessageShown
from state.items import DeltaKind, ItemId, ThreadId, TurnId
from state.model import EnginePhase
from tests.engine.harness import Bench

LIMIT = 90.0  # seconds; a slow machine needs far less
E = TypeVar("E")


class Told(Inlet):
    """Every event goes to `hear`, growing text piece by piece."""

    __slots__ = ("_hear",)

    def __init__(self, hear: Callable[[Event], None]) -> None:
        super().__init__()
        self._hear = hear

    def __call__(self, event: Event) -> None:
        self._hear(event)

    def grow(
        self,
        thread_id: ThreadId,
        turn_id: TurnId,
        item_id: ItemId,
        kind: DeltaKind,
        text: str,
        index: int = 0,
    ) -> None:
        self._hear(ItemDelta(thread_id, turn_id, item_id, kind, text, index))


class Watch:
    """A session's events in order, and waits that look at all of them."""

    def __init__(self, session: EngineSession) -> None:
        self.session = session
        self.events: list[Event] = []
        self._news = asyncio.Event()
        self.inlet = Told(self.offer)

    def offer(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def until(
        self,
        kind: type[E],
        accept: Callable[[E], object] = lambda _event: True,
        *,
        since: int = 0,
    ) -> E:
        """The first event of `kind` from `since` on that `accept` takes."""
        at = since
        try:
            async with asyncio.timeout(LIMIT):
                while True:
                    while at < len(self.events):
                        event = self.events[at]
                        at += 1
                        if isinstance(event, kind) and accept(event):
                            return event
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            tail = "\n".join(map(repr, self.events[-12:]))
            raise AssertionError(f"no {kind.__name__} came; last:\n{tail}") from None

    async def news(self) -> None:
        """Wait for a further event; what comes is seen by the next look."""
        self._news.clear()
        await self._news.wait()

    def of(self, kind: type[E]) -> list[E]:
        """All events of a kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def said(self) -> list[str]:
        """The sentences shown so far."""
        return [event.text for event in self.of(MessageShown)]

    async def phase(self, phase: EnginePhase, *, since: int = 0) -> EngineChanged:
        return await self.until(
            EngineChanged, lambda event: event.engine.phase is phase, since=since
        )


def shared(bench: Bench) -> SharedTarget:
    """The control socket of the bench's home, started with its engine."""
    engine = bench.engine
    binary = EngineBinary(engine.path, engine.version, "flag")
    return SharedTarget(lambda: binary, bench.home.codex_home)


def options(bench: Bench, **changes: Any) -> SessionOptions:
    """`changes` are of SessionOptions; reconnects come at once."""
    connecting = ConnectOptions(
        state_dir=bench.home.tui_home,
        client_version="0",
        env=bench.home.environment(),
    )
    made = SessionOptions(connect=connecting, backoff=lambda _attempt: 0.05)
    return replace(made, **changes)


@contextlib.asynccontextmanager
async def running(
    bench: Bench, target: Target | None = None, **changes: Any
) -> AsyncIterator[Watch]:
    """A session that is ready; closed at the end."""
    session = EngineSession(target or shared(bench), options(bench, **changes))
    watch = Watch(session)
    run = asyncio.create_task(session.run(watch.inlet))
    try:
        await watch.phase(EnginePhase.READY)
        yield watch
    finally:
        await session.close()
        await asyncio.wait_for(run, LIMIT)


def engine_pid(watch: Watch) -> int:
    """The process of the engine the session is connected to."""
    epoch = watch.of(EngineChanged)[-1].engine.epoch
    assert epoch is not None
    return int(epoch.partition("@")[0])


def kill(pid: int) -> None:
    """End one engine of a bench, the hard way."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
