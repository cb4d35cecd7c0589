"""The schema of the thread store, as named steps that are only ever appended.

Owns the tables. Each step and its record are one transaction, so a kill leaves a
file at a step and never between two. `user_version` counts the steps taken; a file
with a higher count belongs to a newer program and is refused by `check_version`,
which every write transaction calls, for another window may have migrated meanwhile.

The tables, in one breath: a `home` is a CODEX_HOME or a remote; a `thread` is a
UUIDv7 that may be seen in several homes (`thread_place`); a `turn` has a place in
its thread, an `item` in its turn (item ids repeat across turns, so the key is all
three). `item_text` is what search reads. `terminal_output` holds the growing output
of commands that still run. `decision` and `send` are written before anything leaves.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from state.db.errors import StoreNewer

Step = Callable[[sqlite3.Connection], None]
MIGRATIONS: list[tuple[str, Step]] = []


def migration(step: Step) -> Step:
    """Append a step; its function name is its record. Names never change."""
    name = step.__name__
    if any(name == known for known, _ in MIGRATIONS):
        raise ValueError(f"two migrations are called {name}")
    MIGRATIONS.append((name, step))
    return step


def version(db: sqlite3.Connection) -> int:
    """How many steps the file has taken."""
    row = db.execute("PRAGMA user_version").fetchone()
    return int(row[0])


def check_version(found: int, path: Path) -> None:
    """Raises StoreNewer when the file knows steps that we don't."""
    if found > len(MIGRATIONS):
        raise StoreNewer(path, found, len(MIGRATIONS))


