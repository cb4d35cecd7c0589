"""The first frame: the top of the thread list, found without reading the rest.

Owns one question to the store. The full world follows in the background
(`state.db.history.load_world`) and replaces what this returned.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import field
from pathlib import Path

from state.dataclass import dataclass
from state.db import history, rows
from state.db.reader import open_reader
from state.db.reviews import OPEN_REVIEWS, reviews
from state.db.rows import Parts
from state.items import ThreadId
from state.model import Thread

# Word for word the condition of the index thread_listed.
_LISTED = (
    "parent_id IS NULL AND deleted = 0"
    " AND (preview != '' OR name IS NOT NULL OR status IN ('active', 'idle'))"
)
_READY = "status IN ('idle', 'systemError')"
_RESTING = "status NOT IN ('idle', 'systemError', 'active')"


@dataclass(frozen=True, slots=True)
class Recent:
    """How many root threads stand in each group of the list, and the threads that
    the first rows are made of, in first-seen order."""

    needs: int = 0
    working: int = 0
    ready: int = 0
    not_loaded: int = 0
    archived: int = 0
    threads: dict[ThreadId, Thread] = field(default_factory=dict)


def recent_rows(path: Path, limit: int, codex_home: str | None = None) -> Recent:
    """The first `limit` rows of the list: who needs somebody and who worked, with
    their agents, then the latest of the ready and of the unloaded ones.

    Statuses are the last known ones. Raises sqlite3.Error.
    """
    if not path.exists():
        return Recent()
    with closing(open_reader(path)) as db, history.snapshot(db):
        return _recent(db, limit, codex_home)


def undelivered_threads(path: Path, codex_home: str | None = None) -> int:
    """How many threads have work that stands on no remote, as last looked at; the
    archived ones, too: their work is no less lost. Raises sqlite3.Error."""
    if not path.exists():
        return 0
    with closing(open_reader(path)) as db:
        home, values = history.of_home(db, codex_home)
        sql = (
            f"SELECT count(*) FROM thread WHERE deleted = 0 AND {home}"
            " AND extra IS NOT NULL AND json_array_length(extra, '$.undelivered') > 0"
        )
        return int(db.execute(sql, values).fetchone()[0])


def _recent(db: sqlite3.Connection, limit: int, codex_home: str | None) -> Recent:
    home, values = history.of_home(db, codex_home)
    asking = _ids(db, "SELECT DISTINCT thread_id FROM review WHERE state = 'pending'")
    busy = _ids(db, "SELECT id FROM thread WHERE status = 'active'")
    needing = _in_list(db, _roots(db, asking))
    working = _in_list(db, _roots(db, busy)) - needing
    counts = {"archived": 0, "ready": 0, "not_loaded": 0}
    where = f"{_LISTED} AND {home}"
    sql = f"SELECT archived, status, count(*) FROM thread WHERE {where} GROUP BY 1, 2"
    for archived, status, count in db.execute(sql, values):
        ready = status in ("idle", "systemError")
        counts["archived" if archived else "ready" if ready else "not_loaded"] += count
    for one in needing | working:
        status = db.execute("SELECT status FROM thread WHERE id = ?", (one,))
        ready = status.fetchone()[0] in ("idle", "systemError")
        counts["ready" if ready else "not_loaded"] -= 1
    shown = needing | working | _family(db, needing | working)
    room = max(limit - len(needing) - len(working), 0)
    for group in (_READY, _RESTING):
        sql = (
            f"SELECT id FROM thread WHERE {where} AND archived = 0 AND {group}"
            " ORDER BY updated_ms DESC LIMIT ?"
        )
        top = _ids(db, sql, (*values, room + len(needing) + len(working)))
        fresh = [one for one in top if one not in shown][:room]
        room -= len(fresh)
        shown.update(fresh)
    return Recent(len(needing), len(working), **counts, threads=_read(db, shown))


def _read(db: sqlite3.Connection, ids: set[str]) -> dict[ThreadId, Thread]:
    parts = Parts()
    reviews(db, parts, OPEN_REVIEWS, ())
    history.active_turns(db, parts, ids)
    marks = ", ".join("?" * len(ids))
    sql = f"{rows.SELECT} WHERE id IN ({marks}) ORDER BY row"
    return rows.threads(db.execute(sql, tuple(ids)), parts)


def _ids(
    db: sqlite3.Connection, sql: str, values: tuple[object, ...] = ()
) -> list[str]:
    return [row[0] for row in db.execute(sql, values)]


def _roots(db: sqlite3.Connection, ids: Iterable[str]) -> set[str]:
    """The root of each thread. Parents come from outside: a cycle ends the walk."""
    found = set()
    for one in ids:
        seen = {one}
        at = one
        while True:
            row = db.execute("SELECT parent_id FROM thread WHERE id = ?", (at,))
            parent = (row.fetchone() or (None,))[0]
            if parent is None or parent in seen:
                break
            seen.add(parent)
            at = parent
        found.add(at)
    return found


def _in_list(db: sqlite3.Connection, ids: set[str]) -> set[str]:
    sql = f"SELECT id FROM thread WHERE id = ? AND archived = 0 AND {_LISTED}"
    return {one for one in ids if db.execute(sql, (one,)).fetchone()}


def _family(db: sqlite3.Connection, roots: set[str]) -> set[str]:
    """All agents below these threads."""
    found: set[str] = set()
    level = list(roots)
    while level:
        below: list[str] = []
        for one in level:
            below += _ids(db, "SELECT id FROM thread WHERE parent_id = ?", (one,))
        level = [one for one in below if one not in found and one not in roots]
        found.update(level)
    return found
