"""What auto-review said, at its place in the turn: the engine keeps it nowhere.

Owns the notice that stands below the item which was judged. Invariant: one notice for
one review, whatever is told twice, and it says when a retry was approved; a failure of
the reviewer is not called a denial.
"""

from __future__ import annotations

from state.dataclass import replace
from state.items import Item, ItemStatus, Level, Notice
from state.ledger import Outcome, judged
from state.model import Thread, Turn, TurnStatus
from state.reviews import ITS_CALL, ITS_ENGINE, AutoReview
from state.words import duration

_ENDED = (TurnStatus.COMPLETED, TurnStatus.INTERRUPTED, TurnStatus.FAILED)
_ENDS = {
    ITS_CALL: "did not come to a result: the call it was about was given up",
    ITS_ENGINE: "ended with the engine",
}
NEAR_MS = 2_000
UNSEEN = "unseen"
"""Our word for a verdict that nobody of us heard"""
RUNNING = "inProgress"
"""What the engine calls the state of an auto-review that has not ended"""


def with_verdict(thread: Thread, auto: AutoReview) -> Thread:
    """The thread with the verdict in its turn, once there is one."""
    turn = thread.turns.get(auto.turn_id) if auto.turn_id else None
    notice = verdict(auto)
    if turn is None or notice is None:
        return thread
    item_id = auto.notice
    item = Item(
        item_id,
        notice,
        ItemStatus.COMPLETED,
        auto.started_ms,
        auto.completed_ms,
        synthetic=True,
    )
    known = turn.items.get(item_id)
    if known is not None and known.body == notice:
        return thread
    items = dict(turn.items)
    if known is not None:
        items[item_id] = replace(known, body=notice)
    else:
        items = {}
        for one in turn.items.values():
            items[one.id] = one
            if one.id == auto.target_item_id:
                items[item_id] = item
        items.setdefault(item_id, item)
    changed = replace(turn, items=items)
    return replace(thread, turns={**thread.turns, turn.id: changed})


def verdict(auto: AutoReview) -> Notice | None:
    """In words; None while it runs."""
    outcome, failure = judged(auto)
    took = ""
    if auto.started_ms is not None and auto.completed_ms is not None:
        took = f" · {duration(max(0, auto.completed_ms - auto.started_ms))}"
    grade = ""
    if auto.risk or auto.authorization:
        given = auto.authorization or "unknown"
        grade = f" · risk {auto.risk or 'unknown'} · authorisation {given}"
    why = f": {auto.rationale}" if auto.rationale else ""
    not_run = f"so this was not run{took}: {failure}"
    retry = " (one retry approved)" if auto.retry_ms else " (/approve allows one retry)"
    match outcome:
        case Outcome.ALLOWED:
            return Notice(Level.INFO, f"Auto-review allowed this{grade}{took}{why}")
        case Outcome.DENIED:
            words = f"Auto-review denied this{grade}{took}{why}"
            return Notice(Level.ERROR, f"{words}{retry}")
        case Outcome.FAILED:
            return Notice(Level.WARNING, f"Auto-review failed, {not_run}{retry}")
        case Outcome.TIMED_OUT:
            return Notice(Level.WARNING, f"Auto-review timed out, {not_run}{retry}")
        case Outcome.ABORTED:
            end = _ENDS.get(auto.ended_by, "ended with the turn")
            return Notice(Level.WARNING, f"Auto-review {end}{took}")
        case Outcome.UNKNOWN if auto.status != UNSEEN:
            words = f"Auto-review ended as “{auto.status}”, which is not known here"
            return Notice(Level.WARNING, f"{words}{grade}{took}{why}")
    return None


def judging_over(thread: Thread) -> Thread:
    """No review runs on in a turn that is over: its end was told while nobody of us
    listened, or is told next. What seemed to end with its call ended with the turn, if
    that was interrupted just then: of a cell's calls an engine tells the end first."""
    over = {}
    for auto in thread.auto_reviews.values():
        turn = thread.turns.get(auto.turn_id) if auto.turn_id else None
        if turn is None or turn.status not in _ENDED:
            continue
        stopped = turn.status is TurnStatus.INTERRUPTED
        if auto.status == RUNNING:
            over[auto.id] = replace(auto, status="aborted" if stopped else UNSEEN)
        elif stopped and auto.ended_by == ITS_CALL and _together(turn, auto):
            over[auto.id] = replace(auto, ended_by="")
    if not over:
        return thread
    thread = replace(thread, auto_reviews={**thread.auto_reviews, **over})
    for auto in over.values():
        turn = thread.turns.get(auto.turn_id) if auto.turn_id else None
        if turn is not None and auto.notice in turn.items:
            thread = with_verdict(thread, auto)
    return thread


def _together(turn: Turn, auto: AutoReview) -> bool:
    """A turn's end is told in whole seconds by some."""
    if turn.completed_ms is None or auto.completed_ms is None:
        return True
    return abs(turn.completed_ms - auto.completed_ms) < NEAR_MS
