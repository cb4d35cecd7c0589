"""Reducers for turns and their lifecycle.

Owns turn order, the one active turn, history pages and terminals' listing. Items
inside a turn are `state.reduce.items`. Invariant: at most one turn is in progress,
and it is `active_turn`.
"""

from __future__ import annotations

from typing import assert_never

from state import events as e
from state.dataclass import replace
from state.items import (
    Checklist,
    Command,
    Item,
    ItemStatus,
    TurnId,
    UserMessage,
)
from state.model import HistoryState, Settings, Thread, ThreadStatus, Turn, TurnStatus
from state.reduce.epoch import close_items, closed
from state.reduce.hidden import with_hidden, with_logged, without_shown
from state.reduce.history import merge_turn
from state.reduce.items import (
    CHECKLIST,
    completed_item,
    delta_item,
    drop_retried,
    put_item,
    retry_notice,
    ruled,
    started_item,
)
from state.reduce.mark import told_mark
from state.reduce.terminals import (
    completed,
    dismissed,
    grown,
    listed,
    orphaned,
    settled,
)

TurnEvent = (
    e.TurnStarted
    | e.TurnEnded
    | e.TurnContextRead
    | e.TurnDiffChanged
    | e.PlanChanged
    | e.TurnsLoaded
    | e.TurnReviewerChanged
    | e.TurnMarked
    | e.ItemStarted
    | e.ItemDelta
    | e.ItemCompleted
    | e.CallEnded
    | e.RuleApplied
    | e.ViolationLogged
    | e.TerminalsListed
    | e.TerminalsDismissed
    | e.OrphansFound
    | e.ErrorSeen
)


def reduce_turn(thread: Thread, event: TurnEvent) -> Thread:
    """The thread after an event of one of its turns."""
    match event:
        case e.TurnStarted():
            return _started(thread, event)
        case e.TurnEnded():
            return _ended(thread, event)
        case e.TurnDiffChanged(turn_id=turn_id, diff=diff):
            return _put(thread, replace(_turn(thread, turn_id), diff=diff))
        case e.PlanChanged(turn_id=turn_id, steps=steps, explanation=why):
            item = Item(
                CHECKLIST, Checklist(steps, why), ItemStatus.COMPLETED, synthetic=True
            )
            return _put(thread, put_item(_turn(thread, turn_id), item))
        case e.TurnsLoaded():
            return _loaded(thread, event)
        case e.TurnReviewerChanged():
            return _reviewer(thread, event)
        case e.TurnMarked(mark=mark):
            return told_mark(thread, mark)
        case e.ItemStarted(turn_id=turn_id, item=item):
            thread = _with_running_turn(thread, turn_id)
            thread = _seen_send(thread, item)
            return _put(thread, started_item(thread.turns[turn_id], item))
        case e.ItemDelta(turn_id=turn_id):
            turn = thread.turns.get(turn_id) or _unknown_turn(turn_id)
            return grown(_put(thread, delta_item(turn, event)), event)
        case e.ItemCompleted(turn_id=turn_id, item=item):
            thread = _seen_send(thread, item)
            turn = completed_item(_turn(thread, turn_id), item)
            thread = _put(thread, without_shown(turn, item))
            return completed(thread, turn_id, item)
        case e.CallEnded() | e.ViolationLogged() | e.TurnContextRead():
            return _besides(thread, event)
        case e.RuleApplied(turn_id=turn_id):
            return _put(thread, ruled(_turn(thread, turn_id), event))
        case e.TerminalsListed():
            return _terminals(thread, event)
        case e.TerminalsDismissed():
            return dismissed(thread, event)
        case e.OrphansFound():
            return orphaned(thread, event)
        case e.ErrorSeen():
            return _error(thread, event)
        case _:
            assert_never(event)


def _besides(
    thread: Thread, event: e.CallEnded | e.ViolationLogged | e.TurnContextRead
) -> Thread:
    """What another source than the wire tells of a turn."""
    if isinstance(event, e.TurnContextRead):
        return _with_context(thread, event.turn_id, event.settings)
    turn = _turn(thread, event.turn_id)
    settings = turn.settings or thread.settings
    if isinstance(event, e.CallEnded):
        return _put(thread, with_hidden(turn, event.call, settings))
    if turn.id not in thread.turns:
        return thread
    return _put(thread, with_logged(turn, event.row, event.cell, settings))


