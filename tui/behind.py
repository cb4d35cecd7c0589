"""Turns that ended while no window looked: found at a start, and looked at then.

Owns up to when turns were looked at, and which threads may have more. Does not own the
look itself (`tui.delivery`). Invariants: no thread is loaded for it; what is read and
looked at is bounded, however many threads there are, and what lies beyond is passed
over; the mark moves on only when the looks are done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from state.delivery import ran_git
from state.model import Thread, Turn, TurnStatus

if TYPE_CHECKING:
    from tui.bridge import Bridge

MOST_THREADS = 200
"""Threads whose newest turns are read at a start, the newest first."""
MOST_TURNS = 40
"""Turns that are followed by a look."""
SECOND = 1000
"""The engine tells times in seconds: what is not surely older counts."""
VIEW_KEY = "delivery"

Look = Callable[[Thread, Turn, int], Awaitable[None]]


class Behind:
    """A part of `Delivery`."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._since: int | None = None
        """Turns that ended before were looked at. None: there was no start so far"""

    def remember(self, stored: Any) -> None:
        """What an earlier window left."""
        if isinstance(stored, int) and not isinstance(stored, bool):
            self._since = stored

    def seen(self, at_ms: int) -> None:
        """All turns that ended until then were looked at."""
        if self._since is None or at_ms > self._since:
            self._since = at_ms
            if self._bridge.keeper is not None:
                self._bridge.keeper.writer.view_state(VIEW_KEY, str(at_ms))

    async def catch_up(self, look: Look) -> None:
        """Look at what ended since. At the first start of all there is no since: then
        what was before is nobody's debt."""
        threads = self._bridge.store.world.threads.values()
        newest = max((thread.updated_ms for thread in threads), default=0)
        since, left = self._since, MOST_TURNS
        for thread in _moved(threads, since) if since is not None else ():
            turns = await self._bridge.engine.lately(thread.id)
            for turn in _unseen(turns, since or 0):
                if left:
                    left -= 1
                    await look(thread, turn, ended(thread, turn))
        if newest:
            self.seen(newest)


def _moved(threads: Iterable[Thread], since: int) -> list[Thread]:
    """Roots that changed since, the newest first. One that works is heard when it
    ends."""
    found = [
        thread
        for thread in threads
        if thread.updated_ms + SECOND > since
        and thread.parent_id is None
        and not (thread.archived or thread.deleted)
    ]
    found.sort(key=lambda thread: -thread.updated_ms)
    return found[:MOST_THREADS]


def _unseen(turns: Iterable[Turn], since: int) -> list[Turn]:
    found = [
        turn
        for turn in turns
        if turn.status is not TurnStatus.IN_PROGRESS
        and (turn.completed_ms is None or turn.completed_ms + SECOND > since)
        and ran_git(turn)
    ]
    found.sort(key=lambda turn: turn.completed_ms or 0)
    return found


def ended(thread: Thread, turn: Turn) -> int:
    """When a turn ended, in milliseconds."""
    return turn.completed_ms or thread.updated_ms
