"""Opening the thread store for writing: one connection.

Owns the pragmas, the modes of the file and what happens to a file that cannot be
used. Does not own rows. Invariant: a file of a newer program is never written to,
and a damaged one is kept, beside the new one.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import struct
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from state.dataclass import dataclass
from state.db.errors import StoreCorrupt, StoreError, named
from state.db.migrations import MIGRATIONS, check_version, migrate, version
from state.db.reader import open_reader
from state.db.salvage import salvage
from state.home import private_file, private_folder

if TYPE_CHECKING:
    import aiosqlite

_MAGIC = b"SQLite format 3\x00"
_SIDE_FILES = ("-wal", "-shm")

PRAGMAS = (
    # Readers paint while the writer commits, and a commit is one append.
    "PRAGMA journal_mode = WAL",
    # A commit outlives a kill of this process; decisions ask for FULL (writer).
    "PRAGMA synchronous = NORMAL",
    # Deleting a thread deletes what hangs on it.
    "PRAGMA foreign_keys = ON",
    # Another window may hold the write lock for as long as one batch takes.
    "PRAGMA busy_timeout = 5000",
    # A reader that stays open must not let the log grow without end.
    "PRAGMA journal_size_limit = 16777216",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A store ready to be written. `notice`: what the user should know, if anything.

    `guard` is a shared lock that says "in use"; close it after the connection.
    """

    db: aiosqlite.Connection
    path: Path
    guard: int
    notice: str | None = None


async def open_store(path: Path) -> Opened:
    """Make or open the store and bring its schema up to date. Raises StoreError."""
    try:
        private_folder(path.parent)
        guard = _share(path)
    except OSError as error:
        raise named(error, path) from error
    # Imported here: the file is looked at before the first paint, and opened after it.
    import aiosqlite

    try:
        notice = _prepare(path, guard)
        db = await aiosqlite.connect(path, isolation_level=None)
        try:
            for pragma in PRAGMAS:
                await db.execute(pragma)
        except BaseException:
            await db.close()
            raise
    except BaseException as error:
        os.close(guard)
        if isinstance(error, (sqlite3.Error, OSError)):
            raise named(error, path) from error
        raise
    return Opened(db, path, guard, notice)


def bring_up_to_date(path: Path) -> None:
    """Let a file of an older program, or one whose making was cut short, take its
    steps before it is read. Costs one look at the first page where nothing is to do.

    Raises StoreError (a damaged file, too: it is for `open_store` to move aside).
    """
    if not path.exists():
        return
    try:
        found = _header_version(path)
        check_version(found, path)
        if found == len(MIGRATIONS):
            return
        guard = _share(path)
        try:
            _migrate(path)
        finally:
            os.close(guard)
    except (sqlite3.Error, OSError) as error:
        raise named(error, path) from error


def repair(path: Path) -> str | None:
    """Look through the whole file, and move it aside if it is damaged: what to tell
    the user then. Raises StoreError, also when another window has it open."""
    try:
        mark_suspect(path)
        guard = _share(path)
        try:
            return _prepare(path, guard)
        finally:
            os.close(guard)
    except (sqlite3.Error, OSError) as error:
        raise named(error, path) from error


def mark_suspect(path: Path) -> None:
    """Ask for a full check at the next start: a write found damage."""
    private_file(_beside(path, ".suspect"))


def _prepare(path: Path, guard: int) -> str | None:
    """Check, move aside if need be, create and migrate. Returns a notice."""
    check_version(_header_version(path), path)
    notice = None
    try:
        _migrate(path)
        if _beside(path, ".suspect").exists():
            _full_check(path)
    except (sqlite3.DatabaseError, StoreCorrupt) as error:
        if not isinstance(named(error, path), StoreCorrupt):
            raise
        aside = _move_aside(path, guard)
        _migrate(path)
        saved = _brought_back(salvage(aside, path))
        notice = (
            f"A damaged thread store was replaced: {saved}, threads come back from the"
            f" engine. The old one is kept as {aside.name}."
        )
    _beside(path, ".suspect").unlink(missing_ok=True)
    return notice


def _brought_back(words: int) -> str:
    if not words:
        return "no draft or message could be read from it"
    return (
        f"{words} {'draft or message' if words == 1 else 'drafts and messages'} saved"
    )


def _migrate(path: Path) -> None:
    if path.exists() and _beside(path, "-wal").exists():
        # Steps of a newer program may still be in the log only; a reader sees
        # them and, unlike a writer, does not copy them into the file.
        with closing(open_reader(path)) as db:
            check_version(version(db), path)
    private_file(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for pragma in PRAGMAS:
            db.execute(pragma)
        migrate(db, path)


def _full_check(path: Path) -> None:
    with closing(open_reader(path)) as db:
        row = db.execute("PRAGMA quick_check(1)").fetchone()
    if row[0] != "ok":
        raise StoreCorrupt(path)


def _header_version(path: Path) -> int:
    """The schema version in the file's first page, read without SQLite."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except FileNotFoundError:
        return 0
    if len(head) < 64 or not head.startswith(_MAGIC):
        return 0
    return int(struct.unpack(">I", head[60:64])[0])


def _move_aside(path: Path, guard: int) -> Path:
    """Rename the file and its log; refused while another window uses it."""
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreError(
            f"The thread store {path} is damaged and another codex-tui has it open."
            " Close that window and start again: the file will be moved aside."
        ) from error
    stamp = time.strftime("%Y-%m-%dT%H-%M-%S")
    aside = path.with_name(f"{path.stem}.damaged-{stamp}{path.suffix}")
    for suffix in _SIDE_FILES:
        if _beside(path, suffix).exists():
            _beside(path, suffix).rename(_beside(aside, suffix))
    path.rename(aside)
    fcntl.flock(guard, fcntl.LOCK_SH)
    return aside


def _share(path: Path) -> int:
    """Take the shared "in use" lock. Raises OSError."""
    fd = os.open(_beside(path, ".guard"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_SH)
    return fd


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


__all__ = ["Opened", "StoreError", "mark_suspect", "open_store"]