def _with_context(thread: Thread, turn_id: TurnId, told: Settings) -> Thread:
    """The rollout's word counts for its turn, where what was told before differs. Of
    an agent it is often the only word: it is its thread's, too, from then on."""
    turn = thread.turns.get(turn_id)
    if turn is None:
        return thread
    newest = turn.id == tuple(thread.turns)[-1]
    if newest and (thread.settings is None or thread.is_agent):
        settings = _joined(thread.settings, told)
        if settings is not thread.settings:
            thread = replace(thread, settings=settings)
    settings = _joined(turn.settings, told)
    if settings is turn.settings:
        return thread
    turn = replace(turn, settings=settings)
    return replace(thread, turns={**thread.turns, turn.id: turn})


def _joined(known: Settings | None, told: Settings) -> Settings:
    if known is None:
        return told
    if known.profile is not None and told.profile in (None, known.profile):
        return known
    mine, theirs = known.sandbox, told.sandbox
    if mine is None or theirs is None:
        return told
    if (mine.mode, mine.network) == (theirs.mode, theirs.network):
        return known
    roots = told.workspace_roots
    return replace(
        told, workspace_roots=known.workspace_roots if roots is None else roots
    )


def _unknown_turn(turn_id: TurnId) -> Turn:
    return Turn(turn_id, TurnStatus.UNKNOWN)


def _turn(thread: Thread, turn_id: TurnId) -> Turn:
    return thread.turns.get(turn_id) or _unknown_turn(turn_id)


def _put(thread: Thread, turn: Turn) -> Thread:
    if thread.turns.get(turn.id) is turn:
        return thread
    return replace(thread, turns={**thread.turns, turn.id: turn})


def _with_running_turn(thread: Thread, turn_id: TurnId) -> Thread:
    """A late joiner learns of a running turn by its items."""
    if turn_id in thread.turns:
        return thread
    if thread.active_turn is not None or thread.status is not ThreadStatus.ACTIVE:
        return _put(thread, _unknown_turn(turn_id))
    turn = Turn(turn_id, settings=thread.settings)
    return replace(_put(thread, turn), active_turn=turn_id)


def _reviewer(thread: Thread, event: e.TurnReviewerChanged) -> Thread:
    turn = thread.turns.get(event.turn_id)
    settings = (turn.settings if turn else None) or thread.settings
    if turn is None or settings is None:
        return thread
    settings = replace(settings, reviewer=event.reviewer)
    return _put(thread, replace(turn, settings=settings, switched=True))


def _started(thread: Thread, event: e.TurnStarted) -> Thread:
    known = thread.turns.get(event.turn_id)
    if known is not None and known.status not in (
        TurnStatus.IN_PROGRESS,
        TurnStatus.UNKNOWN,
    ):
        return thread
    if thread.active_turn not in (None, event.turn_id):
        thread = _close(thread, thread.active_turn, TurnStatus.UNKNOWN)
    turn = replace(
        known or Turn(event.turn_id),
        status=TurnStatus.IN_PROGRESS,
        started_ms=event.at_ms or (known.started_ms if known else None),
        root_turn_id=event.root_turn_id,
        settings=(known.settings if known else None) or thread.settings,
    )
    return replace(
        _put(thread, turn),
        active_turn=turn.id,
        status=ThreadStatus.ACTIVE,
        updated_ms=max(thread.updated_ms, event.at_ms or 0),
        agent_status="started" if thread.is_agent else thread.agent_status,
    )


def _close(thread: Thread, turn_id: TurnId | None, status: TurnStatus) -> Thread:
    turn = thread.turns.get(turn_id) if turn_id else None
    if turn is None:
        return replace(thread, active_turn=None)
    keep = frozenset(thread.terminals)
    turn = close_items(turn, keep=keep, terminals_live=status is TurnStatus.COMPLETED)
    thread = _put(thread, replace(turn, status=status))
    if thread.active_turn == turn_id:
        thread = replace(thread, active_turn=None)
    return thread


