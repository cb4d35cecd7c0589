"""What our store holds of a thread that is open: read once for each of its turns.

Owns when it is read. What counts where the engine tells the same is `state.reduce`.
Invariant: a thread opens whatever the store says; what could not be read is a sentence
on the bottom line, and is not tried again.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from state import events as e
from state.db.connection import mark_suspect
from state.db.errors import StoreCorrupt, StoreError, named
from state.db.history import load_thread, read_turns
from state.items import ThreadId, TurnId
from state.model import HistoryState, Thread
from state.store import Published, Store


class Recall:
    """A part of the bridge. `path`: the store on disk, which may not exist yet."""

    def __init__(
        self, store: Store, path: Path | None, spawn: Callable[[Any], Any]
    ) -> None:
        self._store = store
        self._path = path
        self._spawn = spawn
        self._read: dict[ThreadId, set[TurnId]] = {}
        """The turns that were read, or are not to be, of each thread that was opened"""
        self._whole = {
            thread.id
            for thread in store.world.threads.values()
            if thread.history is not HistoryState.NONE
        }
        """Threads that came from the store as a whole, before any engine"""

    async def opened(self, thread_id: ThreadId) -> None:
        """Its newest turns, or what is kept of those that are held; before the engine
        is asked."""
        known = self._store.world.threads.get(thread_id)
        turns = set(known.turns) if known is not None else set()
        if thread_id in self._read:
            return
        self._read[thread_id] = set(turns)
        if thread_id in self._whole:
            return
        if known is None or known.history is HistoryState.NONE:
            await self._offer(load_thread, thread_id)
        elif turns:
            await self._offer(read_turns, thread_id, turns)

    async def answered(self, thread_id: ThreadId) -> None:
        """What the engine that runs was answered in a thread that nobody opened: what
        it granted for the session counts."""
        if thread_id not in self._read and thread_id not in self._whole:
            await self._offer(read_turns, thread_id, ())

    def watch(self, step: Published) -> None:
        """A page of the engine's history has turns that were not read yet."""
        new: set[TurnId] = set()
        for event in step.events:
            if isinstance(event, e.TurnStarted):
                new.add(event.turn_id)
            elif isinstance(event, e.ThreadRecalled):
                new.update(turn.id for turn in event.turns)
        for thread_id in step.dirty & self._read.keys():
            held, read = step.world.threads[thread_id].turns, self._read[thread_id]
            fresh = held.keys() - read
            if not fresh:
                continue
            read |= fresh
            if late := fresh - new:
                self._spawn(self._offer(read_turns, thread_id, late))

    async def _offer(
        self, read: Callable[..., Thread | None], *asked: Collection[str]
    ) -> None:
        if self._path is None or not self._path.exists():
            return
        try:
            found = await asyncio.to_thread(read, self._path, *asked)
        except (sqlite3.Error, StoreError, OSError, ValueError) as error:
            failure = named(error, self._path)
            if isinstance(failure, StoreCorrupt):
                mark_suspect(self._path)
            self._store.offer(e.MessageShown(failure.sentence))
            return
        if found is not None:
            self._store.offer(told(found))


def told(stored: Thread) -> e.ThreadRecalled:
    """What was read of a thread, as an event."""
    return e.ThreadRecalled(
        stored.id,
        tuple(stored.turns.values()),
        tuple(stored.reviews.values()),
        tuple(stored.auto_reviews.values()),
        complete=stored.history is HistoryState.COMPLETE,
    )
