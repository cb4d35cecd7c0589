"""Reducers for reviews: asked, decided, sent, resolved; and auto-reviews.

Invariant: a review only becomes pending by being asked for, and only this engine's
very request can be confirmed. Decided, sent and confirmed are three moments.
"""

from __future__ import annotations

from typing import Any, assert_never

from state import events as e
from state.dataclass import replace
from state.model import (
    AutoReview,
    Review,
    ReviewKey,
    ReviewKind,
    ReviewState,
    Thread,
    Turn,
    TurnStatus,
)
from state.reduce.judged import with_verdict
from state.reviews import ANOTHER, EITHER, ENDED, ITS_CALL, NOT_OURS

UNSEEN = "unseen"
"""Who resolved what ended while none of our windows listened"""

ReviewEvent = (
    e.ReviewAsked
    | e.ReviewDecided
    | e.ReviewSent
    | e.ReviewReopened
    | e.ReviewResolved
    | e.ReviewAnswered
    | e.AutoReviewChanged
    | e.DenialApproved
)


def reduce_review(thread: Thread, event: ReviewEvent) -> Thread:
    """The thread after something happened to one of its reviews."""
    match event:
        case e.ReviewAsked(review=review, at_ms=at_ms):
            return _put(thread, _asked(thread.reviews.get(review.key), review, at_ms))
        case e.ReviewDecided(key=key, decision=decision, at_ms=at_ms):
            return _move(
                thread,
                key,
                ReviewState.PENDING,
                state=ReviewState.DECIDED,
                decision=decision,
                decided_ms=at_ms,
            )
        case e.ReviewSent(key=key):
            return _move(thread, key, ReviewState.DECIDED, state=ReviewState.SENT)
        case e.ReviewReopened(key=key):
            return _move(
                thread,
                key,
                ReviewState.DECIDED,
                state=ReviewState.PENDING,
                decision=None,
                decided_ms=None,
            )
        case e.ReviewResolved(key=key, at_ms=at_ms):
            return _put(thread, _resolved(thread, key, at_ms))
        case e.ReviewAnswered(key=key):
            return _put(thread, _answered(thread.reviews.get(key), event))
        case e.AutoReviewChanged(review=auto):
            auto = _ended(thread, auto)
            return with_verdict(_put_auto(thread, auto), auto)
        case e.DenialApproved(review_id=review_id, at_ms=at_ms):
            denied = thread.auto_reviews.get(review_id)
            if denied is None:
                return thread
            denied = replace(denied, retry_ms=at_ms)
            return with_verdict(_put_auto(thread, denied), denied)
        case _:
            assert_never(event)


def tools_answered(thread: Thread, event: e.ThreadEvent) -> Thread:
    """The owner of a tool answered its call: no resolution is told for these, only
    that the call's item, or the turn, is over."""
    if not thread.reviews:
        return thread
    match event:
        case e.ItemCompleted(item=item):
            over = {r.key for r in _tool_calls(thread) if r.item_id == item.id}
            by, at_ms = "the client that owns the tool", item.completed_ms
        case e.TurnEnded(turn_id=turn_id, at_ms=at_ms):
            over = {r.key for r in _tool_calls(thread) if r.turn_id == turn_id}
            by = "the turn's end"
        case _:
            return thread
    for key in over:
        thread = _move(
            thread,
            key,
            ReviewState.PENDING,
            state=ReviewState.RESOLVED,
            resolved_ms=at_ms,
            resolved_by=by,
        )
    return thread


def _tool_calls(thread: Thread) -> list[Review]:
    return [r for r in thread.reviews.values() if r.kind is ReviewKind.TOOL_CALL]


def over_unseen(thread: Thread, listed: e.ReviewsListed) -> Thread:
    """What the engine asks no more, although it was open when we last listened."""
    for review in [*thread.reviews.values()]:
        if (
            review.state in (ReviewState.RESOLVED, ReviewState.LOST)
            or review.key.epoch != listed.epoch
            or review.connection == listed.connection
        ):
            continue
        over = replace(
            review,
            state=ReviewState.RESOLVED,
            resolved_ms=listed.at_ms,
            resolved_by=_unseen_author(thread, review),
        )
        thread = _put(thread, over)
    return thread


