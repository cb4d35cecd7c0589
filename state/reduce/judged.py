"""What auto-review said, at its place in the turn: the engine keeps it nowhere.

Owns the notice that stands below the item which was judged. Invariant: one notice for
one review, whatever is told twice, and it says when a retry was approved; a failure of
the reviewer is not called a denial.
"""

from __future__ import annotations

from state.dataclass import replace
from state.items import Item, ItemStatus, Level, Notice
from state.ledger import Outcome, judged
from state.model import Thread, TurnStatus
from state.reviews import ITS_CALL, ITS_ENGINE, AutoReview
from state.words import duration

_ENDED = (TurnStatus.COMPLETED, TurnStatus.INTERRUPTED, TurnStatus.FAILED)
_ENDS = {
    ITS_CALL: "did not come to a result: the call it was about was given up",
    ITS_ENGINE: "ended with the engine",
}
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
    listened, or is told next."""
    over = {}
    for auto in thread.auto_reviews.values():
        turn = thread.turns.get(auto.turn_id) if auto.turn_id else None
        if auto.status == RUNNING and turn is not None and turn.status in _ENDED:
            stopped = turn.status is TurnStatus.INTERRUPTED
            status = "aborted" if stopped else UNSEEN
            over[auto.id] = replace(auto, status=status)
    if not over:
        return thread
    return replace(thread, auto_reviews={**thread.auto_reviews, **over})
