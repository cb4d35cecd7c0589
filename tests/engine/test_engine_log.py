"""The engine's log is looked at without a trace, and whatever is in it.

The tables are as 0.163 and 0.169 make them; that the engines write such rows is shown
by `test_hidden_commands`.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from state.engine.engine_log import NAME, EngineLog
from state.engine.link import Link
from state.events import Event, TurnEnded, TurnsLoaded, TurnStarted, ViolationLogged
from state.hidden import EndedCall
from state.items import ThreadId, TurnId
from state.model import Turn, TurnStatus
from state.permissions.noise import TARGET

T, U = ThreadId("t"), TurnId("u")
TABLE = """CREATE TABLE logs (id INTEGER PRIMARY KEY AUTOINCREMENT, ts INTEGER NOT NULL,
 ts_nanos INTEGER NOT NULL, level TEXT NOT NULL, target TEXT NOT NULL,
 feedback_log_body TEXT, thread_id TEXT);
 CREATE INDEX idx_logs_ts ON logs(ts DESC, ts_nanos DESC, id DESC);"""
NOW_S = 1_000_000


def row(call_id: str, thread: str = T) -> str:
    return (
        f'unified_exec.exec_command{{conversation.id={thread} turn_id="{U}" '
        f'call_id="{call_id}" mode="resumable"}}: recorded sandbox violation: '
        "resource=filesystem backend=linux_sandbox reason=permission_denied path=/x"
    )


class Log:
    """A log that an engine holds open, in WAL mode."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.db = sqlite3.connect(home / NAME, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.executescript(TABLE)

    def write(self, body: str, at: int = NOW_S, target: str = TARGET) -> None:
        self.db.execute(
            "INSERT INTO logs(ts, ts_nanos, level, target, feedback_log_body)"
            " VALUES (?, 500000000, 'WARN', ?, ?)",
            (at, target, body),
        )


class FakeLink:
    """What an `EngineLog` asks of a link."""

    def __init__(self, home: Path, *, local: bool = True) -> None:
        self.local = local
        self.told: list[ViolationLogged] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.connection = SimpleNamespace(info=SimpleNamespace(codex_home=str(home)))

    def clock(self) -> int:
        return NOW_S * 1000

    def tell(self, *events: Event) -> None:
        self.told += cast(list[ViolationLogged], events)

    def spawn(self, work: Any) -> None:
        self.tasks.append(asyncio.ensure_future(work))


def told_after(link: FakeLink, *steps: Event | EndedCall) -> list[str]:
    """The calls that the log tells of, once all looks are done."""

    async def run() -> None:
        log = EngineLog(cast(Link, link), late=0)
        for step in steps:
            if isinstance(step, EndedCall):
                log.ended(T, U, step)
            else:
                log.follow(step)
                await asyncio.gather(*link.tasks)

    asyncio.run(run())
    return [event.row.call_id for event in link.told]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    yield made
    made.db.close()


BEGAN = TurnStarted(T, U)
ENDED = TurnEnded(T, U, TurnStatus.COMPLETED)


def test_new_rows_are_told_once(log: Log) -> None:
    log.write(row("before us"), NOW_S - 60)
    log.write("another", target="codex_core")
    log.write(row("one"))
    link = FakeLink(log.home)
    assert told_after(link, BEGAN, ENDED) == ["one"]
    [event] = link.told
    assert (event.row.at_ms, event.row.path) == (NOW_S * 1000 + 500, "/x")


def test_a_row_is_told_with_its_cell(log: Log) -> None:
    """By the time it happened: a command of a cell has an id of its own."""
    log.write(row("exec-1"))
    at = NOW_S * 1000
    cells = [
        EndedCall("a", "exec", "rollout", "", code="A", started_ms=at, ended_ms=at + 9),
        EndedCall("b", "exec", "rollout", "", code="B", started_ms=at + 10),
        EndedCall("c", "exec", "rollout", "", code="C", started_ms=at + 900),
    ]
    link = FakeLink(log.home)
    told_after(link, *cells, BEGAN)
    [event] = link.told
    assert event.cell is not None
    assert (event.cell.call_id, event.cell.code) == ("b", "B")


def test_rows_of_a_history_that_is_loaded(log: Log) -> None:
    long_ago = NOW_S - 500_000
    log.write(row("then"), long_ago + 2)
    log.write(row("of another", "t2") + f" {T}", long_ago + 2)
    log.write(row("too late"), long_ago + 20)
    turn = Turn(
        U,
        TurnStatus.COMPLETED,
        started_ms=long_ago * 1000,
        completed_ms=(long_ago + 5) * 1000,
    )
    assert told_after(FakeLink(log.home), TurnsLoaded(T, (turn,))) == ["then"]


def test_a_remote_engines_home_is_not_ours(log: Log) -> None:
    log.write(row("one"))
    assert told_after(FakeLink(log.home, local=False), BEGAN) == []


def seen(home: Path) -> dict[str, tuple[int, int, bytes]]:
    found = {}
    for entry in os.scandir(home):
        # A reader's mark lies in the shared memory: it is no content of anybody.
        data = b"" if entry.name.endswith("-shm") else Path(entry.path).read_bytes()
        found[entry.name] = (entry.stat().st_mtime_ns, entry.stat().st_ino, data)
    return found


def test_looking_leaves_no_trace_and_waits_for_nobody(log: Log) -> None:
    log.write(row("one"))
    log.db.execute("BEGIN EXCLUSIVE")
    log.db.execute("DELETE FROM logs")
    before = seen(log.home)
    assert told_after(FakeLink(log.home), BEGAN) == ["one"]
    assert seen(log.home) == before
    # Nor is the writer held up: its own end, and a checkpoint, go through.
    log.db.execute("COMMIT")
    assert log.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


@pytest.mark.parametrize("content", [None, b"", b"no database " * 999, "no table"])
def test_a_log_that_cannot_be_read_is_nothing(
    tmp_path: Path, content: bytes | str | None
) -> None:
    if isinstance(content, bytes):
        (tmp_path / NAME).write_bytes(content)
    elif content:
        other = sqlite3.connect(tmp_path / NAME)
        other.executescript("CREATE TABLE logs (id INTEGER PRIMARY KEY, ts TEXT)")
        other.close()
    before = seen(tmp_path)
    assert told_after(FakeLink(tmp_path), BEGAN, ENDED) == []
    assert seen(tmp_path) == before


def test_a_log_whose_engine_is_gone_gets_no_file_beside_it(log: Log) -> None:
    log.write(row("one"))
    killed = log.home / "killed"
    killed.mkdir()
    for name in (NAME, f"{NAME}-wal"):
        (killed / name).write_bytes((log.home / name).read_bytes())
    before = seen(killed)
    told_after(FakeLink(killed), BEGAN)
    assert seen(killed) == before
    log.db.close()
    (killed / NAME).unlink()
    (killed / f"{NAME}-wal").unlink()
    killed.rmdir()
    before = seen(log.home)
    assert list(before) == [NAME]
    assert told_after(FakeLink(log.home), BEGAN) == ["one"]
    assert seen(log.home) == before
