"""The agents of a tree as names to write to, kept up to date by what changed.

Owns the list for the composer. An agent that was deleted is no name; one that is not
loaded is: a message brings it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from state.items import ThreadId
from state.messaging import AgentName
from state.model import Thread
from state.resolve import path_of
from state.select.words import one_line
from state.tree import Forest

_Sign = tuple[object, ...]


class Addresses:
    """For one tree at a time; building is left out while nobody's name changed."""

    def __init__(self, forest: Forest) -> None:
        self._forest = forest
        self._signs: dict[ThreadId, _Sign] = {}
        self._root: ThreadId | None = None
        self._names: tuple[AgentName, ...] | None = None

    def update(
        self, threads: Mapping[ThreadId, Thread], dirty: Iterable[ThreadId]
    ) -> None:
        """These threads changed."""
        for thread_id in dirty:
            thread = threads[thread_id]
            if not thread.is_agent:
                continue
            sign = _sign(thread)
            if self._signs.get(thread_id) != sign:
                self._signs[thread_id] = sign
                self._names = None

    def of(self, thread_id: ThreadId | None) -> tuple[AgentName, ...]:
        """The root and the agents of the tree that this thread is in."""
        if thread_id is None:
            return ()
        root = self._forest.root(thread_id)
        if self._names is None or root != self._root:
            self._root = root
            tree = (thread for _, thread in self._forest.walk(root))
            self._names = tuple(
                _name(thread)
                for thread in tree
                if path_of(thread) and not thread.deleted
            )
        return self._names


def _sign(thread: Thread) -> _Sign:
    return (
        thread.agent_path,
        thread.parent_id,
        thread.direct_input,
        thread.deleted,
        thread.role,
        thread.nickname,
        thread.model,
        thread.effort,
    )


def _name(thread: Thread) -> AgentName:
    model = " ".join(one_line(w) for w in (thread.model, thread.effort) if w)
    who = " ".join(
        one_line(word)
        for word in (thread.nickname, f"[{thread.role}]" if thread.role else None)
        if word
    )
    words = " · ".join(part for part in (who, model) if part)
    return AgentName(thread.id, one_line(path_of(thread)), thread.direct_input, words)
