"""What is read of a thread when it opens: bounded, whole, and past damaged rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from state import events as e
from state.dataclass import replace
from state.db import reviews as reading
from state.db.history import load_thread, load_world, read_turns
from state.db.ledger import read_ledger
from state.db.recent import recent_rows
from state.items import AgentMessage, ItemId, Text, TurnId
from state.model import (
    AutoReview,
    ReviewKey,
    ReviewState,
    TurnMark,
    TurnStatus,
)
from state.reduce import reduce_thread
from state.reviews import EITHER, ELSEWHERE
from state.select.side import last_denied
from tests.store.helpers import (
    T1,
    decided,
    item,
    noted,
    review,
    seen,
    started,
    written,
)
from tui.recall import told


def at(turn: str, request: int) -> e.ReviewAsked:

    return e.ReviewAsked(T1, replace(review(request), turn_id=TurnId(turn)))


def judged(name: str, turn: str, status: str = "denied") -> e.AutoReviewChanged:
    auto = AutoReview(name, TurnId(turn), ItemId("c"), status, "{}", "command")
    return e.AutoReviewChanged(T1, auto)


def said(turn: str) -> e.ItemCompleted:
    return e.ItemCompleted(T1, TurnId(turn), item("m", AgentMessage(Text("hi"))))


def ended(turn: str) -> e.TurnEnded:
    return e.TurnEnded(T1, TurnId(turn), TurnStatus.COMPLETED)


def busy(path: Path) -> None:
    """Two turns; in each a review that is over, and a judgement."""
    ticks: list[e.Event] = [seen(T1, preview="p")]
    for number, turn in enumerate(("u1", "u2")):
        ticks += [started(turn), said(turn), at(turn, number)]
        ticks += [decided(number), e.ReviewSent(T1, ReviewKey("e1", number), 9)]
        ticks += [e.ReviewResolved(T1, ReviewKey("e1", number), 9)]
        ticks += [judged(f"r{number}", turn), ended(turn)]
    written(path, [*ticks, noted("one")])


def run(path: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(sql, values)


def test_a_turn_is_read_with_what_was_asked_in_it(store: Path) -> None:
    busy(store)
    run(store, "UPDATE review SET epoch = 'e0', asked_ms = 1 WHERE request_id = '0'")
    found = read_turns(store, T1, [TurnId("u1")])
    assert list(found.turns) == ["u1"]
    assert list(found.auto_reviews) == ["r0"]
    states = [(r.turn_id, r.state, r.resolved_by) for r in found.reviews.values()]
    # And with what the engine that asked last was answered: grants for its session.
    assert states == [
        ("u1", ReviewState.RESOLVED, "you"),
        ("u2", ReviewState.RESOLVED, "you"),
    ]
    run(store, "UPDATE review SET epoch = 'e2', asked_ms = 99 WHERE request_id = '1'")
    last = read_turns(store, T1, [TurnId("nothing")])
    assert [r.turn_id for r in last.reviews.values()] == ["u2"]
    newest = load_thread(store, T1, 1)
    assert newest is not None and list(newest.auto_reviews) == ["r1"]


def test_reading_is_bounded_newest_first(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST", 3)
    asked = [at("u1", number) for number in range(9)]
    written(store, [seen(T1), started("u1"), *asked])
    for number in range(9):
        sql = "UPDATE review SET asked_ms = ? WHERE request_id = ?"
        run(store, sql, number, str(number))
    found = read_turns(store, T1, [TurnId("u1")])
    assert [key.request_id for key in found.reviews] == [6, 7, 8]


@pytest.mark.parametrize(
    "damage",
    [
        "{",
        "[]",
        "",
        '{"kind":"a kind of tomorrow"}',
        "\x00\x01",
        7,
        b"\xff\xfe",
        None,
    ],
)
def test_a_damaged_row_stops_nothing(store: Path, damage: object) -> None:
    busy(store)
    if damage is not None:
        run(store, "UPDATE review SET body = ? WHERE request_id = '0'", damage)
        run(store, "UPDATE auto_review SET body = ? WHERE id = 'r0'", damage)
        run(store, "UPDATE decision SET body = ? WHERE request_id = '0'", damage)
        run(store, "UPDATE turn SET body = ? WHERE turn_id = 'u1'", damage)
        run(store, "UPDATE send SET body = ?", damage)
        run(store, "UPDATE thread SET extra = ?", damage)
    left = 1 if damage is not None else 2
    whole = load_thread(store, T1)
    assert whole is not None and list(whole.turns) == ["u1", "u2"]
    assert (len(whole.reviews), len(whole.auto_reviews)) == (left, left)
    some = read_turns(store, T1, list(whole.turns))
    assert (len(some.reviews), len(some.auto_reviews)) == (left, left)
    assert T1 in load_world(store)
    assert recent_rows(store, 9).threads
    assert len(read_ledger(store)) == 2 * left


def test_another_windows_answer_is_known_after_a_restart(store: Path) -> None:
    """The row was written by who ingests; who decided, wrote a decision alone."""
    written(
        store,
        [seen(T1), started("u1"), at("u1", 0)],
        [e.ReviewResolved(T1, ReviewKey("e1", 0), 9)],
    )
    sql = (
        "INSERT INTO decision (thread_id, epoch, request_id, connection, params_hash,"
        " body, decided_ms, sent_ms) VALUES (?, 'e1', '0', 7, 'hash', ?, 8, ?)"
    )
    body = '{"letter":"y","label":"Yes","result":"{}"}'
    run(store, sql, T1, body, None)
    (one,) = read_turns(store, T1, [TurnId("u1")]).reviews.values()
    assert (one.resolved_by, one.decision) == (EITHER, None), "not known to have left"
    run(store, "UPDATE decision SET sent_ms = 8")
    (one,) = read_turns(store, T1, [TurnId("u1")]).reviews.values()
    assert one.resolved_by == ELSEWHERE
    assert one.decision is not None and one.decision.letter == "y"


def test_the_last_denials_wait_in_the_inbox_after_a_restart(store: Path) -> None:
    busy(store)
    thread = load_world(store)[T1]
    assert not thread.turns
    assert thread.latest is not None and thread.latest.id == "u2"
    assert [auto.id for auto in last_denied(thread)] == ["r1"]
    # Approved for a retry, and killed before the row said so.
    sql = (
        "INSERT INTO decision (thread_id, epoch, request_id, connection, params_hash,"
        " body, decided_ms, sent_ms) VALUES (?, 'auto-review', '\"r1\"', 0, '', '{}',"
        " 8, 9)"
    )
    run(store, sql, T1)
    assert last_denied(load_world(store)[T1]) == []
    # The thread went on.
    mark = TurnMark(TurnId("u3"), TurnStatus.COMPLETED)
    assert last_denied(reduce_thread(thread, e.TurnMarked(T1, mark))) == []


def test_what_was_read_is_what_was_written(store: Path) -> None:
    """Folded into an empty thread, and into the very thread that wrote it."""
    busy(store)
    whole = load_thread(store, T1, None)
    assert whole is not None
    fresh = reduce_thread(load_world(store)[T1], told(whole))
    assert fresh.turns == whole.turns
    assert fresh.reviews == whole.reviews
    assert fresh.auto_reviews == whole.auto_reviews
    assert reduce_thread(fresh, told(whole)) is fresh
