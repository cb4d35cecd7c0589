"""How often the same was asked before, by all that the store keeps of it.

Owns one question to the store; what is the same stands in `state.select.review_parts`.
Blocking. Invariant: it is bounded, newest first.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from state.db.codec import decoded
from state.db.reader import open_reader
from state.items import ThreadId
from state.model import Review, ReviewKey
from state.select.review_parts import request_likeness

MOST = 2000
"""Rows that are looked at; SQLite leaves out what asks for another thing"""
Asked = frozenset[tuple[ThreadId, ReviewKey]]


def asked_before(path: Path, review: Review) -> Asked:
    """Every request of the store that asks for the same, this one with them. Raises
    sqlite3.Error."""
    if not path.exists():
        return frozenset()
    own = request_likeness(review)
    with closing(open_reader(path)) as db:
        return frozenset(
            (ThreadId(thread_id), other.key)
            for thread_id, other in _candidates(db, review)
            if request_likeness(other) == own
        )


def _candidates(db: sqlite3.Connection, review: Review) -> list[tuple[str, Review]]:
    sql = (
        "SELECT thread_id, body FROM review WHERE json_valid(body)"
        " AND json_extract(body, '$.method') = ?"
        " AND json_extract(body, '$.command') IS ?"
        " AND json_extract(body, '$.host') IS ? ORDER BY asked_ms DESC LIMIT ?"
    )
    values = (review.method, review.command, review.host, MOST)
    found = []
    for thread_id, body in db.execute(sql, values):
        other = decoded(Review, body)
        if other is not None:
            found.append((thread_id, other))
    return found
