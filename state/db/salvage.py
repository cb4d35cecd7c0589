"""What a user typed and decided, taken out of a damaged store as far as it can be read.

Owns which tables are worth it: what the engine cannot tell again. Threads, turns and
items come back from the engine and its rollouts. Invariant: the damaged file is only
read, and a row that cannot be read costs no other table its rows.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

TABLES = ("draft", "send", "decision", "view_state")
_USERS_WORDS = ("draft", "send")


def salvage(damaged: Path, fresh: Path) -> int:
    """Copy what can be read; how many drafts and messages that were. Never raises for
    what is damaged."""
    words = 0
    with (
        contextlib.suppress(sqlite3.Error, OSError, ValueError),
        closing(_reading(damaged)) as old,
        closing(sqlite3.connect(fresh, isolation_level=None)) as new,
    ):
        new.execute("PRAGMA busy_timeout = 5000")
        for table in TABLES:
            columns = _columns(old, table) & _columns(new, table)
            if not columns:
                continue
            names = ", ".join(sorted(columns))
            marks = ", ".join("?" * len(columns))
            sql = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"
            count = 0
            new.execute("BEGIN IMMEDIATE")
            for row in _readable(old, f"SELECT {names} FROM {table}"):
                count += new.execute(sql, row).rowcount
            new.execute("COMMIT")
            words += count if table in _USERS_WORDS else 0
    return words


def _reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)


def _columns(db: sqlite3.Connection, table: str) -> set[str]:
    try:
        return {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
    except sqlite3.Error:
        return set()


def _readable(db: sqlite3.Connection, sql: str) -> Iterator[tuple[object, ...]]:
    """Rows up to the first that is damaged."""
    try:
        yield from db.execute(sql)
    except (sqlite3.Error, ValueError):
        return
