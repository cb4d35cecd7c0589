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


def beneath(stored: Turn, held: Turn) -> Turn:
    """The turn as it is held, with what only our store knows of it."""
    items = _items(stored, held, older=True)
    over = held.status is not TurnStatus.UNKNOWN
    unknown = stored.status is TurnStatus.IN_PROGRESS
    turn = replace(
        held,
        items=items,
        status=held.status if over or unknown else stored.status,
        settings=stored.settings or held.settings,
        diff=held.diff or stored.diff,
        error=held.error or stored.error,
        started_ms=held.started_ms or stored.started_ms,
        completed_ms=held.completed_ms or stored.completed_ms,
        duration_ms=held.duration_ms or stored.duration_ms,
        root_turn_id=held.root_turn_id or stored.root_turn_id,
        switched=held.switched or stored.switched,
    )
    if turn.status is not TurnStatus.IN_PROGRESS:
        turn = close_items(turn, keep=frozenset(), terminals_live=True)
    return held if turn == held else turn


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
        switched=loaded.switched or known.switched,
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


def _items(known: Turn, loaded: Turn, *, older: bool = False) -> dict[ItemId, Item]:
    """`older`: what is known is from before; where both tell of an item, what is
    loaded is left as it is."""
    twins = {
        sign: item
        for item in known.items.values()
        if item.id not in loaded.items and (sign := _words(item)) is not None
    }
    items: dict[ItemId, Item] = {}
    names: dict[ItemId, ItemId] = {}
    for item in loaded.items.values():
        old = known.items.get(item.id)
        if old is None:
            old = twins.pop(_words(item) or (), None)
        if old is None:
            items[item.id] = item
            continue
        name = old.id if item.id.startswith(STAND_IN) else item.id
        names[old.id] = name
        kept = keeping_rule(old, item)
        if not (older and kept is item and name == item.id):
            revision = max(old.revision, item.revision if older else 0) + 1
            kept = replace(kept, id=name, revision=revision)
        items[name] = kept
    return in_time(_placed(known, items, names))


def _placed(
    known: Turn, items: dict[ItemId, Item], names: dict[ItemId, ItemId]
) -> dict[ItemId, Item]:
    """The items with those that are known besides, where they stood: behind what they
    followed. `names`: the known ones among them. What runs, and nothing came after,
    goes last: the page may have been read long before it began."""
    before: dict[ItemId, list[Item]] = {}
    after: dict[ItemId, list[Item]] = {}
    at: ItemId | None = None
    rest: list[Item] = []
    for old in known.items.values():
        name = names.get(old.id)
        if name is not None:
            if at is None:
                before[name] = rest
            else:
                after[at] = rest
            at, rest = name, []
        elif old.id not in items:
            rest.append(old)
    if at is not None:
        after[at] = [one for one in rest if one.ended]
    result: dict[ItemId, Item] = {}
    for item in items.values():
        for one in (*before.get(item.id, ()), item, *after.get(item.id, ())):
            result[one.id] = one
    for one in rest:
        result.setdefault(one.id, one)
    return result


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
