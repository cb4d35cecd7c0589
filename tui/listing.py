"""The thread list for commands without a screen: from the engine, else as last known.

Owns a short visit: a running engine first, else a private one that ends again, else
the store's rows. Invariant: nothing is woken, no shared engine is started, and a
CODEX_HOME that does not exist is not made.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from state import events as e
from state.dataclass import dataclass, replace
from state.db.errors import StoreError, named
from state.db.history import load_world
from state.db.migrations import check_version, version
from state.db.reader import open_reader
from state.engine import calls
from state.engine.errors import (
    EngineError,
    EngineLost,
    EngineNotFound,
    RequestFailed,
)
from state.engine.supervisor import (
    Connection,
    ConnectOptions,
    PrivateTarget,
    RemoteTarget,
    SharedTarget,
    Target,
    connect,
)
from state.engine.wire.context import WireContext
from state.engine.wire.responses import decode_response
from state.home import store_path
from state.items import ThreadId
from state.model import Account, Engine, EnginePhase, Thread, World
from state.reduce import apply_to
from state.reduce.epoch import after_engine_change
from tui.options import finder, target_of, visit_options
from tui.place import Place
from tui.services import engine_label

CALL_SECONDS = 30.0
Fill = Callable[[Connection, dict[ThreadId, Thread]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Listing:
    """What was read. `live`: an engine told it; `listed`: the threads it named.

    `notes` are sentences about what could not be read."""

    world: World
    live: bool
    listed: frozenset[ThreadId] = frozenset()
    notes: tuple[str, ...] = ()
    store_failed: bool = False
    fresh: bool = False
    """There is an engine, and its home does not exist yet: no threads is the truth."""


async def read_listing(
    args: argparse.Namespace, place: Place, fill: Fill | None = None
) -> Listing:
    """Never raises for what is missing or broken: that is a note."""
    world, problem = stored(place, engine_label(args, place))
    notes = (problem,) if problem else ()
    options = visit_options(place)
    targets = _targets(args, place)
    for target in targets:
        try:
            found = await _listed(target, options, world, fill)
        except (EngineError, OSError) as error:
            nobody = isinstance(target, SharedTarget) and isinstance(error, EngineLost)
            notes = notes if nobody else (*notes, str(error))
            continue
        # What an engine that is not running said about that is no news.
        return replace(found, notes=(problem,) if problem else ())
    fresh = False
    if not targets:
        fresh, sentence = await asyncio.to_thread(_nothing_yet, args, place)
        notes = (*notes, sentence)
    if world.threads:
        notes = (*notes, "These are the threads as last known.")
    return Listing(
        world,
        live=False,
        notes=notes,
        store_failed=bool(problem),
        fresh=fresh and not problem,
    )


async def read_known(
    args: argparse.Namespace, place: Place, fill: Fill | None = None
) -> Listing:
    """The store's rows, with what an engine that runs says of them; none is started
    unless --private asks for it. Never raises for what is missing or broken.

    `fill` asks the engine for more while it is there. Raises as it does."""
    target = target_of(args, place)
    if isinstance(target, PrivateTarget):
        return await read_listing(args, place, fill)
    world, problem = stored(place, engine_label(args, place))
    notes = (problem,) if problem else ()
    if isinstance(target, SharedTarget):
        target = SharedTarget(None, place.codex_home)
    if isinstance(target, RemoteTarget) or place.codex_home.is_dir():
        try:
            found = await _listed(target, visit_options(place), world, fill)
        except (EngineError, OSError) as error:
            if isinstance(target, RemoteTarget):
                notes = (*notes, str(error))
        else:
            return replace(found, notes=notes, store_failed=bool(problem))
    return Listing(world, live=False, notes=notes, store_failed=bool(problem))


def _nothing_yet(args: argparse.Namespace, place: Place) -> tuple[bool, str]:
    """Whether there is an engine to begin with, and the sentence to say."""
    try:
        finder(args.codex_bin, place)()
    except EngineNotFound as error:
        return False, str(error)
    except OSError as error:
        return False, str(named(error, place.home))
    return True, f"{place.codex_home} does not exist yet: nothing was started there."


def _targets(args: argparse.Namespace, place: Place) -> list[Target]:
    target = target_of(args, place)
    if isinstance(target, RemoteTarget):
        return [target]
    if not place.codex_home.is_dir():
        return []
    private = PrivateTarget(
        finder(args.codex_bin, place), place.codex_home, empty_folder(place)
    )
    if isinstance(target, PrivateTarget):
        return [private]
    return [SharedTarget(None, place.codex_home), private]


def empty_folder(place: Place) -> Path | None:
    """Where an engine of ours may stand; None: our folder cannot be written."""
    folder = place.home / "engine" / "cwd"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    return None


def stored(place: Place, label: str) -> tuple[World, str]:
    """The store's rows of this home, and why there are none."""
    path = store_path(place.home)
    if not path.exists():
        return World(), ""
    try:
        with closing(open_reader(path)) as db:
            check_version(version(db), path)
        return World(threads=load_world(path, label)), ""
    except StoreError as error:
        return World(), error.sentence
    except (sqlite3.Error, OSError, ValueError) as error:
        return World(), named(error, path).sentence


