"""Reducers for commands that the engine sends no item for.

Owns where they stand in a turn and when one is taken back: an item that comes later
for the same command is the truth. What counts as hidden is `state.hidden`. Invariant:
a hidden command never replaces an item of the engine.
"""

from __future__ import annotations

from state.dataclass import replace
from state.hidden import CELL, EndedCall, hidden, is_shown
from state.items import Command, HiddenCommand, Item, ItemId, ItemStatus
from state.model import Settings, Turn
from state.permissions.context import context_of

PREFIX = "codex-tui:hidden:"


def with_hidden(turn: Turn, call: EndedCall, settings: Settings | None) -> Turn:
    """The turn with what the call ran and no item shows."""
    if call.tool != CELL and call.call_id in turn.items:
        return turn
    shown = [
        str(item.body.output)
        for item in turn.items.values()
        if isinstance(item.body, Command)
    ]
    found = hidden(call, shown, context_of(settings))
    items = dict(turn.items)
    for number, body in enumerate(found):
        item_id = ItemId(f"{PREFIX}{call.call_id}:{number}")
        item = Item(
            item_id,
            body,
            ItemStatus.FAILED,
            started_ms=call.started_ms,
            completed_ms=call.ended_ms,
            synthetic=True,
        )
        known = items.get(item_id)
        if known is None or known != item:
            items[item_id] = item
    if items == turn.items:
        return turn
    return replace(turn, items=in_time(items))


def without_shown(turn: Turn, item: Item) -> Turn:
    """An item came for a command that we took for hidden: it is taken back."""
    if not isinstance(item.body, Command):
        return turn
    output = str(item.body.output)
    own = f"{PREFIX}{item.id}:"
    gone = {
        key
        for key, held in turn.items.items()
        if isinstance(held.body, HiddenCommand)
        and (key.startswith(own) or is_shown(held.body, output))
    }
    if not gone:
        return turn
    items = {key: held for key, held in turn.items.items() if key not in gone}
    return replace(turn, items=items)


def in_time(items: dict[ItemId, Item]) -> dict[ItemId, Item]:
    """Hidden commands stand where they were called, not where we heard of them."""
    late = [i for i in items.values() if isinstance(i.body, HiddenCommand)]
    if not late:
        return items
    order = [i for i in items.values() if not isinstance(i.body, HiddenCommand)]
    for item in late:
        place = len(order)
        if item.started_ms is not None:
            for index, other in enumerate(order):
                if other.started_ms is not None and (
                    other.started_ms > item.started_ms
                ):
                    place = index
                    break
        order.insert(place, item)
    return {item.id: item for item in order}