def _ended(thread: Thread, event: e.TurnEnded) -> Thread:
    turn = replace(
        _turn(thread, event.turn_id),
        error=event.error,
        completed_ms=event.at_ms,
        duration_ms=event.duration_ms,
    )
    ended = event.status is not TurnStatus.IN_PROGRESS
    status = event.status if ended else TurnStatus.UNKNOWN
    thread = _close(_put(thread, turn), event.turn_id, status)
    active = thread.turns.get(thread.active_turn) if thread.active_turn else None
    if active is not None and active.root_turn_id == event.turn_id:
        # A code review runs under two turn ids: started as one, ended as the other.
        thread = _close(thread, active.id, status)
    if thread.active_turn is None and thread.status is ThreadStatus.ACTIVE:
        thread = replace(thread, status=ThreadStatus.IDLE, flags=frozenset())
    return replace(thread, updated_ms=max(thread.updated_ms, event.at_ms or 0))


def _loaded(thread: Thread, event: e.TurnsLoaded) -> Thread:
    loaded = [_surely(thread, turn) for turn in event.turns]
    merged = {t.id: merge_turn(thread.turns.get(t.id), t) for t in loaded}
    rest = {k: v for k, v in thread.turns.items() if k not in merged}
    turns = {**merged, **rest}
    if not event.older and rest and event.turns:
        # Ids are time-ordered (UUIDv7): what is older than the page stays before it.
        first = event.turns[0].id
        older = {k: v for k, v in rest.items() if k < first}
        newer = {k: v for k, v in rest.items() if k not in older}
        turns = {**older, **merged, **newer}
    running = [t.id for t in turns.values() if t.status is TurnStatus.IN_PROGRESS]
    active = running[-1] if running else None
    for stray in running[:-1]:
        turns[stray] = replace(turns[stray], status=TurnStatus.UNKNOWN)
    if event.complete:
        state = HistoryState.COMPLETE
    elif thread.history is HistoryState.COMPLETE:
        state = thread.history
    else:
        state = HistoryState.PARTIAL
    arrived = {
        item.body.client_id
        for turn in loaded
        for item in turn.items.values()
        if isinstance(item.body, UserMessage)
    }
    sends = thread.sends
    if not arrived.isdisjoint(sends):
        sends = {k: v for k, v in sends.items() if k not in arrived}
    thread = replace(
        thread, turns=turns, active_turn=active, history=state, sends=sends
    )
    return settled(thread, loaded)


def _surely(thread: Thread, loaded: Turn) -> Turn:
    """A file without an end knows less than the wire: what runs there, runs."""
    running = thread.status is ThreadStatus.ACTIVE and thread.active_turn == loaded.id
    if running and loaded.status is TurnStatus.UNKNOWN:
        return replace(loaded, status=TurnStatus.IN_PROGRESS)
    return loaded


def _seen_send(thread: Thread, item: Item) -> Thread:
    body = item.body
    if not isinstance(body, UserMessage):
        return thread
    if not thread.preview:
        thread = replace(thread, preview=body.text)
    if not any(key == body.client_id for key in thread.sends):
        return thread
    rest = {k: v for k, v in thread.sends.items() if k != body.client_id}
    return replace(thread, sends=rest)


def _terminals(thread: Thread, event: e.TerminalsListed) -> Thread:
    """The list is the truth about which commands live on after their turn."""
    after = listed(thread, event)
    running = after.terminals
    turns = dict(thread.turns)
    for turn in thread.turns.values():
        if turn.status is TurnStatus.IN_PROGRESS:
            continue
        changed = {}
        for item_id, item in turn.items.items():
            if not isinstance(item.body, Command):
                continue
            if item_id in running and item.status is ItemStatus.CLOSED:
                changed[item_id] = replace(
                    item,
                    status=ItemStatus.IN_PROGRESS,
                    revision=item.revision + 1,
                )
            elif item_id not in running and not item.ended:
                changed[item_id] = closed(item)
        if changed:
            turns[turn.id] = replace(turn, items={**turn.items, **changed})
    return replace(after, turns=turns)


def _error(thread: Thread, event: e.ErrorSeen) -> Thread:
    if event.turn_id is None:
        return thread
    turn = _turn(thread, event.turn_id)
    if event.will_retry:
        return _put(thread, put_item(drop_retried(turn), retry_notice(event)))
    return _put(thread, replace(turn, error=event.error))
