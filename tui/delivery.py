"""Looks at git after a turn that ran it, and keeps what stands on no remote.

Owns when a look is made and whose flag it changes. Does not own how (`state.git`) nor
what is whose (`state.delivery`). Invariants: a look starts nothing of a repository and
changes nothing; an agent's work counts for the root of its tree; a flag that a look
could not confirm stays as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from state import events as e
from state.dataclass import dataclass
from state.delivery import (
    after,
    failed_push,
    mentions,
    places,
    ran_git,
    settled,
    theirs,
)
from state.git.planning import read_repository
from state.git.repository import Repository, committed, strays, touched
from state.git.shell import LookFailed
from state.items import ThreadId
from state.model import EnginePhase, Thread, Turn, TurnStatus, World
from state.undelivered import Stray, Undelivered
from tui.behind import Behind, ended

if TYPE_CHECKING:
    from state.store import Published
    from tui.bridge import Bridge

MOST_AGAIN = 40
"""Flags that are looked at again when an engine is there."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """A turn that is to be followed by a look."""

    thread_id: ThreadId
    turn: Turn
    cwd: str
    until_ms: int | None = None
    """When it ended, if that is a while ago: others may have committed since"""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look after a turn found in one repository."""

    place: str
    loose: tuple[Stray, ...]
    mine: tuple[Stray, ...]
    known: Undelivered | None
    remotes: bool


def _blamed(seen: tuple[_Seen, ...]) -> _Seen | None:
    """Whose push it was that failed: that of the repository where the thread's work
    still stands. Where all of it went through after all, nobody's."""
    for one in seen:
        if one.mine:
            return one
    if any(one.remotes and not one.loose for one in seen):
        return None
    return seen[0] if seen else None


