"""The ledger of reviews, read from the thread store: requests, auto-reviews, decisions.

Owns the queries, on a short connection that cannot write. Blocking. Invariant: a
decision that is on disk is in the ledger, also when its review's own row was written
before it, or by another window.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from state.db.codec import decode_body, decoded
from state.db.history import ITEM_STATUS, snapshot
from state.db.reader import open_reader
from state.db.reviews import made
from state.items import Command, Item, ItemId, ItemStatus, ThreadId, TurnId
from state.ledger import LedgerEntry, Written, of_auto, of_rule
from state.ledger_requests import of_review, standing
from state.model import AutoReview, Review, ReviewKind
from state.reviews import RETRY_EPOCH

MOST = 5000
"""Entries of each kind that a screen reads, newest first."""
Key = tuple[str, str, str]
Decisions = dict[Key, list[Written]]
_WITH_ITEM = (ReviewKind.COMMAND, ReviewKind.EDITS)


def read_ledger(path: Path, *, whole: bool = False) -> tuple[LedgerEntry, ...]:
    """The newest entries of each kind; `whole`: all of them. An empty store, or none,
    has none. Raises sqlite3.Error."""
    if not path.exists():
        return ()
    limit = -1 if whole else MOST
    with closing(open_reader(path)) as db, snapshot(db):
        decisions = _decisions(db)
        return (
            *_reviews(db, decisions, limit),
            *_autos(db, decisions, limit),
            *_ruled(db, limit),
        )


def older(path: Path) -> int:
    """How many reviews and auto-reviews are older than those. Raises sqlite3.Error."""
    if not path.exists():
        return 0
    with closing(open_reader(path)) as db:
        sql = "SELECT count(*) FROM {}"
        counts = [
            int(db.execute(sql.format(table)).fetchone()[0])
            for table in ("review", "auto_review")
        ]
    return sum(max(0, count - MOST) for count in counts)


def _decisions(db: sqlite3.Connection) -> Decisions:
    found: Decisions = {}
    for row in made(db):
        said = row.decision
        if said is None:
            continue
        written = Written(
            said.label,
            said.result,
            said.broad,
            said.letter,
            row.decided_ms,
            row.sent_ms,
            row.reopened,
            said.via,
        )
        found.setdefault((row.thread_id, row.epoch, row.request_id), []).append(written)
    return found


def _reviews(
    db: sqlite3.Connection, decisions: Decisions, limit: int
) -> Iterator[LedgerEntry]:
    sql = "SELECT thread_id, epoch, request_id, body FROM review"
    for thread_id, epoch, request_id, body in db.execute(
        f"{sql} ORDER BY asked_ms DESC LIMIT ?", (limit,)
    ):
        review = decoded(Review, body)
        if review is not None and review.method:  # else only its end was heard of
            rows = decisions.get((thread_id, epoch, request_id), ())
            item = _item(db, thread_id, review)
            yield of_review(review, *standing(review, rows), item)


def _item(db: sqlite3.Connection, thread_id: str, review: Review) -> Item | None:
    """What a review was about: it holds the files, and tells what became of it."""
    if review.item_id is None or review.kind not in _WITH_ITEM:
        return None
    sql = (
        "SELECT kind, status, body FROM item"
        " WHERE thread_id = ? AND turn_id = ? AND item_id = ?"
    )
    row = db.execute(sql, (thread_id, review.turn_id, review.item_id)).fetchone()
    if row is None:
        return None
    kind, status, body = row
    known = ITEM_STATUS.get(status, ItemStatus.CLOSED)
    return Item(review.item_id, decode_body(kind, body), known)


def _ruled(db: sqlite3.Connection, limit: int) -> Iterator[LedgerEntry]:
    """Commands that a rule decided about, without a question."""
    sql = (
        "SELECT thread_id, turn_id, item_id, started_ms, body FROM item"
        " WHERE kind = 'Command' AND body LIKE '%\"outside\":{%'"
        " ORDER BY row DESC LIMIT ?"
    )
    for thread_id, turn_id, item_id, started_ms, body in db.execute(sql, (limit,)):
        command = decoded(Command, body)
        if command is None:
            continue
        entry = of_rule(
            ThreadId(thread_id), TurnId(turn_id), ItemId(item_id), command, started_ms
        )
        if entry is not None:
            yield entry


def _autos(
    db: sqlite3.Connection, decisions: Decisions, limit: int
) -> Iterator[LedgerEntry]:
    sql = "SELECT thread_id, id, body FROM auto_review ORDER BY rowid DESC LIMIT ?"
    for thread_id, auto_id, body in db.execute(sql, (limit,)):
        auto = decoded(AutoReview, body)
        if auto is None:
            continue
        key = (thread_id, RETRY_EPOCH, json.dumps(auto_id))
        rows = [row for row in decisions.get(key, ()) if not row.reopened]
        yield of_auto(ThreadId(thread_id), auto, rows[-1] if rows else None)