async def _listed(
    target: Target, options: ConnectOptions, world: World, fill: Fill | None
) -> Listing:
    """Raises EngineError."""
    link = await connect(target, options)
    try:
        engine = Engine(
            EnginePhase.READY,
            version=link.info.version,
            how=link.how,
            epoch=link.epoch,
        )
        # A private engine is a new process: what ran when the rows were written does
        # not run in it. A running one says itself what runs.
        before = Engine(epoch="gone") if link.how == "private" else Engine()
        threads = dict(world.threads)
        threads.update(after_engine_change(threads, before, engine))
        listed: set[ThreadId] = set()
        for archived in (False, True):
            async for event in _pages(link, archived=archived):
                apply_to(threads, event)
                listed.add(event.thread_id)
        if link.how != "private":
            async for seen in _loaded(link, frozenset(listed)):
                apply_to(threads, seen)
                listed.add(seen.thread_id)
        if fill is not None:
            await fill(link, threads)
        account = await _account(link)
    finally:
        await link.rpc.close()
    live = World(threads=threads, engine=engine, account=account)
    return Listing(live, True, frozenset(listed))


async def _pages(
    link: Connection, *, archived: bool
) -> AsyncIterator[e.ThreadSeen | e.ReadStateChanged]:
    cursor: str | None = None
    while True:
        call = calls.list_threads(archived=archived, cursor=cursor)
        reply = await link.rpc.call(call.method, call.params, timeout=CALL_SECONDS)
        for event in _news(link, call, reply):
            yield event
        following = reply.get("nextCursor")
        if not isinstance(following, str) or following == cursor:
            return
        cursor = following


async def _loaded(
    link: Connection, listed: frozenset[ThreadId]
) -> AsyncIterator[e.ThreadSeen | e.ReadStateChanged]:
    """Agents, and threads without a turn: no list has them. Reading wakes nothing."""
    call = calls.list_loaded()
    with contextlib.suppress(RequestFailed):
        reply = await link.rpc.call(call.method, call.params, timeout=CALL_SECONDS)
        ids = {str(one) for one in reply.get("data") or ()}
        for thread_id in sorted(ids - listed):
            async for event in _told(link, calls.read_thread(thread_id)):
                yield event


async def _told(
    link: Connection, call: calls.Call
) -> AsyncIterator[e.ThreadSeen | e.ReadStateChanged]:
    with contextlib.suppress(RequestFailed):  # it may be gone meanwhile
        reply = await link.rpc.call(call.method, call.params, timeout=CALL_SECONDS)
        for event in _news(link, call, reply):
            yield event


def _news(
    link: Connection, call: calls.Call, reply: dict[str, Any]
) -> list[e.ThreadSeen | e.ReadStateChanged]:
    context = WireContext(link.epoch, 1, int(time.time() * 1000))
    events = decode_response(call.method, call.params, reply, context)
    return [x for x in events if isinstance(x, e.ThreadSeen | e.ReadStateChanged)]


async def _account(link: Connection) -> Account:
    call = calls.read_account()
    with contextlib.suppress(RequestFailed):
        reply = await link.rpc.call(call.method, call.params, timeout=CALL_SECONDS)
        context = WireContext(link.epoch, 1, 0)
        for event in decode_response(call.method, call.params, reply, context):
            if isinstance(event, e.AccountChanged):
                return event.account
    return Account()
