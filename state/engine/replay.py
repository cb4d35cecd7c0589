"""A recording played as an engine: the same events, at their own pace.

Owns the reading of a recording as one client saw it. Nothing is sent anywhere: a
replay takes no commands. Invariant: what is told is decoded by the same code that
decodes a live engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from state.commands import Command
from state.controls import Controls
from state.engine.port import Defaults, Offer, WakeReport
from state.engine.record import read_recording
from state.engine.rpc import version_of
from state.engine.wire.context import WireContext
from state.engine.wire.notifications import decode_notification
from state.engine.wire.requests import decode_request
from state.engine.wire.responses import decode_response
from state.events import EngineChanged, Event, MessageShown
from state.items import ThreadId
from state.looks import Look, Looked
from state.model import Engine, EnginePhase, Turn
from state.permissions.policy import Host
from state.permissions.trial import Attempt, Attempted

EPOCH = "recorded"
LONGEST_PAUSE = 5.0
"""Seconds of silence that are kept; longer ones are cut to this."""


def recorded_events(path: Path) -> Iterator[tuple[float, Event]]:
    """(seconds, event) as the first client of the recording saw them."""
    asked: dict[object, tuple[str, dict[str, Any]]] = {}
    client: object = None
    first: object = None
    for seconds, direction, message in read_recording(path):
        if direction == "meta":
            if "conn" in message:
                client = message["conn"]
                first = client if first is None else first
            continue
        if client != first:
            continue
        at_ms = int(message.get("emittedAtMs") or seconds * 1000)
        context = WireContext(EPOCH, 1, at_ms)
        if direction == "out":
            if "method" in message and "id" in message:
                asked[message["id"]] = message["method"], message.get("params") or {}
            continue
        for event in _said(message, asked, context):
            yield seconds, event


def _said(
    message: dict[str, Any],
    asked: dict[object, tuple[str, dict[str, Any]]],
    context: WireContext,
) -> Iterator[Event]:
    if "method" in message:
        if "id" in message:
            yield decode_request(message, EPOCH, 1, context.at_ms)
        else:
            yield from decode_notification(message, context)
        return
    result = message.get("result")
    if message.get("id") not in asked or not isinstance(result, dict):
        return
    method, params = asked[message["id"]]
    if method == "initialize":
        version = version_of(str(result.get("userAgent", "")))
        yield EngineChanged(
            Engine(
                EnginePhase.READY,
                version=version,
                how="replay",
                epoch=EPOCH,
                connection=1,
                since_ms=context.at_ms,
            )
        )
    yield from decode_response(method, params, result, context)


class ReplayEngine:
    """The `state.engine.port.Engine` of a recording. `speed` 0: without pauses."""

    def __init__(self, path: Path, *, speed: float = 1.0) -> None:
        self._path = path
        self._speed = speed
        self._offer: Offer = lambda _event: None
        self._closed = asyncio.Event()

    async def run(self, offer: Offer) -> None:
        """Tell what was recorded, then stay connected and silent."""
        self._offer = offer
        before: float | None = None
        offer(EngineChanged(Engine(EnginePhase.READY, how="replay", epoch=EPOCH)))
        for seconds, event in recorded_events(self._path):
            pause = 0.0 if before is None else min(seconds - before, LONGEST_PAUSE)
            before = seconds
            if self._speed > 0 and pause > 0:
                await asyncio.sleep(pause / self._speed)
            if self._closed.is_set():
                return
            offer(event)
        offer(MessageShown("The recording is over."))
        await self._closed.wait()

    async def send(self, command: Command) -> ThreadId | None:
        """Nothing: what happened has happened."""
        quiet = ("OpenThread", "LoadOlder", "MarkRead")
        if type(command).__name__ not in quiet:
            self._offer(MessageShown("This is a replay: nothing can be sent."))
        return None

    async def inspect(self, thread_id: ThreadId) -> WakeReport | None:
        """Nothing sleeps in a recording."""
        return WakeReport(thread_id, loaded=True)

    async def defaults(self, cwd: str) -> Defaults | None:
        """A replay starts no threads."""
        return None

    async def surroundings(self) -> Host | None:
        """A recording runs nowhere."""
        return None

    async def attempt(self, asked: Attempt) -> Attempted | None:
        """Nothing can be tried."""
        del asked
        return None

    async def look(self, asked: Look) -> Looked | None:
        """A recording stands nowhere."""
        del asked
        return None

    async def lately(self, thread_id: ThreadId) -> tuple[Turn, ...]:
        """What it tells is all there is."""
        del thread_id
        return ()

    async def controls(self, cwd: str) -> Controls | None:
        """A recording has no configuration."""
        del cwd
        return None

    async def close(self) -> None:
        """Stop playing."""
        self._closed.set()
