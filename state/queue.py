"""What waits behind a running turn, and what is taken out of that line and kept.

Owns the shape of a queued message and the rules for keeping one: which failures burn
every message behind them, and which messages an ended turn swallowed. Does no I/O.
Invariant: a message is kept only when it left the engine's queue, or is about to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from state.dataclass import dataclass
from state.items import ThreadId, TurnId, UserMessage
from state.model import (
    ClientId,
    QueueEntry,
    Send,
    SendState,
    Thread,
    Turn,
    TurnStatus,
)

MAX_INPUT = 1_048_576
"""Characters the engine takes in one message."""
BURNING = {
    "usageLimitExceeded": "the usage limit was reached",
    "sessionBudgetExceeded": "the session's budget is used up",
    "unauthorized": "the login failed",
}
"""Failures that every message behind would meet as well: code -> why, in words."""
BLOCKED = "a hook stopped it"


@dataclass(frozen=True, slots=True)
class Kept:
    """Messages of one thread to keep. `queued`: take these out of the engine's queue;
    `gone`: these left it already."""

    thread_id: ThreadId
    why: str
    queued: tuple[QueueEntry, ...] = ()
    gone: tuple[QueueEntry, ...] = ()


def burning(turn: Turn) -> str:
    """Why every message behind this turn would fail too; "" when it would not."""
    if turn.status is not TurnStatus.FAILED or turn.error is None:
        return ""
    return BURNING.get(turn.error.code or "", "")


def stopped(thread: Thread) -> bool:
    """Something is queued that nobody sends: the engine goes on with a queue when a
    turn completes or fails, and not when it is interrupted."""
    latest = thread.latest
    return (
        bool(thread.queue)
        and thread.active_turn is None
        and latest is not None
        and latest.status is TurnStatus.INTERRUPTED
    )


def held(thread: Thread) -> tuple[Send, ...]:
    """What is kept of this thread's queue, oldest first."""
    queued = {entry.client_id for entry in thread.queue}
    return tuple(
        send
        for send in thread.sends.values()
        if send.state is SendState.HELD and send.client_id not in queued
    )


def moved(ids: Sequence[str], one: str, step: int) -> tuple[str, ...]:
    """The order after `one` went `step` places down (negative: up)."""
    order = list(ids)
    at = order.index(one)
    order.insert(max(0, min(len(order) - 1, at + step)), order.pop(at))
    return tuple(order)


def too_long(text: str) -> str:
    """Why the engine would refuse this text; "" when it would take it."""
    if len(text) <= MAX_INPUT:
        return ""
    return (
        f"At most {MAX_INPUT:,} characters go at once, this is {len(text):,}."
        " It is kept as a draft."
    )


class QueueWatch:
    """Sees every published thread and says what must be kept.

    It remembers the messages that stood in each queue, for an ended turn names no
    message that a hook stopped."""

    def __init__(self) -> None:
        self._stood: dict[ThreadId, dict[ClientId, QueueEntry]] = {}
        self._judged: set[tuple[ThreadId, TurnId]] = set()
        self._empty: dict[ThreadId, int] = {}
        self._burnt: dict[ThreadId, str] = {}

    def forgive(self, thread_id: ThreadId) -> None:
        """What is queued from here on may try again."""
        self._burnt.pop(thread_id, None)

    def ended(self, thread: Thread, turn_id: TurnId) -> Kept | None:
        """A turn of this thread ended just now."""
        turn = thread.turns.get(turn_id)
        if turn is None or (thread.id, turn_id) in self._judged:
            return None
        self._judged.add((thread.id, turn_id))
        why = burning(turn)
        if why:
            self._burnt[thread.id] = why
            stood = self._stood.get(thread.id, {})
            burnt = [name for name in _said(turn) if name in stood]
            gone = tuple(stood.pop(name) for name in burnt)
            if _waiting(thread) or gone:
                return Kept(thread.id, why, _waiting(thread), gone)
        elif turn.status is TurnStatus.COMPLETED and not turn.items:
            self._empty[thread.id] = self._empty.get(thread.id, 0) + 1
        return None

    def listed(self, thread: Thread) -> Kept | None:
        """The queue of this thread was read anew."""
        stood = self._stood.setdefault(thread.id, {})
        now = {entry.client_id: entry for entry in thread.queue}
        left = [name for name in stood if name not in now]
        blocked: list[QueueEntry] = []
        for name in left:
            known = thread.sends.get(name)
            kept = known is not None and known.state is SendState.HELD
            if kept or _arrived(thread, name):
                continue
            if self._empty.get(thread.id, 0):
                self._empty[thread.id] -= 1
                blocked.append(stood.pop(name))
        self._empty.pop(thread.id, None)
        stood.update(now)
        if blocked:
            return Kept(thread.id, BLOCKED, gone=tuple(blocked))
        why = self._burnt.get(thread.id, "")
        if why and _waiting(thread):
            return Kept(thread.id, why, _waiting(thread))
        return None


def came_through(thread: Thread) -> tuple[ClientId, ...]:
    """Kept messages that the history shows as sent after all: they need no keeping."""
    waiting = {send.client_id for send in held(thread)}
    if not waiting:
        return ()
    sent = (
        name
        for turn in thread.turns.values()
        if not burning(turn)
        for name in _said(turn)
    )
    return tuple(name for name in sent if name in waiting)


def _waiting(thread: Thread) -> tuple[QueueEntry, ...]:
    """What stands in the queue and is not being taken out already."""
    taken = {s.client_id for s in thread.sends.values() if s.state is SendState.HELD}
    return tuple(entry for entry in thread.queue if entry.client_id not in taken)


def _arrived(thread: Thread, name: ClientId) -> bool:
    return any(name in _said(turn) for turn in thread.turns.values())


def _said(turn: Turn) -> Iterable[ClientId]:
    """The names of the user's messages in this turn."""
    return [
        ClientId(item.body.client_id)
        for item in turn.items.values()
        if isinstance(item.body, UserMessage) and item.body.client_id
    ]
