"""`codex-tui status`: who needs somebody and what works, in one line, quickly.

Owns the words and the exit code. Asks a running engine, starts none, and falls back
to the store's rows, said to be old. Invariant: names and contents never appear, only
counts. Loads no Textual.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import sys

from state.attention import counts
from state.dataclass import dataclass
from state.db.errors import StoreError
from state.db.recent import recent_rows
from state.engine.control import status
from state.engine.errors import EngineError
from state.home import store_path
from tui.options import visit_options
from tui.place import Place

SECONDS = 2.0
WAITS = frozenset({"waitingOnApproval", "waitingOnUserInput"})


@dataclass(frozen=True, slots=True)
class Counts:
    """`live`: an engine said so just now; None: no engine runs."""

    needs: int
    working: int
    live: bool | None


def status_command(args: argparse.Namespace) -> int:
    """0; 3 when no engine runs, 4 when neither engine nor store can be read."""
    place = Place.from_environment()
    found = asyncio.run(_running(place))
    if found is None:
        found = _stored(place)
    if found is None:
        print("The thread store cannot be read.", file=sys.stderr)
        return 4
    if args.json:
        body = {"needs": found.needs, "working": found.working, "live": found.live}
        print(json.dumps(body))
    else:
        print(words(found, short=args.short))
    return 3 if found.live is None else 0


def words(found: Counts, *, short: bool) -> str:
    """One line. Old counts begin with `~`, or say so."""
    if found.live is None:
        return "" if short else "No engine is running."
    said = counts(found.needs, found.working, words=not short)
    if short:
        return said if found.live or not said else f"~{said}"
    said = said or "Nothing needs you and nothing works"
    return f"{said}." if found.live else f"{said}, as last known."


async def _running(place: Place) -> Counts | None:
    """What a running engine says; None: it does not answer in time."""
    try:
        async with asyncio.timeout(SECONDS):
            engine = await status(place.codex_home, visit_options(place))
    except (EngineError, OSError, TimeoutError):
        return None
    if not engine.running:
        return Counts(0, 0, None)
    needs = sum(bool(WAITS.intersection(t.flags)) for t in engine.threads)
    busy = sum(
        t.turn_id is not None and not WAITS.intersection(t.flags)
        for t in engine.threads
    )
    return Counts(needs, busy, live=True)


def _stored(place: Place) -> Counts | None:
    try:
        rows = recent_rows(store_path(place.home), 0, str(place.codex_home))
    except (sqlite3.Error, StoreError, OSError, ValueError):
        return None
    return Counts(rows.needs, rows.working, live=False)
