"""Reducers for the items inside one turn.

Owns how an item starts, grows and ends. Deltas are a preview: the completed item
replaces them. Invariant: an ended item does not grow (a command whose turn closed
it does: it lives on as a terminal until listed otherwise).
"""

from __future__ import annotations

from typing import assert_never

from state import events as e
from state.dataclass import replace
from state.items import (
    NO_TEXT,
    AgentMessage,
    Command,
    DeltaKind,
    Item,
    ItemBody,
    ItemId,
    ItemStatus,
    Level,
    Notice,
    ProposedPlan,
    Reasoning,
    Text,
)
from state.model import Thread, Turn, TurnStatus

CHECKLIST = ItemId("codex-tui:checklist")
RETRY = ItemId("codex-tui:retry")
MAX_PARTS = 64
"""Parts of one reasoning item; what is counted beyond lands in the last."""


def put_item(turn: Turn, item: Item) -> Turn:
    """The turn with the item in its place; a known item keeps its position."""
    known = turn.items.get(item.id)
    if known is not None:
        item = replace(item, revision=known.revision + 1)
        if item == known:
            return turn
    return replace(turn, items={**turn.items, item.id: item})


def started_item(turn: Turn, item: Item) -> Turn:
    """item/started: begins anew, also for an id that streamed before (a retry)."""
    known = turn.items.get(item.id)
    if known is not None and known.ended and known.status is not ItemStatus.CLOSED:
        return turn
    if RETRY in turn.items:
        rest = {k: v for k, v in turn.items.items() if k != RETRY}
        turn = replace(turn, items=rest)
    return put_item(turn, item)


def completed_item(turn: Turn, item: Item) -> Turn:
    """item/completed: the authority on its text; an empty output keeps the preview."""
    known = turn.items.get(item.id)
    body = item.body
    if (
        known is not None
        and isinstance(body, Command)
        and isinstance(known.body, Command)
        and not body.output
    ):
        item = replace(item, body=replace(body, output=known.body.output))
    if known is not None:
        item = keeping_rule(known, item)
    if known is not None and item.started_ms is None:
        item = replace(item, started_ms=known.started_ms)
    if not item.ended:
        item = replace(item, status=ItemStatus.COMPLETED)
    return put_item(turn, item)


def ruled(turn: Turn, event: e.RuleApplied) -> Turn:
    """The command with the rule that let it out; nothing for an item nobody knows."""
    item = turn.items.get(event.item_id)
    if item is None or not isinstance(item.body, Command):
        return turn
    return put_item(turn, replace(item, body=replace(item.body, outside=event.outside)))


def keeping_rule(known: Item, item: Item) -> Item:
    """An engine's account of a command never holds the rule: ours stays."""
    old, new = known.body, item.body
    if not isinstance(old, Command) or not isinstance(new, Command):
        return item
    if old.outside is None or new.outside is not None:
        return item
    return replace(item, body=replace(new, outside=old.outside))


def delta_item(turn: Turn, event: e.ItemDelta) -> Turn:
    """Grow one text of one item; an unknown item is begun by its first delta."""
    item = turn.items.get(event.item_id) or Item(
        event.item_id, _empty_body(event.kind), started_ms=None
    )
    growing = not item.ended or (
        item.status is ItemStatus.CLOSED and event.kind is DeltaKind.OUTPUT
    )
    if not growing:
        return turn
    body = _grown(item.body, event)
    if body is item.body:
        return turn
    changed = replace(item, body=body, revision=item.revision + 1)
    return replace(turn, items={**turn.items, item.id: changed})


def lengthened(thread: Thread, event: e.ItemDelta) -> Thread | None:
    """The thread with one text longer: most of what a stream does, in one step. None:
    more than that text may change, and the reducers have to look."""
    turn = thread.turns.get(event.turn_id)
    item = turn.items.get(event.item_id) if turn is not None else None
    mark = thread.latest
    if (
        turn is None
        or item is None
        or item.ended
        or not event.text
        or event.kind is DeltaKind.OUTPUT
        or turn.status is not TurnStatus.IN_PROGRESS
        or mark is None
        or mark.id != turn.id
        or mark.status is not turn.status
    ):
        return None
    body = _grown(item.body, event)
    if body is item.body:
        return None
    item = replace(item, body=body, revision=item.revision + 1)
    turn = replace(turn, items={**turn.items, item.id: item})
    turns = {**thread.turns, turn.id: turn}
    return replace(thread, turns=turns, revision=thread.revision + 1)


def _empty_body(kind: DeltaKind) -> ItemBody:
    match kind:
        case DeltaKind.MESSAGE:
            return AgentMessage()
        case DeltaKind.PLAN:
            return ProposedPlan()
        case DeltaKind.SUMMARY | DeltaKind.THOUGHT:
            return Reasoning()
        case DeltaKind.OUTPUT:
            return Command("")
        case _:
            assert_never(kind)


def _grown(body: ItemBody, event: e.ItemDelta) -> ItemBody:
    text = event.text
    match body, event.kind:
        case AgentMessage(), DeltaKind.MESSAGE:
            return replace(body, text=body.text.append(text))
        case ProposedPlan(), DeltaKind.PLAN:
            return replace(body, text=body.text.append(text))
        case Command(), DeltaKind.OUTPUT:
            return replace(body, output=body.output.append(text))
        case Reasoning(), DeltaKind.SUMMARY:
            return replace(body, summary=_part(body.summary, event.index, text))
        case Reasoning(), DeltaKind.THOUGHT:
            return replace(body, thought=_part(body.thought, event.index, text))
        case _:
            return body


def _part(parts: tuple[Text, ...], index: int, text: str) -> tuple[Text, ...]:
    # A wire that counts wildly must not make us allocate wildly.
    index = min(max(index, 0), MAX_PARTS - 1)
    if index < len(parts):
        grown = parts[index].append(text)
        return (*parts[:index], grown, *parts[index + 1 :])
    return (*parts, *(NO_TEXT for _ in range(index - len(parts))), Text(text))


def drop_retried(turn: Turn) -> Turn:
    """The stream was cut: what it had streamed so far will be sent again."""
    items = {
        k: v
        for k, v in turn.items.items()
        if v.ended or not isinstance(v.body, AgentMessage | Reasoning | ProposedPlan)
    }
    return replace(turn, items=items)


def retry_notice(event: e.ErrorSeen) -> Item:
    """What the engine says while it tries again."""
    notice = Notice(
        Level.WARNING, event.error.message, event.error.details, will_retry=True
    )
    return Item(RETRY, notice, ItemStatus.COMPLETED, synthetic=True)
