"""Stores to measure with: `make_store` writes a fleet through the product's writer.

Owns the rows of `tests.perf.fleets` as the store holds them; not the schema.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from state.db.writer import StoreWriter
from state.items import ThreadId
from state.model import Origin, Thread, ThreadStatus, World
from tests.perf import fleets


def make_store(
    path: Path,
    codex_home: Path,
    workspace: Path,
    count: int,
    *,
    opened: ThreadId | None = None,
) -> None:
    """A store at `path` with the `count` threads of the CODEX_HOME. `opened`: the
    thread that was open when the last window closed."""
    asyncio.run(_fill(path, codex_home, _threads(workspace, count), opened))


def _threads(workspace: Path, count: int) -> dict[ThreadId, Thread]:
    made = {}
    for number in range(count):
        own = ThreadId(fleets.thread_id(number))
        at_ms = int(fleets.at(number).timestamp() * 1000)
        made[own] = Thread(
            own,
            preview=fleets.title(number),
            cwd=str(workspace),
            source="cli",
            model_provider="bench",
            created_ms=at_ms,
            updated_ms=at_ms,
            status=ThreadStatus.NOT_LOADED,
            session_id=own,
            origin=Origin.ENGINE,
            seen_ms=at_ms,
        )
    return made


async def _fill(
    path: Path,
    codex_home: Path,
    threads: dict[ThreadId, Thread],
    opened: ThreadId | None,
) -> None:
    last_ms = max((thread.updated_ms for thread in threads.values()), default=0)
    writer = await StoreWriter.open(
        path,
        str(codex_home),
        on_event=lambda failed: print(failed),
        now_ms=lambda: last_ms,
    )
    writer.ingest = True
    writer.enqueue(World(threads=threads), threads, ())
    if opened is not None:
        writer.view_state("open", json.dumps(opened))
    written = await writer.flush() and await writer.close()
    if not written:
        raise RuntimeError(f"the store at {path} could not be filled")
