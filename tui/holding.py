"""Messages taken out of the engine's queue and kept here: when, and in which order.

Owns watching for what burns or blocks a queue, writing a message down before it leaves
the engine's queue, and putting it back. The rules are `state.queue`. Invariant: at any
moment a queued message is in the engine's queue, in its history, or on our disk.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from state import commands as c
from state import events as e
from state.items import ThreadId
from state.model import ClientId, QueueEntry, Send, SendState, Thread
from state.queue import Kept, QueueWatch, came_through, held
from state.store import Published

if TYPE_CHECKING:
    from tui.bridge import Bridge

Commit = Callable[[e.SendNoted | e.SendChanged], Awaitable[bool]]


class Holding:
    """A part of the bridge. `commit` returns when an event is on disk; False: it is
    not."""

    def __init__(
        self,
        bridge: Bridge,
        commit: Commit,
        clock: Callable[[], int],
        spawn: Callable[[Any], Any],
    ) -> None:
        self._bridge = bridge
        self._commit = commit
        self._clock = clock
        self._spawn = spawn
        self._watch = QueueWatch()

    def watch(self, step: Published) -> None:
        """Take out and keep what a failed login or a limit would burn, and what a
        hook stopped."""
        threads = step.world.threads
        for event in step.events:
            kept: Kept | None = None
            if isinstance(event, e.TurnStarted):
                self._watch.forgive(event.thread_id)
            elif isinstance(event, e.TurnEnded):
                kept = self._watch.ended(threads[event.thread_id], event.turn_id)
            elif isinstance(event, e.QueueListed):
                kept = self._watch.listed(threads[event.thread_id])
            if kept is not None:
                self._keep(kept)
        for thread_id in step.dirty:
            for name in came_through(threads[thread_id]):
                self._spawn(self._change(thread_id, name, SendState.SEEN))

    def _keep(self, kept: Kept) -> None:
        for entries, gone in ((kept.gone, True), (kept.queued, False)):
            if entries:
                self._bridge.act(c.HoldQueued(kept.thread_id, entries, kept.why, gone))
        number = len(kept.queued) + len(kept.gone)
        what = "1 queued message is" if number == 1 else f"{number} queued messages are"
        words = f"{what} kept here, as {kept.why} · U puts back, /queue shows"
        self._bridge.store.offer(e.MessageShown(words))

    async def hold(self, command: c.HoldQueued) -> bool:
        """Write them down; True: they may leave the engine's queue."""
        for entry in command.entries:
            if not await self._note(command.thread_id, entry, command.why):
                return False
        return True

    async def drop(self, command: c.DropHeld) -> None:
        """The user gave a kept message up."""
        await self._change(command.thread_id, command.client_id, SendState.DROPPED)

    async def rewrite(self, thread_id: ThreadId, send: Send, text: str) -> None:
        """A kept message has other words now."""
        entry = QueueEntry("", text, send.client_id)
        await self._note(thread_id, entry, send.error or "")

    async def put_back(self, thread: Thread, only: ClientId | None = None) -> int:
        """Queue again what is kept of this thread; how many the engine took. What it
        refused is kept on."""
        taken = 0
        self._watch.forgive(thread.id)
        for send in held(thread):
            if only not in (None, send.client_id):
                continue
            command = c.QueueTurn(send.client_id, thread.id, send.text)
            if not await self._bridge.record(command):
                continue
            await self._bridge.deliver(command)
            self._bridge.store.tick(self._clock())
            world = self._bridge.store.world
            now = world.threads[thread.id].sends.get(send.client_id)
            if now is not None and now.state is SendState.REFUSED:
                entry = QueueEntry("", send.text, send.client_id)
                await self._note(thread.id, entry, send.error or "")
            else:
                taken += 1
        return taken

    async def _note(self, thread_id: ThreadId, entry: QueueEntry, why: str) -> bool:
        send = Send(
            entry.client_id, entry.text, "queue", SendState.HELD, self._clock(), why
        )
        event = e.SendNoted(thread_id, send)
        if not await self._commit(event):
            return False
        self._bridge.store.offer(event)
        return True

    async def _change(
        self, thread_id: ThreadId, name: ClientId, state: SendState
    ) -> None:
        event = e.SendChanged(thread_id, name, state)
        self._bridge.store.offer(event)
        await self._commit(event)
