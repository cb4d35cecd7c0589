"""What is drawn less often than the rest, and with it.

Owns when: a change is drawn at once, but `SECONDS` after the last time at the
earliest, and then together with what is drawn anyway: two pictures cost twice as much
as one. Does not own what is drawn. Invariant: every change is drawn in the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.message_pump import MessagePump
from textual.timer import Timer

SECONDS = 0.25
GRACE = 0.04
"""So long a change that waited looks out for company"""


class Pace:
    """One of them. `draw` runs in `owner`."""

    def __init__(self, owner: MessagePump, draw: Callable[[], None]) -> None:
        self._owner = owner
        self._draw = draw
        self._drawn = -SECONDS
        self._timer: Timer | None = None

    def changed(self) -> None:
        """Something else is drawn now, and this changed."""
        now = asyncio.get_running_loop().time()
        if now - self._drawn >= SECONDS:
            self._due()
        elif self._timer is None:
            wait = self._drawn + SECONDS + GRACE - now
            self._timer = self._owner.set_timer(wait, self._due)

    def _due(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._drawn = asyncio.get_running_loop().time()
        self._draw()
