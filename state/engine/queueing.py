"""Acts on a thread's queue in the engine: list, edit, order, delete, start, take out.

Owns how each becomes requests and the re-reading after it: the engine says only that
a queue changed, not how. Holds no message: what is taken out is on disk before. Never
loads a thread: the queue of a sleeping one is read and changed all the same.
"""

from __future__ import annotations

from typing import assert_never

from state import commands as c
from state.engine import calls
from state.engine.ledger import Outstanding
from state.engine.link import Link
from state.events import SendChanged
from state.items import ThreadId
from state.model import QueueEntry, SendState

QueueCommand = (
    c.EditQueued | c.MoveQueued | c.DeleteQueued | c.StartQueue | c.HoldQueued
)
GONE = "That message had left the queue before."


async def list_queue(link: Link, thread_id: ThreadId) -> None:
    """Tell the queue of a thread. Raises as `Link.ask`."""
    await link.pages(lambda cursor: calls.queue_list(thread_id, cursor))


async def change_queue(link: Link, command: QueueCommand) -> None:
    """Carry it out and tell how the queue stands then. Raises RequestFailed."""
    thread_id = command.thread_id
    try:
        match command:
            case c.EditQueued(entry_id=entry_id, text=text):
                await link.ask(calls.queue_update(thread_id, entry_id, text))
            case c.MoveQueued(order=order):
                await link.ask(calls.queue_reorder(thread_id, order))
            case c.DeleteQueued(entry=entry):
                if await _taken_out(link, thread_id, entry):
                    dropped = SendState.DROPPED
                    link.tell(SendChanged(thread_id, entry.client_id, dropped))
                else:
                    link.show(GONE)
            case c.StartQueue():
                await link.ask(calls.queue_start(thread_id))
            case c.HoldQueued(entries=entries, gone=gone):
                for entry in entries:
                    if gone:
                        link.ledger.sends.pop(entry.client_id, None)
                    else:
                        await _taken_out(link, thread_id, entry)
            case _:
                assert_never(command)
    finally:
        await list_queue(link, thread_id)


async def _taken_out(link: Link, thread_id: ThreadId, entry: QueueEntry) -> bool:
    """Delete one; False: it is on its way already, and will be seen."""
    sends, name = link.ledger.sends, entry.client_id
    # Before the request: it may begin, and be seen, before the answer is there.
    sends.setdefault(name, Outstanding(thread_id, "queue"))
    answer = await link.ask(calls.queue_delete(thread_id, entry.id))
    if answer.get("deleted") is not True:
        return False
    sends.pop(name, None)
    return True
