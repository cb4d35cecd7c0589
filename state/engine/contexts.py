"""Under what a turn really runs, from the rollout's own word for it.

The engine tells no client the sandbox of an agent that it spawned, nor that of a turn
apart from the thread's settings; it writes both at the head of each turn
(`turn_context`) in the rollout of every local thread. Owns when that is looked for.
Does not judge. Invariants: the last `TAIL` bytes are read, in a thread, and only while
a turn's line is not found yet; a remote engine's files are not ours.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from state.engine.link import Link
from state.events import (
    Event,
    ItemStarted,
    ThreadSeen,
    TokensUsed,
    TurnContextRead,
    TurnEnded,
    TurnsLoaded,
    TurnStarted,
)
from state.items import ThreadId, TurnId
from state.model import Settings
from state.rollout.lines import Envelope, lines_backwards
from state.rollout.settings import settings_of

TAIL = 1024 * 1024
_LINE = b'"turn_context"'


class TurnContexts:
    """The turns of one connection; `follow` is told every event."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._wanted: dict[ThreadId, TurnId] = {}
        self._busy: set[ThreadId] = set()

    def follow(self, event: Event) -> None:
        """Looks for a turn's line from its start on until it is there."""
        if not self._link.local:
            return
        match event:
            case TurnStarted(thread_id=thread_id, turn_id=turn_id):
                self._wanted[thread_id] = turn_id
            case TurnsLoaded(thread_id=thread_id, turns=turns, older=False) if turns:
                self._wanted[thread_id] = turns[-1].id
            case (
                ItemStarted(thread_id=thread_id)
                | TokensUsed(thread_id=thread_id)
                | TurnEnded(thread_id=thread_id)
                | ThreadSeen(thread_id=thread_id)
            ):
                pass
            case _:
                return
        if thread_id in self._wanted and thread_id not in self._busy:
            self._busy.add(thread_id)
            self._link.spawn(self._read(thread_id))

    async def _read(self, thread_id: ThreadId) -> None:
        try:
            path, turn_id = (
                self._link.ledger.thread(thread_id).path,
                self._wanted.get(thread_id),
            )
            if path is None or turn_id is None:
                return
            found = await asyncio.to_thread(context_of_turn, Path(path), turn_id)
        finally:
            self._busy.discard(thread_id)
        if found is None or self._wanted.get(thread_id) != turn_id:
            return
        del self._wanted[thread_id]
        self._link.tell(TurnContextRead(thread_id, turn_id, found))


def context_of_turn(path: Path, turn_id: TurnId) -> Settings | None:
    """What the rollout says a turn runs under; None where it does not say (yet)."""
    wanted = turn_id.encode("utf-8", "surrogatepass")
    try:
        with path.open("rb") as file:
            for line in lines_backwards(file, TAIL):
                data = line.data
                if data is None or _LINE not in data or wanted not in data:
                    continue
                payload = _payload(data)
                if payload is not None and payload.get("turn_id") == turn_id:
                    found = settings_of(payload)
                    return found if found.sandbox is not None else None
    except (OSError, ValueError):
        pass  # Not there, or no name of a file.
    return None


def _payload(data: bytes) -> dict[str, Any] | None:
    try:
        envelope = msgspec.json.decode(data, type=Envelope)
        if envelope.type != "turn_context":
            return None
        value: dict[str, Any] = msgspec.json.decode(envelope.payload, type=dict)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return value
