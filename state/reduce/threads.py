"""Reducers for what is known about a thread as a whole.

Owns facts, status, settings, sends and thread-level warnings. Does not touch turns
except where an event voids them. Invariant: an event that lacks a fact never
erases a known one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, assert_never

from state import events as e
from state.dataclass import replace
from state.items import Item, ItemId, ItemStatus, Level, Notice
from state.model import HistoryState, SendState, Spawn, Thread, ThreadStatus
from state.reduce.epoch import close_active_turn, lose_reviews
from state.reduce.terminals import end_all
from state.terminals import Ending

MAX_NOTICES = 20
FactEvent = (
    e.ThreadSeen
    | e.ThreadStatusChanged
    | e.ThreadRenamed
    | e.ThreadArchived
    | e.ThreadDeleted
    | e.ThreadUnloaded
    | e.ThreadReverted
    | e.ReadStateChanged
    | e.SettingsChanged
    | e.SandboxRefused
    | e.DeliveryChanged
    | e.TokensUsed
    | e.QueueChanged
    | e.QueueListed
    | e.WarningSeen
    | e.SendNoted
    | e.SendChanged
)
_KNOWN = frozenset(f.name for f in fields(Thread)) - {
    "id",
    "turns",
    "active_turn",
    "reviews",
    "auto_reviews",
    "terminals",
    "ended_terminals",
    "sends",
    "queue",
    "asked",
    "undelivered",
    "unloaded_ms",
    "notices",
    "latest",
    "revision",
    "origin",
    "seen_ms",
}


def _told(
    thread: Thread, event: e.SandboxRefused | e.DeliveryChanged | e.TokensUsed
) -> Thread:
    """One value, as it was told."""
    if isinstance(event, e.SandboxRefused):
        return replace(thread, asked=event.asked)
    if isinstance(event, e.DeliveryChanged):
        return replace(thread, undelivered=event.undelivered)
    return replace(thread, tokens=event.usage)


def reduce_thread_facts(thread: Thread, event: FactEvent) -> Thread:
    """The thread after an event about it as a whole."""
    match event:
        case e.ThreadSeen():
            return _seen(thread, event)
        case e.ThreadStatusChanged(status=status, flags=flags, at_ms=at_ms):
            thread = replace(thread, status=status, flags=flags)
            if status is ThreadStatus.NOT_LOADED:
                thread = end_all(thread, Ending.UNLOADED, at_ms)
                return close_active_turn(thread)
            return thread
        case e.ThreadRenamed(name=name):
            return replace(thread, name=name)
        case e.ThreadArchived(archived=archived):
            return replace(thread, archived=archived)
        case e.ThreadDeleted(at_ms=at_ms):
            thread = lose_reviews(end_all(thread, Ending.UNLOADED, at_ms))
            return replace(close_active_turn(thread), deleted=True)
        case e.ThreadUnloaded(at_ms=at_ms):
            thread = replace(
                thread,
                status=ThreadStatus.NOT_LOADED,
                flags=frozenset(),
                unloaded_ms=at_ms,
            )
            return close_active_turn(end_all(thread, Ending.UNLOADED, at_ms))
        case e.ThreadReverted():
            return replace(
                thread,
                turns={},
                active_turn=None,
                history=HistoryState.NONE,
                latest=None,
            )
        case e.ReadStateChanged(unread=unread, revision=revision):
            return replace(thread, unread=unread, read_revision=revision)
        case e.SettingsChanged(settings=settings):
            return replace(
                thread,
                settings=settings,
                asked=thread.asked if settings == thread.settings else None,
                model=settings.model or thread.model,
                effort=settings.effort or thread.effort,
            )
        case e.SandboxRefused() | e.DeliveryChanged() | e.TokensUsed():
            return _told(thread, event)
        case e.QueueChanged():
            return thread
        case e.QueueListed():
            return _queued(thread, event)
        case e.WarningSeen():
            return _warned(thread, event)
        case e.SendNoted(send=send):
            return replace(thread, sends={**thread.sends, send.client_id: send})
        case e.SendChanged():
            return _send_changed(thread, event)
        case _:
            assert_never(event)


def _seen(thread: Thread, event: e.ThreadSeen) -> Thread:
    facts: dict[str, Any] = {k: v for k, v in event.facts if k in _KNOWN}
    if facts.get("name") is None:
        facts.pop("name", None)
    if facts.get("status") is ThreadStatus.IDLE and _older_than_turn(thread, facts):
        del facts["status"]
    if facts.get("told_ms", thread.told_ms) < thread.told_ms:
        # History is read after the news: what was said before is no news.
        facts.pop("agent_status", None)
        facts.pop("told_ms")
    if "spawn" in facts:
        facts["spawn"] = _spawned(thread.spawn, facts["spawn"])
    if "updated_ms" in facts:
        facts["updated_ms"] = max(facts["updated_ms"], thread.updated_ms)
    status = facts.get("status")
    thread = replace(
        thread,
        **facts,
        origin=event.origin,
        seen_ms=max(thread.seen_ms, event.at_ms),
    )
    if status is ThreadStatus.NOT_LOADED:
        thread = end_all(thread, Ending.UNLOADED, event.at_ms)
    if status in (ThreadStatus.NOT_LOADED, ThreadStatus.IDLE):
        return close_active_turn(thread)
    return thread


def _older_than_turn(thread: Thread, facts: Mapping[str, Any]) -> bool:
    """The row was read before the running turn began: its rest is no end. Rows count
    seconds, and a turn that ended has written since it began."""
    turn = thread.turns.get(thread.active_turn) if thread.active_turn else None
    began = turn.started_ms if turn is not None else None
    written = facts.get("updated_ms")
    return bool(began and written and written // 1000 < began // 1000)


def _spawned(known: Spawn | None, told: Spawn) -> Spawn:
    """An item is told when it starts, when it ends and by history: all count."""
    if known is None or known.item_id != told.item_id:
        return known or told
    return replace(
        told,
        at_ms=known.at_ms or told.at_ms,
        model=told.model or known.model,
        effort=told.effort or known.effort,
        task=told.task or known.task,
    )


def _warned(thread: Thread, event: e.WarningSeen) -> Thread:
    turn = thread.turns.get(thread.active_turn) if thread.active_turn else None
    if event.of_turn and turn is not None:
        why = _notice(f"warning:{event.at_ms}", event, Level.ERROR)
        turn = replace(turn, items={**turn.items, why.id: why})
        return replace(thread, turns={**thread.turns, turn.id: turn})
    if any(
        isinstance(n.body, Notice) and n.body.text == event.text for n in thread.notices
    ):
        return thread
    key = f"warning:{event.at_ms}:{len(thread.notices)}"
    notice = _notice(key, event, Level.WARNING)
    return replace(thread, notices=(*thread.notices, notice)[-MAX_NOTICES:])


def _notice(key: str, event: e.WarningSeen, level: Level) -> Item:
    return Item(
        ItemId(key),
        Notice(level, event.text),
        ItemStatus.COMPLETED,
        started_ms=event.at_ms,
        synthetic=True,
    )


def _queued(thread: Thread, event: e.QueueListed) -> Thread:
    """The queue as listed. A message of unknown fate that stands there is sent."""
    queue = (*thread.queue, *event.entries) if event.more else event.entries
    found = {
        entry.client_id: replace(send, state=SendState.SENT)
        for entry in event.entries
        if (send := thread.sends.get(entry.client_id)) is not None
        and send.state is SendState.UNKNOWN
    }
    sends = {**thread.sends, **found} if found else thread.sends
    return replace(thread, queue=queue, sends=sends)


def _send_changed(thread: Thread, event: e.SendChanged) -> Thread:
    send = thread.sends.get(event.client_id)
    if send is None:
        return thread
    if event.state in (SendState.SEEN, SendState.DROPPED):
        rest = {k: v for k, v in thread.sends.items() if k != event.client_id}
        return replace(thread, sends=rest)
    if send.state is SendState.HELD:
        return thread  # it is no longer on its way: no connection decides about it
    changed = replace(send, state=event.state, error=event.error)
    return replace(thread, sends={**thread.sends, event.client_id: changed})
