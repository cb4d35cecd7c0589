"""The agent trees: who is whose parent, in stable spawn order, and sums of branches.

Owns the index of children, the walk over a tree and what each branch adds up to.
Thread ids are UUIDv7, so their order is the order of spawning and never changes. A
parent that is not known makes its child a root of its own until it is known; a cycle
(an engine that lies) is cut. Pure. Invariants: a step costs what changed and its
ancestors, not the tree; the sum of a branch is what its threads add up to.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from state.agents import (
    auto_reviews_running,
    runs_unboxed,
    waiting_reviews,
)
from state.items import ThreadId
from state.model import Thread, ThreadStatus


class Tally(NamedTuple):
    """What can be added up over a branch. `working`: its turn runs; `unboxed`: it
    runs, or will run, without a sandbox."""

    threads: int = 0
    tokens: int = 0
    reviews: int = 0
    autos: int = 0
    terminals: int = 0
    working: int = 0
    unboxed: int = 0

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: Tally) -> Tally:
        """This without the other."""
        return Tally(*(a - b for a, b in zip(self, other, strict=True)))


NOTHING = Tally()


def own_tally(thread: Thread) -> Tally:
    """What one thread adds by itself; one that was deleted adds nothing."""
    if thread.deleted:
        return NOTHING
    return Tally(
        1,
        thread.tokens.total if thread.tokens else 0,
        len(waiting_reviews(thread)),
        auto_reviews_running(thread) if thread.auto_reviews else 0,
        len(thread.terminals),
        int(thread.status is ThreadStatus.ACTIVE),
        int(runs_unboxed(thread)),
    )


class Forest:
    """An index over threads, kept up to date by naming what changed."""

    def __init__(self) -> None:
        self._threads: Mapping[ThreadId, Thread] = {}
        self._said: dict[ThreadId, ThreadId] = {}
        """The parent as the thread says it"""
        self._parent: dict[ThreadId, ThreadId] = {}
        """The parent that counts: not one that would close a cycle"""
        self._children: dict[ThreadId, list[ThreadId]] = {}
        self._own: dict[ThreadId, Tally] = {}
        self._sums: dict[ThreadId, Tally] = {}
        self._walks: dict[ThreadId, list[tuple[str, ThreadId]]] = {}
        """Whole trees as they were walked, while no tree changes its shape"""

    def update(
        self, threads: Mapping[ThreadId, Thread], dirty: Iterable[ThreadId]
    ) -> None:
        """Take the new threads; only `dirty` ones may have changed."""
        before, self._threads = self._threads, threads
        dirty = tuple(dirty)
        moved = False
        if any(one not in before for one in dirty):
            self._walks.clear()
        for thread_id in dirty:
            thread = threads[thread_id]
            if thread.parent_id != self._said.get(thread_id):
                moved = True
                self._say(thread_id, thread.parent_id)
        if moved:
            self._mend()
            self._walks.clear()
        for thread_id in dirty:
            self._count(thread_id, own_tally(threads[thread_id]))

    def _say(self, thread_id: ThreadId, parent: ThreadId | None) -> None:
        self._unlink(thread_id)
        if parent is None:
            self._said.pop(thread_id, None)
            return
        self._said[thread_id] = parent
        self._link(thread_id, parent)

    def _mend(self) -> None:
        """A link that would have closed a cycle may be possible now."""
        if len(self._said) == len(self._parent):
            return
        for thread_id in sorted(self._said.keys() - self._parent.keys()):
            self._link(thread_id, self._said[thread_id])

    def _link(self, thread_id: ThreadId, parent: ThreadId) -> None:
        above: ThreadId | None = parent
        while above is not None:
            if above == thread_id:
                return
            above = self._parent.get(above)
        self._parent[thread_id] = parent
        insort(self._children.setdefault(parent, []), thread_id)
        self._add_above(thread_id, self._sums.get(thread_id, NOTHING))

    def _unlink(self, thread_id: ThreadId) -> None:
        parent = self._parent.get(thread_id)
        if parent is None:
            return
        self._add_above(thread_id, NOTHING.minus(self._sums.get(thread_id, NOTHING)))
        self._children[parent].remove(thread_id)
        del self._parent[thread_id]

    def _count(self, thread_id: ThreadId, own: Tally) -> None:
        before = self._own.get(thread_id, NOTHING)
        if own == before:
            return
        self._own[thread_id] = own
        if own.threads != before.threads:
            self._walks.clear()
        if thread_id not in self._parent and thread_id not in self._sums:
            self._sums[thread_id] = own  # most threads of a large home
            return
        more = own.minus(before)
        self._sums[thread_id] = self._sums.get(thread_id, NOTHING).plus(more)
        self._add_above(thread_id, more)

    def _add_above(self, thread_id: ThreadId, more: Tally) -> None:
        if more == NOTHING:
            return
        above = self._parent.get(thread_id)
        while above is not None:
            self._sums[above] = self._sums.get(above, NOTHING).plus(more)
            above = self._parent.get(above)

    # -- looking -----------------------------------------------------------------

    def own(self, thread_id: ThreadId) -> Tally:
        """What a thread adds by itself."""
        return self._own.get(thread_id, NOTHING)

    def total(self, thread_id: ThreadId) -> Tally:
        """What a thread and all agents below it add up to."""
        return self._sums.get(thread_id, NOTHING)

    def below(self, thread_id: ThreadId) -> Tally:
        """What the agents below a thread add up to."""
        return self.total(thread_id).minus(self.own(thread_id))

    def thread(self, thread_id: ThreadId) -> Thread | None:
        """What is known of a thread."""
        return self._threads.get(thread_id)

    def children(self, thread_id: ThreadId) -> tuple[ThreadId, ...]:
        """Direct children in spawn order."""
        return tuple(self._children.get(thread_id, ()))

    def parent(self, thread_id: ThreadId) -> ThreadId | None:
        """The thread above, if it is known."""
        above = self._parent.get(thread_id)
        return above if above in self._threads else None

    def is_root(self, thread_id: ThreadId) -> bool:
        """Has no parent that we know."""
        return self.parent(thread_id) is None

    def root(self, thread_id: ThreadId) -> ThreadId:
        """The root of the tree this thread is in."""
        while (above := self.parent(thread_id)) is not None:
            thread_id = above
        return thread_id

    def ancestors(self, thread_id: ThreadId) -> Iterator[ThreadId]:
        """The threads above, nearest first."""
        while (above := self.parent(thread_id)) is not None:
            yield above
            thread_id = above

    def walk(
        self,
        root: ThreadId,
        *,
        folded: Container[ThreadId] = (),
        only: Container[ThreadId] | None = None,
    ) -> Iterator[tuple[str, Thread]]:
        """The tree depth first, root included: (line-drawing guide, thread). What is
        below a `folded` thread is left out, and below the root what is not in `only`;
        branches where everything was deleted are left out as well."""
        if folded or only is not None:
            way = self._walk(root, folded, only)
        elif (known := self._walks.get(root)) is not None:
            way = iter(known)
        else:
            way = iter(self._walks.setdefault(root, [*self._walk(root, (), None)]))
        for guide, thread_id in way:
            yield guide, self._threads[thread_id]

    def _walk(
        self,
        root: ThreadId,
        folded: Container[ThreadId],
        only: Container[ThreadId] | None,
    ) -> Iterator[tuple[str, ThreadId]]:
        stack: list[tuple[ThreadId, str, str]] = [(root, "", "")]
        while stack:
            thread_id, guide, indent = stack.pop()
            if thread_id not in self._threads:
                continue
            yield guide, thread_id
            if thread_id in folded:
                continue
            children = [
                child
                for child in self._children.get(thread_id, ())
                if (only is None or child in only) and self.total(child).threads
            ]
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

    def asking(self, root: ThreadId) -> Iterator[Thread]:
        """The threads of a tree with reviews that wait for the user; branches that
        have none are not walked."""
        stack = [root]
        while stack:
            thread_id = stack.pop()
            if not self.total(thread_id).reviews:
                continue
            if self.own(thread_id).reviews:
                yield self._threads[thread_id]
            stack.extend(reversed(self._children.get(thread_id, ())))
