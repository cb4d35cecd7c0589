"""How an agent stands: one word for all that the engine and its parent said of it.

Owns the states, what is asked of the user, and whether a thread runs without a
sandbox. Does not own how a state looks (`state.select`). Invariant: interrupted is a
state of its own and no ending; what is not known is `UNKNOWN`, never a guess.
"""

from __future__ import annotations

import re
from enum import StrEnum

from state.items import CollabCall
from state.model import (
    Review,
    ReviewKind,
    ReviewState,
    SandboxMode,
    Settings,
    Thread,
    ThreadStatus,
    TurnStatus,
)

ASKS_APPROVAL, ASKS_INPUT = "waitingOnApproval", "waitingOnUserInput"
_QUESTIONS = frozenset({ReviewKind.QUESTION, ReviewKind.ELICITATION})
_LOADED = frozenset({ThreadStatus.IDLE, ThreadStatus.ACTIVE, ThreadStatus.SYSTEM_ERROR})


class AgentState(StrEnum):
    """The states, in the words of the screen."""

    REVIEW = "needs you"
    INPUT = "asks you"
    AUTO = "auto-review"
    WAITING = "waits for agents"
    RUNNING = "working"
    PENDING = "starting"
    READY = "ready"
    INTERRUPTED = "interrupted"
    COMPLETED = "completed"
    FAILED = "failed"
    CLOSED = "closed"
    NOT_LOADED = "not loaded"
    UNKNOWN = "unknown"


NEEDS = frozenset({AgentState.REVIEW, AgentState.INPUT})
"""A person is needed."""
LIVE = NEEDS | {AgentState.AUTO, AgentState.WAITING, AgentState.RUNNING}
"""A turn runs."""
FINISHED = frozenset({AgentState.COMPLETED, AgentState.CLOSED})
"""Nothing more is expected of it; interrupted and failed are not among them."""


def waiting_reviews(thread: Thread) -> list[Review]:
    """The reviews that wait for this user, oldest first."""
    if not thread.reviews:
        return []
    waiting = [
        r
        for r in thread.reviews.values()
        if r.ours and r.state in (ReviewState.PENDING, ReviewState.DECIDED)
    ]
    return sorted(waiting, key=lambda r: r.asked_ms)


_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def id_ms(name: str) -> int | None:
    """The ms that a UUIDv7 was made at; None for any other name."""
    return int(name[:8] + name[9:13], 16) if _UUID7.fullmatch(name) else None


def born_ms(thread: Thread) -> int | None:
    """When it began: to the ms as its id says it, else as it was told."""
    told = thread.spawn.at_ms if thread.spawn else None
    return id_ms(thread.id) or told or thread.created_ms or None


def auto_reviews_running(thread: Thread) -> int:
    """How many reviews the engine's own reviewer decides just now."""
    return sum(auto.status == "inProgress" for auto in thread.auto_reviews.values())


def is_loaded(thread: Thread) -> bool:
    """The engine holds it in memory, as last known."""
    return thread.status in _LOADED


def agent_state(thread: Thread) -> AgentState:
    """How this thread stands by itself, whatever the agents below it do."""
    asked = waiting_reviews(thread)
    if asked:
        question = asked[0].kind in _QUESTIONS
        return AgentState.INPUT if question else AgentState.REVIEW
    if thread.status is ThreadStatus.ACTIVE:
        return _active(thread)
    if thread.agent_status == "closed" and not is_loaded(thread):
        return AgentState.CLOSED
    ended = _ending(thread)
    if ended is not None:
        return ended
    if thread.status is ThreadStatus.SYSTEM_ERROR:
        return AgentState.FAILED
    return _without_turn(thread)


def _active(thread: Thread) -> AgentState:
    if auto_reviews_running(thread):
        return AgentState.AUTO
    if ASKS_APPROVAL in thread.flags:
        return AgentState.REVIEW  # of another client, or not sent again yet
    if ASKS_INPUT in thread.flags:
        return AgentState.INPUT
    return AgentState.WAITING if waits_for_agents(thread) else AgentState.RUNNING


