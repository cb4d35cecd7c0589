"""What the user says, on its way to a thread: start, steer, queue.

Owns the choice between them and every reason not to send. Does not hold drafts.
Invariant: a message leaves at most once and ends as exactly one of seen, refused or
unknown; a sleeping thread is not woken by a message before its wake was shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from state.commands import QueueTurn, RunShell, SendTurn
from state.engine import calls
from state.engine.bootstrap import subscribe
from state.engine.errors import (
    NO_DIRECT_INPUT,
    RequestFailed,
    RequestTimedOut,
    sentence,
)
from state.engine.interrupting import Turns
from state.engine.ledger import Outstanding
from state.engine.link import Link
from state.engine.wake import inspect
from state.events import Event, SendChanged
from state.items import ThreadId, TurnId
from state.model import ClientId, SendState, ThreadStatus

Json = dict[str, Any]

SLEEPS = "Loading this thread would set something off; look at that and resume it."
PATIENCE = 20.0
"""Seconds; a turn that was taken is told of far sooner"""
UNHEARD = "the engine took it and says nothing of it"
NOT_FOUND = "The engine never got this message; send it again."


class Sender:
    """The sends of one connection; `heard` must see every event of it."""

    def __init__(self, link: Link, turns: Turns) -> None:
        self._link = link
        self._turns = turns

    # -- events --------------------------------------------------------------

    def heard(self, event: Event) -> None:
        """Notes the proof that a send arrived."""
        client_id = self._link.ledger.seen(event)
        if client_id is not None:
            self._seen(client_id)

    def _seen(self, client_id: ClientId) -> None:
        sent = self._link.ledger.sends.pop(client_id)
        self._link.tell(SendChanged(sent.thread_id, client_id, SendState.SEEN))

    def _refuse(self, thread_id: ThreadId, client_id: ClientId, why: str) -> None:
        self._link.ledger.sends.pop(client_id, None)
        self._link.tell(SendChanged(thread_id, client_id, SendState.REFUSED, why))

    # -- messages ------------------------------------------------------------

    async def send(self, command: SendTurn) -> None:
        """Start a turn, or steer the running one."""
        thread_id, client_id = command.thread_id, command.client_id
        known = self._link.ledger.thread(thread_id)
        if known.direct_input is False:
            self._refuse(thread_id, client_id, NO_DIRECT_INPUT)
            return
        try:
            if not await self._awake(thread_id):
                self._refuse(thread_id, client_id, SLEEPS)
            elif known.shell_turn is not None and known.turn == known.shell_turn:
                # A turn of the user's own command takes words and never answers.
                await self.queue(QueueTurn(client_id, thread_id, command.text))
            elif command.expected_turn is not None:
                await self._steer(command, command.expected_turn)
            else:
                await self._start(thread_id, client_id, command.text)
        except RequestFailed as error:
            self._refuse(thread_id, client_id, sentence(error))

    async def run_shell(self, command: RunShell) -> None:
        """The user's own command, in a thread that is awake or wakes quietly."""
        thread_id = command.thread_id
        try:
            if await self._awake(thread_id):
                await self._link.ask(calls.run_shell(thread_id, command.command))
            else:
                self._link.show(SLEEPS)
        except RequestFailed as error:
            self._link.show(sentence(error))

    async def start(self, thread_id: ThreadId, client_id: ClientId, text: str) -> None:
        """turn/start on a thread that was loaded just now."""
        try:
            await self._start(thread_id, client_id, text)
        except RequestFailed as error:
            self._refuse(thread_id, client_id, sentence(error))

    async def _awake(self, thread_id: ThreadId) -> bool:
        """Load it if that sets nothing off; False when it would."""
        if self._link.ledger.is_loaded(thread_id):
            return True
        report = await inspect(self._link, thread_id)
        if not report.quiet:
            return False
        await subscribe(self._link, thread_id, loading=True)
        self._link.ledger.ours.add(thread_id)
        return True

    async def _start(self, thread_id: ThreadId, client_id: ClientId, text: str) -> None:
        def answered(result: Json) -> None:
            turn = result.get("turn")
            turn_id = turn.get("id") if isinstance(turn, dict) else None
            if turn_id:
                self._turns.begins(thread_id, TurnId(turn_id))

        call = calls.start_turn(thread_id, text, client_id)
        await self._deliver(call, client_id, "start", answered)
        self._link.spawn(self._miss(thread_id, client_id))

    async def _miss(self, thread_id: ThreadId, client_id: ClientId) -> None:
        """A message that was taken and of which nothing came: the history is asked, and
        what stands there is shown; else its fate is unknown, which is said."""
        await asyncio.sleep(PATIENCE)
        ledger = self._link.ledger
        if client_id not in ledger.sends:
            return
        if ledger.thread(thread_id).status is ThreadStatus.ACTIVE:
            return  # Something runs: it may still come.
        there = await self._history(thread_id)
        if client_id not in ledger.sends:
            return
        if there is not None and client_id in there:
            await self._link.ask(calls.list_turns(thread_id))
            if client_id in ledger.sends:
                self._seen(client_id)
            return
        unknown = SendState.UNKNOWN
        self._link.tell(SendChanged(thread_id, client_id, unknown, UNHEARD))

    async def _steer(self, command: SendTurn, turn_id: TurnId) -> None:
        thread_id, client_id = command.thread_id, command.client_id
        call = calls.steer(thread_id, turn_id, command.text, client_id)
        try:
            await self._deliver(call, client_id, "steer")
        except RequestFailed as error:
            if "no active turn" not in error.message:
                raise
            # The turn ended while the user typed: the words begin the next one.
            await self._start(thread_id, client_id, command.text)

    async def queue(self, command: QueueTurn) -> None:
        """Say it when the running turn is over."""
        thread_id, client_id = command.thread_id, command.client_id
        if self._link.ledger.thread(thread_id).direct_input is False:
            self._refuse(thread_id, client_id, NO_DIRECT_INPUT)
            return
        call = calls.queue_add(thread_id, command.text, client_id)
        try:
            await self._deliver(call, client_id, "queue")
        except RequestFailed as error:
            self._refuse(thread_id, client_id, sentence(error))

    async def _deliver(
        self,
        call: calls.Call,
        client_id: ClientId,
        how: str,
        answered: Callable[[Json], None] | None = None,
    ) -> None:
        thread_id = ThreadId(call.params["threadId"])
        self._link.ledger.sends[client_id] = Outstanding(thread_id, how)

        def before(result: Json) -> None:
            # Here, and not after the await: the message may be seen by then.
            if answered is not None:
                answered(result)
            if client_id in self._link.ledger.sends:
                self._link.tell(SendChanged(thread_id, client_id, SendState.SENT))

        try:
            await self._link.ask(call, before=before)
        except RequestTimedOut as error:
            self._link.tell(
                SendChanged(thread_id, client_id, SendState.UNKNOWN, str(error))
            )
        except RequestFailed:
            self._link.ledger.sends.pop(client_id, None)
            raise

    # -- after a lost connection -----------------------------------------------

    async def settle(self) -> None:
        """Find the sends whose fate is unknown in the history, or say they are not.

        A message that may still wait in the engine stays unknown. Raises as `ask`."""
        by_thread: dict[ThreadId, list[ClientId]] = {}
        for client_id, sent in self._link.ledger.sends.items():
            by_thread.setdefault(sent.thread_id, []).append(client_id)
        for thread_id, client_ids in by_thread.items():
            try:
                there = await self._history(thread_id)
            except RequestFailed:
                continue
            if there is None:
                continue
            status = self._link.ledger.thread(thread_id).status
            for client_id in client_ids:
                if client_id not in self._link.ledger.sends:
                    continue  # it was seen in the meantime
                if client_id in there:
                    self._seen(client_id)
                elif status is not ThreadStatus.ACTIVE:
                    self._refuse(thread_id, client_id, NOT_FOUND)

    async def _history(self, thread_id: ThreadId) -> set[str] | None:
        """The client ids in the queue and in the newest turns.

        None when the engine shows no history: it may not have projected it."""
        queue = await self._link.pages(lambda c: calls.queue_list(thread_id, c))
        found = {str(entry.get("clientUserMessageId")) for entry in queue}
        call = calls.list_turns(thread_id)
        turns = (await self._link.rpc.call(call.method, call.params)).get("data")
        if not turns:
            return found or None
        for turn in turns:
            for item in turn.get("items") or ():
                if item.get("type") == "userMessage" and item.get("clientId"):
                    found.add(str(item["clientId"]))
        return found
