"""What lives and dies with one connection: listening, and what that makes us ask.

Owns the reaction to messages and the dispatch of commands to the parts that know the
rules. Invariant: a thread is subscribed to once it is known to be loaded, whoever
loaded it, and is never loaded by listening.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, assert_never

from state import commands as c
from state.coalesce import Inlet
from state.engine import calls
from state.engine.acting import Actor, Surroundings
from state.engine.answering import decide, refuse_foreign
from state.engine.bootstrap import (
    bootstrap,
    list_all,
    list_terminals,
    probe,
    probe_windows,
    read_account,
)
from state.engine.config_watch import ConfigWatch
from state.engine.contexts import TurnContexts
from state.engine.errors import EngineLost, RequestFailed
from state.engine.interrupting import Interrupter, Turns
from state.engine.ledger import LOADED
from state.engine.link import Link
from state.engine.permitting import change
from state.engine.queueing import change_queue, list_queue
from state.engine.rules import RuleWatch
from state.engine.sending import Sender
from state.engine.shadow import RAW_METHOD, Shadow
from state.engine.trees import mark_agents
from state.engine.wire.deltas import decode_delta, read_delta
from state.engine.wire.notifications import decode_notification
from state.engine.wire.requests import decode_request
from state.events import (
    ConfigMended,
    ConfigWarned,
    Event,
    ItemCompleted,
    ItemDelta,
    QueueChanged,
    ReviewAsked,
    ReviewResolved,
    ThreadSeen,
    ThreadStatusChanged,
    TokensUsed,
    TurnEnded,
    TurnStarted,
)
from state.events.world import INVALID_CONFIG
from state.items import ThreadId
from state.model import ThreadStatus

_ACCOUNT_NEWS = frozenset({"account/updated", "account/login/completed"})


class Live:
    """What lives and dies with one connection."""

    def __init__(
        self,
        link: Link,
        around: Surroundings,
        lost: asyncio.Future[EngineLost],
        inlet: Inlet | None = None,
    ) -> None:
        """`inlet`: where growing text goes by a way shorter than the link's."""
        self.link = link
        self._inlet = inlet
        self._lost = lost
        self._around = around
        self._turns = Turns(link)
        self._sender = Sender(link, self._turns)
        self._interrupter = Interrupter(link, self._turns)
        self._shadow = Shadow(link)
        self._contexts = TurnContexts(link)
        self._rules = RuleWatch(link)
        self._actor = Actor(link, self._sender, around)
        self._config = ConfigWatch(link)
        self._learned = False
        self._looked_at: set[ThreadId] = set()
        self._described: set[ThreadId] = set()
        self._terminals_due: set[ThreadId] = set()
        self._queues_due: set[ThreadId] = set()

    def ended(self) -> None:
        """We closed it ourselves."""
        if not self._lost.done():
            self._lost.set_result(EngineLost("we closed it"))

    async def learn(self, restore: frozenset[ThreadId], probe_cwd: Path | None) -> None:
        """Tell everything there is, then what became of the sends, then the probe."""
        await bootstrap(self.link, restore)
        self._learned = True
        for root in self._loaded_roots():
            await mark_agents(self.link, root, self._around.read_tokens)
        for thread_id in list(self.link.ledger.threads):
            self._heard_of(thread_id)  # what others loaded in the meantime
        for asker in {r.thread_id for r in self.link.ledger.pending.values()}:
            self._title(asker)
        await self._sender.settle()
        self.link.spawn(self._config.run())
        if self.link.connection.info.platform == "windows":
            await probe_windows(self.link)
        elif probe_cwd is not None and self.link.local:
            await probe(self.link, probe_cwd)

    def _loaded_roots(self) -> list[ThreadId]:
        ledger = self.link.ledger
        return [t for t in ledger.subscribed if ledger.thread(t).parent is None]

    # -- in --------------------------------------------------------------------

    @property
    def quick(self) -> Callable[[bytes], bool] | None:
        """What takes a growing text as it comes off the wire; True: it is taken."""
        return None if self._inlet is None else self._grow

    def _grow(self, raw: bytes) -> bool:
        # Thousands come in a second, and most say nothing but "longer".
        delta = read_delta(raw)
        if delta is None or self._inlet is None or self.link.ended:
            return False
        self._inlet.grow(*delta)
        if delta[0] not in self._described:
            self._speaks(delta[0])
        return True

    def _speaks(self, thread_id: ThreadId) -> None:
        if self.link.ledger.thread(thread_id).described:
            self._described.add(thread_id)
        else:
            self._look_at(thread_id)

    def arrived(self, message: dict[str, Any]) -> None:
        """Every notification and request, in wire order; never raises."""
        if "id" in message:
            self._asked(message)
            return
        link = self.link
        delta = decode_delta(message)
        if delta is not None:
            link.tell(delta)
            return
        for event in decode_notification(message, link.context()):
            link.tell(event)
        if message.get("method") == RAW_METHOD:
            self._shadow.raw(message.get("params") or {})
        if message.get("method") in _ACCOUNT_NEWS:
            link.spawn(read_account(link))

    def _asked(self, message: dict[str, Any]) -> None:
        link = self.link
        event = decode_request(message, link.epoch, link.number, link.clock())
        if not isinstance(event, ReviewAsked):
            link.tell(event)
            link.spawn(refuse_foreign(link, message))
            return
        known = link.ledger.pending.get(event.review.key)
        if known is not None and known.params_hash == event.review.params_hash:
            return  # a resume sends what is pending once more
        if known is not None and known.thread_id != event.thread_id:
            # An id names one request: the one that had it before is void.
            link.tell(ReviewResolved(known.thread_id, known.key, link.clock()))
        link.tell(event)
        if not event.review.ours:
            link.spawn(refuse_foreign(link, message))

    def follow(self, event: Event) -> None:
        """What an event makes us ask next."""
        if isinstance(event, ItemDelta):
            self._speaks(event.thread_id)
            return
        self._turns.heard(event)
        self._sender.heard(event)
        self._shadow.follow(event)
        self._contexts.follow(event)
        self._rules.follow(event)
        match event:
            case ConfigWarned(text=text) if text.startswith(INVALID_CONFIG):
                self._config.warned = True
            case ConfigMended():
                self._config.warned = False
            case ThreadSeen(thread_id=thread_id) | TurnStarted(thread_id=thread_id):
                self._heard_of(thread_id)
            case ThreadStatusChanged(thread_id=thread_id):
                self._heard_of(thread_id)
                if self.link.ledger.thread(thread_id).status is ThreadStatus.IDLE:
                    self._title(thread_id)
            case ReviewAsked(thread_id=thread_id):
                self._title(thread_id)
            case TurnEnded(thread_id=thread_id):
                self._heard_of(thread_id)
                self._terminals(thread_id)
            case QueueChanged(thread_id=thread_id):
                self._queue(thread_id)
            case TokensUsed(thread_id=thread_id):
                # The model spoke while a command runs: that is a terminal now.
                if self.link.ledger.thread(thread_id).open_commands:
                    self._terminals(thread_id)
            case ItemCompleted(thread_id=thread_id, item=item):
                if item.id in self.link.ledger.thread(thread_id).terminals:
                    self._terminals(thread_id)

    def _heard_of(self, thread_id: ThreadId) -> None:
        known = self.link.ledger.thread(thread_id)
        above = known.parent
        if above is not None and not self.link.ledger.thread(above).described:
            self._look_at(above)  # a tree hangs together only if it is known
        if not known.described:
            self._look_at(thread_id)
        elif (
            self._learned
            and known.status in LOADED
            and known.parent is None
            and thread_id not in self.link.ledger.subscribed
        ):
            # Another client loaded it; agents stream to everybody by themselves.
            self.link.spawn(self._actor.listen(thread_id))

    def _title(self, thread_id: ThreadId) -> None:
        """Who listens after the first message of another window was not told it. By now
        it is written: the thread rests, or it asks, and a card says who asks."""
        known = self.link.ledger.thread(thread_id)
        root = known.described and known.parent is None
        if root and self._learned and not known.titled:
            self.link.spawn(self._read(thread_id))

    def _look_at(self, thread_id: ThreadId) -> None:
        """Learn path, nickname and place of a thread that began to talk."""
        if thread_id not in self._looked_at:
            self._looked_at.add(thread_id)
            self.link.spawn(self._read(thread_id))

    async def _read(self, thread_id: ThreadId) -> None:
        try:
            await self.link.ask(calls.read_thread(thread_id))
        except RequestFailed:
            # Too early: its next word is the next try.
            self._looked_at.discard(thread_id)
            raise

    def _queue(self, thread_id: ThreadId) -> None:
        """The engine says that a queue changed, not how."""
        if thread_id not in self._queues_due:
            self._queues_due.add(thread_id)
            self.link.spawn(self._list_queue(thread_id))

    async def _list_queue(self, thread_id: ThreadId) -> None:
        self._queues_due.discard(thread_id)
        await list_queue(self.link, thread_id)

    def _terminals(self, thread_id: ThreadId) -> None:
        if thread_id in self._terminals_due:
            return
        if self.link.ledger.is_loaded(thread_id):
            self._terminals_due.add(thread_id)
            self.link.spawn(self._list_terminals(thread_id))

    async def _on_terminals(self, command: c.StopTerminals | c.LookAtTerminals) -> None:
        if isinstance(command, c.StopTerminals):
            await self._actor.stop_terminals(command)
        else:
            self._terminals(command.thread_id)

    async def _list_terminals(self, thread_id: ThreadId) -> None:
        self._terminals_due.discard(thread_id)
        await list_terminals(self.link, thread_id)

    # -- out -------------------------------------------------------------------

    async def carry_out(self, command: c.Command) -> ThreadId | None:
        """Raises EngineError."""
        if isinstance(command, c.Change):
            return await change(self.link, command)
        return await self._act(command)

    async def _act(self, command: c.Act) -> ThreadId | None:
        actor, sender, thread_id = self._actor, self._sender, None
        match command:
            case c.StartThread():
                thread_id = await actor.start(command)
            case c.ForkThread():
                thread_id = await actor.fork(command)
            case c.SendTurn():
                await sender.send(command)
            case c.QueueTurn():
                await sender.queue(command)
            case (
                c.EditQueued()
                | c.MoveQueued()
                | c.DeleteQueued()
                | c.StartQueue()
                | c.HoldQueued()
            ):
                await change_queue(self.link, command)
            case c.RunShell():
                await sender.run_shell(command)
            case c.Interrupt() | c.InterruptBranch():
                await self._interrupter.carry_out(command)
            case c.Decide():
                await decide(self.link, command)
            case c.OpenThread():
                self._queue(command.thread_id)
                await actor.open(command)
            case c.LoadOlder():
                await actor.older(command)
            case c.ResumeThread():
                await actor.resume(command)
            case c.MarkRead():
                await actor.mark_read(command)
            case c.StopTerminals() | c.LookAtTerminals():
                await self._on_terminals(command)
            case c.LogIn():
                await actor.log_in(command)
            case (
                c.RenameThread()
                | c.ArchiveThread()
                | c.UnarchiveThread()
                | c.DeleteThread()
            ):
                await self.link.ask(_plain_call(command))
            case c.Refresh():
                await list_all(self.link)
            case c.RetryEngine() | c.DropHeld():
                pass
            case _:
                assert_never(command)
        return thread_id


def _plain_call(
    command: c.RenameThread | c.ArchiveThread | c.UnarchiveThread | c.DeleteThread,
) -> calls.Call:
    """A command that is one request and no more."""
    match command:
        case c.RenameThread(thread_id=thread_id, name=name):
            return calls.rename(thread_id, name)
        case c.ArchiveThread(thread_id=thread_id):
            return calls.archive(thread_id)
        case c.UnarchiveThread(thread_id=thread_id):
            return calls.unarchive(thread_id)
        case c.DeleteThread(thread_id=thread_id):
            return calls.delete(thread_id)
        case _:
            assert_never(command)
