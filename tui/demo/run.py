"""The demo's world: a private home, a scripted provider, a real engine of its own.

Owns how they are put together and how they end, for the screen and for the player
without one. Not here: what is played (`tui.demo.scenario`), who looks on. Invariant:
however it ends (by itself, SIGTERM, SIGHUP, an error), neither a file nor a process
of it is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from state.commands import StartThread
from state.dataclass import dataclass
from state.engine.acting import Surroundings
from state.engine.locate import EngineBinary, locate
from state.engine.record import Recorder
from state.engine.rpc import RpcHooks
from state.engine.session import EngineSession, SessionOptions
from state.engine.supervisor import PrivateTarget
from state.model import ClientId
from state.store import Store
from tui.demo.director import Director, Scenario
from tui.demo.home import DemoHome
from tui.demo.project import project_files
from tui.demo.provider import Provider
from tui.demo.scenario import DEMO
from tui.options import connect_options
from tui.place import Place
from tui.processes import LocalProcesses
from tui.services import Services

Listener = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """`speed` divides the script's pauses, 0 leaves them out; `record` gets the wire;
    `on_message` is called with each message of the engine, replies too."""

    codex_bin: str | None = None
    record: Path | None = None
    speed: float = 1.0
    scenario: Scenario = DEMO
    on_message: Listener | None = None
    theme: str | None = None


@dataclass(frozen=True, slots=True)
class DemoWorld:
    """A demo that is ready to begin: call `services.begin()`, and `end()` after."""

    home: DemoHome
    place: Place
    binary: EngineBinary
    provider: Provider
    engine: EngineSession
    services: Services
    scenario: Scenario


def openings(world: DemoWorld) -> tuple[StartThread, ...]:
    """What the user says to begin with: to the first thread, and to those beside it."""
    cwd, scenario = world.services.cwd, world.scenario
    beside = [
        StartThread(
            ClientId(uuid.uuid4().hex),
            cwd,
            side.prompt,
            name=side.name,
            sandbox=side.sandbox,
            approval_policy=side.approval_policy,
            reviewer=side.reviewer,
            roots=side.roots,
        )
        for side in scenario.threads
    ]
    first = StartThread(ClientId(uuid.uuid4().hex), cwd, scenario.prompt)
    return (first, *beside)


@contextlib.asynccontextmanager
async def demo_world(options: DemoOptions) -> AsyncIterator[DemoWorld]:
    """Everything but the start; nothing of it is left when the context ends.

    Raises DemoHomeError, EngineNotFound, and OSError for a recording that cannot be
    written."""
    async with contextlib.AsyncExitStack() as stack:
        tap = stack.enter_context(_taps(options))
        home = stack.enter_context(
            DemoHome({**project_files(), **options.scenario.files})
        )
        place = Place(home.codex_home, home.tui_home, home.environment())
        # Found as the user's own would be; what is copied or cached stays in the demo.
        binary = await asyncio.to_thread(
            locate, options.codex_bin, env=os.environ, state_dir=place.home
        )
        director = Director(options.scenario, speed=options.speed)
        provider = await stack.enter_async_context(
            Provider(director, reviewer=director.review)
        )
        home.configure(provider.base_url)
        engine = _session(home, place, binary, tap)
        services = Services(
            store=Store(),
            engine=engine,
            cwd=str(home.workspace),
            codex_home=str(home.codex_home),
            home=place.home,
            theme=options.theme,
            demo=True,
            processes=LocalProcesses(),
        )
        stack.push_async_callback(services.end)
        yield DemoWorld(
            home, place, binary, provider, engine, services, options.scenario
        )


def _session(
    home: DemoHome,
    place: Place,
    binary: EngineBinary,
    tap: Callable[[Literal["in", "out"], dict[str, Any]], None],
) -> EngineSession:
    # Its own folder is a writable root of what runs without one: an empty one.
    empty = home.root / "home"
    return EngineSession(
        PrivateTarget(lambda: binary, place.codex_home, empty),
        SessionOptions(
            connect=connect_options(place, hooks=RpcHooks(tap=tap)),
            around=Surroundings(),
            probe_cwd=home.workspace,
        ),
    )


@contextlib.contextmanager
def _taps(
    options: DemoOptions,
) -> Iterator[Callable[[Literal["in", "out"], dict[str, Any]], None]]:
    recorder = Recorder(options.record) if options.record is not None else None

    def tap(direction: Literal["in", "out"], message: dict[str, Any]) -> None:
        if recorder is not None:
            recorder(direction, message)
        if options.on_message is not None and direction == "in":
            options.on_message(message)

    try:
        yield tap
    finally:
        if recorder is not None:
            recorder.close()


@dataclass(slots=True)
class Ending:
    """SIGTERM and SIGHUP end the current task once, and let it clean up in peace.

    `code` is the exit code of a program that ended so; None when no signal came."""

    code: int | None = None
    _task: asyncio.Task[Any] | None = field(default=None, repr=False)

    def __enter__(self) -> Ending:
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end, number)
        return self

    def _end(self, number: int) -> None:
        if self.code is None and self._task is not None:
            self.code = 128 + number
            self._task.cancel()

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)
