"""What is read from the store is put beneath what was heard, in any order of both."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import events as e
from state.dataclass import replace
from state.items import (
    AgentMessage,
    Item,
    ItemId,
    ItemStatus,
    Notice,
    Text,
    ThreadId,
    TurnId,
)
from state.model import (
    AutoReview,
    Decision,
    HistoryState,
    Review,
    ReviewKey,
    ReviewKind,
    ReviewState,
    Thread,
    ThreadStatus,
    Turn,
    TurnStatus,
)
from state.reduce import reduce_thread
from state.reduce.history import beneath, merge_turn

T, U, C = ThreadId("t"), TurnId("u"), ItemId("c")
KEY = ReviewKey("e1", 0)
YES = Decision("y", "Yes", '{"decision":"accept"}')
NO = Decision("d", "No", '{"decision":"decline"}')
PENDING, DECIDED, SENT = ReviewState.PENDING, ReviewState.DECIDED, ReviewState.SENT
RESOLVED, LOST = ReviewState.RESOLVED, ReviewState.LOST


def review(state: ReviewState = PENDING, **more: Any) -> Review:
    facts: dict[str, Any] = {"method": "m", "params_hash": "h", "connection": 1, **more}
    return Review(
        key=KEY,
        kind=ReviewKind.COMMAND,
        thread_id=T,
        turn_id=U,
        item_id=C,
        approval_id=None,
        params="{}",
        asked_ms=1,
        state=state,
        **facts,
    )


def over(by: str, decision: Decision | None = None, **more: Any) -> Review:
    return review(RESOLVED, decision=decision, resolved_by=by, resolved_ms=9, **more)


def recalled(*reviews: Review, **more: Any) -> e.ThreadRecalled:
    return e.ThreadRecalled(T, reviews=reviews, **more)


@pytest.mark.parametrize(
    ("held", "stored", "wins"),
    [
        # Asked again under the same id after a kill: it waits, whatever a row says.
        (review(PENDING, connection=2), over("you", YES), "held"),
        (review(DECIDED, decision=NO), over("you", YES), "held"),
        (review(SENT, decision=NO), over("unseen"), "held"),
        (over("you", NO), over("another client"), "held"),
        (over("you", NO), over("you in another window", YES), "held"),
        (review(LOST), over("unseen"), "held"),
        # It was heard to be over, and nothing else.
        (over("unknown", method="", params_hash=""), over("you", YES), "stored"),
        # Another window of ours had answered.
        (over("another client"), over("you in another window", YES), "stored"),
        # The same id of another request.
        (over("another client", params_hash="x"), over("you", YES), "held"),
        (None, over("you", YES), "stored"),
        (None, review(LOST), "stored"),
        # Never pending by being read.
        (None, review(PENDING), "none"),
        (None, review(DECIDED, decision=YES), "none"),
        (None, review(SENT, decision=YES), "none"),
    ],
)
def test_who_is_believed(held: Review | None, stored: Review, wins: str) -> None:
    thread = Thread(T, reviews={} if held is None else {KEY: held})
    after = reduce_thread(thread, recalled(stored))
    found = after.reviews.get(KEY)
    assert found is {"held": held, "stored": stored, "none": None}[wins]
    assert reduce_thread(after, recalled(stored)) is after


MOVES = (
    e.ReviewAsked(T, review()),
    e.ReviewAsked(T, review(connection=2)),
    e.ReviewDecided(T, KEY, NO, 5),
    e.ReviewSent(T, KEY, 6),
    e.ReviewReopened(T, KEY),
    e.ReviewResolved(T, KEY, 7),
    e.ReviewAnswered(T, KEY, YES, 5, "you in another window"),
)
STORED = (
    over("you", YES),
    over("another client"),
    over("you in another window", YES),
    review(LOST),
    review(),
)


@given(st.lists(st.sampled_from(MOVES), max_size=8), st.data())
def test_reading_opens_nothing_and_unsays_nothing(
    moves: list[e.ThreadEvent], data: st.DataObject
) -> None:
    """A row read at any moment, also between a question and its resolution."""
    stored = data.draw(st.sampled_from(STORED))
    at = data.draw(st.integers(0, len(moves)))
    thread = Thread(T)
    for number, move in enumerate([*moves, None]):
        if number == at:
            before = thread.reviews.get(KEY)
            thread = reduce_thread(thread, recalled(stored))
            found = thread.reviews.get(KEY)
            live = (PENDING, DECIDED, SENT)
            if before is not None and before.state in live:
                assert found is before
            if found is not None and found.state in live:
                assert found is before
            if before is not None and before.decision is not None:
                assert found is not None and found.decision == before.decision
        if move is not None:
            thread = reduce_thread(thread, move)


# -- auto-reviews ------------------------------------------------------------------


def auto(status: str, **more: Any) -> AutoReview:
    return AutoReview("r", U, C, status, "{}", "command", **more)


def running(*items: Item) -> Thread:
    turn = Turn(U, items={item.id: item for item in items})
    return Thread(T, status=ThreadStatus.ACTIVE, active_turn=U, turns={U: turn})


def item(name: str, status: ItemStatus = ItemStatus.COMPLETED) -> Item:
    return Item(ItemId(name), AgentMessage(Text(name)), status)


@pytest.mark.parametrize(
    ("thread", "stored", "status", "retry"),
    [
        (running(), auto("inProgress"), "inProgress", None),
        (running(item("c")), auto("inProgress"), None, None),
        (Thread(T), auto("inProgress"), None, None),
        (Thread(T), auto("denied", retry_ms=3), "denied", 3),
        (
            Thread(T, auto_reviews={"r": auto("inProgress")}),
            auto("denied"),
            "denied",
            None,
        ),
        (
            Thread(T, auto_reviews={"r": auto("approved")}),
            auto("denied"),
            "approved",
            None,
        ),
        (
            Thread(T, auto_reviews={"r": auto("denied")}),
            auto("inProgress", retry_ms=4),
            "denied",
            4,
        ),
    ],
)
def test_what_auto_review_said(
    thread: Thread, stored: AutoReview, status: str | None, retry: int | None
) -> None:
    after = reduce_thread(thread, recalled(autos=(stored,)))
    found = after.auto_reviews.get("r")
    assert (found.status if found else None) == status
    assert (found.retry_ms if found else None) == retry


@pytest.mark.parametrize(
    ("ended", "status"),
    [(TurnStatus.COMPLETED, "unseen"), (TurnStatus.INTERRUPTED, "aborted")],
)
def test_no_review_runs_on_in_a_turn_that_is_over(
    ended: TurnStatus, status: str
) -> None:
    """It ended while nobody of us listened; told late, its verdict still counts."""
    thread = reduce_thread(running(), recalled(autos=(auto("inProgress"),)))
    assert thread.auto_reviews["r"].status == "inProgress"
    page = e.TurnsLoaded(T, (Turn(U, ended),))
    for event in (page, e.TurnEnded(T, U, ended)):
        assert reduce_thread(thread, event).auto_reviews["r"].status == status
    late = e.AutoReviewChanged(T, auto("denied"))
    over = reduce_thread(reduce_thread(thread, page), late)
    assert over.auto_reviews["r"].status == "denied"


def test_a_verdict_stands_below_what_was_judged() -> None:
    """Also where the window was killed before the verdict's own row was written."""
    thread = running(item("c"), item("end"))
    after = reduce_thread(thread, recalled(autos=(auto("approved"),)))
    bodies = [i.body for i in after.turns[U].items.values()]
    assert isinstance(bodies[1], Notice) and len(bodies) == 3


