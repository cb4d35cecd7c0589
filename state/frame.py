"""The frame gate: many requests, at most twenty publishes a second, fewer when what
they draw is much.

Pure: time comes from outside, in ms. The first request after a rest passes at once.
"""

from __future__ import annotations

INTERVAL_MS = 50
SLOWEST_MS = 250
"""However much a frame draws, four are shown in a second."""
BYTES_PER_MS = 18
"""18 kB a second are for what changes by itself: a line over ssh has no more."""


class FrameGate:
    """Says when to publish. Invariant: two publishes are ≥ `interval_ms` apart."""

    def __init__(self, interval_ms: int = INTERVAL_MS) -> None:
        self._interval = interval_ms
        self._last: int | None = None
        self._cost = 0

    def wait(self, now_ms: int) -> int:
        """How many ms until the next publish may happen; 0: now."""
        if self._last is None or now_ms < self._last:
            return 0
        wait = max(self._interval, self._cost)
        return max(0, self._last + wait - now_ms)

    def drawn(self, size: int) -> None:
        """`size` bytes went to the terminal for the last publish."""
        self._cost = min(SLOWEST_MS, size // BYTES_PER_MS)

    def published(self, now_ms: int) -> None:
        """A publish happened."""
        self._last = now_ms
