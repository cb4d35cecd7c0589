"""What the store holds of a tree's past: turns, waits, reviews, terminals, with times.

Owns the few queries the timeline needs. Does not read what was said: of the items only
those that tell of other agents, and the times of the rest. Blocking; call it in a
thread. Invariant: what is read equals what was written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from state.dataclass import replace
from state.db.codec import decode, decode_body, turn_facts
from state.db.history import snapshot
from state.db.reader import open_reader
from state.db.reviews import auto_reviews, reviews
from state.db.rows import Parts
from state.items import Item, ItemId, ItemStatus, ThreadId, TurnId
from state.model import Terminal, Thread, Turn, TurnStatus
from state.select.timeline import NO_PAST, Past, PastTerminal

_ITEM_STATUS = {str(s): s for s in ItemStatus}
_TURN_STATUS = {str(s): s for s in TurnStatus}
_KINDS = ("AgentActivity", "CollabCall", "UserMessage")
_CHUNK = 400
"""Threads asked about at once: SQLite takes so many values."""


def tree_past(path: Path, threads: Iterable[ThreadId]) -> Past:
    """The past of these threads. Raises sqlite3.Error, msgspec.DecodeError."""
    ids = list(dict.fromkeys(threads))
    if not ids or not path.exists():
        return NO_PAST
    found: dict[ThreadId, Thread] = {}
    terminals: list[PastTerminal] = []
    with closing(open_reader(path)) as db, snapshot(db):
        for at in range(0, len(ids), _CHUNK):
            some = ids[at : at + _CHUNK]
            found.update(_threads(db, some))
            terminals += _terminals(db, some)
    return Past(found, tuple(terminals))


def _marks(ids: Sequence[str]) -> str:
    return ", ".join("?" * len(ids))


def _threads(db: sqlite3.Connection, ids: Sequence[ThreadId]) -> dict[ThreadId, Thread]:
    where = f"WHERE thread_id IN ({_marks(ids)})"
    turns: dict[ThreadId, dict[TurnId, Turn]] = {}
    items = _items(db, where, ids)
    last = _last_times(db, where, ids)
    sql = f"SELECT thread_id, turn_id, status, body FROM turn {where} ORDER BY place"
    for thread_id, turn_id, status, body in db.execute(sql, ids):
        turn = Turn(
            turn_id,
            _TURN_STATUS.get(status, TurnStatus.UNKNOWN),
            items.get((thread_id, turn_id), {}),
            **turn_facts(body),
        )
        if turn.completed_ms is None and turn.status is not TurnStatus.IN_PROGRESS:
            # Nobody told when it ended: not before its last item did.
            turn = replace(turn, completed_ms=last.get((thread_id, turn_id)))
        turns.setdefault(thread_id, {})[turn_id] = turn
    parts = Parts()
    reviews(db, parts, where, ids)
    auto_reviews(db, parts, where, ids)
    return {
        one: Thread(
            one,
            turns=turns.get(one, {}),
            reviews=parts.reviews.get(one, {}),
            auto_reviews=parts.auto_reviews.get(one, {}),
        )
        for one in ids
    }


def _items(
    db: sqlite3.Connection, where: str, ids: Sequence[ThreadId]
) -> dict[tuple[str, str], dict[ItemId, Item]]:
    sql = (
        "SELECT thread_id, turn_id, item_id, kind, body, status, started_ms,"
        f" completed_ms FROM item {where} AND kind IN ({_marks(_KINDS)})"
        " ORDER BY place"
    )
    found: dict[tuple[str, str], dict[ItemId, Item]] = {}
    rows = db.execute(sql, (*ids, *_KINDS))
    for thread_id, turn_id, item_id, kind, body, status, started, completed in rows:
        state = _ITEM_STATUS.get(status, ItemStatus.CLOSED)
        item = Item(item_id, decode_body(kind, body), state, started, completed)
        found.setdefault((thread_id, turn_id), {})[item_id] = item
    return found


def _last_times(
    db: sqlite3.Connection, where: str, ids: Sequence[ThreadId]
) -> dict[tuple[str, str], int]:
    sql = (
        "SELECT thread_id, turn_id, max(coalesce(completed_ms, started_ms, 0))"
        f" FROM item {where} GROUP BY 1, 2"
    )
    return {(a, b): at for a, b, at in db.execute(sql, ids) if at}


def _terminals(db: sqlite3.Connection, ids: Sequence[ThreadId]) -> list[PastTerminal]:
    sql = (
        "SELECT t.thread_id, t.item_id, t.body, min(i.started_ms),"
        " coalesce(max(i.completed_ms), t.gone_ms)"
        " FROM terminal t LEFT JOIN item i USING (thread_id, item_id)"
        f" WHERE t.thread_id IN ({_marks(ids)}) GROUP BY t.thread_id, t.item_id"
        " ORDER BY t.rowid"
    )
    return [
        PastTerminal(thread_id, item_id, decode(Terminal, body).command, started, ended)
        for thread_id, item_id, body, started, ended in db.execute(sql, ids)
    ]
