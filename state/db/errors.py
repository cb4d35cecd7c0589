"""What can go wrong with the thread store.

    StoreError
    ├── StoreNewer      written by a newer program; refused, untouched
    ├── StoreCorrupt    not a database, or a damaged one; moved aside at the next start
    ├── StoreReadOnly   the folder or the file cannot be written
    ├── StoreFull       no space left
    └── StoreBusy       another window holds the file for too long

Owns the sentences a user reads: what is the matter, what to do, where; in this order,
as the end is what a narrow screen leaves out.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path


class StoreError(Exception):
    """`sentence` is for the status bar."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class StoreNewer(StoreError):
    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            "A newer codex-tui wrote the thread store; update codex-tui, or set"
            " CODEX_TUI_HOME to another folder. It is left untouched:"
            f" {path} (schema {found}, this one knows {known})."
        )


class StoreCorrupt(StoreError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            "The thread store is damaged; restart codex-tui, and it is moved aside and"
            f" a new one begun. It is {path}."
        )


class StoreReadOnly(StoreError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            "The thread store cannot be written, nothing is being saved; make its"
            f" folder writable, or set CODEX_TUI_HOME to another one. It is {path}."
        )


class StoreFull(StoreError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            "No space left for the thread store, nothing is being saved; free some"
            f" space, then it goes on. It is {path}."
        )


class StoreBusy(StoreError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            "Another program holds the thread store, nothing is being saved; it is"
            f" tried again by itself. It is {path}."
        )


def named(error: Exception, path: Path) -> StoreError:
    """The store error behind an error of SQLite or the file system."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return StoreFull(path)
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return StoreReadOnly(path)
        return StoreError(f"The thread store {path}: {error}.")
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    match primary:
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StoreReadOnly(path)
        case sqlite3.SQLITE_FULL:
            return StoreFull(path)
        case sqlite3.SQLITE_IOERR if code == sqlite3.SQLITE_IOERR_WRITE:
            # What a quota or a file size limit looks like from inside.
            return StoreFull(path)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreCorrupt(path)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(path)
    return StoreError(f"The thread store {path}: {error}.")
