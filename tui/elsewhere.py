"""What another window on the same store answered, told here as soon as it is over.

The wire only says that a request is resolved, not by whom. A decision of ours is on
disk before it leaves, so the store knows whether it was one. Owns when it is asked.
Invariant: nothing is said of a request that this window answered itself.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from state import events as e
from state.db.reviews import answered
from state.model import Review
from state.reviews import EITHER, NOT_OURS
from state.store import Published, Store

AGAIN_SECONDS = (0.0, 0.5, 2.0, 8.0)
"""That it was sent is written a moment after it was"""


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
