"""Reducers for background terminals: listed, growing, ended, dismissed.

Owns what the world says of a terminal and its short number. Does not own the command
item it grew from (`state.reduce.turns`). Invariants: a terminal is live or ended,
never both; the completed item's text replaces what streamed; nothing that ended
leaves the world before somebody dismisses it (or `MOST_ENDED` newer ones ended).
"""

from __future__ import annotations

from collections.abc import Iterable

from state import events as e
from state.dataclass import replace
from state.items import Command, DeltaKind, Item, ItemId, ItemStatus, TurnId
from state.model import Terminal, Thread, Turn
from state.terminals import Ending, tail_of

MOST_ENDED = 50
"""Ended terminals kept for a thread; older ones are forgotten by themselves."""


def grown(thread: Thread, event: e.ItemDelta) -> Thread:
    """A terminal printed something."""
    if event.kind is not DeltaKind.OUTPUT or not event.text:
        return thread
    terminal = thread.terminals.get(event.item_id)
    if terminal is None or terminal.turn_id not in (None, event.turn_id):
        return thread
    terminal = replace(
        terminal, turn_id=event.turn_id, output=terminal.output.grown(event.text)
    )
    return replace(thread, terminals={**thread.terminals, event.item_id: terminal})


def completed(thread: Thread, turn_id: TurnId, item: Item) -> Thread:
    """The item of a terminal is over: that is its exit, also long after its turn."""
    body = item.body
    if not isinstance(body, Command):
        return thread
    known = thread.terminals.get(item.id) or thread.ended_terminals.get(item.id)
    if known is None or known.turn_id not in (None, turn_id):
        return thread
    if known.ending is Ending.EXITED:
        return thread
    return _ended(thread, _exited(known, turn_id, item, body))


def _exited(known: Terminal, turn_id: TurnId, item: Item, body: Command) -> Terminal:
    """The completed text is the authority; without one the preview stays."""
    return replace(
        known,
        turn_id=turn_id,
        started_ms=known.started_ms or item.started_ms,
        ended_ms=item.completed_ms or known.ended_ms,
        ending=Ending.EXITED,
        exit_code=body.exit_code,
        output=tail_of(str(body.output)) if body.output else known.output,
    )


def settled(thread: Thread, turns: Iterable[Turn]) -> Thread:
    """A page of history tells the ends that we did not hear."""
    if not (thread.terminals or thread.ended_terminals):
        return thread
    for turn in turns:
        for item in turn.items.values():
            if item.status in (ItemStatus.COMPLETED, ItemStatus.FAILED):
                thread = completed(thread, turn.id, item)
    return thread


def listed(thread: Thread, event: e.TerminalsListed) -> Thread:
    """The engine's list is the truth about what runs."""
    live = {t.item_id: _known(thread, t, event) for t in event.terminals}
    lost = [t for item_id, t in thread.terminals.items() if item_id not in live]
    ended = {k: v for k, v in thread.ended_terminals.items() if k not in live}
    thread = replace(thread, terminals=live, ended_terminals=ended)
    for terminal in lost:
        gone = replace(terminal, ending=Ending.GONE, ended_ms=event.at_ms or None)
        thread = _ended(thread, gone)
        found = _item(thread, terminal.item_id, terminal.turn_id)
        if found is not None and found[1].status is not ItemStatus.IN_PROGRESS:
            thread = settled(thread, [thread.turns[found[0]]])
    return thread


