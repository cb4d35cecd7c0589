"""The ledger on the command line: what was asked and decided before.

Owns reading it for `codex-tui reviews --all`, and its lines and rows. Does not own
entries (`state.ledger`) nor their words (`state.select.ledger`). Invariants: what
waits now is not among them; no control character of what is told reaches the output.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from state.dataclass import dataclass, replace
from state.db.errors import named
from state.db.history import load_world
from state.db.ledger import read_ledger
from state.home import store_path
from state.ledger import LedgerEntry, Outcome
from state.ledger_export import Show, chosen, rows_of
from state.model import World
from state.select.ledger import (
    Names,
    how,
    live_entries,
    merged,
    moment,
    names_of,
    what_words,
)
from state.text import clean
from state.tree import Forest
from state.words import duration
from tui.place import Place

LINES = 200
"""So many are printed for a reader; scripts get all"""
LAST_HEARD = "waited when last heard of"


@dataclass(frozen=True, slots=True)
class Past:
    """Newest first."""

    entries: tuple[LedgerEntry, ...] = ()
    names: Names | None = None


def stored(place: Place) -> Past:
    """All that our store has. Raises StoreError."""
    path = store_path(place.home)
    try:
        entries = read_ledger(path, whole=True)
        world = World(threads=load_world(path))
    except (sqlite3.Error, OSError, ValueError) as error:
        raise named(error, path) from error
    forest = Forest()
    forest.update(world.threads, world.threads)
    names = names_of(entries, world, forest)
    return Past(tuple(chosen(entries, Show.ALL)), names)


def past(kept: Past, now: World) -> Past:
    """Without what waits now, as the engine tells; with what it told of the rest."""
    live = live_entries(now.threads.values())
    waiting = {key for key, one in live.items() if one.outcome is Outcome.WAITING}
    known = [one for one in kept.entries if f"{one.thread_id}/{one.id}" not in waiting]
    heard = {key: live[key] for key in live.keys() - waiting}
    forest = Forest()
    forest.update(now.threads, now.threads)
    entries = merged(known, heard)
    names = {**names_of(entries, now, forest), **(kept.names or {})}
    return Past(tuple(chosen(entries, Show.ALL)), names)


def lines(kept: Past) -> list[str]:
    """For a reader."""
    found = [_line(entry, kept.names or {}) for entry in kept.entries[:LINES]]
    more = len(kept.entries) - len(found)
    return [*found, f"  {more} older ones: --json has all"] if more else found


def _line(entry: LedgerEntry, names: Names) -> str:
    title, agent = names.get(entry.thread_id, ("", ""))
    waited = "" if entry.waited_ms is None else f" · {duration(entry.waited_ms)}"
    said = f"{_how(entry)}{waited}"
    who = " · ".join(filter(None, (agent, title)))
    when = moment(entry.at.asked) if entry.at.asked else ""
    what = what_words(entry)
    parts = (when, entry.kind, what, f"[{said}]", who)
    return "  " + clean("  ".join(filter(None, parts)))


def _how(entry: LedgerEntry) -> str:
    return LAST_HEARD if entry.outcome is Outcome.WAITING else how(entry)


def rows(kept: Past) -> list[dict[str, Any]]:
    """For scripts: no `id`, for there is nothing to answer any more."""
    entries = [
        replace(one, outcome=Outcome.UNKNOWN, who="unseen")
        if one.outcome is Outcome.WAITING
        else one
        for one in kept.entries
    ]
    return [
        {**row, "id": None, "entry": row["id"]}
        for row in rows_of(entries, kept.names or {})
    ]
