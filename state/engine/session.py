"""One engine, for as long as the program runs: connect, learn, carry out, reconnect.

Owns the life cycle and who is told what in which order; the rules stand in its parts:
`bootstrap` (what to learn), `sending` (messages), `acting` (threads), `answering`
(decisions), `wake` (what sleeps). Invariant: every event leaves through `_tell` (a
growing text by `Live.quick`), in wire order, and nothing of a lost connection is told
after its end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import field
from pathlib import Path
from typing import Any

from state import commands as c
from state.coalesce import Inlet
from state.controls import Controls
from state.dataclass import dataclass, replace
from state.engine.acting import Surroundings
from state.engine.controls import controls
from state.engine.defaults import defaults
from state.engine.errors import (
    EngineError,
    EngineLost,
    EngineNotFound,
    EngineSilent,
    EngineStartFailed,
)
from state.engine.inspecting import attempt, look, surroundings
from state.engine.installed import (
    AGAIN_SECONDS,
    GONE,
    differs,
    installed,
    lost_its_files,
)
from state.engine.lately import lately
from state.engine.ledger import Ledger
from state.engine.link import Link
from state.engine.live import Live
from state.engine.port import Defaults, Offer, WakeReport
from state.engine.pulse import Pulse, silence
from state.engine.record import redact
from state.engine.rpc import RpcHooks
from state.engine.supervisor import (
    Connection,
    ConnectOptions,
    Target,
    autopsy,
    backoff,
)
from state.engine.supervisor import connect as reach_engine
from state.engine.wake import inspect
from state.events import (
    EngineChanged,
    Event,
    ItemDelta,
    MessageShown,
    SandboxProbed,
    SendChanged,
)
from state.items import ThreadId
from state.looks import Look, Looked
from state.model import Engine, EnginePhase, SendState, Turn
from state.permissions.policy import Host
from state.permissions.trial import Attempt, Attempted

HANGS_PRIVATE = (
    "The engine says nothing any more. It is this window's own: quitting ends it."
)
NOT_CONNECTED = "There is no engine just now; this was not done."
STEADY_SECONDS = 10.0
_BROKEN = (EnginePhase.LOST, EnginePhase.MISSING)


def _now_ms() -> int:
    return int(time.time() * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """`probe_cwd`: where the start-up probe of the sandbox runs; None: no probe.

    `reach`: how a target becomes a connection; raises as `supervisor.connect`.
    `pulse`: when a silent engine is asked whether it is there; None: never.
    `compare_seconds`: how often it is looked which codex is installed."""

    connect: ConnectOptions
    around: Surroundings = field(default_factory=Surroundings)
    probe_cwd: Path | None = None
    clock: Callable[[], int] = _now_ms
    backoff: Callable[[int], float] = backoff
    reach: Callable[[Target, ConnectOptions], Awaitable[Connection]] = reach_engine
    pulse: Pulse | None = field(default_factory=Pulse)
    compare_seconds: float = AGAIN_SECONDS


class EngineSession:
    """The `state.engine.port.Engine` over whatever `target` names."""

    def __init__(self, target: Target, options: SessionOptions) -> None:
        self._target = target
        self._options = options
        self._ledger = Ledger()
        self._offer: Offer = lambda _event: None
        self._live: Live | None = None
        self._engine = Engine()
        self._connections = 0
        self._epoch: str | None = None
        self._closing = False
        self._retry = asyncio.Event()

    # -- life ------------------------------------------------------------------

    async def run(self, offer: Offer) -> None:
        """See `state.engine.port.Engine.run`."""
        self._offer = offer
        reach = self._options.reach
        attempt = 0
        while not self._closing:
            self._try_to_connect()
            loop = asyncio.get_running_loop()
            lost: asyncio.Future[EngineLost] = loop.create_future()
            began = loop.time()
            try:
                connection = await reach(self._target, self._connecting(lost))
                if self._closing:
                    await connection.rpc.close()
                    break
                began = loop.time()
                error: EngineError = await self._serve(connection, lost)
            except EngineError as failure:
                error = failure
            if loop.time() - began > STEADY_SECONDS:
                attempt = 0
            if not self._closing:
                await self._pause(error, attempt)
                attempt += 1
        self._phase(EnginePhase.NONE, sentence=None)

    async def close(self) -> None:
        """See `state.engine.port.Engine.close`."""
        self._closing = True
        self._retry.set()
        if self._live is not None:
            await self._live.link.rpc.close()
            self._live.ended()

    def _connecting(self, lost: asyncio.Future[EngineLost]) -> ConnectOptions:
        def on_lost(error: EngineLost) -> None:
            if not lost.done():
                lost.set_result(error)

        given = self._options.connect
        hooks = RpcHooks(on_lost=on_lost, tap=given.hooks.tap)
        return replace(given, hooks=hooks)

    async def _serve(
        self, connection: Connection, lost: asyncio.Future[EngineLost]
    ) -> EngineLost:
        """From the greeting to the end of the connection."""
        self._connections += 1
        link = Link(
            connection,
            self._connections,
            self._ledger,
            self._tell,
            self._options.clock,
        )
        inlet = self._offer if isinstance(self._offer, Inlet) else None
        live = self._live = Live(link, self._options.around, lost, inlet)
        restore = frozenset(self._ledger.ours)
        if self._epoch in (None, connection.epoch):
            restore = frozenset()  # that engine lives: the loaded list tells all
        self._epoch = connection.epoch
        try:
            self._phase(
                EnginePhase.READY,
                version=connection.info.version,
                how=connection.how,
                epoch=connection.epoch,
                connection=link.number,
                codex_home=connection.info.codex_home,
                installed=None,
                sentence=None,
            )
            connection.rpc.attach(live.arrived, quick=live.quick)
            link.spawn(live.learn(restore, self._options.probe_cwd))
            link.spawn(self._compare(connection))
            if self._options.pulse is not None:
                link.spawn(self._listen(link, self._options.pulse, lost))
            error = connection.rpc.lost or await lost
            if self._closing:
                return error
            dead = await asyncio.to_thread(
                autopsy, self._target, self._options.connect, connection
            )
            return dead or error
        finally:
            self._live = None
            await link.end()
            await connection.rpc.close()
            self._forget()

    async def _listen(
        self, link: Link, pulse: Pulse, lost: asyncio.Future[EngineLost]
    ) -> None:
        """An engine that hangs is left and reached anew; one of our own is not: leaving
        it would end it, and all that runs in it."""
        await silence(link.rpc, pulse)
        if link.connection.how == "private":
            link.show(HANGS_PRIVATE)
        elif not lost.done():
            lost.set_result(EngineSilent())

    async def _compare(self, connection: Connection) -> None:
        """Say when another codex is installed than runs, or its files are gone."""
        said: set[str] = set()
        while True:
            there = await installed(self._target)
            if there is not None and there != self._engine.installed:
                self._engine = replace(self._engine, installed=there)
                self._tell(EngineChanged(self._engine))
            words = differs(connection.info.version, there) if there else ""
            if words and words not in said:
                self._tell(MessageShown(words))
            said.add(words)
            if await asyncio.to_thread(lost_its_files, connection):
                self._tell(SandboxProbed(GONE))
            await asyncio.sleep(self._options.compare_seconds)

    def _forget(self) -> None:
        """What was on its way is unknown now; what was pending is not ours any more."""
        for client_id, sent in self._ledger.sends.items():
            self._offer(SendChanged(sent.thread_id, client_id, SendState.UNKNOWN))
        self._ledger.connection_lost()

    async def _pause(self, error: EngineError, attempt: int) -> None:
        seconds = self._options.backoff(attempt)
        missing = isinstance(error, EngineNotFound)
        stderr: list[str] = []
        if isinstance(error, EngineLost | EngineStartFailed):
            stderr = error.stderr_tail
        self._retry.clear()
        self._phase(
            EnginePhase.MISSING if missing else EnginePhase.LOST,
            sentence=str(error),
            stderr=tuple(map(redact, stderr)),
            retry_at_ms=self._options.clock() + int(seconds * 1000),
        )
        if self._closing:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._retry.wait()
        except TimeoutError:
            pass

    def _try_to_connect(self) -> None:
        """What went wrong stands until it goes right: a try that fails must not take
        it from the screen and put it back."""
        now, before = self._options.clock(), self._engine
        if before.phase in _BROKEN:
            self._phase(before.phase, stderr=before.stderr, retry_at_ms=now)
        else:
            self._phase(EnginePhase.CONNECTING, sentence=None)

    def _phase(self, phase: EnginePhase, **facts: Any) -> None:
        """Tell where the connection stands; what is not told anew stays as it was."""
        facts.setdefault("retry_at_ms", None)
        before = self._engine
        if phase not in _BROKEN or before.phase not in _BROKEN:
            facts["since_ms"] = self._options.clock()
        self._engine = replace(before, phase=phase, **facts)
        self._offer(EngineChanged(self._engine))

    def _tell(self, event: Event) -> None:
        if event.__class__ is not ItemDelta:  # thousands a second, and no news here
            self._ledger.observe(event)
        self._offer(event)
        if self._live is not None:
            self._live.follow(event)

    # -- commands --------------------------------------------------------------

    async def send(self, command: c.Command) -> ThreadId | None:
        """See `state.engine.port.Engine.send`."""
        if isinstance(command, c.RetryEngine):
            self._retry.set()
            return None
        live = self._live
        if live is None:
            self._undone(command, NOT_CONNECTED)
            return None
        try:
            return await live.carry_out(command)
        except EngineError as error:
            self._undone(command, str(error))
            return None

    def _undone(self, command: c.Command, why: str) -> None:
        match command:
            case c.SendTurn() | c.QueueTurn():
                if command.client_id not in self._ledger.sends:
                    refused = SendState.REFUSED
                    self._offer(
                        SendChanged(command.thread_id, command.client_id, refused, why)
                    )
            case c.OpenThread() | c.LoadOlder() | c.MarkRead() if self._live is None:
                pass  # A look is repeated when a connection stands.
            case _:
                self._offer(MessageShown(why))

    async def inspect(self, thread_id: ThreadId) -> WakeReport | None:
        """See `state.engine.port.Engine.inspect`."""
        if self._live is None:
            return None
        try:
            return await inspect(self._live.link, thread_id)
        except EngineError as error:
            self._offer(MessageShown(str(error)))
            return None

    async def defaults(self, cwd: str) -> Defaults | None:
        """See `state.engine.port.Engine.defaults`."""
        if self._live is None:
            return None
        try:
            return await defaults(self._live.link, cwd)
        except EngineError as error:
            self._offer(MessageShown(str(error)))
            return None

    async def surroundings(self) -> Host | None:
        """See `state.engine.port.Engine.surroundings`."""
        return surroundings(self._live.link) if self._live is not None else None

    async def attempt(self, asked: Attempt) -> Attempted | None:
        """See `state.engine.port.Engine.attempt`."""
        if self._live is None:
            return None
        try:
            return await attempt(self._live.link, asked)
        except EngineError as error:
            return Attempted(error=str(error))

    async def look(self, asked: Look) -> Looked | None:
        """See `state.engine.port.Engine.look`."""
        if self._live is None:
            return None
        try:
            return await look(self._live.link, asked)
        except EngineError as error:
            return Looked(error=str(error))

    async def lately(self, thread_id: ThreadId) -> tuple[Turn, ...]:
        """See `state.engine.port.Engine.lately`."""
        if self._live is None:
            return ()
        try:
            read = self._options.around.read_rollout
            return await lately(self._live.link, read, thread_id)
        except EngineError:
            return ()

    async def controls(self, cwd: str) -> Controls | None:
        """See `state.engine.port.Engine.controls`."""
        if self._live is None:
            return None
        try:
            return await controls(self._live.link, cwd)
        except EngineError as error:
            self._offer(MessageShown(str(error)))
            return None
