"""Reviews and what auto-review said, read from the thread store into threads.

Owns which of them are read with what, and which decision belongs to which review. The
ledger of all of them is `state.db.ledger`. Blocking. Invariants: a row that is damaged,
or a newer program's, is left out and stops nothing; reading is bounded, newest first.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from state.dataclass import replace
from state.db.codec import decoded
from state.db.reader import open_reader
from state.db.rows import Parts
from state.model import AutoReview, Review, ReviewState
from state.reviews import (
    EITHER,
    ELSEWHERE,
    NOT_OURS,
    RETRY_EPOCH,
    Decision,
    not_heard,
)

OPEN_STATES = (ReviewState.PENDING, ReviewState.DECIDED, ReviewState.SENT)
OPEN_REVIEWS = "WHERE state IN ('pending', 'decided', 'sent')"
MOST = 2000
"""Reviews, and auto-reviews, that are read of one thread at once."""
_TURN = "CASE WHEN json_valid(body) THEN json_extract(body, '$.turn_id') END"
_OF_TURNS = f"({_TURN} IN (SELECT value FROM json_each(?)) OR {_TURN} IS NULL"
# With the engine that asked last: what it granted for a session counts until it ends.
_REVIEWS = (
    "WHERE rowid IN (SELECT rowid FROM review WHERE thread_id = ? AND"
    f" {_OF_TURNS} OR epoch = (SELECT epoch FROM review WHERE thread_id = ?"
    " ORDER BY asked_ms DESC, rowid DESC LIMIT 1)) ORDER BY asked_ms DESC LIMIT ?)"
)
_AUTOS = (
    "WHERE rowid IN (SELECT rowid FROM auto_review WHERE thread_id = ? AND"
    f" {_OF_TURNS}) ORDER BY rowid DESC LIMIT ?)"
)
_DENIED = (
    "WHERE rowid IN (SELECT rowid FROM auto_review ORDER BY rowid DESC LIMIT ?)"
    ' AND (body LIKE \'%"status":"denied"%\' OR body LIKE \'%"status":"timedOut"%\')'
)


def reviews(
    db: sqlite3.Connection, parts: Parts, where: str, values: Sequence[Any]
) -> None:
    """Reviews, with the decisions that their rows may not know of yet."""
    decided: _Decisions | None = None
    sql = f"SELECT thread_id, body FROM review {where} ORDER BY rowid"
    for thread_id, body in db.execute(sql, values).fetchall():
        review = decoded(Review, body)
        if review is None:
            continue
        if decided is None:
            decided = _Decisions(db)
        review = decided.put_to(thread_id, review)
        if review.state in OPEN_STATES:
            # Connections are counted anew by each window: what was asked on one of
            # another window's must not be taken for what is asked on ours.
            review = replace(review, connection=0)
        parts.reviews.setdefault(thread_id, {})[review.key] = review


def auto_reviews(
    db: sqlite3.Connection, parts: Parts, where: str, values: Sequence[Any]
) -> None:
    """Auto-reviews, with the retries that their rows may not know of yet."""
    retried: dict[tuple[str, str], int] | None = None
    sql = f"SELECT thread_id, body FROM auto_review {where} ORDER BY rowid"
    for thread_id, body in db.execute(sql, values).fetchall():
        auto = decoded(AutoReview, body)
        if auto is None:
            continue
        if retried is None:
            retried = dict(_retries(db))
        if auto.retry_ms is None and (thread_id, json.dumps(auto.id)) in retried:
            auto = replace(auto, retry_ms=retried[thread_id, json.dumps(auto.id)])
        parts.auto_reviews.setdefault(thread_id, {})[auto.id] = auto


def recall(
    db: sqlite3.Connection,
    parts: Parts,
    thread_id: str,
    turns: Collection[str] | None,
) -> None:
    """What was asked and judged in these turns of a thread (None: in all), with what
    belongs to no turn and what the engine that asked last was answered."""
    if turns is None:
        where = "WHERE thread_id = ?"
        reviews(db, parts, where, (thread_id,))
        auto_reviews(db, parts, where, (thread_id,))
        return
    names = json.dumps(list(turns))
    reviews(db, parts, _REVIEWS, (thread_id, names, thread_id, MOST))
    auto_reviews(db, parts, _AUTOS, (thread_id, names, MOST))


def answered(path: Path, reviews: Iterable[Review]) -> list[Review]:
    """Of these, which are over and which nobody here answered, the ones that a window
    of ours answered, or may have. Raises sqlite3.Error."""
    where = (
        "WHERE thread_id = ? AND epoch = ? AND request_id = ? AND params_hash = ?"
        " AND reopened_ms IS NULL"
    )
    found = []
    with closing(open_reader(path)) as db:
        for review in reviews:
            key = (review.key.epoch, json.dumps(review.key.request_id))
            values = (review.thread_id, *key, review.params_hash)
            rows = list(made(db, where, values))
            known = _over(review, rows[-1] if rows else None)
            if known is not review:
                found.append(known)
    return found


def denials(db: sqlite3.Connection, parts: Parts) -> None:
    """What auto-review denied lately, or could not judge, in any thread."""
    auto_reviews(db, parts, _DENIED, (MOST,))


# -- decisions ---------------------------------------------------------------------


class Made(NamedTuple):
    """A row of `decision`. `request_id`: as JSON. `reopened`: it was taken back."""

    thread_id: str
    epoch: str
    request_id: str
    params_hash: str
    connection: int
    body: str
    decided_ms: int
    sent_ms: int | None
    reopened: bool

    @property
    def decision(self) -> Decision | None:
        """What was decided; None where it cannot be read."""
        return decoded(Decision, self.body)


def made(
    db: sqlite3.Connection, where: str = "", values: Sequence[Any] = ()
) -> Iterator[Made]:
    """What was decided, by whichever window, oldest first. Raises sqlite3.Error."""
    sql = (
        "SELECT thread_id, epoch, request_id, params_hash, connection, body,"
        f" decided_ms, sent_ms, reopened_ms IS NOT NULL FROM decision {where}"
        " ORDER BY row"
    )
    for *facts, reopened in db.execute(sql, values):
        yield Made._make((*facts, bool(reopened)))


class _Decisions:
    """What was decided, by any window; a review's row may be older than that."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._by_request: dict[tuple[Any, ...], Made] = {}
        self._by_thread: dict[tuple[Any, ...], Made] = {}
        for row in made(db, "WHERE reopened_ms IS NULL"):
            key = (row.epoch, row.request_id)
            self._by_request[*key, row.connection, row.params_hash] = row
            self._by_thread[row.thread_id, *key, row.params_hash] = row

    def put_to(self, thread_id: str, review: Review) -> Review:
        """The review with its decision, where the row lacks it."""
        key = (review.key.epoch, json.dumps(review.key.request_id))
        digest = review.params_hash
        if review.state is ReviewState.PENDING:
            return _pending(
                review, self._by_request.get((*key, review.connection, digest))
            )
        over = review.state is ReviewState.RESOLVED and review.decision is None
        if over and review.resolved_by in (*NOT_OURS, EITHER):
            return _over(review, self._by_thread.get((thread_id, *key, digest)))
        return review


