"""What the store on disk has of the ledger, read beside the screen, and its export.

Owns the reading, the file that is written, and the words for what fails. Does not own
the list (`tui.screens.ledger`). Invariant: an export holds everything that matches,
also what was too old to be listed.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

from state.db.ledger import older, read_ledger
from state.items import ThreadId
from state.ledger import LedgerEntry
from state.ledger_export import chosen, exported
from state.model import World
from state.select import ledger as words
from state.text import clean
from state.tree import Forest


def kept(path: Path) -> tuple[tuple[LedgerEntry, ...], int]:
    """The newest entries, and how many are older. Raises sqlite3.Error."""
    return read_ledger(path), older(path)


class Listed(NamedTuple):
    """What the screen shows. `scope`: the threads it is about; None: all."""

    entries: tuple[LedgerEntry, ...]
    world: World
    forest: Forest
    ask: words.LedgerAsk
    scope: frozenset[ThreadId] | None


def export(path: Path | None, listed: Listed, folder: Path) -> str:
    """Write it as JSON into a new file of `folder` that only the user can read.
    Blocking. Returns what came of it, as a sentence."""
    entries, world, forest, ask, scope = listed
    try:
        if ask.older and path is not None:
            known = {f"{e.thread_id}/{e.id}": e for e in entries}
            entries = words.merged(read_ledger(path, whole=True), known)
        names = words.names_of(entries, world, forest)
        found = chosen(entries, ask.show, ask.words, scope, names)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        file = folder / f"codex-reviews-{stamp}.json"
        _write_private(file, exported(found, names))
    except sqlite3.Error as error:
        return f"Not exported: the thread store could not be read: {error}"
    except OSError as error:
        why = error.strerror or str(error)
        return (
            f"Not exported, {clean(str(folder))}: {why}. "
            "`codex-tui reviews --all --json` prints the same."
        )
    return f"{len(found)} exported to {clean(str(file))}"


def _write_private(path: Path, text: str) -> None:
    """A new file for this user alone. Raises OSError, also when it exists."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
