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

import msgspec

from state.db.codec import decode
from state.db.history import snapshot
from state.db.reader import open_reader
from state.items import Command, ItemId, ThreadId, TurnId
from state.ledger import (
    LedgerEntry,
    Written,
    of_auto,
    of_review,
    of_rule,
    standing,
)
from state.model import AutoReview, Decision, Review
from state.reviews import RETRY_EPOCH

MOST = 5000
"""Entries of each kind that are read, newest first."""
Key = tuple[str, str, str]
Decisions = dict[Key, list[Written]]


def read_ledger(path: Path) -> tuple[LedgerEntry, ...]:
    """Every entry of the store. An empty store, or none, has none. Raises
    sqlite3.Error."""
    if not path.exists():
        return ()
    with closing(open_reader(path)) as db, snapshot(db):
        decisions: Decisions = {}
        for key, written in _decisions(db):
            decisions.setdefault(key, []).append(written)
        return (*_reviews(db, decisions), *_autos(db, decisions), *_ruled(db))


def _decisions(db: sqlite3.Connection) -> Iterator[tuple[Key, Written]]:
    sql = (
        "SELECT thread_id, epoch, request_id, body, decided_ms, sent_ms,"
        " reopened_ms IS NOT NULL FROM decision ORDER BY row"
    )
    for *key, body, decided_ms, sent_ms, reopened in db.execute(sql):
        try:
            decision = decode(Decision, body)
        except msgspec.DecodeError:
            continue
        thread_id, epoch, request_id = key
        yield (
            (thread_id, epoch, request_id),
            Written(
                decision.label,
                decision.result,
                decision.broad,
                decision.letter,
                decided_ms,
                sent_ms,
                bool(reopened),
            ),
        )


def _reviews(db: sqlite3.Connection, decisions: Decisions) -> Iterator[LedgerEntry]:
    sql = "SELECT thread_id, epoch, request_id, body FROM review"
    for thread_id, epoch, request_id, body in db.execute(
        f"{sql} ORDER BY asked_ms DESC LIMIT ?", (MOST,)
    ):
        try:
            review = decode(Review, body)
        except msgspec.DecodeError:
            continue
        if review.method:  # else only its resolution was ever heard of
            rows = decisions.get((thread_id, epoch, request_id), ())
            yield of_review(review, *standing(review, rows))


def _ruled(db: sqlite3.Connection) -> Iterator[LedgerEntry]:
    """Commands that a rule decided about, without a question."""
    sql = (
        "SELECT thread_id, turn_id, item_id, started_ms, body FROM item"
        " WHERE kind = 'Command' AND body LIKE '%\"outside\":{%'"
        " ORDER BY row DESC LIMIT ?"
    )
    for thread_id, turn_id, item_id, started_ms, body in db.execute(sql, (MOST,)):
        try:
            command = decode(Command, body)
        except msgspec.DecodeError:
            continue
        entry = of_rule(
            ThreadId(thread_id), TurnId(turn_id), ItemId(item_id), command, started_ms
        )
        if entry is not None:
            yield entry


def _autos(db: sqlite3.Connection, decisions: Decisions) -> Iterator[LedgerEntry]:
    sql = "SELECT thread_id, id, body FROM auto_review ORDER BY rowid DESC LIMIT ?"
    for thread_id, auto_id, body in db.execute(sql, (MOST,)):
        try:
            auto = decode(AutoReview, body)
        except msgspec.DecodeError:
            continue
        key = (thread_id, RETRY_EPOCH, json.dumps(auto_id))
        rows = [row for row in decisions.get(key, ()) if not row.reopened]
        yield of_auto(ThreadId(thread_id), auto, rows[-1] if rows else None)
