"""A turn as history tells it, merged with what is held of it.

Owns which items are the same. Invariant: history has only completed items, so what
is live and not in it is kept; nothing said once is shown twice.
"""

from __future__ import annotations

from state.dataclass import replace
from state.items import AgentMessage, Item, ItemId, Reasoning, UserMessage
from state.model import Turn, TurnStatus
from state.reduce.epoch import close_items
from state.reduce.hidden import in_time
from state.reduce.items import keeping_rule

STAND_IN = "item-"
"""A resume of a running turn counts its items (`item-1`) instead of naming them."""


def merge_turn(known: Turn | None, loaded: Turn) -> Turn:
    """The turn of a page of history, with what is held of it."""
    if known is None:
        return loaded
    items = _items(known, loaded)
    status = _status(known.status, loaded.status)
    turn = replace(
        loaded,
        items=items,
        status=status,
        settings=known.settings or loaded.settings,
        diff=loaded.diff or known.diff,
        error=loaded.error or known.error,
        started_ms=loaded.started_ms or known.started_ms,
        root_turn_id=loaded.root_turn_id or known.root_turn_id,
    )
    if status is TurnStatus.IN_PROGRESS:
        return turn
    return close_items(turn, keep=frozenset(), terminals_live=True)


def _status(known: TurnStatus, loaded: TurnStatus) -> TurnStatus:
    """A page may be older than the end of the turn, so a known end stays. But that it
    was interrupted is also what we conclude when its end was said to nobody: there
    history knows better."""
    if known in (TurnStatus.IN_PROGRESS, TurnStatus.UNKNOWN):
        return loaded
    told = loaded in (TurnStatus.COMPLETED, TurnStatus.FAILED)
    return loaded if known is TurnStatus.INTERRUPTED and told else known


def _items(known: Turn, loaded: Turn) -> dict[ItemId, Item]:
    twins = {
        sign: item
        for item in known.items.values()
        if item.id not in loaded.items and (sign := _words(item)) is not None
    }
    items: dict[ItemId, Item] = {}
    gone: set[ItemId] = set()
    for item in loaded.items.values():
        old = known.items.get(item.id)
        if old is None:
            old = twins.pop(_words(item) or (), None)
        if old is None:
            items[item.id] = item
            continue
        gone.add(old.id)
        name = old.id if item.id.startswith(STAND_IN) else item.id
        item = keeping_rule(old, item)
        items[name] = replace(item, id=name, revision=old.revision + 1)
    for item_id, old in known.items.items():
        if item_id not in items and item_id not in gone:
            items[item_id] = old
    return in_time(items)


def _words(item: Item) -> tuple[str, ...] | None:
    """What an item without a lasting id is known by; None: its id lasts."""
    match item.body:
        case UserMessage(client_id=str(client_id)):
            return ("user", client_id)
        case UserMessage(text=text):
            return ("user", "", text)
        case AgentMessage(text=said):
            return ("agent", str(said))
        case Reasoning(summary=parts):
            return ("reasoning", *map(str, parts))
        case _:
            return None
