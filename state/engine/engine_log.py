"""The engine's own log, `logs_2.sqlite` in its home, read for its sandbox's denials.

Owns when it is looked at, and which call a row belongs to. The engine writes rows in
batches, some ten seconds late; what one is worth is `state.permissions.noise`.
Invariants: the file is opened for reading only, without making or changing any file
beside it, for the moment of one query; only the home of a local engine; what cannot be
read is nothing, for it is no more than further evidence.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from state.dataclass import dataclass
from state.engine.link import Link
from state.events import (
    Event,
    ItemStarted,
    TokensUsed,
    TurnEnded,
    TurnsLoaded,
    TurnStarted,
    ViolationLogged,
)
from state.hidden import CELL, EndedCall
from state.items import ThreadId, TurnId
from state.permissions.noise import TARGET, Cell, Violation, read_row

NAME = "logs_2.sqlite"
LATE_SECONDS = 11.0
"""The engine writes what it holds every ten."""
ROWS = 500
TURNS = 20
"""Of a history that was loaded, the newest ones are looked up."""
STEPS = 4_000_000
"""Of SQLite's machine, for one query: a fraction of a second."""
CALLS = 256

_COLUMNS = "SELECT id, ts, ts_nanos, feedback_log_body FROM logs"
_NEWER = f"{_COLUMNS} WHERE id > ? AND target = ? ORDER BY id LIMIT ?"
_BETWEEN = (
    f"{_COLUMNS} WHERE ts BETWEEN ? AND ? AND target = ? AND feedback_log_body"
    " LIKE ? ORDER BY ts LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class _Call:
    """A cell as the rollout told it, without what it printed."""

    thread_id: ThreadId
    turn_id: TurnId
    cell: Cell
    ended_ms: int | None

    def holds(self, row: Violation) -> bool:
        started, ended = self.cell.started_ms, self.ended_ms
        return (
            (self.thread_id, self.turn_id) == (row.thread_id, row.turn_id)
            and started is not None
            and started <= row.at_ms
            and (ended is None or row.at_ms <= ended)
        )


class EngineLog:
    """The log of one connection's engine; `follow` is told every event."""

    def __init__(self, link: Link, *, late: float = LATE_SECONDS) -> None:
        self._link = link
        self._late = late
        self._path = Path(link.connection.info.codex_home or "/") / NAME
        self._cells: deque[_Call] = deque(maxlen=CALLS)
        self._last: int | None = None
        self._began_s: int | None = None
        self._waiting = False
        self._again = False

    def ended(self, thread_id: ThreadId, turn_id: TurnId, call: EndedCall) -> None:
        """A call that the rollout told of; before its rows are read."""
        if call.tool == CELL:
            cell = Cell(call.call_id, call.code, call.started_ms)
            self._cells.append(_Call(thread_id, turn_id, cell, call.ended_ms))

    def follow(self, event: Event) -> None:
        """Looks where a command may have been stopped, when the row may be there."""
        if not self._link.local:
            return
        match event:
            case TurnStarted() | ItemStarted() | TokensUsed() | TurnEnded():
                if self._began_s is None:
                    self._began_s = self._link.clock() // 1000 - 1
                self._again = True
                if not self._waiting:
                    self._waiting = True
                    self._link.spawn(self._look())
            case TurnsLoaded(thread_id=thread_id, turns=turns) if turns:
                spans = [
                    (turn.started_ms // 1000, (turn.completed_ms or 0) // 1000)
                    for turn in turns[-TURNS:]
                    if turn.started_ms is not None and turn.completed_ms is not None
                ]
                if spans:
                    self._link.spawn(self._history(thread_id, spans))
            case _:
                pass

    async def _look(self) -> None:
        """Until nothing happened for as long as the engine holds rows back."""
        try:
            while self._again:
                self._again = False
                await asyncio.sleep(self._late)
                self._tell(await asyncio.to_thread(self._news))
        finally:
            self._waiting = False

    async def _history(self, thread_id: ThreadId, spans: list[tuple[int, int]]) -> None:
        # The rollout's calls are read at the same time; give them the first word.
        await asyncio.sleep(min(self._late, 1.0))
        about = f"%{thread_id}%"
        queries = [(a, b + 1, TARGET, about, ROWS) for a, b in spans]
        rows = await asyncio.to_thread(_read, self._path, _BETWEEN, queries)
        self._tell([row for _, row in rows if row.thread_id == thread_id])

    def _news(self) -> list[Violation]:
        if self._last is None:
            span = (self._began_s, 1 << 40, TARGET, "%", ROWS)
            rows = _read(self._path, _BETWEEN, [span])
        else:
            rows = _read(self._path, _NEWER, [(self._last, TARGET, ROWS)])
        if rows:
            self._last = max(number for number, _ in rows)
        return [row for _, row in rows]

    def _tell(self, rows: list[Violation]) -> None:
        for row in rows:
            cell = next((c.cell for c in self._cells if c.holds(row)), None)
            thread_id, turn_id = ThreadId(row.thread_id), TurnId(row.turn_id)
            self._link.tell(ViolationLogged(thread_id, turn_id, row, cell))


def _read(
    path: Path, query: str, queries: Sequence[tuple[object, ...]]
) -> list[tuple[int, Violation]]:
    """(number, row) of what the queries find; [] for a log that cannot be read."""
    found: list[tuple[int, Violation]] = []
    with contextlib.suppress(sqlite3.Error, OSError, ValueError):
        for values in queries:
            found += _rows(path, query, values)
    return found


def _rows(
    path: Path, query: str, values: tuple[object, ...]
) -> Iterator[tuple[int, Violation]]:
    # Read-only alone would still make the files beside a log in WAL mode. Where there
    # is no `-wal`, no engine has it open, and the file is all there is.
    held = Path(f"{path}-wal").exists()
    uri = f"{path.as_uri()}?mode=ro&{'readonly_shm' if held else 'immutable'}=1"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=0.2)) as log:
        log.set_progress_handler(lambda: 1, STEPS)
        for number, seconds, nanos, body in log.execute(query, values).fetchall():
            at_ms = int(seconds) * 1000 + int(nanos) // 1_000_000
            row = read_row(body, at_ms) if isinstance(body, str) else None
            if row is not None:
                yield int(number), row
