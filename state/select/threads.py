"""The thread list: roots in groups, with what each tree needs or does.

Owns grouping, order and the reason beside a title. A row is rebuilt only when a
thread of its tree changed. Groups: needs you, working, ready, not loaded, archived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from pathlib import PurePosixPath
from typing import Any

from state.dataclass import dataclass, replace
from state.items import ThreadId
from state.model import EnginePhase, Thread, ThreadStatus, TurnStatus, World
from state.select.delivery import WORD, branch_bits, row_bits
from state.select.same import same
from state.select.words import (
    activity,
    asked_words,
    error_line,
    pending,
    review_what,
    review_word,
    thread_title,
)
from state.text import reveal
from state.tree import Forest
from state.views import Bit, Bits, Glyph, ThreadGroup, ThreadListView, ThreadRow, Tone


class Group(IntEnum):
    """The groups in the order they are drawn."""

    NEEDS = 0
    WORKING = 1
    READY = 2
    NOT_LOADED = 3
    ARCHIVED = 4


_TITLES = {
    Group.NEEDS: ("Needs you", Tone.NEED),
    Group.WORKING: ("Working", Tone.MUTED),
    Group.READY: ("Ready", Tone.MUTED),
    Group.NOT_LOADED: ("Not loaded", Tone.MUTED),
    Group.ARCHIVED: ("Archived", Tone.MUTED),
}


@dataclass(frozen=True, slots=True)
class _Entry:
    row: ThreadRow
    group: Group
    sort: tuple[int, str]
    thread: Thread

    def matches(self, words: list[str]) -> bool:
        """Every word occurs in what the thread is called, says, runs or is in."""
        t = self.thread
        parts = (self.row.title, t.cwd, t.preview, t.model, t.source, t.originator)
        haystack = " ".join(filter(None, parts)).lower()
        return all(word in haystack for word in words)


@dataclass(frozen=True, slots=True)
class ListAsk:
    """How the list is to be shown. `by_folder`: grouped by folder, not by state."""

    filter: str = ""
    archived: bool = False
    by_folder: bool = False
    loading: str = ""
    counts: tuple[tuple[Group, int], ...] = ()
    """What the store counted, while only its first rows are read"""

    @classmethod
    def kept(
        cls, view: Mapping[str, Any], counts: tuple[tuple[Group, int], ...] = ()
    ) -> ListAsk:
        """As the last window had it. `view`: what a store says, in any shape."""
        kept = view.get("list")
        kept = kept if isinstance(kept, dict) else {}
        words = kept.get("filter")
        return cls(
            filter=words if isinstance(words, str) else "",
            archived=bool(kept.get("archived")),
            by_folder=bool(kept.get("by_folder")),
            counts=counts,
        )


class ThreadListBuilder:
    """Builds the list; `update` per publish, `view` when something is drawn."""

    def __init__(self, forest: Forest) -> None:
        self._forest = forest
        self._entries: dict[ThreadId, _Entry] = {}
        self._stale: bool | None = None
        self._view: ThreadListView | None = None
        self._asked = ListAsk()
        self.needs = 0
        self.working = 0

    def update(self, world: World, dirty: Iterable[ThreadId]) -> None:
        """Rebuild the rows of the trees that changed. Call after the forest."""
        stale = world.engine.phase is not EnginePhase.READY
        if stale != self._stale:
            self._stale = stale
            dirty = world.threads
        for root in {self._forest.root(thread_id) for thread_id in dirty}:
            self._put(world, root)
        for thread_id in dirty:
            if thread_id in self._entries and not self._forest.is_root(thread_id):
                self._drop(thread_id)

    def view(self, ask: ListAsk) -> ThreadListView:
        """The list as it is to be drawn; the same object while nothing changed."""
        if self._view is None or ask != self._asked:
            self._asked = ask
            self._view = self._build(ask)
        return self._view

    def _put(self, world: World, root: ThreadId) -> None:
        thread = world.threads.get(root)
        if thread is None or not _listed(thread):
            self._drop(root)
            return
        entry = self._entry(thread)
        known = self._entries.get(root)
        if known is not None and _same(known, entry):
            # The row stands; the thread behind it is what a filter looks into.
            self._entries[root] = replace(known, thread=thread)
            return
        self._count(known, -1)
        self._count(entry, +1)
        self._entries[root] = entry
        self._view = None

    def _drop(self, root: ThreadId) -> None:
        known = self._entries.pop(root, None)
        if known is not None:
            self._count(known, -1)
            self._view = None

    def _count(self, entry: _Entry | None, by: int) -> None:
        if entry is not None and entry.group is Group.NEEDS:
            self.needs += by
        if entry is not None and entry.group is Group.WORKING:
            self.working += by

    def _entry(self, thread: Thread) -> _Entry:
        has_agents = bool(self._forest.children(thread.id))
        if thread.status is ThreadStatus.NOT_LOADED and not (
            has_agents or thread.reviews
        ):
            # Most of a large home: nothing to look for below or beside it.
            return _sleeping(thread, stale=bool(self._stale))
        total = self._forest.total(thread.id)
        title = thread_title(thread)
        asking = [(r, t) for t in self._forest.asking(thread.id) for r in pending(t)]
        stale = bool(self._stale)
        group = _group(thread, working=bool(total.working), needs=bool(asking))
        at_ms = thread.updated_ms or thread.created_ms
        detail: Bits = ()
        if asking:
            review, owner = min(asking, key=lambda pair: pair[0].asked_ms)
            at_ms = review.asked_ms
            detail = (
                Bit(review_word(review.kind), Tone.MUTED if stale else Tone.NEED),
                Bit(f" · {review_what(review, owner)}", Tone.MUTED),
            )
        elif group is Group.WORKING:
            detail = _working(thread, self._forest.below(thread.id).working)
        elif group is Group.READY:
            detail = _resting(thread) or row_bits(thread, stale=stale)
            detail = detail or branch_bits(thread)
        glyph, tone, word = _sign(thread, group, stale=stale)
        row = ThreadRow(
            thread.id,
            glyph,
            tone,
            title,
            detail,
            at_ms,
            unread=thread.unread,
            bold=thread.unread or group is Group.NEEDS,
            word=word,
            full_access=not stale and total.unboxed > 0,
        )
        sort = (-(thread.updated_ms or thread.created_ms), thread.id)
        if asking:
            sort = (-at_ms, thread.id)
        return _Entry(row, group, sort, thread)

    def _build(self, ask: ListAsk) -> ThreadListView:
        wanted = ask.filter.lower().split()
        shown: list[_Entry] = []
        total = 0
        for entry in self._entries.values():
            if entry.group is Group.ARCHIVED and not (ask.archived or wanted):
                continue
            total += entry.group is not Group.ARCHIVED
            if not wanted or entry.matches(wanted):
                shown.append(entry)
        shown.sort(key=lambda entry: entry.sort)
        groups = _by_folder(shown) if ask.by_folder else _by_state(shown)
        if self._stale:
            groups = tuple(replace(group, tone=Tone.MUTED) for group in groups)
        if ask.counts and not wanted:
            groups, total = _counted(groups, dict(ask.counts))
        return ThreadListView(groups, total, ask.filter, ask.loading)


def _by_state(entries: list[_Entry]) -> tuple[ThreadGroup, ...]:
    groups: dict[Group, list[ThreadRow]] = {}
    for entry in entries:
        groups.setdefault(entry.group, []).append(entry.row)
    return tuple(ThreadGroup(*_TITLES[g], tuple(groups[g])) for g in sorted(groups))


def _counted(
    groups: tuple[ThreadGroup, ...], counts: dict[Group, int]
) -> tuple[tuple[ThreadGroup, ...], int]:
    """The first rows under headings that count all rows."""
    by_title = {_TITLES[group][0]: count for group, count in counts.items()}
    known = tuple(
        replace(g, more=max(0, by_title.get(g.title, 0) - len(g.rows))) for g in groups
    )
    return known, sum(n for g, n in counts.items() if g is not Group.ARCHIVED)


def _by_folder(entries: list[_Entry]) -> tuple[ThreadGroup, ...]:
    """Folders in the order of their newest thread; needs first inside each."""
    groups: dict[str, list[_Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.thread.cwd, []).append(entry)
    built = []
    for cwd, members in groups.items():
        members.sort(key=lambda entry: (entry.group, entry.sort))
        name = reveal(PurePosixPath(cwd).name or cwd or "no folder").text
        built.append(ThreadGroup(name, Tone.MUTED, tuple(m.row for m in members)))
    return tuple(built)


def _sleeping(thread: Thread, *, stale: bool) -> _Entry:
    group = Group.ARCHIVED if thread.archived else Group.NOT_LOADED
    at_ms = thread.updated_ms or thread.created_ms
    glyph, tone = Glyph.NOT_LOADED, Tone.FAINT
    word = "archived" if thread.archived else "not loaded"
    if thread.undelivered:
        glyph, tone = _unpushed(stale=stale or thread.archived)
        word = f"{word}, {WORD}"
    row = ThreadRow(
        thread.id,
        glyph,
        tone,
        thread_title(thread),
        row_bits(thread, stale=stale or thread.archived),
        at_ms,
        unread=thread.unread,
        bold=thread.unread,
        word=word,
    )
    return _Entry(row, group, (-at_ms, thread.id), thread)


def _listed(thread: Thread) -> bool:
    known = bool(thread.preview or thread.name or thread.turns or thread.sends)
    running = thread.status in (ThreadStatus.ACTIVE, ThreadStatus.IDLE)
    return not thread.deleted and (known or running)


def _same(a: _Entry, b: _Entry) -> bool:
    return a.group is b.group and a.sort == b.sort and same(a.row, b.row)


def _group(thread: Thread, *, working: bool, needs: bool) -> Group:
    if thread.archived:
        return Group.ARCHIVED
    if needs:
        return Group.NEEDS
    if working:
        return Group.WORKING
    if thread.status in (ThreadStatus.IDLE, ThreadStatus.SYSTEM_ERROR):
        return Group.READY
    return Group.NOT_LOADED


def _unpushed(*, stale: bool) -> tuple[Glyph, Tone]:
    return Glyph.UNPUSHED, Tone.MUTED if stale else Tone.NEED


def _sign(thread: Thread, group: Group, *, stale: bool) -> tuple[Glyph, Tone, str]:
    if stale and group in (Group.NEEDS, Group.WORKING):
        return Glyph.STALE, Tone.MUTED, "last known"
    match group:
        case Group.NEEDS:
            return Glyph.NEED, Tone.NEED, "needs you"
        case Group.WORKING:
            return Glyph.WORK, Tone.WORK, "working"
        case Group.NOT_LOADED | Group.ARCHIVED if thread.undelivered:
            return (*_unpushed(stale=stale or thread.archived), WORD)
        case Group.NOT_LOADED | Group.ARCHIVED:
            return Glyph.NOT_LOADED, Tone.FAINT, group.name.lower().replace("_", " ")
    turn = thread.latest
    if thread.status is ThreadStatus.SYSTEM_ERROR:
        return Glyph.FAILED, Tone.FAIL, "failed"
    if turn is not None and turn.status is TurnStatus.INTERRUPTED:
        return Glyph.INTERRUPTED, Tone.TEXT, "interrupted"
    if thread.undelivered:
        return (*_unpushed(stale=stale), WORD)
    return Glyph.READY, Tone.MUTED, "ready"


def _working(thread: Thread, busy: int) -> Bits:
    """`busy`: how many agents below it work."""
    words = [activity(thread)]
    if busy:
        words.append(f"{busy} agent{'s' if busy > 1 else ''}")
    text = " · ".join(word for word in words if word)
    return (Bit(text, Tone.MUTED),) if text else ()


def _resting(thread: Thread) -> Bits:
    turn = thread.latest
    if thread.asking:
        words = asked_words(thread.asking[-1])
        return (Bit("asks", Tone.NEED), Bit(f" · {words}", Tone.MUTED))
    if turn is None:
        return ()
    if turn.status is TurnStatus.FAILED or thread.status is ThreadStatus.SYSTEM_ERROR:
        why = error_line(turn.error.message) if turn.error else "see the thread"
        return (Bit("failed", Tone.FAIL), Bit(f" · {why}", Tone.MUTED))
    if turn.status is TurnStatus.INTERRUPTED:
        return (Bit("interrupted · next message resumes", Tone.MUTED),)
    return ()
