"""The writes that belong to a window and not to the engine: decisions, sends,
drafts, view state; and the small questions the writer asks its connection.

Owns their statements. Invariant: any window may write these, at any time. What a
decision is about goes with it, where the store has not heard of it: there may be no
window that ingests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import aiosqlite

from state import events as e
from state.db.codec import encode, text
from state.db.history import Draft
from state.db.plan import (
    FORGET_TAIL,
    REVIEW,
    REVIEW_IF_NONE,
    SEND,
    TERMINAL_GONE,
    Row,
    Statement,
    request_id,
    review_row,
)
from state.db.rows import IF_NONE, thread_row
from state.model import Review, SendState, Thread

DECISION = (
    "INSERT INTO decision (thread_id, epoch, request_id, connection, params_hash,"
    " body, decided_ms) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_OPEN = "thread_id = ? AND epoch = ? AND request_id = ? AND reopened_ms IS NULL"
# The newest alone: an earlier one of the same request did not reach the engine.
_NEWEST = f"row = (SELECT max(row) FROM decision WHERE {_OPEN})"
DECISION_SENT = f"UPDATE decision SET sent_ms = ? WHERE {_NEWEST} AND sent_ms IS NULL"
DECISION_REOPENED = f"UPDATE decision SET reopened_ms = ? WHERE {_NEWEST}"
SEND_STATE = "UPDATE send SET state = ?, body = json_set(body, '$.state', ?,"
SEND_STATE += " '$.error', ?) WHERE client_id = ?"
DRAFT = "INSERT OR REPLACE INTO draft (key, window, text, at_ms) VALUES (?, ?, ?, ?)"
FORGET_DRAFT = "DELETE FROM draft WHERE key = ? AND window = ?"
VIEW = "INSERT OR REPLACE INTO view_state (key, value, at_ms) VALUES (?, ?, ?)"


Act: TypeAlias = (
    e.ReviewDecided | e.SendNoted | e.SendChanged | e.ReviewSent | e.ReviewResolved
)


def statements_of(
    event: Act,
    thread: Thread | None,
    now_ms: int,
) -> list[Statement]:
    """The rows of one act of the user. `thread`: as this window knows it."""
    match event:
        case e.ReviewDecided(key=key, decision=decision):
            review = thread.reviews.get(key) if thread else None
            row: Row = (
                event.thread_id,
                text(key.epoch),
                request_id(key),
                review.connection if review else 0,
                review.params_hash if review else "",
                encode(decision),
                event.at_ms,
            )
            return [*_asked(thread, review), (DECISION, [row])]
        case e.ReviewSent(key=key):
            row = (event.at_ms, event.thread_id, text(key.epoch), request_id(key))
            return [(DECISION_SENT, [row])]
        case e.ReviewResolved(key=key):
            review = thread.reviews.get(key) if thread else None
            if thread is None or review is None:
                return []
            return [(REVIEW, [review_row(thread.id, review)])]
        case e.SendNoted(send=send):
            row = (text(send.client_id), event.thread_id, send.state, encode(send))
            return [(SEND, [row])]
        case e.SendChanged(client_id=client_id, state=state, error=error):
            error = text(error) if error is not None else None
            return [(SEND_STATE, [(state, state, error, text(client_id))])]


def _asked(thread: Thread | None, review: Review | None) -> list[Statement]:
    if thread is None or review is None:
        return []
    row = review_row(thread.id, review)
    return [(IF_NONE, [thread_row(thread)]), (REVIEW_IF_NONE, [row])]


class SmallWrites:
    """What waits to be written: only the newest text of a draft or view key."""

    def __init__(self, window: str) -> None:
        self._window = window
        self._waiting: dict[tuple[str, ...], list[tuple[str, Row]]] = {}
        self._adopted: dict[str, set[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def adopt(self, drafts: Iterable[Draft]) -> None:
        for draft in drafts:
            self._adopted.setdefault(draft.key, set()).add(draft.window)

    def draft(self, key: str, words: str, now_ms: int) -> None:
        # The old window's row goes in the same transaction that replaces it.
        gone = [*self._adopted.get(key, ())]
        rows: list[tuple[str, Row]] = [
            (FORGET_DRAFT, (text(key), window)) for window in gone
        ]
        if words:
            rows.append((DRAFT, (text(key), self._window, text(words), now_ms)))
        else:
            rows.append((FORGET_DRAFT, (text(key), self._window)))
        self._waiting["draft", key] = rows

    def view_state(self, key: str, value: str, now_ms: int) -> None:
        self._waiting["view", key] = [(VIEW, (text(key), text(value), now_ms))]

    def note(self, event: e.ReviewSent | e.ReviewReopened, now_ms: int) -> None:
        """What became of a decision; that it left, when it did."""
        sql, at_ms = DECISION_REOPENED, now_ms
        if isinstance(event, e.ReviewSent):
            sql, at_ms = DECISION_SENT, event.at_ms
        where = (event.thread_id, text(event.key.epoch), request_id(event.key))
        name = ("decision", *where, sql)
        self._waiting[name] = [(sql, (at_ms, *where))]

    def dismissed(self, event: e.TerminalsDismissed, now_ms: int) -> None:
        """The user has seen how these ended."""
        for item_id in event.item_ids:
            key = (event.thread_id, text(item_id))
            self._waiting["terminal", *key] = [
                (TERMINAL_GONE, (now_ms, *key)),
                (FORGET_TAIL, key),
            ]

    def take(
        self,
    ) -> tuple[dict[tuple[str, ...], list[tuple[str, Row]]], list[Statement]]:
        """Everything that waits, and its statements in order."""
        taken, self._waiting = self._waiting, {}
        return taken, [(sql, [row]) for rows in taken.values() for sql, row in rows]

    def give_back(self, taken: dict[tuple[str, ...], list[tuple[str, Row]]]) -> None:
        """It was not written; what came since is newer."""
        self._waiting = {**taken, **self._waiting}


async def home_id(
    db: aiosqlite.Connection, codex_home: str, label: str, now_ms: int
) -> int:
    """The row of a home, made if need be."""
    sql = (
        "INSERT INTO home (codex_home, label, seen_ms) VALUES (?, ?, ?)"
        " ON CONFLICT (codex_home, label) DO UPDATE SET seen_ms = excluded.seen_ms"
        " RETURNING id"
    )
    async with db.execute(sql, (text(codex_home), text(label), now_ms)) as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def turn_places(db: aiosqlite.Connection, thread_id: str) -> dict[str, int]:
    """The place of each stored turn of a thread."""
    sql = "SELECT turn_id, place FROM turn WHERE thread_id = ?"
    async with db.execute(sql, (thread_id,)) as cursor:
        return {row[0]: row[1] async for row in cursor}


async def item_order(
    db: aiosqlite.Connection, thread_id: str, turn_id: str
) -> list[str]:
    """The ids of a stored turn's items, in order."""
    sql = "SELECT item_id FROM item WHERE thread_id = ? AND turn_id = ? ORDER BY place"
    async with db.execute(sql, (thread_id, turn_id)) as cursor:
        return [row[0] async for row in cursor]


OPEN_SENDS = tuple(s for s in SendState if s not in (SendState.SEEN, SendState.DROPPED))
