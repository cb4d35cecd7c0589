"""The right column: terminals of the open tree, reviews of all threads.

Owns their rows. The agents beside them are `state.select.agents`.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from state.dataclass import replace
from state.items import ThreadId
from state.model import AutoReview, EnginePhase, Review, ReviewKey, Thread, World
from state.select.terminals import terminal_rows
from state.select.words import (
    agent_label,
    asked_words,
    foreign,
    last_turn,
    pending,
    review_what,
    review_word,
    thread_title,
)
from state.tree import Forest
from state.usage import NO_METERS, Meters
from state.views import (
    AgentTreeView,
    Glyph,
    ReviewRow,
    SideView,
    TerminalRow,
    Tone,
)


def side_view(
    world: World,
    forest: Forest,
    tree: AgentTreeView,
    asking: Iterable[ThreadId],
    meters: Meters = NO_METERS,
    marked: Set[ReviewKey] = frozenset(),
) -> SideView:
    """What stands in the right column beside the agents of `tree`. `asking`: the
    threads that have reviews of any kind."""
    stale = world.engine.phase is not EnginePhase.READY
    terminals: tuple[TerminalRow, ...] = ()
    if tree.root is not None:
        walked = (t for _, t in forest.walk(tree.root))
        terminals = terminal_rows(world, forest, walked, meters)
    reviews, auto = _reviews(world, forest, asking, marked, stale=stale)
    return SideView(
        tree=tree,
        terminals=terminals,
        reviews=reviews,
        terminals_live=sum(row.live for row in terminals),
        reviews_need=sum(row.glyph is Glyph.NEED for row in reviews),
        reviews_auto=auto,
    )


def running_reviews(threads: Iterable[Thread]) -> tuple[int, int]:
    """(how many auto-reviews run, since when the oldest does, in ms)."""
    began = [
        auto.started_ms or 0
        for thread in threads
        for auto in thread.auto_reviews.values()
        if auto.status == "inProgress"
    ]
    return len(began), min(began, default=0)


def _reviews(
    world: World,
    forest: Forest,
    asking: Iterable[ThreadId],
    marked: Set[ReviewKey],
    *,
    stale: bool,
) -> tuple[tuple[ReviewRow, ...], int]:
    rows: list[ReviewRow] = []
    others: list[ReviewRow] = []
    denied: list[AutoReview] = []
    running = 0
    oldest = 0
    for thread in (world.threads[thread_id] for thread_id in asking):
        for auto in thread.auto_reviews.values():
            if auto.status == "inProgress":
                running += 1
                at = auto.started_ms or 0
                oldest = at if running == 1 else min(oldest, at)
        denied += last_denied(thread)
        for review in pending(thread):
            row = _review(world, forest, thread, review, stale=stale)
            rows.append(replace(row, marked=True) if review.key in marked else row)
        rows += _asked(world, forest, thread, stale=stale)
        for review in foreign(thread):
            row = _review(world, forest, thread, review, stale=stale)
            what = f"waits for its own client · {row.what}"
            quiet = replace(row, glyph=Glyph.NOT_LOADED, tone=Tone.MUTED, what=what)
            others.append(quiet)
    rows.sort(key=lambda row: -row.asked_ms)
    rows += sorted(others, key=lambda row: -row.asked_ms)
    if denied:
        words = f"{len(denied)} denied by auto-review"
        at = max(auto.completed_ms or 0 for auto in denied)
        offer = "enter lets one be tried again"
        row = ReviewRow(None, Glyph.FAILED, Tone.MUTED, words, "", offer, asked_ms=at)
        rows.append(replace(row, denials=True))
    if running:
        words = f"{running} auto-review{'s' if running > 1 else ''} running"
        rows.append(
            ReviewRow(None, Glyph.AUTO, Tone.AUTO, words, "", "", asked_ms=oldest)
        )
    return tuple(rows), running


def last_denied(thread: Thread) -> list[AutoReview]:
    """What auto-review denied, or could not judge, in the newest turn of a thread, and
    nobody approved since."""
    if not thread.auto_reviews or thread.archived or thread.deleted:
        return []
    newest = thread.latest or last_turn(thread)
    return [
        auto
        for auto in thread.auto_reviews.values()
        if newest is not None
        and auto.turn_id == newest.id
        and auto.retry_ms is None
        and auto.status in ("denied", "timedOut")
    ]


def _review(
    world: World, forest: Forest, thread: Thread, review: Review, *, stale: bool
) -> ReviewRow:
    return ReviewRow(
        key=review.key,
        glyph=Glyph.STALE if stale else Glyph.NEED,
        tone=Tone.MUTED if stale else Tone.NEED,
        kind=review_word(review.kind),
        who=_owner(world, forest, thread),
        what=review_what(review, thread),
        asked_ms=review.asked_ms,
    )


def _owner(world: World, forest: Forest, thread: Thread) -> str:
    if thread.is_agent:
        return agent_label(thread)
    return thread_title(world.threads[forest.root(thread.id)])


def _asked(
    world: World, forest: Forest, thread: Thread, *, stale: bool
) -> list[ReviewRow]:
    """What it asked in passing; the thread goes on meanwhile."""
    if thread.archived or thread.deleted:
        return []
    return [
        ReviewRow(
            key=None,
            glyph=Glyph.STALE if stale else Glyph.NEED,
            tone=Tone.MUTED if stale else Tone.NEED,
            kind="question",
            who=_owner(world, forest, thread),
            what=asked_words(asking),
            asked_ms=asking.at_ms,
            place=(thread.id, asking.turn_id, asking.item_id),
        )
        for asking in thread.asking
    ]
