"""Worlds for pictures, and the app that shows them.

Owns the folding of recordings and small wire scripts into a world, an engine that
stays silent, and time that stands still. Invariant: every thread, turn and review on
a picture was decoded from what an engine says on the wire; nothing is made by hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from textual.pilot import Pilot

from state.commands import Command
from state.controls import Controls
from state.dataclass import replace
from state.engine.calls import Call
from state.engine.controls import controls
from state.engine.defaults import defaults
from state.engine.errors import RequestFailed
from state.engine.link import Link
from state.engine.port import Defaults, Offer, WakeReport
from state.engine.replay import recorded_events
from state.engine.wake import inspect
from state.engine.wire.context import WireContext
from state.engine.wire.notifications import decode_notification
from state.engine.wire.requests import decode_request
from state.engine.wire.responses import decode_response
from state.events import EngineChanged, Event, ThreadsListed
from state.items import ThreadId
from state.looks import Look, Looked
from state.model import Engine, EnginePhase, Turn
from state.permissions.policy import Host
from state.permissions.trial import Attempt, Attempted, connect_answer, parse
from state.store import Store
from tests.recordings import EPOCH, FOLDER
from tests.snap import Act, settle
from tui.app import CodexTui
from tui.screens.fleet import FleetScreen
from tui.services import Remembered, Services

Json = dict[str, Any]

NOW = 1_795_245_690_000
"""The moment all scripts are written for: shortly after the recorded demo."""
CWD = "/home/dev/src/parsecache"
DEMO = "01a1fcfb-2b84-7563-b08b-dc8bffcccc47"
"""The root thread of the recorded demo."""


# -- events ----------------------------------------------------------------------


def recorded(name: str, *, until: Callable[[Event], bool] | None = None) -> list[Event]:
    """The events of a recording, up to and with the first that `until` is true of."""
    events: list[Event] = []
    for _, event in recorded_events(FOLDER / f"{name}.jsonl"):
        events.append(event)
        if until is not None and until(event):
            return events
    assert until is None, f"{name} has no such event"
    return events


def told(*messages: Json, at_ms: int = NOW) -> list[Event]:
    """The events of notifications and requests, as the engine writes them.

    A reply is written `{"to": method, "params": …, "result": …}`."""
    events: list[Event] = []
    for message in messages:
        context = WireContext(EPOCH, 1, message.get("emittedAtMs", at_ms))
        if "to" in message:
            params = message.get("params", {})
            reply = decode_response(message["to"], params, message["result"], context)
            events += reply
        elif "id" in message:
            events.append(decode_request(message, EPOCH, 1, context.at_ms))
        else:
            events += decode_notification(message, context)
    return events


def connected(version: str = "0.169.0") -> list[Event]:
    """An engine answers."""
    return [engine(EnginePhase.READY, version=version), ThreadsListed()]


def engine(phase: EnginePhase, **facts: Any) -> EngineChanged:
    """What the session says about its connection; it does not come by the wire."""
    facts = {"since_ms": NOW - 60_000, "epoch": EPOCH, "connection": 1, **facts}
    return EngineChanged(Engine(phase, **facts))


# -- the app ---------------------------------------------------------------------


class SilentEngine:
    """An engine that says nothing more. `replies`: what it answers when asked."""

    def __init__(
        self,
        replies: dict[str, Json],
        says: Sequence[Event] = (),
        looks: Callable[[Look], Looked | None] | None = None,
        *,
        hangs: bool = False,
    ) -> None:
        self._hangs = hangs
        self.replies = replies
        self._looks = looks
        self._says = says
        self._closed = asyncio.Event()

    async def run(self, offer: Offer) -> None:
        """Say what is to be said to the running app, then stay connected."""
        for event in self._says:
            offer(event)
        await self._closed.wait()

    async def send(self, command: Command) -> ThreadId | None:
        """Nothing comes of it, or not even that."""
        await self._hang()
        return None

    async def _hang(self) -> None:
        if self._hangs:
            await self._closed.wait()

    async def inspect(self, thread_id: ThreadId) -> WakeReport | None:
        """The real look at a sleeping thread, on these replies."""
        return await inspect(cast("Link", _Line(self.replies)), thread_id)

    async def defaults(self, cwd: str) -> Defaults | None:
        """The real look at the defaults, on these replies."""
        if not self.replies:
            return None
        return await defaults(cast("Link", _Line(self.replies)), cwd)

    async def controls(self, cwd: str) -> Controls | None:
        """The real look at the configuration, on these replies."""
        await self._hang()
        if not self.replies:
            return None
        return await controls(cast("Link", _Line(self.replies)), cwd)

    async def surroundings(self) -> Host | None:
        """As if it ran on this machine, in this home."""
        return Host("/home/dev", "/var/tmp/dev", "/opt/codex/bin", 1000)

    async def attempt(self, asked: Attempt) -> Attempted | None:
        """What a script says the sandbox answers."""
        raw = self.replies.get("command/exec")
        if raw is None:
            return Attempted(error="the script has no sandbox")
        if asked.way is None:
            found = connect_answer(str(raw["stdout"]), str(raw["stderr"]))
            return replace(found, ms=38)
        return Attempted(parse(str(raw["stdout"]).splitlines())[0], ms=38)

    async def lately(self, thread_id: ThreadId) -> tuple[Turn, ...]:
        del thread_id
        return ()

    async def look(self, asked: Look) -> Looked | None:
        """What a script says a look at git shows."""
        await self._hang()
        return self._looks(asked) if self._looks is not None else None

    async def close(self) -> None:
        """Gone."""
        self._closed.set()


class _Line:
    """What the looks need of a link: answers by method."""

    def __init__(self, replies: dict[str, Json]) -> None:
        self.replies = replies
        path = replies.get("thread/read", {}).get("thread", {}).get("path")
        self.local = path is not None
        self.ledger = self
        self.connection = self.info = self
        self.codex_home = "/home/dev/.codex"
        self.pid: int | None = None

    def is_loaded(self, _thread_id: ThreadId) -> bool:
        """Nothing is."""
        return False

    async def ask(self, call: Call) -> Json:
        """The answer to any request of this method."""
        reply = self.replies.get(call.method)
        if reply is None:
            raise RequestFailed(call.method, -32600, "unknown method", None)
        return reply

    async def pages(self, build: Callable[[str | None], Call]) -> list[Any]:
        """All on one page."""
        rows = (await self.ask(build(None)))["data"]
        return list(rows)


def stage(
    *pieces: Iterable[Event],
    open_thread: str | None = None,
    theme: str = "ink",
    now: int = NOW,
    draft: str = "",
    view: dict[str, Any] | None = None,
    replies: dict[str, Json] | None = None,
    says: Sequence[Event] = (),
    looks: Callable[[Look], Looked | None] | None = None,
    hangs: bool = False,
) -> CodexTui:
    """The app on the world that these events fold to, its time standing still.

    `says`: events that come when the app runs already. `hangs`: what is asked of the
    engine is never answered."""
    store = Store()
    for piece in pieces:
        store.offer_all(piece)
    store.tick(now)
    kept: dict[str, Any] = {**(view or {})}
    if open_thread is not None:
        kept["open"] = open_thread
    services = Services(
        store=store,
        engine=SilentEngine(replies or {}, says, looks, hangs=hangs),
        cwd=CWD,
        user_home="/home/dev",
        codex_home="/home/dev/.codex",
        remembered=Remembered(drafts={open_thread or "new": draft}, view=kept),
        clock=lambda: now,
        theme=theme,
        still=True,
    )
    return CodexTui(services)


# -- hands -----------------------------------------------------------------------


def keys(*names: str) -> Act:
    """Press these, each with all that comes of it."""

    async def act(pilot: Pilot[Any]) -> None:
        for name in names:
            await pilot.press(name)
            await settle(pilot)

    return act


class CardClock:
    """The card's own time, in the hands of the test."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        screen = pilot.app.screen_stack[0]
        assert isinstance(screen, FleetScreen)
        self.ms = 1_000
        self._pilot = pilot
        self._body = screen.card.body
        self._body._clock = lambda _message: self.ms

    async def passes(self, ms: int) -> None:
        """Time passes, until a strip opens; what is due happens in time, and is
        drawn."""
        until, guard = self.ms + ms, self._body.guard
        while (due := guard.listens_at()) is not None and due <= until:
            self.ms, closed = due, guard.strip is None
            self._body.tick()
            await settle(self._pilot)
            if closed and guard.strip is not None:
                return
        arms = guard.arms_at()
        if arms is not None and self.ms < arms <= until:
            self.ms = arms
            self._body.relayout()
            await settle(self._pilot)
        self.ms = until
        self._body.relayout()
        await settle(self._pilot)


def card(*letters: str, armed: bool = True, steps: Sequence[str] = ()) -> Act:
    """Open the newest review from the inbox, rest until it is armed, press letters."""

    async def act(pilot: Pilot[Any]) -> None:
        clock = CardClock(pilot)
        for name in ("r", *steps, "enter"):
            await pilot.press(name)
            await settle(pilot)
        if not armed:
            return
        await clock.passes(700)
        for letter in letters:
            await pilot.press(letter)
            await clock.passes(700)

    return act
