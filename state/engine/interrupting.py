"""Interrupting: one turn, or those of an agent and of all agents below it.

Owns when a turn may be interrupted (once the engine itself knows that it runs), the
order (leaves first, so that nobody starts what was just stopped), and looking again
until nothing is left that runs. Touches no terminal: those of interrupted turns go on.
Invariant: `branch` returns when every turn below has ended, or after its patience.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from state.commands import Interrupt, InterruptBranch
from state.engine import calls
from state.engine.bootstrap import list_agents
from state.engine.errors import RequestFailed, sentence
from state.engine.ledger import Known
from state.engine.link import Link
from state.events import Event, ThreadStatusChanged, TurnEnded, TurnStarted
from state.items import ThreadId, TurnId
from state.model import ThreadStatus

START_SECONDS = 30.0
"""How long a turn that was asked for may take to start."""
BEGIN_SECONDS = 5.0
"""How long an agent that is said to work may take to name its turn."""
END_SECONDS = 15.0
ROUNDS = 8
"""Looks at a branch: what a parent started while its children were interrupted is
found by the next one, and nothing new starts once the parents are interrupted too."""


class Turns:
    """Which turns start and end, for who waits for it; `heard` sees every event."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._waiting: dict[ThreadId, list[asyncio.Future[TurnId | None]]] = {}
        self._starting: dict[ThreadId, TurnId] = {}

    def heard(self, event: Event) -> None:
        """Wake who waits for this."""
        match event:
            case TurnStarted(thread_id=thread_id, turn_id=turn_id):
                self._starting.pop(thread_id, None)
                self._wake(thread_id, turn_id)
            case TurnEnded(thread_id=thread_id):
                self._starting.pop(thread_id, None)
                self._wake(thread_id, None)
            case ThreadStatusChanged(thread_id=thread_id, status=status):
                if status is not ThreadStatus.ACTIVE:
                    self._wake(thread_id, None)

    def _wake(self, thread_id: ThreadId, turn_id: TurnId | None) -> None:
        for future in self._waiting.pop(thread_id, []):
            if not future.done():
                future.set_result(turn_id)

    def begins(self, thread_id: ThreadId, turn_id: TurnId) -> None:
        """The engine took a message and named the turn that will start for it."""
        if turn_id != self._link.ledger.thread(thread_id).turn:
            self._starting[thread_id] = turn_id

    async def _news(self, thread_id: ThreadId, seconds: float) -> TurnId | None:
        """The turn that starts next, None for an end. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[TurnId | None] = loop.create_future()
        self._waiting.setdefault(thread_id, []).append(future)
        async with asyncio.timeout(seconds):
            return await future

    async def running(self, thread_id: ThreadId) -> TurnId | None:
        """The turn that runs, once it does; None when none does.

        Between turn/start's reply and turn/started an interrupt is refused and the
        turn runs on. Raises TimeoutError for one that never starts, RequestFailed."""
        known = self._link.ledger.thread(thread_id)
        starting = self._starting.get(thread_id)
        if starting is not None and starting != known.turn:
            return await self._news(thread_id, START_SECONDS)
        if known.turn is not None or known.status is not ThreadStatus.ACTIVE:
            return known.turn
        # It works, and we do not know at what: it is just starting, or began before
        # we came.
        with contextlib.suppress(TimeoutError):
            return await self._news(thread_id, BEGIN_SECONDS)
        await self._link.ask(calls.list_turns(thread_id))
        return known.turn

    async def ended(self, thread_id: ThreadId) -> bool:
        """Wait for the end of the turn that runs; False: it did not end in time."""
        known = self._link.ledger.thread(thread_id)
        loop = asyncio.get_running_loop()
        until = loop.time() + END_SECONDS
        while known.turn is not None:
            try:
                await self._news(thread_id, max(0.0, until - loop.time()))
            except TimeoutError:
                return False
        return True


class Interrupter:
    """The interrupts of one connection."""

    def __init__(self, link: Link, turns: Turns) -> None:
        self._link = link
        self._turns = turns

    async def carry_out(self, command: Interrupt | InterruptBranch) -> None:
        """One of the two."""
        if isinstance(command, Interrupt):
            await self.one(command.thread_id, command.turn_id)
        else:
            await self.branch(command.thread_id)

    async def one(self, thread_id: ThreadId, turn_id: TurnId | None = None) -> None:
        """Interrupt the running turn of this thread."""
        try:
            running = await self._turns.running(thread_id)
            if running is None:
                self._link.show("Nothing runs in this thread.")
                return
            turn = turn_id if turn_id is not None else running
            await self._link.ask(calls.interrupt(thread_id, turn))
        except TimeoutError:
            self._link.show("The turn did not start; there is nothing to interrupt.")
        except RequestFailed as error:
            self._link.show(f"Not interrupted: {sentence(error)}")

    async def branch(self, top: ThreadId) -> None:
        """Interrupt every turn of an agent and below it, and wait for their ends."""
        given_up: set[ThreadId] = set()
        for _ in range(ROUNDS):
            await self._look(top)
            threads = self._link.ledger.threads
            running = [
                thread_id
                for thread_id in leaves_first(threads, top)
                if threads[thread_id].status is ThreadStatus.ACTIVE
                and thread_id not in given_up
            ]
            if not running:
                return
            for thread_id in running:
                if not await self._stopped(thread_id):
                    given_up.add(thread_id)

    async def _look(self, top: ThreadId) -> None:
        """Who is below it by now: the engine knows of agents that we never heard."""
        link = self._link
        with contextlib.suppress(RequestFailed):
            await list_agents(link, top)
        for thread_id, known in list(link.ledger.threads.items()):
            if not known.described and known.status is ThreadStatus.ACTIVE:
                with contextlib.suppress(RequestFailed):
                    await link.ask(calls.read_thread(thread_id))

    async def _stopped(self, thread_id: ThreadId) -> bool:
        """Interrupt it and wait for its end; False: that came to nothing."""
        known = self._link.ledger.thread(thread_id)
        try:
            turn_id = await self._turns.running(thread_id)
            if turn_id is None:
                return known.status is not ThreadStatus.ACTIVE
            await self._link.ask(calls.interrupt(thread_id, turn_id))
        except TimeoutError:
            return False
        except RequestFailed as error:
            # It ended by itself meanwhile, or it is one that is just starting.
            return "no active turn" in error.message
        return await self._turns.ended(thread_id)


def leaves_first(threads: Mapping[ThreadId, Known], top: ThreadId) -> list[ThreadId]:
    """A thread and all below it, every one before its parent; a cycle is cut."""
    children: dict[ThreadId, list[ThreadId]] = {}
    for thread_id, known in threads.items():
        if known.parent is not None:
            children.setdefault(known.parent, []).append(thread_id)
    order, seen, todo = [], {top}, [top]
    while todo:
        thread_id = todo.pop()
        order.append(thread_id)
        for child in sorted(children.get(thread_id, ()), reverse=True):
            if child not in seen:
                seen.add(child)
                todo.append(child)
    return [thread_id for thread_id in reversed(order) if thread_id in threads]
