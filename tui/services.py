"""Production wiring: the one place that opens a store, a lease or an engine.

Owns what the app is given and the order things open in: rows from disk first (before
Textual paints), the write connection and the engine after the first paint. Invariant:
`end` is safe to call twice and leaves everything typed on disk.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from state import events as e
from state.db.errors import StoreError
from state.db.history import drafts, load_thread, load_world, view_state
from state.engine.port import Engine
from state.home import lease_path, store_path
from state.model import Thread, World
from state.store import Store
from tui.bridge import Bridge, Keeper, now_ms
from tui.late import LateEngine
from tui.place import Place

NEW = "new"
"""Draft key of the thread that is not started yet."""


@dataclass(slots=True)
class Remembered:
    """What the last window left: drafts by place, choices of the screen."""

    drafts: dict[str, str] = field(default_factory=dict)
    view: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Services:
    """Everything the app needs, injected. `still`: no motion (tests, snapshots)."""

    store: Store
    engine: Engine
    cwd: str
    codex_home: str
    home: Path | None = None
    remembered: Remembered = field(default_factory=Remembered)
    clock: Callable[[], int] = now_ms
    theme: str | None = None
    ascii: bool = False
    plain: bool = False
    still: bool = False
    shell_env: Mapping[str, str] = field(default_factory=dict)
    bridge: Bridge = field(init=False)
    _begun: bool = field(init=False, default=False)
    _ended: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        path = store_path(self.home) if self.home is not None else None
        self.bridge = Bridge(self.store, self.engine, path=path, clock=self.clock)

    async def begin(self) -> None:
        """After the first paint: the engine, then the store for writing."""
        if self._begun:
            return
        self._begun = True
        self.bridge.start()
        if self.home is not None:
            await self._open_store(self.home)

    async def _open_store(self, home: Path) -> None:
        # Imported here: the write connection is opened after the first paint.
        from state.db.lease import Lease
        from state.db.writer import StoreWriter

        try:
            writer = await StoreWriter.open(
                store_path(home),
                self.codex_home,
                on_event=self.store.offer,
                now_ms=self.clock,
            )
        except (StoreError, OSError) as error:
            self.store.offer(e.StoreFailed(str(error)))
            return
        if writer.notice:
            self.store.offer(e.MessageShown(writer.notice))
        writer.adopt(self.store.world.threads)
        self.bridge.keep(Keeper(writer, Lease(lease_path(self.codex_home, home))))

    async def end(self) -> None:
        """Leave: write what waits, close the connection. The engine goes on."""
        if self._ended or not self._begun:
            return
        self._ended = True
        await self.bridge.close()

    # -- what survives this window -------------------------------------------------

    def keep_draft(self, key: str, text: str) -> None:
        """The composer of `key` holds this now."""
        if self.remembered.drafts.get(key, "") == text:
            return
        self.remembered.drafts[key] = text
        if self.bridge.keeper is not None:
            self.bridge.keeper.writer.draft(key, text)

    def keep_view(self, key: str, value: Any) -> None:
        """Remember a choice of the screen."""
        if self.remembered.view.get(key) == value:
            return
        self.remembered.view[key] = value
        if self.bridge.keeper is not None:
            self.bridge.keeper.writer.view_state(key, json.dumps(value))


def restore(home: Path, codex_home: str) -> tuple[World, Remembered, str]:
    """The world, drafts and choices in our store; and a sentence if it is unusable.

    Synchronous on purpose: it runs before the first paint.
    """
    path = store_path(home)
    if not path.exists():
        return World(), Remembered(), ""
    try:
        threads: dict[Any, Thread] = load_world(path, codex_home)
        newest: dict[str, str] = {}
        for draft in sorted(drafts(path), key=lambda d: d.at_ms):
            newest[draft.key] = draft.text
        view = {k: _json(v) for k, v in view_state(path).items()}
        shown = threads.get(view.get("open"))
        whole = load_thread(path, shown.id) if shown is not None else None
        if whole is not None:
            threads[whole.id] = whole
    except Exception as error:
        return World(), Remembered(), f"The thread store could not be read: {error}"
    return World(threads=threads), Remembered(newest, view), ""


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
    """What names this engine's threads in our store: its home, or its address."""
    remote: str | None = getattr(args, "remote", None)
    return remote.split("?")[0] if remote else str(place.codex_home)
