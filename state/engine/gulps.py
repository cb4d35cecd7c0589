"""Reading a loud engine in gulps.

Owns when a connection's socket is looked at: an engine that writes a thousand times a
second wakes us a hundred times. Each look costs as much as what it finds. Invariant:
nothing waits longer than `GULP` seconds, and what comes rarely, or in large pieces,
does not wait at all.
"""

from __future__ import annotations

from websockets.asyncio.client import ClientConnection

GULP = 0.01
QUICK = 0.005
"""Seconds between two reads of a loud engine"""
LARGE = 65_536
"""Bytes; whoever sends that much at once is not helped by waiting"""


class GulpingConnection(ClientConnection):
    """After two reads in quick succession the next one waits."""

    _looked_at = 0.0

    def data_received(self, data: bytes) -> None:
        """What came since the last look."""
        super().data_received(data)
        before, self._looked_at = self._looked_at, self.loop.time()
        quick = self._looked_at - before < QUICK
        if quick and len(data) < LARGE and not self.transport.is_closing():
            self.transport.pause_reading()
            self.loop.call_later(GULP, self._look)

    def _look(self) -> None:
        self._looked_at = self.loop.time()
        self.transport.resume_reading()
