"""Notifications about reviews: what was resolved, what auto-review says."""

from __future__ import annotations

import msgspec

from state.engine.wire import structs as w
from state.engine.wire.context import Json, WireContext
from state.engine.wire.items import as_json
from state.events import AutoReviewChanged, Event, ReviewResolved, WarningSeen
from state.items import ItemId, ThreadId, TurnId
from state.ledger import BREAKER, breaker_words
from state.model import AutoReview, ReviewKey


def resolved(p: Json, context: WireContext, at: int) -> tuple[Event, ...]:
    key = ReviewKey(context.epoch, p["requestId"])
    return (ReviewResolved(ThreadId(p["threadId"]), key, at),)


def auto_review(p: Json, _: WireContext, __: int) -> tuple[Event, ...]:
    wire = msgspec.convert(p, w.ItemGuardianApprovalReviewCompletedNotification)
    review = AutoReview(
        id=wire.review_id,
        turn_id=TurnId(wire.turn_id) if wire.turn_id else None,
        target_item_id=ItemId(wire.target_item_id) if wire.target_item_id else None,
        status=wire.review.status,
        action=as_json(wire.action),
        action_kind=str(wire.action.get("type", "")),
        risk=wire.review.risk_level,
        authorization=wire.review.user_authorization,
        rationale=wire.review.rationale,
        started_ms=wire.started_at_ms,
        completed_ms=wire.completed_at_ms,
    )
    return (AutoReviewChanged(ThreadId(wire.thread_id), review),)


def guardian_warning(p: Json, _: WireContext, at: int) -> tuple[Event, ...]:
    """The engine says each verdict twice; only that it stops a turn is said nowhere
    else."""
    message: str = p["message"]
    thread_id = ThreadId(p["threadId"])
    if BREAKER in message:
        return (WarningSeen(thread_id, breaker_words(message), at, of_turn=True),)
    if message.startswith("Automatic approval review "):
        return ()
    return (WarningSeen(thread_id, message, at),)
