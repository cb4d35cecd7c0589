"""The frame gate: many requests, at most twenty publishes a second.

Pure: time comes from outside, in ms. The first request after a rest passes at once.
"""

from __future__ import annotations

INTERVAL_MS = 50


class FrameGate:
    """Says when to publish. Invariant: two publishes are ≥ `interval_ms` apart."""

    def __init__(self, interval_ms: int = INTERVAL_MS) -> None:
        self._interval = interval_ms
        self._last: int | None = None

    def wait(self, now_ms: int) -> int:
        """How many ms until the next publish may happen; 0: now."""
        if self._last is None or now_ms < self._last:
            return 0
        return max(0, self._last + self._interval - now_ms)

    def published(self, now_ms: int) -> None:
        """A publish happened."""
        self._last = now_ms
