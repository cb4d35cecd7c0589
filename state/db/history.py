"""Reading the store: the world before any engine is there, one thread, a search.

Owns the queries, on short connections that cannot write. Blocking: called at the
start before anything is drawn, afterwards from a thread. Invariant: what is read
equals what was written, and a thread never claims more history than was read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from state.dataclass import dataclass, replace
from state.db import rows
from state.db.codec import decode_body, decoded, text, turn_facts
from state.db.reader import open_reader
from state.db.reviews import OPEN_REVIEWS, denials, recall, reviews
from state.db.rows import Parts
from state.db.terminals import terminals
from state.items import Command, Item, ItemId, ItemStatus, Text, ThreadId, TurnId
from state.model import ClientId, Send, SendState, Thread, Turn, TurnStatus
from state.terminals import apart
from state.text import clean

ITEM_STATUS = {str(s): s for s in ItemStatus}
_TURN_STATUS = {str(s): s for s in TurnStatus}


@dataclass(frozen=True, slots=True)
class Found:
    """A place where a search matched. `item_id` None: the thread's own name.

    `snippet` has its hits between U+0002 and U+0003.
    """

    thread_id: ThreadId
    turn_id: TurnId | None
    item_id: ItemId | None
    snippet: str


@dataclass(frozen=True, slots=True)
class Draft:
    """Text somebody typed and did not send. `window`: the one that wrote it."""

    key: str
    window: str
    text: str
    at_ms: int


def load_world(path: Path, codex_home: str | None = None) -> dict[ThreadId, Thread]:
    """Every thread (of one home) in first-seen order: rows, open reviews, the last
    denials, live terminals, open sends and the turn that ran last; no other turns.

    An empty store, or none, is an empty world. Raises sqlite3.Error.
    """
    if not path.exists():
        return {}
    with closing(open_reader(path)) as db, snapshot(db):
        parts = Parts()
        reviews(db, parts, OPEN_REVIEWS, ())
        denials(db, parts)
        small_parts(db, parts, "", ())
        active_turns(db, parts, None)
        where, values = of_home(db, codex_home)
        found = db.execute(f"{rows.SELECT} WHERE {where} ORDER BY row", values)
        return apart(rows.threads(found, parts))


def load_thread(
    path: Path, thread_id: ThreadId, turns: int | None = 10
) -> Thread | None:
    """A thread with its last `turns` turns and their reviews (None: all)."""
    with closing(open_reader(path)) as db, snapshot(db):
        parts = Parts()
        one = (thread_id,)
        held = _turns(db, thread_id, None, turns)
        parts.turns[thread_id] = held
        total = db.execute("SELECT count(*) FROM turn WHERE thread_id = ?", one)
        if len(held) == total.fetchone()[0]:
            parts.complete.add(thread_id)
        recall(db, parts, thread_id, None if turns is None else held)
        small_parts(db, parts, "AND thread_id = ?", one)
        found = db.execute(f"{rows.SELECT} WHERE id = ?", one)
        return rows.threads(found, parts).get(thread_id)


def read_turns(path: Path, thread_id: ThreadId, turns: Collection[TurnId]) -> Thread:
    """Of a thread only these turns, as far as they are stored, and their reviews."""
    with closing(open_reader(path)) as db, snapshot(db):
        parts = Parts()
        where = (
            "WHERE thread_id = ? AND turn_id IN (SELECT value FROM json_each(?))"
            " ORDER BY place DESC"
        )
        names = [text(one) for one in turns]
        held = _read_turns(db, where, (thread_id, json.dumps(names)))
        recall(db, parts, thread_id, names)
    return Thread(
        thread_id,
        turns=held,
        reviews=parts.reviews.get(thread_id, {}),
        auto_reviews=parts.auto_reviews.get(thread_id, {}),
    )


def older_turns(
    path: Path, thread_id: ThreadId, before: TurnId, limit: int = 10
) -> tuple[Turn, ...]:
    """The `limit` stored turns before `before`, ascending."""
    with closing(open_reader(path)) as db, snapshot(db):
        return tuple(_turns(db, thread_id, before, limit).values())


def search(path: Path, words: str, limit: int = 50) -> tuple[Found, ...]:
    """Threads called so, then messages, answers and commands that hold every word
    (prefixes count), best first. Any text is a valid search."""
    terms = clean(words).split()
    if not terms:
        return ()
    quoted = ['"' + term.replace('"', '""') + '"*' for term in terms]
    with closing(open_reader(path)) as db, snapshot(db):
        found = list(_named_threads(db, terms, limit))
        sql = (
            "SELECT i.thread_id, i.turn_id, i.item_id,"
            " snippet(item_text, 0, char(2), char(3), '…', 16)"
            " FROM item_text JOIN item i ON i.row = item_text.rowid"
            " WHERE item_text MATCH ? ORDER BY rank LIMIT ?"
        )
        hits = db.execute(sql, (" ".join(quoted), limit - len(found)))
        found.extend(Found(*row) for row in hits)
        return tuple(found)


def drafts(path: Path) -> tuple[Draft, ...]:
    """Every draft, newest first; two windows may have one each for a key."""
    return tuple(
        Draft(*row)
        for row in _all(
            path, "SELECT key, window, text, at_ms FROM draft ORDER BY at_ms DESC"
        )
    )


def view_state(path: Path) -> dict[str, str]:
    """The remembered choices of the screen, as JSON texts."""
    return dict(_all(path, "SELECT key, value FROM view_state"))


def settings_history(path: Path, thread_id: ThreadId) -> tuple[tuple[int, str], ...]:
    """(ms, settings as JSON) of each change, oldest first."""
    sql = "SELECT at_ms, body FROM settings_change WHERE thread_id = ? ORDER BY row"
    return tuple(_all(path, sql, (thread_id,)))


# -- parts -------------------------------------------------------------------------


class snapshot:
    """All queries inside see one and the same commit."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN")

    def __exit__(self, *_: object) -> None:
        self._db.execute("ROLLBACK")


