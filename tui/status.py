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
from state.dataclass import dataclass, replace
from state.db.errors import StoreError
from state.db.recent import recent_rows, undelivered_threads
from state.engine.control import status
from state.engine.errors import EngineError
from state.home import store_path
from tui.options import visit_options
from tui.place import Place

SECONDS = 2.0
WAITS = frozenset({"waitingOnApproval", "waitingOnUserInput"})


@dataclass(frozen=True, slots=True)
class Counts:
    """`live`: an engine said so just now; None: no engine runs. `undelivered`: threads
    with work on no remote, as the store has it."""

    needs: int
    working: int
    live: bool | None
    undelivered: int = 0


def status_command(args: argparse.Namespace) -> int:
    """0; 3 when no engine runs, 4 when neither engine nor store can be read."""
    place = Place.from_environment()
    found = asyncio.run(_running(place))
    if found is None:
        found = _stored(place)
    if found is None:
        print("The thread store cannot be read.", file=sys.stderr)
        return 4
    found = replace(found, undelivered=_undelivered(place))
    if args.json:
        body = {
            "needs": found.needs,
            "working": found.working,
            "live": found.live,
            "undelivered": found.undelivered,
        }
        print(json.dumps(body))
    else:
        print(words(found, short=args.short))
    return 3 if found.live is None else 0


def words(found: Counts, *, short: bool) -> str:
    """One line. Old counts begin with `~`, or say so."""
    stray = found.undelivered
    if short:
        said = "" if found.live is None else counts(found.needs, found.working)
        said = f"~{said}" if said and not found.live else said
        return f"{said} ↑{stray}".strip() if stray else said
    left = f" {stray} with work not delivered: /push." if stray else ""
    if found.live is None:
        return f"No engine is running.{left}"
    said = counts(found.needs, found.working, words=True)
    said = said or "Nothing needs you and nothing works"
    return f"{said}{'' if found.live else ', as last known'}.{left}"


def _undelivered(place: Place) -> int:
    try:
        return undelivered_threads(store_path(place.home), str(place.codex_home))
    except (sqlite3.Error, StoreError, OSError, ValueError):
        return 0


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