def waits_for_agents(thread: Thread) -> bool:
    """Its running turn does nothing but wait for other agents."""
    turn = thread.turns.get(thread.active_turn) if thread.active_turn else None
    if turn is None:
        return False
    waits = False
    for item in turn.items.values():
        if item.ended or item.synthetic:
            continue
        waits = isinstance(item.body, CollabCall) and item.body.tool == "wait"
    return waits


def _ending(thread: Thread) -> AgentState | None:
    """How its newest turn ended, by its own events or by what others were told."""
    mark, told = thread.latest, thread.agent_status
    known = mark is not None and mark.status is not TurnStatus.UNKNOWN
    later = mark is None or thread.told_ms > (mark.completed_ms or mark.started_ms or 0)
    failed = mark is not None and mark.status is TurnStatus.FAILED
    if told == "completed" and later and not failed:
        return AgentState.COMPLETED
    if mark is not None and known:
        match mark.status:
            case TurnStatus.COMPLETED:
                agent = thread.is_agent
                return AgentState.COMPLETED if agent else _resting(thread)
            case TurnStatus.FAILED:
                return AgentState.FAILED
            case TurnStatus.INTERRUPTED | TurnStatus.IN_PROGRESS:
                # In progress and not active: it was cut off and nobody said so.
                return AgentState.INTERRUPTED
    if told == "interrupted":
        return AgentState.INTERRUPTED
    if told == "failed":
        return AgentState.FAILED
    return None


def _resting(thread: Thread) -> AgentState:
    return AgentState.READY if is_loaded(thread) else AgentState.NOT_LOADED


def _without_turn(thread: Thread) -> AgentState:
    match thread.status:
        case ThreadStatus.NOT_LOADED:
            return AgentState.NOT_LOADED
        case ThreadStatus.UNKNOWN:
            started = thread.agent_status == "started"
            return AgentState.PENDING if started else AgentState.UNKNOWN
        case _:
            return AgentState.PENDING if thread.is_agent else AgentState.READY


def is_full_access(settings: Settings | None) -> bool:
    """Nothing holds back what runs under these settings."""
    if settings is None:
        return False
    if settings.profile is not None:
        return settings.profile == ":danger-full-access"
    sandbox = settings.sandbox
    return sandbox is not None and sandbox.mode is SandboxMode.FULL_ACCESS


def runs_unboxed(thread: Thread) -> bool:
    """The running turn, or the next one, is under full access."""
    turn = thread.turns.get(thread.active_turn) if thread.active_turn else None
    now = turn.settings if turn is not None else None
    return is_full_access(now) or is_full_access(thread.settings)


_LAX = {
    SandboxMode.READ_ONLY: 0,
    SandboxMode.WORKSPACE_WRITE: 1,
    SandboxMode.EXTERNAL: 2,
    SandboxMode.FULL_ACCESS: 2,
}


def in_force(thread: Thread) -> Settings | None:
    """What its running turn has, else what its next one will have."""
    turn = thread.turns.get(thread.active_turn) if thread.active_turn else None
    return turn.settings if turn is not None and turn.settings else thread.settings


def laxer(settings: Settings | None, than: Settings | None) -> bool:
    """It may do more: by its mode, or a network that the other has not."""
    one = settings.sandbox if settings is not None else None
    other = than.sandbox if than is not None else None
    if one is None or other is None:
        return False
    mine, theirs = _LAX[one.mode], _LAX[other.mode]
    return mine > theirs or (mine == theirs and one.network and not other.network)


def rootless(settings: Settings | None) -> bool:
    """It may write its workspace and has none: no root, and its folder lies in nothing
    else that is writable. The engine then lists the temporary folders as roots."""
    sandbox = settings.sandbox if settings is not None else None
    if settings is None or sandbox is None or settings.workspace_roots != ():
        return False
    if sandbox.mode is not SandboxMode.WORKSPACE_WRITE:
        return False
    here = f"{settings.cwd or ''}/"
    return settings.profile in (None, ":workspace") and not any(
        here.startswith(f"{root.rstrip('/')}/") for root in sandbox.writable_roots
    )
