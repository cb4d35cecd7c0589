"""What the engine does not send: the calls behind the items, from another source.

Owns when a rollout is read on, and from where; a local engine flushes every call and
output to it at once. A remote one sends raw events for threads that we started. Does
not judge what was hidden (`state.hidden`). Invariants: reading is bounded by `TAIL`
and happens in a thread; nothing is read of a thread whose file is not told.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from state.engine.engine_log import EngineLog
from state.engine.link import Link
from state.engine.wire.raw_calls import RawCalls
from state.events import (
    CallEnded,
    Event,
    ItemStarted,
    TokensUsed,
    TurnEnded,
    TurnsLoaded,
    TurnStarted,
)
from state.items import ThreadId, TurnId
from state.rollout.lines import Envelope
from state.rollout.settings import milliseconds

Json = dict[str, Any]

TAIL = 2 * 1024 * 1024
"""Bytes of a rollout that are read at most at once."""
RAW_METHOD = "rawResponseItem/completed"


class Shadow:
    """The second source of one connection; `follow` is told every event."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.log = EngineLog(link)
        self._at: dict[ThreadId, int] = {}
        self._due: set[ThreadId] = set()
        self._calls: dict[ThreadId, RawCalls] = {}
        self._raw = RawCalls("raw events")

    def follow(self, event: Event) -> None:
        """Reads on where a call may have ended."""
        if not self._link.local:
            return
        self.log.follow(event)
        match event:
            case TurnStarted(thread_id=thread_id):
                self._begin(thread_id)
            case (
                ItemStarted(thread_id=thread_id)
                | TokensUsed(thread_id=thread_id)
                | TurnEnded(thread_id=thread_id)
            ):
                self._read_on(thread_id)
            case TurnsLoaded(thread_id=thread_id, older=False):
                # History came: what it lacks stands in the same file.
                self._at.pop(thread_id, None)
                self._calls.pop(thread_id, None)
                self._read_on(thread_id)
            case _:
                pass

    def raw(self, params: Json) -> None:
        """A raw event of a remote engine; never raises."""
        thread_id, turn_id = params.get("threadId"), params.get("turnId")
        item = params.get("item")
        if self._link.local or not isinstance(item, dict):
            return
        if not isinstance(thread_id, str) or not isinstance(turn_id, str):
            return
        now = self._link.clock()
        ended = self._raw.feed(ThreadId(thread_id), TurnId(turn_id), item, now)
        if ended is not None:
            self._link.tell(CallEnded(ThreadId(thread_id), *ended))

    # -- the file --------------------------------------------------------------

    def _path(self, thread_id: ThreadId) -> Path | None:
        path = self._link.ledger.thread(thread_id).path
        return Path(path) if path else None

    def _begin(self, thread_id: ThreadId) -> None:
        path = self._path(thread_id)
        if path is None or thread_id in self._at:
            return
        try:
            self._at[thread_id] = path.stat().st_size
        except (OSError, ValueError):
            return  # It is made with the first line, or is no name of a file.

    def _read_on(self, thread_id: ThreadId) -> None:
        if thread_id in self._due or self._path(thread_id) is None:
            return
        self._due.add(thread_id)
        self._link.spawn(self._read(thread_id))

    async def _read(self, thread_id: ThreadId) -> None:
        path = self._path(thread_id)
        self._due.discard(thread_id)
        if path is None:
            return
        at = self._at.get(thread_id)
        lines, end = await asyncio.to_thread(_lines, path, at)
        if self._at.get(thread_id) != at:
            return  # Another reading was quicker.
        self._at[thread_id] = end
        calls = self._calls.setdefault(thread_id, RawCalls("rollout"))
        for line in lines:
            item, at_ms = _response_item(line)
            ended = calls.feed(thread_id, None, item, at_ms) if item else None
            if ended is not None:
                self.log.ended(thread_id, *ended)
                self._link.tell(CallEnded(thread_id, *ended))


def _lines(path: Path, at: int | None) -> tuple[list[bytes], int]:
    """The whole lines from `at` (None: of the tail), and where the next one begins."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            start = max(size - TAIL, 0) if at is None else at
            if start > size:
                start = 0  # It was made anew.
            start = max(start, size - TAIL)
            file.seek(start)
            data = file.read(TAIL)
    except (OSError, ValueError):
        return [], at or 0
    whole = data.rfind(b"\n") + 1
    lines = data[:whole].splitlines()
    if at is None and start > 0:
        lines = lines[1:]  # It may begin in the middle of one.
    return lines, start + whole


def _response_item(line: bytes) -> tuple[Json | None, int | None]:
    if b'"response_item"' not in line or (
        b"tool_call" not in line and (b"function_call" not in line)
    ):
        return None, None
    try:
        envelope = msgspec.json.decode(line, type=Envelope)
        if envelope.type != "response_item":
            return None, None
        item: Json = msgspec.json.decode(envelope.payload, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None, None
    return item, milliseconds(envelope.timestamp)
