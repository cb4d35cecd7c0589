"""The first words of a new thread: on disk before there is a thread for them.

Owns the order: the words are written down, then the thread is made, then they are noted
as its message, then they leave. Does not own what a thread starts with (`flows`).
Invariant: words that could not be written down stay in a composer, and it is said why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from state import commands as c
from state.items import ThreadId
from tui.screens import dialogs
from tui.screens.flows import client_id

if TYPE_CHECKING:
    from tui.screens.flows import Flows


async def send_new(flows: Flows, text: str) -> None:
    """Start a thread with what is written."""
    services, composer = flows.services, flows.composer
    cwd, key = services.cwd, flows.draft_key
    found = await services.engine.defaults(cwd)
    if found is None:
        flows.say("There is no engine just now; what you write is kept.")
        return
    if not await services.bridge.keep_words(key, composer.kept):
        return
    choice = dialogs.NewThreadChoice(cwd=cwd, text=text)
    if await flows.start(cwd, found, choice):
        # They are the thread's first message now, or stand in its own composer.
        services.keep_draft(key, "")
        if flows.draft_key == key:
            composer.accepted(text)


async def say_first(flows: Flows, thread_id: ThreadId, text: str) -> None:
    """Note what is said in a thread that was made just now, then say it."""
    services, bridge = flows.services, flows.services.bridge
    bridge.store.tick(services.clock())  # The note is written with the thread's row.
    command = c.SendTurn(client_id(), thread_id, text)
    if await bridge.record(command):
        await bridge.deliver(command)
    else:
        services.keep_draft(thread_id, text)
