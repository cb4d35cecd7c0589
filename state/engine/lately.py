"""The newest turns of a thread that nobody has open, its agents' with them.

Owns where they are read: the rollout of a local thread, else the engine's own list,
which loads nothing. Keeps nothing. Invariant: reading wakes no thread, and a tree is
read to a bound.
"""

from __future__ import annotations

from state.engine import calls
from state.engine.acting import ReadRollout
from state.engine.errors import RequestFailed
from state.engine.link import SECONDS, Link
from state.engine.wire.responses import decode_response
from state.events import TurnsLoaded
from state.items import AgentActivity, CollabCall, ThreadId
from state.model import Turn

TURNS = 4
"""Turns of each thread that are read."""
AGENTS = 24
"""Agents of one tree whose turns are read."""


async def lately(
    link: Link, read: ReadRollout | None, thread_id: ThreadId
) -> tuple[Turn, ...]:
    """Turns of the thread and of the agents it speaks of, the thread's own first."""
    found: list[Turn] = []
    todo, seen = [thread_id], {thread_id}
    while todo:
        turns = await _turns(link, read, todo.pop(0))
        found += turns
        for agent in (one for turn in turns for one in _agents(turn)):
            if agent not in seen and len(seen) <= AGENTS:
                seen.add(agent)
                todo.append(agent)
    return tuple(found)


def _agents(turn: Turn) -> tuple[ThreadId, ...]:
    found: list[ThreadId] = []
    for item in turn.items.values():
        if isinstance(item.body, AgentActivity):
            found.append(item.body.agent_thread_id)
        elif isinstance(item.body, CollabCall):
            found += item.body.receivers
    return tuple(found)


async def _turns(
    link: Link, read: ReadRollout | None, thread_id: ThreadId
) -> tuple[Turn, ...]:
    path = link.ledger.thread(thread_id).path
    if read is not None and path is not None and link.local:
        try:
            events = await read(thread_id, path, TURNS)
        except (OSError, ValueError):
            events = ()
        if found := _of(events):
            return found
    call = calls.list_turns(thread_id)
    try:
        page = await link.rpc.call(call.method, call.params, timeout=SECONDS)
    except RequestFailed:
        return ()
    told = decode_response(call.method, call.params, page, link.context())
    return _of(told)[-TURNS:]


def _of(events: object) -> tuple[Turn, ...]:
    assert isinstance(events, list | tuple)
    return tuple(
        turn for one in events if isinstance(one, TurnsLoaded) for turn in one.turns
    )
