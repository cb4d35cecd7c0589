"""Looks at what terminals cost while somebody looks at terminals.

Owns when a look is due and what becomes of it; the looking is blocking work in a
thread (`state.engine.processes`). Invariants: without terminals, with a remote engine
or with nobody watching nothing is looked at; one look at a time; figures that read the
same change nothing on the screen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from state.items import ThreadId
from state.model import EnginePhase
from state.usage import NO_METERS, Place, Usage, left_over, moved_on

if TYPE_CHECKING:
    from tui.presenter import Presenter

NEAR_SECONDS = 2.0
"""Between two looks while the board is open"""
FAR_SECONDS = 6.0
"""Between two looks while only the pane shows them"""
BAR_MS = 5000
"""A bar of the last minute"""

Look = Callable[[], Mapping[Any, Usage]]


class Meter:
    """`look` None: this program cannot see processes (tests, a remote engine)."""

    def __init__(self, presenter: Presenter, look: Look | None) -> None:
        self._presenter = presenter
        self._look = look
        self._busy = False
        self._next_ms = 0
        self._bar_ms = 0
        self._epoch: str | None = None
        self.anew = False
        """An engine we did not know before: what others left over is to be found"""

    @property
    def able(self) -> bool:
        """The engine's processes are on this machine, as far as we know."""
        engine = self._presenter.world.engine
        local = engine.how in ("joined", "started", "private")
        return self._look is not None and local

    def due(self, now_ms: int, *, board: bool, pane: bool) -> bool:
        """Whether it is time to look. A new engine is a reason of its own: what an old
        one left over shows then."""
        world = self._presenter.world
        if not self.able or self._busy:
            return False
        if world.engine.phase is EnginePhase.READY and (
            world.engine.epoch != self._epoch
        ):
            self._epoch = world.engine.epoch
            self.anew = True
            return True
        if not self._presenter.with_terminals:
            return False
        return (board or pane) and now_ms >= self._next_ms

    def told_due(self, now_ms: int, *, board: bool, pane: bool) -> list[ThreadId]:
        """The threads to ask the engine about: those of an engine whose processes are
        not seen here, if it told figures of their terminals; most never do."""
        engine = self._presenter.world.engine
        if self.able or engine.phase is not EnginePhase.READY:
            return []
        if not (board or pane) or now_ms < self._next_ms:
            return []
        seconds = NEAR_SECONDS if board else FAR_SECONDS
        self._next_ms = now_ms + int(seconds * 1000)
        return [
            thread.id
            for thread in self._presenter.with_terminals
            if any(
                terminal.cpu_percent is not None or terminal.rss_kb is not None
                for terminal in thread.terminals.values()
            )
        ]

    async def measure(self, now_ms: int, *, board: bool) -> bool:
        """Look once; True when there are other figures than before."""
        if self._look is None:
            return False
        self._busy = True
        try:
            seen = await asyncio.to_thread(self._look)
        finally:
            self._busy = False
        seconds = NEAR_SECONDS if board else FAR_SECONDS
        self._next_ms = now_ms + int(seconds * 1000)
        wanted: dict[Place, Usage] = {}
        for thread in self._presenter.with_terminals:
            for group in (thread.terminals, thread.ended_terminals):
                for item_id in group:
                    usage = seen.get((thread.id, item_id))
                    if usage is not None:
                        wanted[thread.id, item_id] = usage
        bar = now_ms - self._bar_ms >= BAR_MS
        if bar:
            self._bar_ms = now_ms
        before = self._presenter.meters
        after = self._presenter.meters = moved_on(before, wanted, now_ms, bar=bar)
        return bool(after.by_terminal or before.by_terminal)

    def forget(self) -> None:
        """The engine is gone: nothing is known."""
        self._presenter.meters = NO_METERS

    @property
    def left_over(self) -> int:
        """How many processes outlived their terminals."""
        meters = self._presenter.meters
        return sum(
            left_over(meters, (thread.id, terminal.item_id), terminal.ended_ms)
            for thread in self._presenter.with_terminals
            for terminal in thread.ended_terminals.values()
        )
