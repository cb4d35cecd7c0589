"""A thread <-> its row, the part that must be fast for ten thousand of them.

Owns the column list of `thread`. Turns, reviews and the rest of a thread are rows of
their own (`state.db.plan` writes them, `state.db.history` reads them). Invariant:
every field of `Thread` is a column, a part of `extra`, or a table (a test says so).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

from state.db.codec import encode_extra, text, thread_extra
from state.items import Item, ItemId, ThreadId, TurnId
from state.model import (
    AutoReview,
    ClientId,
    HistoryState,
    Origin,
    Review,
    ReviewKey,
    Send,
    Terminal,
    Thread,
    ThreadStatus,
    Turn,
)

COLUMNS = (
    "id",
    "name",
    "preview",
    "cwd",
    "source",
    "originator",
    "thread_source",
    "model",
    "model_provider",
    "effort",
    "created_ms",
    "updated_ms",
    "archived",
    "deleted",
    "ephemeral",
    "status",
    "flags",
    "path",
    "parent_id",
    "session_id",
    "agent_path",
    "nickname",
    "role",
    "forked_from",
    "direct_input",
    "branch",
    "unread",
    "read_revision",
    "active_turn",
    "history",
    "agent_status",
    "origin",
    "seen_ms",
)
EXTRA = (
    "settings",
    "tokens",
    "notices",
    "queue",
    "told_ms",
    "spawn",
    "latest",
    "asked",
    "undelivered",
    "asking",
    "unloaded_ms",
)
TABLES = ("turns", "reviews", "auto_reviews", "terminals", "ended_terminals", "sends")
SELECT = f"SELECT {', '.join(COLUMNS)}, extra FROM thread"
UPSERT = (
    f"INSERT INTO thread ({', '.join(COLUMNS)}, extra)"
    f" VALUES ({', '.join('?' * (len(COLUMNS) + 1))}) ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(
        f"{name} = excluded.{name}"
        for name in (*COLUMNS[1:], "extra")
        if name != "history"
    )
    # A world that has read less of a thread than the store holds does not make the
    # store hold less.
    + ", history = CASE WHEN thread.history = 'complete' OR excluded.history = 'none'"
    " THEN thread.history ELSE excluded.history END"
)
IF_NONE = f"{UPSERT.partition(' DO UPDATE')[0]} DO NOTHING"
"""The row of a thread that the store has never heard of"""

_STATUS = {str(s): s for s in ThreadStatus}
_HISTORY = {str(s): s for s in HistoryState}
_ORIGIN = {str(s): s for s in Origin}
_MAYBE: dict[int | None, bool | None] = {None: None, 0: False, 1: True}
_NO_FLAGS: frozenset[str] = frozenset()


_written = attrgetter(*COLUMNS, *EXTRA)


def same_row(a: Thread, b: Thread) -> bool:
    """Whether both would be written as the same row (cheap: mostly identities)."""
    same: bool = _written(a) == _written(b)
    return same


def thread_row(thread: Thread) -> tuple[Any, ...]:
    """The values of `UPSERT`."""
    values: list[Any] = [getattr(thread, name) for name in COLUMNS]
    for at, value in enumerate(values):
        if isinstance(value, str):
            values[at] = text(str(value))
    values[COLUMNS.index("flags")] = text(" ".join(sorted(thread.flags)))
    extra = encode_extra(thread)
    return (*values, extra)


class Parts:
    """What hangs on threads, by thread id, while they are being read."""

    def __init__(self) -> None:
        self.turns: dict[str, dict[TurnId, Turn]] = {}
        self.reviews: dict[str, dict[ReviewKey, Review]] = {}
        self.auto_reviews: dict[str, dict[str, AutoReview]] = {}
        self.terminals: dict[str, dict[ItemId, Terminal]] = {}
        self.ended_terminals: dict[str, dict[ItemId, Terminal]] = {}
        self.sends: dict[str, dict[ClientId, Send]] = {}
        self.complete: set[str] = set()
        """threads of which every stored turn was read"""


def threads(
    rows: Iterable[sqlite3.Row | tuple[Any, ...]], parts: Parts
) -> dict[ThreadId, Thread]:
    """Threads in the order of the rows of `SELECT`."""
    return {row[0]: _thread(row, parts) for row in rows}


def _thread(r: sqlite3.Row | tuple[Any, ...], parts: Parts) -> Thread:
    # Positional on purpose: keywords double the cost, and this runs 10,000 times
    # before the first frame. `tests/store/test_rows.py` compares field by field.
    (
        id_, name, preview, cwd, source, originator, thread_source, model, provider,
        effort, created, updated, archived, deleted, ephemeral, status, flags, path,
        parent, session, agent_path, nickname, role, forked, direct, branch, unread,
        read_revision, active, history, agent_status, origin, seen, extra,
    ) = r  # fmt: skip
    more: Mapping[str, Any] = thread_extra(extra) if extra else {}
    turns = parts.turns.get(id_, {})
    notices: tuple[Item, ...] = more.get("notices", ())
    return Thread(
        id_, name, preview, cwd, source, originator, thread_source, model, provider,
        effort, created, updated, archived == 1, deleted == 1, ephemeral == 1,
        _STATUS.get(status, ThreadStatus.UNKNOWN),
        frozenset(flags.split(" ")) if flags else _NO_FLAGS,
        path, parent, session, agent_path, nickname, role, forked, _MAYBE[direct],
        branch, unread == 1, read_revision, more.get("settings"), more.get("tokens"),
        turns, active if active in turns else None, _held(history, id_, parts),
        parts.reviews.get(id_, {}), parts.auto_reviews.get(id_, {}),
        parts.terminals.get(id_, {}), parts.ended_terminals.get(id_, {}),
        parts.sends.get(id_, {}), agent_status, notices,
        _ORIGIN.get(origin, Origin.OURS), seen, more.get("queue", ()),
        more.get("told_ms", 0), more.get("spawn"), more.get("latest"),
        more.get("asked"), more.get("undelivered", ()), more.get("asking", ()),
        more.get("unloaded_ms", 0),
    )  # fmt: skip


def _held(history: str, thread_id: str, parts: Parts) -> HistoryState:
    """How much the world will hold: never more than what was read."""
    stored = _HISTORY.get(history, HistoryState.NONE)
    if thread_id in parts.complete:
        return stored
    return HistoryState.PARTIAL if parts.turns.get(thread_id) else HistoryState.NONE
