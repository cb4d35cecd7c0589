"""Production wiring: the one place that opens a store, a lease or an engine.

Owns what the app is given and the order things open in: rows from disk first (before
Textual paints), the write connection and the engine after the first paint. Invariant:
`end` is safe to call twice and leaves everything typed on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from state.config import Config
from state.dataclass import dataclass
from state.db.connection import bring_up_to_date, mark_suspect, repair
from state.db.errors import StoreCorrupt, StoreError, named
from state.db.history import drafts, load_thread, load_world, view_state
from state.db.recent import recent_rows
from state.home import store_path
from state.items import ThreadId
from state.model import Thread, World
from state.select.threads import Group
from tui.late import LateEngine
from tui.place import Place

if TYPE_CHECKING:
    from state.commands import Command, StartThread
    from state.db.history import Draft
    from state.engine.port import Engine
    from state.permissions.disk import Disk
    from state.permissions.hosts import Lead
    from state.pushes import PushResult
    from state.store import Published, Store
    from tui.bridge import Bridge, Keeper
    from tui.processes import ProcessTable

FIRST_ROWS = 60
"""Rows of the list that are read before the first paint, or as many as are seen."""
NEW = "new"
"""Draft key of the thread that is not started yet."""


def now_ms() -> int:
    """The wall clock."""
    return int(time.time() * 1000)


def _nobody(_step: Published) -> None:
    """Before there is a screen."""


@dataclass(slots=True)
class Remembered:
    """What the last window left: drafts by place, choices of the screen."""

    drafts: dict[str, str] = field(default_factory=dict)
    view: dict[str, Any] = field(default_factory=dict)
    counts: tuple[tuple[Group, int], ...] = ()
    """How many threads each group of the list has; the world may hold only the top"""
    rows: tuple[Draft, ...] = ()
    """The drafts as they stand in the store"""
    notice: str = ""
    """What happened to the store at this start that the user should know"""


@dataclass(slots=True)
class Services:
    """Everything the app needs, injected. `still`: no motion (tests, snapshots)."""

    engine: Engine
    cwd: str
    codex_home: str
    home: Path | None = None
    store: Store | None = None
    """Made by `begin` unless it is given"""
    world: World = field(default_factory=World)
    """What is painted first"""
    problem: str = ""
    """Why the thread store could not be read"""
    remembered: Remembered = field(default_factory=Remembered)
    clock: Callable[[], int] = now_ms
    opening: StartThread | None = None
    """A thread to start, and show, as soon as there is an engine"""
    beside: tuple[StartThread, ...] = ()
    """Threads to start after that one, without showing them"""
    user_home: str = ""
    """Folders in it are headed with `~`"""
    theme: str | None = None
    ascii: bool = False
    plain: bool = False
    config: Config = field(default_factory=Config)
    """Our own settings file"""
    still: bool = False
    demo: bool = False
    """The engine plays: nothing in it is anybody's"""
    processes: ProcessTable | None = None
    """Sees the processes of this machine; None: nobody looks"""
    disk: Callable[[], Disk] | None = None
    """The disk the sandbox inspector looks at; None: this machine's"""
    names: Callable[[str], Awaitable[Lead]] | None = None
    """Where a host's name leads; None: as this machine looks it up"""
    environment: Mapping[str, str] | None = None
    """What a push runs with; None: this window's"""
    pusher: Callable[..., Awaitable[PushResult]] | None = None
    """What pushes; None: the user's own git"""
    on_publish: Callable[[Published], None] = field(init=False, default=_nobody)
    _bridge: Bridge | None = field(init=False, default=None)
    _early: list[tuple[Command, Callable[[], None] | None]] = field(
        init=False, default_factory=list
    )
    _begun: bool = field(init=False, default=False)
    _opening: asyncio.Future[None] | None = field(init=False, default=None)
    _ended: bool = field(init=False, default=False)
    _beginning: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _read: dict[ThreadId, Thread] = field(init=False, default_factory=dict)
    """What came from the store, as it came"""
    _unkept: dict[str, str] = field(init=False, default_factory=dict)
    """Drafts typed before the store was open for writing"""

    def __post_init__(self) -> None:
        if self.store is not None:
            self.world = self.store.world

    @property
    def bridge(self) -> Bridge:
        """The way to the engine; it is there from `begin` on."""
        if self._bridge is None:
            raise RuntimeError("nothing can be sent before the first paint")
        return self._bridge

    @property
    def keeper(self) -> Keeper | None:
        """The store on disk, once it is open for writing."""
        return self._bridge.keeper if self._bridge is not None else None

    def act(self, command: Command, done: Callable[[], None] | None = None) -> None:
        """A command whose outcome shows by itself; kept until there is a bridge.

        `done` is called when it was carried out, or could not be."""
        if self._bridge is None:
            self._early.append((command, done))
            return
        task = self._bridge.act(command)
        if done is not None:
            task.add_done_callback(lambda _task: done())

    async def begin(self) -> None:
        """After the first paint: the engine, then the store for writing."""
        if self._begun:
            return
        self._begun = True
        async with self._beginning:
            await self._begin()

    async def _begin(self) -> None:
        self._bridge = self._make_bridge()
        self._opening = asyncio.ensure_future(self._open())
        # Who leaves in the middle of this cancels the waiting, not the opening: a
        # connection nobody closes would keep the process alive.
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        if self.home is not None:
            await self._read_rest(self.home)
        self.bridge.start()
        early, self._early = self._early, []
        for command, done in early:
            self.act(command, done)
        if self.home is not None:
            await self._open_store(self.home)

    def _make_bridge(self) -> Bridge:
        # Imported here: events and reducers are not needed to paint what is stored.
        from state.events import MessageShown, StoreFailed
        from state.store import Store
        from tui.bridge import Bridge

        store = self.store = self.store or Store(self.world)
        store.subscribe(lambda step: self.on_publish(step))
        if self.problem:
            store.offer(StoreFailed(self.problem))
        if self.remembered.notice:
            store.offer(MessageShown(self.remembered.notice))
        path = store_path(self.home) if self.home is not None else None
        bridge = Bridge(store, self.engine, path=path, clock=self.clock)
        bridge.once.remember(self.remembered.view.get("once"))
        bridge.delivery.behind.remember(self.remembered.view.get("delivery"))
        return bridge

    async def _read_rest(self, home: Path) -> None:
        """All threads of the store; the first paint needed only the top rows."""
        path = store_path(home)
        if not self.remembered.counts:
            return
        try:
            threads = await asyncio.to_thread(load_world, path, self.codex_home)
        except (sqlite3.Error, StoreError, ValueError) as error:
            failure = named(error, path)
            if isinstance(failure, StoreCorrupt):
                mark_suspect(path)
            self.say_failed(failure.sentence)
            return
        assert self.store is not None
        self.store.restore(threads, self.clock())
        self._read = dict(self.store.world.threads)

    def recall(self) -> None:
        """All of the thread that was open when the last window closed. After the
        first rows are painted: it may be long."""
        shown = self.remembered.view.get("open")
        if self.home is None or not self.remembered.counts or self.store is not None:
            return
        if not isinstance(shown, str):
            return
        path = store_path(self.home)
        try:
            whole = load_thread(path, ThreadId(shown))
        except (sqlite3.Error, StoreError, ValueError) as error:
            failure = named(error, path)
            if isinstance(failure, StoreCorrupt):
                mark_suspect(path)
            self.problem = self.problem or failure.sentence
            return
        if whole is not None:
            self.world = World(threads={**self.world.threads, whole.id: whole})

    def say_failed(self, sentence: str) -> None:
        """A failure of the store on disk, for the bottom line."""
        from state.events import StoreFailed

        if self.store is not None:
            self.store.offer(StoreFailed(sentence))

    async def _open_store(self, home: Path) -> None:
        # Imported here: the write connection is opened after the first paint.
        from state.db.lease import Lease, lease_path
        from state.db.writer import StoreWriter
        from state.events import MessageShown
        from tui.bridge import Keeper

        assert self.store is not None
        try:
            writer = await StoreWriter.open(
                store_path(home),
                self.codex_home,
                on_event=self.store.offer,
                now_ms=self.clock,
            )
        except (StoreError, OSError) as error:
            self.say_failed(str(error))
            return
        if writer.notice:
            self.store.offer(MessageShown(writer.notice))
        writer.adopt(self._read)
        writer.adopt_drafts(self.remembered.rows)
        for key, text in self._unkept.items():
            writer.draft(key, text)
        self._unkept.clear()
        self.bridge.keep(Keeper(writer, Lease(lease_path(self.codex_home, home))))

    async def end(self) -> None:
        """Leave: write what waits, close the connection. The engine goes on."""
        if not self._begun:
            return
        # Behind the beginning: what was typed before the store was open is written,
        # too. Whoever comes second waits for the first: a process that goes on to its
        # end meanwhile would be held by the store's thread for ever.
        async with self._beginning:
            if not self._ended:
                self._ended = True
                await self.bridge.close()

    # -- what survives this window -------------------------------------------------

    def keep_draft(self, key: str, text: str) -> None:
        """The composer of `key` holds this now."""
        if self.remembered.drafts.get(key, "") == text:
            return
        self.remembered.drafts[key] = text
        if self.keeper is not None:
            self.keeper.writer.draft(key, text)
        else:
            self._unkept[key] = text

    def keep_view(self, key: str, value: Any) -> None:
        """Remember a choice of the screen."""
        if self.remembered.view.get(key) == value:
            return
        self.remembered.view[key] = value
        if self.keeper is not None:
            self.keeper.writer.view_state(key, json.dumps(value))