def _pending(review: Review, row: Made | None) -> Review:
    if row is None or not_heard(review, row.decided_ms, row.sent_ms):
        return review
    decision = row.decision
    if decision is None:
        return review
    return replace(
        review,
        state=ReviewState.DECIDED if row.sent_ms is None else ReviewState.SENT,
        decision=decision,
        decided_ms=row.decided_ms,
    )


def _over(review: Review, row: Made | None) -> Review:
    """The window that wrote the row did not know who answered: another one did, or
    may have."""
    if row is None or not_heard(review, row.decided_ms, row.sent_ms):
        return review
    decision = row.decision
    if decision is None:
        return review
    if row.sent_ms is None:
        return replace(review, resolved_by=EITHER)
    return replace(
        review,
        decision=decision,
        decided_ms=row.decided_ms,
        resolved_by=decision.via or ELSEWHERE,
    )


def _retries(db: sqlite3.Connection) -> Iterator[tuple[tuple[str, str], int]]:
    """((thread, id as JSON), when the user's word on that denial left)."""
    sql = (
        "SELECT thread_id, request_id, sent_ms FROM decision WHERE epoch = ?"
        " AND sent_ms IS NOT NULL AND reopened_ms IS NULL ORDER BY row"
    )
    for thread_id, auto_id, sent_ms in db.execute(sql, (RETRY_EPOCH,)):
        yield (thread_id, auto_id), sent_ms
