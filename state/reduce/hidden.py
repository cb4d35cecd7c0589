"""Reducers for commands that the engine sends no item for.

Owns where they stand in a turn and when one is taken back: an item that comes later
for the same command is the truth. What counts as hidden is `state.hidden`, what a row
of the engine's log is worth `state.permissions.noise`. Invariants: a hidden command
never replaces an item of the engine; one failure is told once, whichever source was
quicker.
"""

from __future__ import annotations

from state.dataclass import replace
from state.hidden import CELL, EndedCall, calls_in, hidden, is_shown, supported
from state.items import Command, HiddenCommand, Item, ItemId, ItemStatus, Stopped
from state.model import SandboxMode, Settings, Turn
from state.permissions.context import context_of
from state.permissions.noise import SOURCE, Cell, Logged, Violation, logged

PREFIX = "codex-tui:hidden:"
_NO_SANDBOX = (SandboxMode.FULL_ACCESS, SandboxMode.EXTERNAL)


def with_hidden(turn: Turn, call: EndedCall, settings: Settings | None) -> Turn:
    """The turn with what the call ran and no item shows."""
    if call.tool != CELL and call.call_id in turn.items:
        return turn
    shown = [
        str(item.body.output)
        for item in turn.items.values()
        if isinstance(item.body, Command)
    ]
    context = context_of(settings)
    found = hidden(call, shown, context)
    items = dict(turn.items)
    rows = _rows_of(turn, call.call_id)
    for number, body in enumerate(found):
        item_id = ItemId(f"{PREFIX}{call.call_id}:{number}")
        if rows and body.stopped is not Stopped.REFUSED:
            row = rows.pop(0)
            items.pop(_row_id(row), None)
            body = supported(body, row, context)
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


def with_logged(
    turn: Turn, row: Violation, cell: Cell | None, settings: Settings | None
) -> Turn:
    """The turn with a row of the engine's log: beside what is known of the call, or
    as a command that may have been blocked, where nothing else tells of one."""
    sandbox = settings.sandbox if settings is not None else None
    unsandboxed = sandbox is not None and sandbox.mode in _NO_SANDBOX
    note = logged(row, cell)
    call_id = cell.call_id if cell is not None else row.call_id
    if row.call_id in turn.items or unsandboxed or note in _rows_of(turn, call_id):
        return turn
    items = dict(turn.items)
    own = f"{PREFIX}{call_id}:"
    for key, item in turn.items.items():
        body = item.body
        if (
            key.startswith(own)
            and isinstance(body, HiddenCommand)
            and body.stopped is not Stopped.REFUSED
            and body.logged is None
        ):
            told = supported(body, note, context_of(settings))
            items[key] = replace(item, body=told, revision=item.revision + 1)
            return replace(turn, items=items)
    code = cell.code if cell is not None else ""
    calls = calls_in(code)
    only = calls[0] if len(calls) == 1 else ""
    told = HiddenCommand(only, Stopped.MAYBE, SOURCE, code=code, logged=note)
    items[_row_id(note)] = Item(
        _row_id(note),
        told,
        ItemStatus.FAILED,
        started_ms=row.at_ms,
        completed_ms=row.at_ms,
        synthetic=True,
    )
    return replace(turn, items=in_time(items))


def _row_id(note: Logged) -> ItemId:
    return ItemId(f"{PREFIX}{note.call_id}:log")


def _rows_of(turn: Turn, call_id: str) -> list[Logged]:
    """The rows that are known of a call, or of the commands in a cell."""
    return [
        item.body.logged
        for item in turn.items.values()
        if isinstance(item.body, HiddenCommand)
        and item.body.logged is not None
        and call_id in (item.body.logged.cell, item.body.logged.call_id)
    ]


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
