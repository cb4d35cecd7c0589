"""A thread that another process writes: who that is, said when it is opened.

Owns the look and the sentence. Does not own what is offered when something is to be
sent there (`tui.screens.flows`). Invariant: it only looks; nothing is locked or asked.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from state.engine.writers import writer_of
from state.items import ThreadId
from state.model import ThreadStatus
from tui.screens.wake_words import writer_words

if TYPE_CHECKING:
    from tui.screens.fleet_acts import FleetActs

RESTING = (ThreadStatus.NOT_LOADED, ThreadStatus.UNKNOWN)


async def tell_writer(fleet: FleetActs, thread_id: ThreadId) -> None:
    """Say who writes the thread that was opened, if it is another program."""
    engine = fleet.presenter.world.engine
    thread = fleet.presenter.world.threads.get(thread_id)
    home = fleet.services.codex_home
    if thread is None or thread.status not in RESTING or not home.startswith("/"):
        return
    pid = (engine.epoch or "").partition("@")[0]
    own = int(pid) if pid.isdecimal() else None
    writer = await asyncio.to_thread(writer_of, Path(home), thread_id, own=own)
    if writer is not None and fleet.presenter.looking.thread == thread_id:
        fleet.say(f"{writer_words(writer)} writes this thread: it is read only · /fork")
