"""The agent trees: who is whose parent, in stable spawn order. Pure.

Owns the index of children and the walk over a tree. Thread ids are UUIDv7, so their
order is the order of spawning and never changes. A parent that is not known makes
its child a root of its own; a cycle (an engine that lies) is cut.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping

from state.items import ThreadId
from state.model import Thread


class Forest:
    """An index over threads, kept up to date by naming what changed."""

    def __init__(self) -> None:
        self._threads: Mapping[ThreadId, Thread] = {}
        self._parent: dict[ThreadId, ThreadId] = {}
        self._children: dict[ThreadId, list[ThreadId]] = {}

    def update(
        self, threads: Mapping[ThreadId, Thread], dirty: Iterable[ThreadId]
    ) -> None:
        """Take the new threads; only `dirty` ones may have another parent."""
        self._threads = threads
        for thread_id in dirty:
            parent = threads[thread_id].parent_id
            known = self._parent.get(thread_id)
            if parent == known:
                continue
            if known is not None:
                self._children[known].remove(thread_id)
                del self._parent[thread_id]
            if parent is not None and parent != thread_id:
                self._parent[thread_id] = parent
                insort(self._children.setdefault(parent, []), thread_id)

    def thread(self, thread_id: ThreadId) -> Thread | None:
        """What is known of a thread."""
        return self._threads.get(thread_id)

    def children(self, thread_id: ThreadId) -> tuple[ThreadId, ...]:
        """Direct children in spawn order."""
        return tuple(self._children.get(thread_id, ()))

    def is_root(self, thread_id: ThreadId) -> bool:
        """Has no parent that we know."""
        return self._parent.get(thread_id) not in self._threads

    def root(self, thread_id: ThreadId) -> ThreadId:
        """The root of the tree this thread is in."""
        if thread_id not in self._parent:
            return thread_id
        seen = set()
        while not self.is_root(thread_id) and thread_id not in seen:
            seen.add(thread_id)
            thread_id = self._parent[thread_id]
        return thread_id

    def walk(self, root: ThreadId) -> Iterator[tuple[str, Thread]]:
        """The tree depth first, root included: (line-drawing guide, thread)."""
        seen: set[ThreadId] = set()
        stack: list[tuple[ThreadId, str, str]] = [(root, "", "")]
        while stack:
            thread_id, guide, indent = stack.pop()
            thread = self._threads.get(thread_id)
            if thread is None or thread_id in seen:
                continue
            seen.add(thread_id)
            yield guide, thread
            children = self._children.get(thread_id, ())
            for i, child in enumerate(reversed(children)):
                last = i == 0
                stack.append(
                    (
                        child,
                        indent + ("└ " if last else "├ "),
                        indent + ("  " if last else "│ "),
                    )
                )

    def descendants(self, root: ThreadId) -> list[Thread]:
        """All agents under `root`, without it."""
        return [t for _, t in self.walk(root) if t.id != root]
