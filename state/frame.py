"""The frame gate: many requests, at most twenty publishes a second, fewer when what
they change or draw is much.

Owns the pace, and what does not wait for it: what asks the user, and what comes of the
user's own acts. Pure: time comes from outside, in ms. The first request after a rest
passes at once.
"""

from __future__ import annotations

from state import events as e

INTERVAL_MS = 50
SLOWEST_MS = 250
"""However much a frame draws, four are shown in a second."""
BYTES_PER_MS = 18
"""18 kB a second are for what changes by itself: a line over ssh has no more."""
MS_PER_THREAD = 2
"""A publish that takes a hundred threads along is followed by a fifth of a second."""

PROMPT: frozenset[type[e.Event]] = frozenset(
    {
        e.EngineChanged,
        e.MessageShown,
        e.QueueListed,
        e.ReviewAnswered,
        e.ReviewAsked,
        e.ReviewDecided,
        e.ReviewReopened,
        e.ReviewResolved,
        e.ReviewSent,
        e.SendChanged,
        e.SendNoted,
        e.StoreFailed,
        e.ThreadRecalled,
        e.TurnEnded,
        e.TurnsLoaded,
    }
)
"""Published within `INTERVAL_MS`, however much was changed or drawn before."""


class FrameGate:
    """Says when to publish. Invariant: two publishes are ≥ `interval_ms` apart."""

    def __init__(self, interval_ms: int = INTERVAL_MS) -> None:
        self._interval = interval_ms
        self._last: int | None = None
        self._drawn = self._changed = 0

    def wait(self, now_ms: int, *, prompt: bool = False) -> int:
        """How many ms until the next publish may happen; 0: now."""
        if self._last is None or now_ms < self._last:
            return 0
        rest = 0 if prompt else min(SLOWEST_MS, max(self._drawn, self._changed))
        return max(0, self._last + max(self._interval, rest) - now_ms)

    def drawn(self, size: int) -> None:
        """`size` bytes went to the terminal for the last publish."""
        self._drawn = size // BYTES_PER_MS

    def published(self, now_ms: int, threads: int = 0) -> None:
        """A publish happened; so many threads changed."""
        self._last = now_ms
        self._changed = threads * MS_PER_THREAD