def _known(thread: Thread, fresh: Terminal, event: e.TerminalsListed) -> Terminal:
    """A listed terminal with what is known of it besides."""
    known = thread.terminals.get(fresh.item_id)
    if known is not None:
        return replace(
            known,
            process_id=fresh.process_id,
            os_pid=fresh.os_pid,
            cpu_percent=fresh.cpu_percent,
            rss_kb=fresh.rss_kb,
            epoch=event.epoch or known.epoch,
        )
    fresh = replace(fresh, epoch=event.epoch)
    before = thread.ended_terminals.get(fresh.item_id)
    if before is not None and before.ending is not Ending.EXITED:
        # We thought that it had ended; what we missed since is missing.
        return replace(
            fresh,
            number=before.number,
            turn_id=before.turn_id,
            started_ms=before.started_ms,
            output=before.output.torn(),
        )
    found = _item(thread, fresh.item_id, None)
    if found is None:
        return replace(fresh, output=fresh.output.torn())
    turn_id, item = found
    output = tail_of(str(item.body.output)) if isinstance(item.body, Command) else None
    if item.started_ms is None or output is None:
        # Begun by its first delta: we came when it was running already.
        output = replace(output or fresh.output, gaps=(0,))
    return replace(fresh, turn_id=turn_id, started_ms=item.started_ms, output=output)


def _item(
    thread: Thread, item_id: ItemId, turn_id: TurnId | None
) -> tuple[TurnId, Item] | None:
    """The command a terminal grew from, newest turn first: ids may repeat."""
    for turn in reversed(list(thread.turns.values())):
        if turn_id in (None, turn.id) and item_id in turn.items:
            return turn.id, turn.items[item_id]
    return None


def end_all(thread: Thread, ending: Ending, at_ms: int | None) -> Thread:
    """Whatever ran in this thread is gone with its engine or its thread.

    The engine tells no end of its commands then: nothing of them runs on."""
    for terminal in thread.terminals.values():
        gone = replace(terminal, ending=ending, ended_ms=at_ms or None)
        thread = _closed(_ended(thread, gone), terminal)
    return thread


def _closed(thread: Thread, terminal: Terminal) -> Thread:
    found = _item(thread, terminal.item_id, terminal.turn_id)
    if found is None or found[1].status is not ItemStatus.IN_PROGRESS:
        return thread
    turn_id, item = found
    turn = thread.turns[turn_id]
    items = {**turn.items, item.id: replace(item, status=ItemStatus.CLOSED)}
    return replace(thread, turns={**thread.turns, turn_id: replace(turn, items=items)})


def _ended(thread: Thread, terminal: Terminal) -> Thread:
    live = {k: v for k, v in thread.terminals.items() if k != terminal.item_id}
    ended = {**thread.ended_terminals, terminal.item_id: terminal}
    for item_id in list(ended)[: max(0, len(ended) - MOST_ENDED)]:
        del ended[item_id]
    return replace(thread, terminals=live, ended_terminals=ended)


def dismissed(thread: Thread, event: e.TerminalsDismissed) -> Thread:
    """The user has seen these; a live one cannot be dismissed."""
    kept = {k: v for k, v in thread.ended_terminals.items() if k not in event.item_ids}
    if len(kept) == len(thread.ended_terminals):
        return thread
    return replace(thread, ended_terminals=kept)


def orphaned(thread: Thread, event: e.OrphansFound) -> Thread:
    """Terminals of a dead engine that nobody told us of: only their processes do."""
    for terminal in event.terminals:
        known = (thread.terminals, thread.ended_terminals)
        if not any(terminal.item_id in group for group in known):
            thread = _ended(thread, replace(terminal, ending=Ending.ENGINE))
    return thread


def after_connection(thread: Thread, epoch: str, at_ms: int | None) -> Thread:
    """A connection to the engine `epoch` begins: terminals of another engine ended
    with it, those of this one printed what we did not hear."""
    live = {}
    for item_id, terminal in thread.terminals.items():
        if terminal.epoch in ("", epoch):
            live[item_id] = replace(terminal, output=terminal.output.torn())
    if live != thread.terminals:
        dead = [t for k, t in thread.terminals.items() if k not in live]
        thread = replace(thread, terminals=live)
        for terminal in dead:
            gone = replace(terminal, ending=Ending.ENGINE, ended_ms=at_ms or None)
            thread = _ended(thread, gone)
    return thread
