"""Reviews that are answered together, and where a decision goes.

Owns which reviews are marked, which of them the user has looked at, and the way of a
decision to one or several requests. Does not own the card, nor when a letter counts.
Invariant: only requests that ask for exactly the same are answered together, and each
gets the very answer that the card showed.
"""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from typing import TYPE_CHECKING

from state import commands as c
from state.model import Review, ReviewKey
from state.select.review_parts import likeness, repeats
from state.select.words import agent_label
from tui.screens import late
from widgets import intents as i

if TYPE_CHECKING:
    from tui.screens.fleet_intents import FleetIntents

OWN = "This one wants an answer of its own."
OTHER = "Only identical requests go together."


class ReviewDesk:
    """Made once for a fleet screen."""

    def __init__(self, fleet: FleetIntents) -> None:
        self._fleet = fleet

    def mark(self, key: ReviewKey) -> None:
        """Mark a review, or take the mark back."""
        presenter = self._fleet.presenter
        waiting = {r.key: (t, r) for t, r in presenter.waiting()}
        marked = presenter.looking.marked & waiting.keys()
        if key in marked:
            self._mark(marked - {key})
            return
        if key not in waiting:
            self._fleet.say("That does not wait for you.")
            return
        thread, review = waiting[key]
        own = likeness(review, thread)
        if not own or not _alike(review):
            self._fleet.say(OWN)
        elif any(likeness(waiting[k][1], waiting[k][0]) != own for k in marked):
            self._fleet.say(OTHER)
        else:
            self._mark(marked | {key})

    def _mark(self, marked: frozenset[ReviewKey]) -> None:
        self._fleet.presenter.look(marked=marked)
        self._fleet.refresh_views()
        self._fleet.refresh_list()
        if len(marked) > 1:
            self._fleet.say(
                f"{len(marked)} marked · enter shows them, j goes on, then one answer"
            )

    def shown(self, review: Review) -> None:
        """It stood whole before the user's eyes."""
        looking = self._fleet.presenter.looking
        one = (review.key, review.params_hash)
        if review.key in looking.marked and one not in looking.seen:
            self._fleet.presenter.look(seen=looking.seen | {one})
            self._fleet.refresh_views()

    def look_back(self, key: ReviewKey) -> None:
        """A card is shown: how often the same was asked, and what its thread was
        granted before this window began, stands in the store."""
        count = partial(self._count, key)  # Not begun if another takes its place first.
        self._fleet.run_worker(
            count,  # type: ignore[arg-type]
            group="alike",
            exclusive=True,
            exit_on_error=False,
        )

    async def _count(self, key: ReviewKey) -> None:
        presenter, path = self._fleet.presenter, self._fleet.services.bridge.path
        waiting = (r for _, r in presenter.waiting())
        review = next((r for r in waiting if r.key == key), None)
        if review is None or path is None:
            return
        await self._fleet.services.bridge.recall.answered(review.thread_id)
        if not repeats(review):
            return
        try:
            found = await asyncio.to_thread(late.alike.asked_before, path, review)
        except (sqlite3.Error, OSError):
            return  # It is a hint; the writer says what is wrong with the file.
        if presenter.looking.review == key:
            presenter.look(before=found)
            self._fleet.refresh_views()

    def decide(self, intent: i.Decide) -> None:
        """The decision goes to its request, and to all that were answered with it."""
        fleet = self._fleet
        reviews = (intent.review, *intent.also)
        for review in reviews:
            fleet.act(c.Decide(review, intent.decision, intent.sent))
        fleet.presenter.look(
            marked=fleet.presenter.looking.marked - {r.key for r in reviews}
        )
        fleet.go_to(5)
        fleet.reviews.select(intent.review.key)
        if intent.decision.letter == "n":
            fleet.open_thread(intent.review.thread_id, focus=False)
            fleet.composer.focus()
            thread = fleet.presenter.thread
            if thread is not None:
                fleet.say(f"tell {agent_label(thread)} what to do instead")


def _alike(review: Review) -> bool:
    """Whether once yes or no is an answer to it."""
    plain = {d.letter for d in review.decisions if not d.broad}
    return "y" in plain and "d" in plain
