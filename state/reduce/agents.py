"""What one thread's items tell of another thread: the agents it started and told.

Owns the reading of `subAgentActivity` and `collabAgentToolCall` items, live and from
history, as facts about the agents they name. Does not own what an agent's own events
say. Invariant: history and live items tell the same, and never more than the wire.
"""

from __future__ import annotations

from collections.abc import Iterator

from state import events as e
from state.items import AgentActivity, CollabCall, Item, ThreadId, TurnId
from state.model import Origin, Spawn

_WORDS = {
    "pendingInit": "started",
    "running": "started",
    "completed": "completed",
    "errored": "failed",
    "interrupted": "interrupted",
    "shutdown": "closed",
}
"""Words of older agents for what newer ones call by these."""
_CALLS = {"closeAgent": "closed", "resumeAgent": "started", "sendInput": "interacted"}


def told_of_others(event: e.ThreadEvent) -> tuple[e.ThreadEvent, ...]:
    """The events about other threads that follow from an event about one."""
    match event:
        case (
            e.ItemStarted(thread_id=teller, turn_id=turn_id, item=item)
            | e.ItemCompleted(thread_id=teller, turn_id=turn_id, item=item)
        ):
            return tuple(_told(teller, turn_id, item, None))
        case (
            e.TurnsLoaded(thread_id=teller, turns=turns)
            | e.ThreadRecalled(thread_id=teller, turns=turns)
        ):
            return tuple(
                _as_history(told)
                for turn in turns
                for item in turn.items.values()
                for told in _told(teller, turn.id, item, turn.started_ms)
            )
    return ()


def _told(
    teller: ThreadId, turn_id: TurnId, item: Item, since: int | None
) -> Iterator[e.ThreadSeen]:
    match item.body:
        case AgentActivity() as body if body.agent_thread_id:
            yield _activity(teller, turn_id, item, body, since)
        case CollabCall() as body:
            yield from _collab(teller, turn_id, item, body, since)


def _as_history(told: e.ThreadSeen) -> e.ThreadSeen:
    """What it was started with may have been changed since."""
    facts = tuple(fact for fact in told.facts if fact[0] not in ("model", "effort"))
    return e.ThreadSeen(told.thread_id, facts, told.origin)


def _activity(
    teller: ThreadId,
    turn_id: TurnId,
    item: Item,
    body: AgentActivity,
    since: int | None,
) -> e.ThreadSeen:
    facts: list[tuple[str, object]] = [("agent_status", body.kind)]
    facts += _when(item, since)
    if body.agent_path:
        facts.append(("agent_path", body.agent_path))
    if body.kind == "started":
        spawn = Spawn(turn_id, item.id, item.started_ms, body.model, body.effort)
        facts += _born(teller, spawn)
    return _seen(body.agent_thread_id, facts)


def _collab(
    teller: ThreadId, turn_id: TurnId, item: Item, body: CollabCall, since: int | None
) -> Iterator[e.ThreadSeen]:
    """Calls of older agents. A wait of newer ones names nobody."""
    words = {report.thread_id: _WORDS.get(report.status) for report in body.reports}
    for agent in dict.fromkeys((*body.receivers, *words)):
        if not agent or agent == teller:
            continue
        facts: list[tuple[str, object]] = []
        word = _CALLS.get(body.tool) if agent in body.receivers else None
        word = word or words.get(agent)
        if word is not None and item.ended:
            facts += [("agent_status", word), *_when(item, since)]
        if body.tool == "spawnAgent" and agent in body.receivers:
            spawn = Spawn(
                turn_id, item.id, item.started_ms, body.model, body.effort, body.prompt
            )
            facts += _born(body.sender or teller, spawn)
        if facts:
            yield _seen(agent, facts)


def _born(parent: ThreadId, spawn: Spawn) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [("parent_id", parent), ("spawn", spawn)]
    if spawn.model:
        facts.append(("model", spawn.model))
    if spawn.effort:
        facts.append(("effort", spawn.effort))
    return facts


def _when(item: Item, since: int | None) -> list[tuple[str, object]]:
    """Items of a history without times are as old as their turn."""
    at_ms = item.completed_ms or item.started_ms or since
    return [] if at_ms is None else [("told_ms", at_ms)]


def _seen(agent: ThreadId, facts: list[tuple[str, object]]) -> e.ThreadSeen:
    return e.ThreadSeen(agent, tuple(facts), Origin.ENGINE)