def migrate(db: sqlite3.Connection, path: Path) -> list[str]:
    """Bring the file up to date; the names of the steps taken now.

    The connection is in autocommit mode. Raises StoreNewer and sqlite3.Error.
    """
    taken: list[str] = []
    while True:
        db.execute("BEGIN IMMEDIATE")
        try:
            at = version(db)
            check_version(at, path)
            if at == len(MIGRATIONS):
                db.execute("COMMIT")
                return taken
            name, step = MIGRATIONS[at]
            step(db)
            db.execute(
                "INSERT INTO migration (name, applied_ms) VALUES (?, ?)",
                (name, time.time_ns() // 1_000_000),
            )
            db.execute(f"PRAGMA user_version = {at + 1}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        taken.append(name)


def _run(db: sqlite3.Connection, script: str) -> None:
    # executescript would commit the open transaction first.
    for statement in script.split(";\n\n"):
        if statement.strip():
            db.execute(statement)


_THREADS = """
CREATE TABLE migration (name TEXT PRIMARY KEY, applied_ms INTEGER NOT NULL);

CREATE TABLE home (
    id INTEGER PRIMARY KEY,
    codex_home TEXT NOT NULL,
    label TEXT NOT NULL DEFAULT '',
    installation TEXT,
    seen_ms INTEGER NOT NULL,
    UNIQUE (codex_home, label)
);

CREATE TABLE thread (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT, preview TEXT NOT NULL, cwd TEXT NOT NULL, source TEXT NOT NULL,
    originator TEXT, thread_source TEXT, model TEXT, model_provider TEXT, effort TEXT,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
    archived INTEGER NOT NULL, deleted INTEGER NOT NULL, ephemeral INTEGER NOT NULL,
    status TEXT NOT NULL, flags TEXT NOT NULL, path TEXT, parent_id TEXT,
    session_id TEXT, agent_path TEXT, nickname TEXT, role TEXT, forked_from TEXT,
    direct_input INTEGER, branch TEXT, unread INTEGER NOT NULL, read_revision TEXT,
    active_turn TEXT, history TEXT NOT NULL, agent_status TEXT, origin TEXT NOT NULL,
    seen_ms INTEGER NOT NULL, extra TEXT
);

CREATE INDEX thread_listed ON thread (archived, status, updated_ms)
    WHERE parent_id IS NULL AND deleted = 0
    AND (preview != '' OR name IS NOT NULL OR status IN ('active', 'idle'));

CREATE INDEX thread_active ON thread (id, active_turn)
    WHERE status = 'active' OR active_turn IS NOT NULL;

CREATE INDEX thread_parent ON thread (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE thread_place (
    thread_id TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    home_id INTEGER NOT NULL REFERENCES home (id) ON DELETE CASCADE,
    path TEXT,
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (thread_id, home_id)
) WITHOUT ROWID
"""


@migration
def m001_threads(db: sqlite3.Connection) -> None:
    """Where threads are and what the list shows. `extra`: JSON of the other facts."""
    _run(db, _THREADS)


_HISTORY = """
CREATE TABLE turn (
    thread_id TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    turn_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    status TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (thread_id, turn_id)
) WITHOUT ROWID;

CREATE TABLE item (
    row INTEGER PRIMARY KEY,
    thread_id TEXT NOT NULL,
    turn_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    started_ms INTEGER,
    completed_ms INTEGER,
    synthetic INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (thread_id, turn_id, item_id),
    FOREIGN KEY (thread_id, turn_id) REFERENCES turn ON DELETE CASCADE
);

CREATE VIRTUAL TABLE item_text USING fts5 (text, tokenize = 'unicode61');

CREATE TRIGGER item_forgotten AFTER DELETE ON item BEGIN
    DELETE FROM item_text WHERE rowid = old.row;
    DELETE FROM terminal_output WHERE item_row = old.row;
END;

CREATE TABLE terminal_output (
    row INTEGER PRIMARY KEY,
    item_row INTEGER NOT NULL,
    chunk TEXT NOT NULL
);

CREATE INDEX terminal_output_item ON terminal_output (item_row)
"""


@migration
def m002_history(db: sqlite3.Connection) -> None:
    """Turns, items, their searchable text, and output that still grows."""
    _run(db, _HISTORY)


_FORGOTTEN = """
CREATE TABLE review (
    thread_id TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    epoch TEXT NOT NULL,
    request_id TEXT NOT NULL,
    state TEXT NOT NULL,
    asked_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (thread_id, epoch, request_id)
);

CREATE INDEX review_open ON review (state)
    WHERE state IN ('pending', 'decided', 'sent');

CREATE TABLE decision (
    row INTEGER PRIMARY KEY,
    thread_id TEXT NOT NULL,
    epoch TEXT NOT NULL,
    request_id TEXT NOT NULL,
    connection INTEGER NOT NULL,
    params_hash TEXT NOT NULL,
    body TEXT NOT NULL,
    decided_ms INTEGER NOT NULL,
    sent_ms INTEGER,
    reopened_ms INTEGER
);

CREATE INDEX decision_of ON decision (thread_id, epoch, request_id);

CREATE TABLE auto_review (
    thread_id TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (thread_id, id)
);

CREATE TABLE terminal (
    thread_id TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    item_id TEXT NOT NULL,
    body TEXT NOT NULL,
    gone_ms INTEGER,
    PRIMARY KEY (thread_id, item_id)
);

CREATE TABLE hook_run (
    thread_id TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    run_id TEXT NOT NULL,
    turn_id TEXT,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (thread_id, run_id)
);

CREATE TABLE settings_change (
    row INTEGER PRIMARY KEY,
    thread_id TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL
);

CREATE INDEX settings_change_of ON settings_change (thread_id);

CREATE TABLE send (
    row INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL UNIQUE,
    thread_id TEXT NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL
);

CREATE INDEX send_open ON send (thread_id) WHERE state != 'seen';

CREATE TABLE draft (
    key TEXT NOT NULL,
    window TEXT NOT NULL,
    text TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (key, window)
) WITHOUT ROWID;

CREATE TABLE view_state (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE import_state (
    path TEXT PRIMARY KEY,
    thread_id TEXT,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) WITHOUT ROWID
"""


@migration
def m003_what_the_engine_forgets(db: sqlite3.Connection) -> None:
    """Reviews, decisions, terminals, hooks, settings, and what the user typed."""
    _run(db, _FORGOTTEN)


_TERMINAL_TAIL = """
CREATE TABLE terminal_tail (
    row INTEGER PRIMARY KEY,
    thread_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    chunk TEXT NOT NULL
);

CREATE INDEX terminal_tail_of ON terminal_tail (thread_id, item_id, at);

CREATE TRIGGER terminal_forgotten AFTER DELETE ON terminal BEGIN
    DELETE FROM terminal_tail
    WHERE thread_id = old.thread_id AND item_id = old.item_id;
END;

CREATE INDEX terminal_kept ON terminal (thread_id) WHERE gone_ms IS NULL
"""


@migration
def m004_terminal_tail(db: sqlite3.Connection) -> None:
    """The end of each terminal's output, in chunks; `at`: where a chunk ends, counted
    from the output's beginning. A terminal without `gone_ms` runs, or ended and was
    not dismissed."""
    _run(db, _TERMINAL_TAIL)