def _unseen_author(thread: Thread, review: Review) -> str:
    """Had what we sent not arrived, the engine would have asked again; what is not
    known to have left may never have been sent, and somebody else have answered."""
    if review.decided_ms is None:
        return UNSEEN
    turn = thread.turns.get(review.turn_id) if review.turn_id else None
    if _too_late(turn, review):
        return ENDED
    return _you(review) if review.state is ReviewState.SENT else EITHER


def _you(review: Review) -> str:
    return review.decision.via or "you" if review.decision is not None else "you"


def _ended(thread: Thread, auto: AutoReview) -> AutoReview:
    """One that is aborted while its turn goes on: its call was given up, as when a
    call beside it in one script was denied. A turn's own end is told before."""
    runs = auto.turn_id is not None and auto.turn_id == thread.active_turn
    return (
        replace(auto, ended_by=ITS_CALL) if auto.status == "aborted" and runs else auto
    )


def _put_auto(thread: Thread, auto: AutoReview) -> Thread:
    return replace(thread, auto_reviews={**thread.auto_reviews, auto.id: auto})


def _move(
    thread: Thread, key: ReviewKey, expected: ReviewState, **changes: Any
) -> Thread:
    review = thread.reviews.get(key)
    if review is None or review.state is not expected:
        return thread
    return _put(thread, replace(review, **changes))


def _answered(review: Review | None, event: e.ReviewAnswered) -> Review | None:
    """Over, and none of this window's: whose it is stands in the store."""
    if review is None or not review.method:
        return review
    if review.state is not ReviewState.RESOLVED or review.decision is not None:
        return review
    if review.resolved_by not in (*NOT_OURS, EITHER):
        return review
    return replace(
        review,
        decision=event.decision,
        decided_ms=event.decided_ms if event.decision else review.decided_ms,
        resolved_by=event.by,
    )


def _put(thread: Thread, review: Review | None) -> Thread:
    if review is None or thread.reviews.get(review.key) is review:
        return thread
    return replace(thread, reviews={**thread.reviews, review.key: review})


def _asked(known: Review | None, review: Review, at_ms: int) -> Review:
    if known is None or known.params_hash != review.params_hash:
        if known is not None and known.method == "":
            # Its resolution came first: it must not look answerable.
            return replace(
                review,
                state=ReviewState.RESOLVED,
                resolved_ms=known.resolved_ms,
                resolved_by=known.resolved_by,
            )
        return review
    if known.connection == review.connection:
        return known
    over = known.state is ReviewState.RESOLVED
    unseen = over and known.resolved_by in (UNSEEN, EITHER)
    if known.state in (ReviewState.RESOLVED, ReviewState.LOST) and not unseen:
        return known
    # Sent again on a new connection: our answer, if any, did not arrive.
    return replace(
        review,
        asked_ms=known.asked_ms,
        again_ms=at_ms,
        unheard=known.decision or known.unheard,
    )


def _resolved(thread: Thread, key: ReviewKey, at_ms: int) -> Review:
    review = thread.reviews.get(key)
    if review is None:
        return Review(
            key=key,
            connection=0,
            method="",
            kind=ReviewKind.OTHER,
            thread_id=thread.id,
            turn_id=None,
            item_id=None,
            approval_id=None,
            params="",
            params_hash="",
            asked_ms=at_ms,
            ours=False,
            state=ReviewState.RESOLVED,
            resolved_ms=at_ms,
            resolved_by="unknown",
        )
    if review.state in (ReviewState.RESOLVED, ReviewState.LOST):
        return review
    return replace(
        review,
        state=ReviewState.RESOLVED,
        resolved_ms=at_ms,
        resolved_by=_author(thread, review),
    )


def _too_late(turn: Turn | None, review: Review) -> bool:
    """Whether its turn was over when it was decided; engines count in seconds."""
    ended = turn.completed_ms if turn is not None else None
    return ended is not None and ended + 1000 <= (review.decided_ms or 0)


def _author(thread: Thread, review: Review) -> str:
    """Who resolved it: the wire only says that it was resolved."""
    turn = thread.turns.get(review.turn_id) if review.turn_id else None
    over = turn is not None and turn.status is not TurnStatus.IN_PROGRESS
    if review.state is ReviewState.SENT:
        return ENDED if over and _too_late(turn, review) else _you(review)
    if over:
        return ENDED
    return ANOTHER