def restore(home: Path, codex_home: str) -> tuple[World, Remembered, str]:
    """The world, drafts and choices in our store; and a sentence if it is unusable.

    Synchronous on purpose: it runs before the first paint.
    """
    path = store_path(home)
    if not path.exists():
        return World(), Remembered(), ""
    try:
        bring_up_to_date(path)
        return *_stored(path, codex_home), ""
    except (StoreError, sqlite3.Error) as error:
        failure = named(error, path)
        if not isinstance(failure, StoreCorrupt):
            return World(), Remembered(), failure.sentence
    except Exception as error:
        return World(), Remembered(), f"The thread store could not be read: {error}"
    try:
        notice = repair(path) or ""
        world, remembered = _stored(path, codex_home)
    except Exception as error:
        return World(), Remembered(), named(error, path).sentence
    remembered.notice = notice
    return world, remembered, ""


def _stored(path: Path, codex_home: str) -> tuple[World, Remembered]:
    rows = max(FIRST_ROWS, shutil.get_terminal_size().lines)
    recent = recent_rows(path, rows, codex_home)
    threads: dict[Any, Thread] = dict(recent.threads)
    counts = (
        (Group.NEEDS, recent.needs),
        (Group.WORKING, recent.working),
        (Group.READY, recent.ready),
        (Group.NOT_LOADED, recent.not_loaded),
        (Group.ARCHIVED, recent.archived),
    )
    newest: dict[str, str] = {}
    kept = sorted(drafts(path), key=lambda d: d.at_ms)
    for draft in kept:
        newest[draft.key] = draft.text
    view = {k: _json(v) for k, v in view_state(path).items()}
    return World(threads=threads), Remembered(newest, view, counts, tuple(kept))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def user_engine(args: argparse.Namespace, place: Place, cwd: str) -> Engine:
    """The engine the arguments mean, built after the first paint."""

    def make() -> Engine:
        # Imported here: sockets, schemas and process control are not needed to paint.
        from tui.production import engine_of

        return engine_of(args, place, cwd)

    return LateEngine(make)


def engine_label(args: argparse.Namespace, place: Place) -> str:
    """What names this engine's threads in our store: its home, or its address; never
    what opens it."""
    remote: str | None = getattr(args, "remote", None)
    if not remote:
        return str(place.codex_home)
    scheme, _, rest = remote.split("?")[0].rpartition("://")
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2]
    return f"{scheme}://{host}{slash}{path}" if scheme else rest
