"""What our store holds of a thread, put beneath what is told of it.

Owns what counts where both know something. Does not own reading (`state.db.history`).
Invariants: what was heard is newer than any row and stays; nothing becomes pending by
being read; what the engine forgets (reviews, judgements, declined commands) is there
again, at its place.
"""

from __future__ import annotations

from state import events as e
from state.dataclass import replace
from state.items import TurnId
from state.model import (
    AutoReview,
    HistoryState,
    Review,
    ReviewKey,
    ReviewState,
    Thread,
    Turn,
    TurnStatus,
)
from state.order import spliced
from state.reduce.history import beneath
from state.reduce.judged import RUNNING, with_verdict
from state.reduce.terminals import settled

_OVER = (ReviewState.RESOLVED, ReviewState.LOST)


def with_recalled(thread: Thread, event: e.ThreadRecalled) -> Thread:
    """The thread with what was read of it; the same object when that is nothing new."""
    if event.turns or event.complete:
        thread = _with_turns(thread, event)
    thread = _with_reviews(thread, event.reviews)
    for auto in event.autos:
        thread = _with_auto(thread, auto)
    return thread


def _with_turns(thread: Thread, event: e.ThreadRecalled) -> Thread:
    fresh = [turn for turn in event.turns if turn.id not in thread.turns]
    stored = {turn.id: turn for turn in event.turns}
    found: dict[TurnId, Turn] = {}
    for turn_id in spliced(list(stored), list(thread.turns)):
        held = thread.turns.get(turn_id)
        told = stored.get(turn_id)
        if held is None and told is not None:
            found[turn_id] = _at_rest(thread, told)
        elif held is not None:
            found[turn_id] = held if told is None else beneath(told, held)
    history = thread.history
    if event.complete:
        history = HistoryState.COMPLETE
    elif fresh and history is HistoryState.NONE:
        history = HistoryState.PARTIAL
    running = [t.id for t in found.values() if t.status is TurnStatus.IN_PROGRESS]
    for stray in running[:-1]:
        found[stray] = replace(found[stray], status=TurnStatus.UNKNOWN)
    active = running[-1] if running else None
    thread = replace(thread, turns=found, active_turn=active, history=history)
    return settled(thread, fresh)


def _at_rest(thread: Thread, turn: Turn) -> Turn:
    """A row may be older than the end of its turn: one turn runs, and it is told."""
    runs = turn.status is TurnStatus.IN_PROGRESS
    if not runs or thread.active_turn in (None, turn.id):
        return turn
    return replace(turn, status=TurnStatus.UNKNOWN)


def _with_reviews(thread: Thread, stored: tuple[Review, ...]) -> Thread:
    found: dict[ReviewKey, Review] = {}
    for review in stored:
        # What was open when it was written is told by the engine, or it is over.
        if review.state in _OVER:
            found[review.key] = _known_better(thread.reviews.get(review.key), review)
    if all(thread.reviews.get(key) is review for key, review in found.items()):
        return thread
    return replace(thread, reviews={**found, **thread.reviews, **found})


def _known_better(held: Review | None, stored: Review) -> Review:
    """Of two accounts of one request. One that was heard stays, unless it lacks what
    was asked, or the answer that another window of ours gave."""
    if held is None or (held.state in _OVER and held.method == "" != stored.method):
        return stored
    same = held.state in _OVER and held.params_hash == stored.params_hash
    if same and held.decision is None and stored.decision is not None:
        return stored
    return held


def _with_auto(thread: Thread, auto: AutoReview) -> Thread:
    held = thread.auto_reviews.get(auto.id)
    if held is not None and (held.status != RUNNING or auto.status == RUNNING):
        if held.retry_ms is not None or auto.retry_ms is None:
            return thread
        auto = replace(held, retry_ms=auto.retry_ms)
    if auto.status == RUNNING and not _runs(thread, auto):
        return thread  # Its end came when nobody of us listened.
    thread = replace(thread, auto_reviews={**thread.auto_reviews, auto.id: auto})
    return with_verdict(thread, auto)


def _runs(thread: Thread, auto: AutoReview) -> bool:
    """Whether an auto-review that began may still be going on."""
    if auto.turn_id is None or auto.turn_id != thread.active_turn:
        return False
    items = thread.turns[auto.turn_id].items
    item = items.get(auto.target_item_id) if auto.target_item_id else None
    return item is None or not item.ended