def _all(path: Path, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    if not path.exists():
        return []
    with closing(open_reader(path)) as db:
        return db.execute(sql, values).fetchall()


def of_home(
    db: sqlite3.Connection, codex_home: str | None
) -> tuple[str, tuple[str, ...]]:
    """(condition, values) that a thread belongs to this home."""
    homes = db.execute("SELECT codex_home FROM home").fetchall()
    if codex_home is None or homes == [(codex_home,)]:
        return "1", ()
    where = (
        "id IN (SELECT thread_id FROM thread_place JOIN home ON home.id = home_id"
        " WHERE codex_home = ?)"
    )
    return where, (codex_home,)


def small_parts(
    db: sqlite3.Connection, parts: Parts, where: str, values: Sequence[Any]
) -> None:
    """Terminals that run or were not dismissed, and open sends."""
    terminals(db, parts, where, values)
    sql = f"SELECT thread_id, body FROM send WHERE state != 'seen' {where}"
    for thread_id, body in db.execute(f"{sql} ORDER BY row", values):
        send = decoded(Send, body)
        if send is not None:
            key: ClientId = send.client_id
            parts.sends.setdefault(thread_id, {})[key] = send


def held_sends(path: Path) -> dict[ClientId, tuple[ThreadId, Send]]:
    """Every message that is kept here and in no engine. Raises sqlite3.Error."""
    with closing(open_reader(path)) as db:
        sql = "SELECT thread_id, body FROM send WHERE state = ? ORDER BY row"
        rows = db.execute(sql, (SendState.HELD,)).fetchall()
    sends = [(ThreadId(thread_id), decoded(Send, body)) for thread_id, body in rows]
    return {send.client_id: (thread_id, send) for thread_id, send in sends if send}


def active_turns(
    db: sqlite3.Connection, parts: Parts, ids: Iterable[str] | None
) -> None:
    """The turns that ran when the store last heard of them (`ids` None: of all)."""
    sql = "SELECT id, active_turn FROM thread WHERE active_turn IS NOT NULL"
    wanted = None if ids is None else set(ids)
    for thread_id, turn_id in db.execute(sql).fetchall():
        if wanted is None or thread_id in wanted:
            where = "WHERE thread_id = ? AND turn_id = ?"
            parts.turns[thread_id] = _read_turns(db, where, (thread_id, turn_id))


def _turns(
    db: sqlite3.Connection, thread_id: str, before: str | None, limit: int | None
) -> dict[TurnId, Turn]:
    where = "WHERE thread_id = ?"
    values: list[Any] = [thread_id]
    if before is not None:
        where += " AND place < (SELECT place FROM turn WHERE thread_id = ?"
        where += " AND turn_id = ?)"
        values += [thread_id, before]
    values.append(-1 if limit is None else limit)
    return _read_turns(db, f"{where} ORDER BY place DESC LIMIT ?", values)


def _read_turns(
    db: sqlite3.Connection, where: str, values: Sequence[Any]
) -> dict[TurnId, Turn]:
    sql = f"SELECT thread_id, turn_id, status, body FROM turn {where}"
    turns: dict[TurnId, Turn] = {}
    for thread_id, turn_id, status, body in reversed(
        db.execute(sql, values).fetchall()
    ):
        turns[turn_id] = Turn(
            id=turn_id,
            status=_TURN_STATUS.get(status, TurnStatus.UNKNOWN),
            items=_items(db, thread_id, turn_id),
            **turn_facts(body),
        )
    return turns


def _items(db: sqlite3.Connection, thread_id: str, turn_id: str) -> dict[ItemId, Item]:
    sql = (
        "SELECT item_id, kind, body, status, started_ms, completed_ms, synthetic, row"
        " FROM item WHERE thread_id = ? AND turn_id = ? ORDER BY place"
    )
    items: dict[ItemId, Item] = {}
    for (
        item_id,
        kind,
        json_body,
        status,
        started,
        completed,
        synthetic,
        row,
    ) in db.execute(sql, (thread_id, turn_id)).fetchall():
        body = decode_body(kind, json_body)
        state = ITEM_STATUS.get(status, ItemStatus.CLOSED)
        if isinstance(body, Command) and state is ItemStatus.IN_PROGRESS:
            chunks = db.execute(
                "SELECT chunk FROM terminal_output WHERE item_row = ? ORDER BY row",
                (row,),
            )
            # One string: a rope's chunks double in size, these do not.
            body = replace(body, output=Text("".join(c for (c,) in chunks)))
        items[item_id] = Item(item_id, body, state, started, completed, synthetic == 1)
    return items


def _named_threads(
    db: sqlite3.Connection, terms: Sequence[str], limit: int
) -> Iterable[Found]:
    where = " AND ".join(
        "instr(lower(coalesce(name, '') || ' ' || preview), ?)" for _ in terms
    )
    sql = (
        f"SELECT id, coalesce(name, preview) FROM thread WHERE {where}"
        " AND NOT deleted ORDER BY updated_ms DESC LIMIT ?"
    )
    values = [*(term.lower() for term in terms), max(limit // 2, 1)]
    for thread_id, title in db.execute(sql, values):
        yield Found(thread_id, None, None, title)
