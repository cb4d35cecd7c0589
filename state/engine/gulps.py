"""Reading a loud engine in gulps.

Owns when a connection's socket is looked at, and hands over all that a look found at
once: an engine that writes a thousand times a second wakes us fifty times, and the
reader as often. What a frame is stays the library's business. Invariants: messages
come whole and in order; nothing waits longer than `GULP` seconds, and what comes
rarely, or in large pieces, does not wait at all.
"""

from __future__ import annotations

import asyncio

from websockets.asyncio.client import ClientConnection
from websockets.frames import DATA_OPCODES, Frame
from websockets.protocol import Event

GULP = 0.02
"""Seconds between two reads of a loud engine; a publish waits longer than that"""
QUICK = 0.005
"""Seconds; who is heard again sooner is loud"""
LARGE = 65_536
"""Bytes; whoever sends that much at once is not helped by waiting"""


class GulpingConnection(ClientConnection):
    """After two reads in quick succession the next one waits."""

    _looked_at = 0.0
    _reader: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        self._came: list[bytes] = []
        self._pieces: list[bytes] = []
        # asyncio gets four times as much memory for each look, and gives it back.
        transport.max_size = LARGE  # type: ignore[attr-defined]
        super().connection_made(transport)

    async def messages(self) -> list[bytes]:
        """All that came since the last call, waiting for one. One reader only.

        Raises ConnectionClosed at the end, after the last message."""
        while not self._came:
            if self.connection_lost_waiter.done():
                raise self.close_exc
            self._reader = self.loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        came, self._came = self._came, []
        return came

    def process_event(self, event: Event) -> None:
        """Keep what a data frame brings; all else is the library's."""
        if not isinstance(event, Frame) or event.opcode not in DATA_OPCODES:
            super().process_event(event)
        elif not event.fin:
            self._pieces.append(bytes(event.data))
        elif self._pieces:
            self._came.append(b"".join((*self._pieces, event.data)))
            self._pieces.clear()
        else:
            self._came.append(bytes(event.data))

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        super().connection_lost(exc)
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def data_received(self, data: bytes) -> None:
        """What came since the last look."""
        super().data_received(data)
        if self._came:
            self._wake()
        before, self._looked_at = self._looked_at, self.loop.time()
        quick = self._looked_at - before < QUICK
        if quick and len(data) < LARGE and not self.transport.is_closing():
            self.transport.pause_reading()
            self.loop.call_later(GULP, self._look)

    def _look(self) -> None:
        self._looked_at = self.loop.time()
        self.transport.resume_reading()
