"""What other windows on the same store did, seen without a restart.

Windows share the file, not their worlds. Held messages live in no engine, so nobody
else would tell; of a request that is over the wire does not tell who answered it. A
decision of ours is on disk before it leaves, so the store knows. Owns when to look and
what to make of it. Invariants: what the file says of messages counts only when it says
so twice in a row, for this window's own write may be on its way to it; nothing is said
of a request that this window answered itself.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from state import events as e
from state.db.history import held_sends
from state.db.reviews import answered
from state.items import ThreadId
from state.model import ClientId, Review, Send, SendState, World
from state.reviews import EITHER, NOT_OURS
from state.store import Published, Store

POLL_SECONDS = 2.0
AGAIN_SECONDS = (0.0, 0.5, 2.0, 8.0)
"""That it was sent is written a moment after it was"""
Held = dict[ClientId, tuple[ThreadId, Send]]


class Neighbours:
    """Runs in the bridge until it is cancelled."""

    def __init__(
        self,
        path: Path,
        world: Callable[[], World],
        offer: Callable[[e.Event], None],
    ) -> None:
        self._log = path.with_name(path.name + "-wal")
        self._path = path
        self._world = world
        self._offer = offer
        self._seen: tuple[int, int] | None = None
        self._before: frozenset[e.Event] = frozenset()

    async def run(self) -> None:
        """Look now and then; costs one `stat` while nobody writes."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            mark = self._mark()
            if mark == self._seen and not self._before:
                continue
            try:
                found = await asyncio.to_thread(held_sends, self._path)
            except (sqlite3.Error, OSError, ValueError):
                continue  # The writer says what is wrong with the file.
            self._seen = mark
            news = frozenset(differences(self._world(), found))
            for event in news & self._before:
                self._offer(event)
            self._before = news - self._before

    def _mark(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._log)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size


def differences(
    world: World, stored: Mapping[ClientId, tuple[ThreadId, Send]]
) -> list[e.Event]:
    """What must happen to the world's held messages to be as the file has them."""
    events: list[e.Event] = []
    for client_id, (thread_id, send) in stored.items():
        thread = world.threads.get(thread_id)
        if thread is not None and thread.sends.get(client_id) != send:
            events.append(e.SendNoted(thread_id, send))
    for thread in world.threads.values():
        for send in thread.sends.values():
            if send.state is SendState.HELD and send.client_id not in stored:
                gone = SendState.DROPPED
                events.append(e.SendChanged(thread.id, send.client_id, gone))
    return events


class Elsewhere:
    """A part of the bridge. `path`: the store on disk, which may not exist yet."""

    def __init__(
        self, store: Store, path: Path | None, spawn: Callable[[Any], Any]
    ) -> None:
        self._store = store
        self._path = path
        self._spawn = spawn

    def watch(self, step: Published) -> None:
        """Something was resolved, and not by this window."""
        found = []
        for event in step.events:
            if isinstance(event, e.ReviewResolved):
                thread = step.world.threads.get(event.thread_id)
                review = thread.reviews.get(event.key) if thread else None
                if review is not None and _unknown(review):
                    found.append(review)
        if found and self._path is not None:
            self._spawn(self._ask(self._path, found))

    async def _ask(self, path: Path, reviews: list[Review]) -> None:
        for seconds in AGAIN_SECONDS:
            await asyncio.sleep(seconds)
            try:
                found = await asyncio.to_thread(answered, path, reviews)
            except (sqlite3.Error, OSError):
                return  # The writer says what is wrong with the file.
            for review in found:
                decision, at_ms = review.decision, review.decided_ms
                by = review.resolved_by or EITHER
                self._store.offer(
                    e.ReviewAnswered(review.thread_id, review.key, decision, at_ms, by)
                )
            unsent = {one.key for one in found if one.decision is None}
            reviews = [one for one in reviews if one.key in unsent]
            if not reviews:
                return


def _unknown(review: Review) -> bool:
    return bool(review.method) and review.resolved_by in NOT_OURS
