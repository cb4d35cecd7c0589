"""What a session has to remember of what the engine said, to speak to it rightly.

Owns which threads are loaded and subscribed, which turn runs, which requests wait and
which sends are on their way. Holds no history and draws nothing: the world does that.
Does no I/O. Invariant: what is bound to a connection (subscriptions, pending reviews)
is empty after `connection_lost`.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

from state.dataclass import dataclass
from state.events import (
    Event,
    ItemCompleted,
    ItemStarted,
    ReadStateChanged,
    ReviewAsked,
    ReviewResolved,
    TerminalsListed,
    ThreadArchived,
    ThreadDeleted,
    ThreadSeen,
    ThreadStatusChanged,
    ThreadUnloaded,
    TokensUsed,
    TurnEnded,
    TurnMarked,
    TurnsLoaded,
    TurnStarted,
)
from state.items import Command, ItemId, ThreadId, TurnId, UserMessage
from state.model import ClientId, Review, ReviewKey, ThreadStatus, TurnStatus

LOADED = frozenset({ThreadStatus.IDLE, ThreadStatus.ACTIVE, ThreadStatus.SYSTEM_ERROR})


@dataclass(slots=True)
class Known:
    """One thread, as far as the session cares."""

    path: str | None = None
    parent: ThreadId | None = None
    direct_input: bool | None = None
    status: ThreadStatus = ThreadStatus.UNKNOWN
    described: bool = False
    titled: bool = False
    """It has a name, or its first message was told"""
    turn: TurnId | None = None
    shell_turn: TurnId | None = None
    read_revision: str | None = None
    older: str | None = None
    from_rollout: int = 0
    """How many turns were read from the file, where the engine has none"""
    """Cursor of the page of turns before the ones held"""
    terminals: set[ItemId] = field(default_factory=set)
    open_commands: set[ItemId] = field(default_factory=set)


@dataclass(slots=True)
class Outstanding:
    """A message that left and was not seen in the history yet."""

    thread_id: ThreadId
    how: str


class Ledger:
    """The session's memory; `observe` is called with every event that goes out."""

    def __init__(self) -> None:
        self.threads: dict[ThreadId, Known] = {}
        self.subscribed: set[ThreadId] = set()
        self.marked: set[ThreadId] = set()
        """Threads whose newest turn was told on this connection"""
        self.counted: set[ThreadId] = set()
        """Threads whose tokens were told on this connection"""
        self.ours: set[ThreadId] = set()
        """Threads this session loaded itself, over all connections"""
        self.pending: dict[ReviewKey, Review] = {}
        self.sends: dict[ClientId, Outstanding] = {}

    def thread(self, thread_id: ThreadId) -> Known:
        known = self.threads.get(thread_id)
        if known is None:
            known = self.threads[thread_id] = Known()
        return known

    def is_loaded(self, thread_id: ThreadId) -> bool:
        known = self.threads.get(thread_id)
        return known is not None and known.status in LOADED

    def connection_lost(self) -> None:
        """Nothing of the connection counts any more; statuses are old news."""
        self.subscribed.clear()
        self.marked.clear()
        self.counted.clear()
        self.pending.clear()
        for known in self.threads.values():
            known.status = ThreadStatus.UNKNOWN
            known.turn = known.shell_turn = None
            known.terminals.clear()
            known.open_commands.clear()

    def observe(self, event: Event) -> None:
        match event:
            case ThreadSeen():
                self._seen(event.thread_id, dict(event.facts))
            case ThreadStatusChanged(thread_id=thread_id, status=status):
                self._status(thread_id, status)
            case (
                ThreadUnloaded(thread_id=thread_id) | ThreadDeleted(thread_id=thread_id)
            ):
                self._status(thread_id, ThreadStatus.NOT_LOADED)
            case ThreadArchived(thread_id=thread_id, archived=True):
                self._status(thread_id, ThreadStatus.NOT_LOADED)
            case TokensUsed(thread_id=thread_id):
                self.counted.add(thread_id)
            case TurnMarked(thread_id=thread_id):
                self.marked.add(thread_id)
            case TurnStarted(thread_id=thread_id, turn_id=turn_id):
                self.marked.add(thread_id)
                self.thread(thread_id).turn = turn_id
            case TurnsLoaded(thread_id=thread_id, turns=turns, older=False):
                self.marked.add(thread_id)
                if turns and turns[-1].status is TurnStatus.IN_PROGRESS:
                    self.thread(thread_id).turn = turns[-1].id
            case TurnEnded(thread_id=thread_id):
                known = self.thread(thread_id)
                known.turn = known.shell_turn = None
                known.open_commands &= known.terminals
            case ItemStarted():
                self._item(event)
            case ItemCompleted(thread_id=thread_id, item=item):
                self.thread(thread_id).open_commands.discard(item.id)
            case TerminalsListed(thread_id=thread_id, terminals=terminals):
                self.thread(thread_id).terminals = {t.item_id for t in terminals}
            case ReadStateChanged(thread_id=thread_id, revision=revision):
                self.thread(thread_id).read_revision = revision
            case ReviewAsked(review=review):
                self.pending[review.key] = review
            case ReviewResolved(key=key):
                self.pending.pop(key, None)

    def _seen(self, thread_id: ThreadId, facts: dict[str, Any]) -> None:
        known = self.thread(thread_id)
        known.described = True
        known.path = facts.get("path", known.path)
        known.parent = facts.get("parent_id", known.parent)
        known.direct_input = facts.get("direct_input", known.direct_input)
        known.titled |= bool(facts.get("name") or facts.get("preview"))
        if "status" in facts:
            self._status(thread_id, facts["status"])

    def _status(self, thread_id: ThreadId, status: ThreadStatus) -> None:
        known = self.thread(thread_id)
        known.status = status
        if status is ThreadStatus.NOT_LOADED:
            self.subscribed.discard(thread_id)
            known.turn = known.shell_turn = None
            known.terminals.clear()
            known.open_commands.clear()

    def _item(self, event: ItemStarted) -> None:
        body, known = event.item.body, self.thread(event.thread_id)
        if isinstance(body, Command):
            known.open_commands.add(event.item.id)
            if body.source == "userShell" and known.turn == event.turn_id:
                # A turn of the user's own command swallows messages: see send.
                known.shell_turn = event.turn_id
        elif isinstance(body, UserMessage):
            known.shell_turn = None
            known.titled = True

    def seen(self, event: Event) -> ClientId | None:
        """The send that `event` proves to have arrived, if it does."""
        if isinstance(event, ItemStarted | ItemCompleted):
            body = event.item.body
            if isinstance(body, UserMessage) and body.client_id in self.sends:
                return ClientId(body.client_id)
        return None
