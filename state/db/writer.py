"""The one that writes: what changed in the world, batched, into the thread store.

Owns the write connection, the rhythm (endings, reviews and sends at once, the rest
within a second, drafts within a quarter) and what happens when a write fails: it is
said, kept and tried again. Does not own the world. Invariants: what `commit_now`
returned for is on disk; a failed batch is written later or replaced by a newer one,
never dropped; only a window that ingests writes what the engine said.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from state import events as e
from state.dataclass import replace
from state.db import small
from state.db.connection import Opened, mark_suspect, open_store
from state.db.errors import StoreCorrupt, StoreError, StoreNewer, named
from state.db.history import Draft
from state.db.migrations import check_version
from state.db.plan import FORGET_HISTORY, FORGET_TURNS, Plan, Statement
from state.items import ThreadId
from state.model import Thread, World

BATCH_SECONDS = 1.0
DRAFT_SECONDS = 0.2
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
THREADS_PER_BATCH = 200
THREADS_PER_STEP = 16
"""So many are compared in one go: a key is not to wait for the rest"""

# Everything that may wait a second; what is not here is written at once.
_PATIENT = (
    e.ItemDelta,
    e.ItemStarted,
    e.ThreadSeen,
    e.ThreadStatusChanged,
    e.TokensUsed,
    e.TurnDiffChanged,
    e.PlanChanged,
    e.QueueChanged,
    e.ReadStateChanged,
    e.TurnsLoaded,
    e.ThreadRecalled,
    e.TurnMarked,
    e.WorldEvent,
)


class StoreWriter:
    """Opened with `await StoreWriter.open(...)`, ended with `await close()`."""

    def __init__(
        self,
        opened: Opened,
        home_id: int,
        on_event: Callable[[e.StoreFailed], None],
        now_ms: Callable[[], int],
    ) -> None:
        self._opened = opened
        self._db = opened.db
        self._home_id = home_id
        self._on_event = on_event
        self._now_ms = now_ms
        self._window = uuid.uuid4().hex
        self._lock = asyncio.Lock()
        self._stored: dict[ThreadId, Thread] = {}
        self._dirty: dict[ThreadId, Thread] = {}
        self._latest: Mapping[ThreadId, Thread] = {}
        self._reverted: set[ThreadId] = set()
        self._places: dict[ThreadId, dict[str, int]] = {}
        self._small = small.SmallWrites(self._window)
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self._refused = False
        self._closed = False
        self._ingest = False

    @classmethod
    async def open(
        cls,
        path: Path,
        codex_home: str,
        *,
        label: str = "",
        on_event: Callable[[e.StoreFailed], None],
        now_ms: Callable[[], int],
    ) -> StoreWriter:
        """Open the store at `path` for the home `codex_home` (a path, or the address
        of a remote without its credentials). Raises StoreError."""
        opened = await open_store(path)
        try:
            home_id = await small.home_id(opened.db, codex_home, label, now_ms())
        except sqlite3.Error as error:
            await opened.db.close()
            os.close(opened.guard)
            raise named(error, path) from error
        return cls(opened, home_id, on_event, now_ms)

    @property
    def path(self) -> Path:
        return self._opened.path

    @property
    def notice(self) -> str | None:
        """What happened while opening that the user should know."""
        return self._opened.notice

    @property
    def ingest(self) -> bool:
        """Whether this window writes what the engine says (it holds the lease)."""
        return self._ingest

    @ingest.setter
    def ingest(self, value: bool) -> None:
        self._ingest = value
        if value and self._dirty:
            self._flush_in(0)

    def adopt(self, threads: Mapping[ThreadId, Thread]) -> None:
        """These were just read from the store: they need no writing."""
        self._stored.update(threads)

    def adopt_drafts(self, drafts: Iterable[Draft]) -> None:
        """These drafts are now this window's: clearing one clears its old row."""
        self._small.adopt(drafts)

    def enqueue(
        self, world: World, dirty: Iterable[ThreadId], events: Iterable[e.Event]
    ) -> None:
        """Take one published step. Cheap; never raises, never waits."""
        self._latest = world.threads
        for thread_id in dirty:
            thread = world.threads.get(thread_id)
            if thread is not None and self._stored.get(thread_id) is not thread:
                self._dirty[thread_id] = thread
        hurry = False
        for event in events:
            hurry = hurry or not isinstance(event, _PATIENT)
            match event:
                case e.ThreadReverted(thread_id=thread_id):
                    # The store may hold turns of a thread that this world does not.
                    self._reverted.add(thread_id)
                    if thread_id in world.threads:
                        self._dirty[thread_id] = world.threads[thread_id]
                case e.ReviewSent() | e.ReviewReopened():
                    self._small.note(event, self._now_ms())
                case e.ThreadRecalled():
                    self._recalled(event)
                case e.TerminalsDismissed():
                    self._small.dismissed(event, self._now_ms())
        if (self._dirty and self._ingest) or self._small:
            self._flush_in(0 if hurry else BATCH_SECONDS)

    def _recalled(self, event: e.ThreadRecalled) -> None:
        """Its reviews were just read from the store: they need no writing."""
        known = self._stored.get(event.thread_id)
        if known is not None:
            reviews = {review.key: review for review in event.reviews}
            autos = {auto.id: auto for auto in event.autos}
            self._stored[event.thread_id] = replace(
                known,
                reviews={**reviews, **known.reviews},
                auto_reviews={**autos, **known.auto_reviews},
            )

    async def commit_now(self, event: small.Act) -> None:
        """Write a decision or a send and return when it is on disk (fsync). That a
        review is resolved is written as the latest world has it.

        By any window, before anything leaves. Raises StoreError: not saved.
        """
        thread = self._latest.get(event.thread_id)
        statements = small.statements_of(event, thread, self._now_ms())
        try:
            async with self._lock:
                if self._ingest and event.thread_id in self._dirty:
                    # What is said in a thread that has no row would be found by
                    # nobody after a kill: the engine does not list it yet either.
                    await self._write_threads([event.thread_id], statements)
                else:
                    await self._transaction(statements, durable=True)
        except (sqlite3.Error, OSError, ValueError) as error:
            raise self._failed(error) from error
        self._worked()

    def draft(self, key: str, text: str) -> None:
        """What stands in the composer of `key` (a thread id or a place of yours);
        empty when it was sent or cleared. On disk within 250 ms of the last call."""
        self._small.draft(key, text, self._now_ms())
        self._flush_in(DRAFT_SECONDS)

    async def draft_now(self, key: str, text: str) -> None:
        """The same, on disk (fsync) when it returns. Raises StoreError: not saved."""
        self._small.draft(key, text, self._now_ms())
        taken, statements = self._small.take()
        try:
            async with self._lock:
                await self._transaction(statements, durable=True)
        except (sqlite3.Error, OSError, ValueError) as error:
            self._small.give_back(taken)
            raise self._failed(error) from error
        self._worked()

    def view_state(self, key: str, value: str) -> None:
        """Remember a choice of the screen; `value` is JSON text."""
        self._small.view_state(key, value, self._now_ms())
        self._flush_in(BATCH_SECONDS)

    async def flush(self) -> bool:
        """Write what waits, now. False: something could not be written."""
        try:
            while self._small or (self._dirty and self._ingest):
                async with self._lock:
                    await self._write_batch()
        except (sqlite3.Error, OSError, ValueError, StoreError) as error:
            self._failed(error)
            if not self._refused and not self._closed:
                at = min(self._failures, len(RETRY_SECONDS)) - 1
                self._flush_in(RETRY_SECONDS[at])
            return False
        self._worked()
        return True

    async def close(self) -> bool:
        """Write what waits and close. False: something could not be written."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            await asyncio.wait([self._task])
        done = await self.flush()
        await self._db.close()
        os.close(self._opened.guard)
        return done

    # -- rhythm ------------------------------------------------------------------

    def _flush_in(self, seconds: float) -> None:
        if self._closed or self._refused:
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + seconds
        if self._timer is not None and not self._timer.cancelled():
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = loop.call_at(when, self._start)

    def _start(self) -> None:
        self._timer = None
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._flush_task())

    async def _flush_task(self) -> None:
        await self.flush()

    # -- writing -----------------------------------------------------------------

    async def _write_batch(self) -> None:
        """One transaction of small writes, or one of some threads."""
        if self._small:
            taken, statements = self._small.take()
            try:
                await self._transaction(statements)
            except BaseException:
                self._small.give_back(taken)
                raise
        if not self._ingest:
            return
        await self._write_threads(list(self._dirty)[:THREADS_PER_BATCH])

    async def _write_threads(
        self, ids: list[ThreadId], with_them: list[Statement] | None = None
    ) -> None:
        """`with_them`: an act of the user that goes into the same commit."""
        batch = {thread_id: self._dirty.pop(thread_id) for thread_id in ids}
        reverted = self._reverted & batch.keys()
        try:
            plan, places = await self._plan(batch, reverted)
            statements = [*plan.statements(), *(with_them or ())]
            await self._transaction(statements, durable=with_them is not None)
        except BaseException:
            self._dirty = {**batch, **self._dirty}
            raise
        self._reverted -= reverted
        self._stored.update(batch)
        self._places.update(places)

    async def _plan(
        self, batch: Mapping[ThreadId, Thread], reverted: set[ThreadId]
    ) -> tuple[Plan, dict[ThreadId, dict[str, int]]]:
        plan = Plan(self._now_ms(), self._home_id)
        places: dict[ThreadId, dict[str, int]] = {}
        for number, thread_id in enumerate(self._in_world_order(batch), 1):
            if number % THREADS_PER_STEP == 0:
                await asyncio.sleep(0)
            new = batch[thread_id]
            old = self._stored.get(thread_id)
            plan.thread(old, new)
            if thread_id in reverted:
                # The row keeps the most it ever held, so it starts again.
                plan.add(FORGET_HISTORY, thread_id)
                plan.add(FORGET_TURNS, thread_id)
                old = replace(old, turns={}) if old else None
                self._places[thread_id] = {}
            was = old.turns if old else {}
            changed = [t for t in new.turns.values() if was.get(t.id) is not t]
            if not changed:
                continue
            stored = self._places.get(thread_id)
            if stored is None:
                stored = await small.turn_places(self._db, thread_id)
            places[thread_id] = plan.turns(was, new, stored)
            for turn in changed:
                before = was.get(turn.id)
                known = None
                if before is None and turn.id in stored:
                    known = await small.item_order(self._db, thread_id, turn.id)
                plan.items(thread_id, before, turn, known)
        return plan, places

    def _in_world_order(self, batch: Mapping[ThreadId, Thread]) -> list[ThreadId]:
        """Rows are made in first-seen order: it is the spawn order of agents."""
        fresh = [one for one in batch if one not in self._stored]
        if len(fresh) < 2:
            return list(batch)
        place = {one: at for at, one in enumerate(self._latest)}
        return sorted(batch, key=lambda one: place.get(one, len(place)))

    async def _transaction(
        self, statements: list[Statement], *, durable: bool = False
    ) -> None:
        """All or nothing, and nothing if a newer program migrated the file."""
        if durable:
            # In WAL mode NORMAL leaves the last commits to the page cache: safe
            # from a kill, not from a power cut.
            await self._db.execute("PRAGMA synchronous = FULL")
        try:
            await self._db.execute("BEGIN IMMEDIATE")
            async with self._db.execute("PRAGMA user_version") as cursor:
                row = await cursor.fetchone()
            check_version(int(row[0]) if row else 0, self.path)
            for sql, rows in statements:
                await self._db.executemany(sql, rows)
            await self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                await self._db.execute("ROLLBACK")
            raise
        finally:
            if durable:
                await self._db.execute("PRAGMA synchronous = NORMAL")

    # -- failures ----------------------------------------------------------------

    def _failed(self, error: Exception) -> StoreError:
        failure = named(error, self.path)
        self._failures += 1
        if isinstance(failure, StoreCorrupt):
            mark_suspect(self.path)
        self._refused = self._refused or isinstance(failure, StoreNewer)
        self._on_event(e.StoreFailed(failure.sentence))
        return failure

    def _worked(self) -> None:
        if self._failures:
            self._failures = 0
            self._on_event(e.StoreFailed(None))