# -- places ------------------------------------------------------------------------


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_what_an_engine_forgets_stays_where_it_stood(kept: list[bool]) -> None:
    """History has some of the items, in order: the others stay between them."""
    if not any(kept):
        kept[0] = True
    known = [item(f"i{n}") for n in range(len(kept))]
    whole = Turn(U, TurnStatus.COMPLETED, {i.id: i for i in known})
    some = {i.id: i for i, there in zip(known, kept, strict=True) if there}
    page = Turn(U, TurnStatus.COMPLETED, some)
    order = [i.id for i in known]
    assert list(merge_turn(whole, page).items) == order
    below = beneath(whole, page)
    assert list(below.items) == order
    assert all(below.items[name] is held for name, held in some.items())


def test_what_runs_goes_behind_a_page_that_is_older() -> None:
    """The page was read before the command began."""
    runs = item("c", ItemStatus.IN_PROGRESS)
    known = Turn(U, items={ItemId("u"): item("u"), C: runs})
    page = Turn(U, items={ItemId(n): item(n) for n in ("u", "a", "b")})
    assert list(merge_turn(known, page).items) == ["u", "a", "b", "c"]


def test_turns_read_late_go_where_they_belong() -> None:
    held = {TurnId(n): Turn(TurnId(n), TurnStatus.COMPLETED) for n in ("u3", "u4")}
    thread = Thread(T, turns=held, history=HistoryState.PARTIAL)
    stored = tuple(Turn(TurnId(n), TurnStatus.COMPLETED) for n in ("u1", "u2", "u3"))
    after = reduce_thread(thread, e.ThreadRecalled(T, stored, complete=True))
    assert list(after.turns) == ["u1", "u2", "u3", "u4"]
    assert after.turns[TurnId("u3")] is held[TurnId("u3")]
    assert after.history is HistoryState.COMPLETE


def test_a_row_from_before_the_end_does_not_run() -> None:
    """The store was killed in a turn; another one runs now."""
    thread = replace(running(), turns={U: Turn(U)})
    stale = Turn(TurnId("a"), TurnStatus.IN_PROGRESS)
    after = reduce_thread(thread, e.ThreadRecalled(T, (stale,)))
    assert after.active_turn == U
    assert after.turns[TurnId("a")].status is TurnStatus.UNKNOWN
