"""What agents ask in passing: questions that outlive their turn.

Owns which of them wait. Does not own how they are drawn or answered: the answer is the
user's next message to that thread. Invariant: a question waits until a message of the
user's stands after it, whoever sent that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from state import events as e
from state.dataclass import replace
from state.items import AgentMessage, Item, TurnId, UserMessage
from state.model import Asking, Thread, Turn


def with_asking(thread: Thread, event: e.ThreadEvent) -> Thread:
    """The thread with the questions that wait after this event."""
    match event:
        case e.ItemStarted(item=item) | e.ItemCompleted(item=item):
            if not (_asks(item) or isinstance(item.body, UserMessage)):
                return thread
            waiting = _waiting(thread)
        case e.TurnsLoaded() | e.ThreadRecalled():
            waiting = _waiting(thread)
        case e.ThreadReverted():
            waiting = tuple(a for a in thread.asking if a.turn_id in thread.turns)
        case _:
            return thread
    return thread if waiting == thread.asking else replace(thread, asking=waiting)


def _waiting(thread: Thread) -> tuple[Asking, ...]:
    """Oldest first. What is not held any more still waits, unless it was answered."""
    known = {a.item_id: a for a in thread.asking}
    found: list[Asking] = []
    for turn_id, item in _backwards(thread):
        if isinstance(item.body, UserMessage):
            return tuple(reversed(found))
        if isinstance(item.body, AgentMessage) and item.body.questions:
            at_ms = item.started_ms or item.completed_ms or thread.updated_ms
            new = Asking(turn_id, item.id, item.body.questions, at_ms)
            kept = known.get(item.id)
            found.append(kept if kept and kept.questions == new.questions else new)
    held = {a.item_id for a in found}
    earlier = (a for a in thread.asking if a.item_id not in held)
    return (*earlier, *reversed(found))


def _backwards(thread: Thread) -> Iterator[tuple[TurnId, Item]]:
    turns = cast("dict[TurnId, Turn]", thread.turns)
    for turn_id, turn in reversed(turns.items()):
        for item in reversed(tuple(turn.items.values())):
            yield turn_id, item


def _asks(item: Item) -> bool:
    return isinstance(item.body, AgentMessage) and bool(item.body.questions)
