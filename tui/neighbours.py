"""What other windows on the same store did with kept messages, seen without a restart.

Windows share the file, not their worlds. Held messages live in no engine, so nobody
else would tell. Owns when to look (the log of the file changed) and what to make of
it. Invariant: what the file says counts only when it says so twice in a row: this
window's own write may be on its way to it.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from state import events as e
from state.db.history import held_sends
from state.items import ThreadId
from state.model import ClientId, Send, SendState, World

POLL_SECONDS = 2.0
Held = dict[ClientId, tuple[ThreadId, Send]]


class Neighbours:
    """Runs in the bridge until it is cancelled."""

    def __init__(
        self,
        path: Path,
        world: Callable[[], World],
        offer: Callable[[e.Event], None],
    ) -> None:
        self._log = path.with_name(path.name + "-wal")
        self._path = path
        self._world = world
        self._offer = offer
        self._seen: tuple[int, int] | None = None
        self._before: frozenset[e.Event] = frozenset()

    async def run(self) -> None:
        """Look now and then; costs one `stat` while nobody writes."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            mark = self._mark()
            if mark == self._seen and not self._before:
                continue
            try:
                found = await asyncio.to_thread(held_sends, self._path)
            except (sqlite3.Error, OSError, ValueError):
                continue  # The writer says what is wrong with the file.
            self._seen = mark
            news = frozenset(differences(self._world(), found))
            for event in news & self._before:
                self._offer(event)
            self._before = news - self._before

    def _mark(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._log)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size


def differences(
    world: World, stored: Mapping[ClientId, tuple[ThreadId, Send]]
) -> list[e.Event]:
    """What must happen to the world's held messages to be as the file has them."""
    events: list[e.Event] = []
    for client_id, (thread_id, send) in stored.items():
        thread = world.threads.get(thread_id)
        if thread is not None and thread.sends.get(client_id) != send:
            events.append(e.SendNoted(thread_id, send))
    for thread in world.threads.values():
        for send in thread.sends.values():
            if send.state is SendState.HELD and send.client_id not in stored:
                gone = SendState.DROPPED
                events.append(e.SendChanged(thread.id, send.client_id, gone))
    return events