class Delivery:
    """A part of the bridge."""

    def __init__(self, bridge: Bridge, clock: Callable[[], int]) -> None:
        self._bridge = bridge
        self._clock = clock
        self._one = asyncio.Lock()
        """One look at a time: they are no hurry"""
        self._due: set[tuple[ThreadId, str]] = set()
        self.behind = Behind(bridge)

    def watch(self, step: Published) -> None:
        """A turn that ran git has ended, or an engine is there again."""
        for event in step.events:
            if isinstance(event, e.TurnEnded | e.CallEnded):
                self._ended(step.world, event.thread_id, event.turn_id)
            elif isinstance(event, e.ReviewsListed):
                # By now the list of threads is there.
                self._bridge.spawn(self._catch_up())
        now, before = step.world.engine.phase, step.before.engine.phase
        if now is EnginePhase.READY and before is not now:
            self._bridge.spawn(self.again())

    def _ended(self, world: World, thread_id: ThreadId, turn_id: str) -> None:
        thread = world.threads.get(thread_id)
        turn = thread.turns.get(turn_id) if thread is not None else None  # type: ignore[call-overload]
        if thread is None or turn is None or turn.status is TurnStatus.IN_PROGRESS:
            return
        key = (thread_id, turn_id)
        if key not in self._due and ran_git(turn):
            self._due.add(key)
            self._bridge.spawn(self._after(key))
        self._mark(thread, turn)

    def _mark(self, thread: Thread, turn: Turn) -> None:
        if not self._due:
            self.behind.seen(ended(thread, turn))

    def _root(self, thread: Thread) -> Thread:
        threads = self._bridge.store.world.threads
        seen = {thread.id}
        while thread.parent_id is not None and thread.parent_id not in seen:
            above = threads.get(thread.parent_id)
            if above is None:
                break
            seen.add(above.id)
            thread = above
        return thread

    # -- looks -----------------------------------------------------------------------

    async def _after(self, key: tuple[ThreadId, str]) -> None:
        async with self._one:
            self._due.discard(key)
            thread = self._bridge.store.world.threads.get(key[0])
            turn = thread.turns.get(key[1]) if thread is not None else None  # type: ignore[call-overload]
            if thread is not None and turn is not None:
                await self._look(_Ended(thread.id, turn, thread.cwd))
                self._mark(thread, turn)

    async def _catch_up(self) -> None:
        async def look(thread: Thread, turn: Turn, until_ms: int) -> None:
            async with self._one:
                await self._look(_Ended(thread.id, turn, thread.cwd, until_ms))

        await self.behind.catch_up(look)

    async def _look(self, ended: _Ended) -> None:
        turn = ended.turn
        began_ms = turn.started_ms or self._clock()
        minutes = max(0, self._clock() - began_ms) // 60_000 + 2
        fault = failed_push(turn)
        failed = fault.words if fault is not None else ""
        found: dict[str, _Seen] = {}
        where = places(turn, ended.cwd)
        for place in where:
            try:
                looker = self._bridge.engine.look
                repository = await read_repository(looker, place, minutes)
            except LookFailed:
                continue
            if repository.common not in found:
                seen = self._seen(ended, repository, place, began_ms // 1000)
                found[repository.common] = seen
        if failed and not found and where:
            fresh = Undelivered(where[0], where[0], (), failed, self._clock())
            self._keep(ended.thread_id, fresh.common, fresh)
        blamed = _blamed(tuple(found.values()))
        for common, seen in found.items():
            why = failed if seen is blamed else ""
            fresh = Undelivered(common, seen.place, (), why, self._clock())
            kept = after(seen.known, seen.mine, fresh)
            self._keep(ended.thread_id, common, kept)
            self._others(common, seen.loose, but=self._root_id(ended.thread_id))

    def _seen(
        self, ended: _Ended, repository: Repository, place: str, since_s: int
    ) -> _Seen:
        loose = strays(repository)
        known = None
        thread = self._bridge.store.world.threads.get(ended.thread_id)
        if thread is not None:
            known = _of(self._root(thread), repository.common)
        if ended.until_ms is None:
            names = touched(repository, since_s)
        else:
            names = committed(repository, loose, since_s, ended.until_ms // 1000 + 1)
        mine = theirs(loose, names, mentions(ended.turn), known)
        remotes = bool(repository.remotes)
        return _Seen(repository.top or place, loose, mine, known, remotes)

    def _root_id(self, thread_id: ThreadId) -> ThreadId:
        thread = self._bridge.store.world.threads.get(thread_id)
        return self._root(thread).id if thread is not None else thread_id

    def _others(self, common: str, loose: tuple[Stray, ...], *, but: str = "") -> None:
        """Whoever else left something there: it may have been pushed since."""
        for thread in tuple(self._bridge.store.world.threads.values()):
            known = _of(thread, common)
            if known is not None and known.strays and thread.id != but:
                self._keep(thread.id, common, settled(known, loose))

    def _keep(
        self, thread_id: ThreadId, common: str, value: Undelivered | None
    ) -> None:
        thread = self._bridge.store.world.threads.get(thread_id)
        if thread is None:
            return
        thread = self._root(thread)
        rest = tuple(one for one in thread.undelivered if one.common != common)
        whole = rest if value is None else (value, *rest)
        if whole != thread.undelivered:
            self._bridge.store.offer(e.DeliveryChanged(thread.id, whole))
            self._bridge.store.tick(self._clock())

    # -- looking again ---------------------------------------------------------------

    async def again(self) -> None:
        """Every flag, as far as its repository can be looked at."""
        flags = {
            one.common: one.place
            for thread in self._bridge.store.world.threads.values()
            for one in thread.undelivered
        }
        for place in tuple(flags.values())[:MOST_AGAIN]:
            await self.refresh(place)

    async def refresh(self, place: str) -> Repository | None:
        """Look at a repository and correct all flags that name it."""
        async with self._one:
            try:
                repository = await read_repository(self._bridge.engine.look, place)
            except LookFailed:
                return None
            self._others(repository.common, strays(repository))
            return repository

    def note(self, thread_id: ThreadId, place: str, repository: Repository) -> None:
        """Somebody looked for a reason of their own: flags follow it."""
        loose = strays(repository)
        self._others(repository.common, loose)
        if not loose:
            self.seen(thread_id, place)

    def seen(self, thread_id: ThreadId, place: str) -> None:
        """The user saw that a push had failed, and nothing stands there any more."""
        thread = self._bridge.store.world.threads.get(thread_id)
        for one in thread.undelivered if thread is not None else ():
            if not one.strays and place in (one.common, one.place):
                self._keep(thread_id, one.common, None)


def _of(thread: Thread, common: str) -> Undelivered | None:
    return next((one for one in thread.undelivered if one.common == common), None)
