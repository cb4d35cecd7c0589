"""Which agents the items of a turn are about, with what is known of each now.

Owns finding that out cheaply: a turn is read again only when it changed, an agent's
facts only when the agent did. Knows no words (`state.select.agent_cells`).
"""

from __future__ import annotations

from state.items import ItemId, ThreadId, TurnId
from state.model import Thread, Turn
from state.select.agent_cells import (
    AgentFacts,
    agent_facts,
    agents_named,
    waits_for_all,
)
from state.tree import Forest

About = tuple[tuple[ItemId, tuple[AgentFacts, ...]], ...]
_Named = tuple[tuple[ItemId, tuple[ThreadId, ...] | None], ...]


class AgentsOfTurns:
    """For the turns of one thread at a time."""

    def __init__(self, forest: Forest) -> None:
        self._forest = forest
        self._named: dict[TurnId, tuple[Turn, _Named]] = {}
        self._facts: dict[ThreadId, tuple[Thread, bool, AgentFacts]] = {}

    def clear(self) -> None:
        """Another thread is shown."""
        self._named.clear()
        self._facts.clear()

    def of(self, thread: Thread, turn: Turn, *, stale: bool) -> About:
        """The items of this turn that are about agents, with those agents."""
        named = self._named.get(turn.id)
        if named is None or named[0] is not turn:
            named = self._named[turn.id] = (turn, _read(turn))
        about = []
        for item_id, ids in named[1]:
            if ids is None:
                ids = self._busy(thread)
            facts = [self._of(thread_id, stale=stale) for thread_id in ids]
            about.append((item_id, tuple(f for f in facts if f is not None)))
        return tuple(about)

    def _busy(self, thread: Thread) -> tuple[ThreadId, ...]:
        """Whom an agent can be waiting for: its children at work."""
        children = map(self._forest.thread, self._forest.children(thread.id))
        return tuple(c.id for c in children if c is not None and c.active_turn)

    def _of(self, thread_id: ThreadId, *, stale: bool) -> AgentFacts | None:
        thread = self._forest.thread(thread_id)
        if thread is None:
            return None
        kept = self._facts.get(thread_id)
        if kept is None or kept[0] is not thread or kept[1] != stale:
            kept = thread, stale, agent_facts(thread, stale=stale)
            self._facts[thread_id] = kept
        return kept[2]


def _read(turn: Turn) -> _Named:
    """None for a wait that goes on and names nobody."""
    found: list[tuple[ItemId, tuple[ThreadId, ...] | None]] = []
    for item in turn.items.values():
        ids = agents_named(item)
        if ids:
            found.append((item.id, ids))
        elif waits_for_all(item) and not item.ended:
            found.append((item.id, None))
    return tuple(found)
