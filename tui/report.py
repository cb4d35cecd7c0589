"""The fleet without a screen: `threads` and `engine` as text or JSON.

Owns the words and columns of those commands. Reads the engine if one answers (a
running one first, else a private one that ends again) and the store otherwise; never
wakes a thread and never starts a shared engine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from state import events as e
from state.db.errors import StoreError
from state.db.history import load_world
from state.engine.control import EngineStatus, StopReport, status, stop
from state.engine.errors import EngineError, EngineNotFound
from state.engine.supervisor import (
    Connection,
    PrivateTarget,
    RemoteTarget,
    SharedTarget,
    Target,
    connect,
)
from state.engine.wire.notifications import WireContext
from state.engine.wire.responses import decode_response
from state.home import store_path
from state.model import Engine, EnginePhase, Thread, World
from state.reduce import apply_to
from state.select.threads import ListAsk, ThreadListBuilder
from state.text import reveal
from state.tree import Forest
from state.words import age, cut
from tui.options import Place, connect_options, finder, target_of

PAGE = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """What was read, from where, and what to tell about that."""

    world: World
    live: bool
    note: str = ""


def threads_command(args: argparse.Namespace) -> int:
    """`codex-tui threads`: 0, or 3 when neither engine nor store had anything."""
    place = Place.from_environment()
    try:
        listing = asyncio.run(_read(args, place))
    except StoreError as error:
        print(error, file=sys.stderr)
        return 4
    if listing.note:
        print(listing.note, file=sys.stderr)
    if args.json:
        rows = [
            _as_json(thread)
            for thread in listing.world.threads.values()
            if not thread.is_agent and (args.archived or not thread.archived)
        ]
        json.dump(rows, sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        _print_fleet(listing, archived=args.archived)
    return 0 if listing.live or listing.world.threads else 3


async def _read(args: argparse.Namespace, place: Place) -> Listing:
    world, note = _stored(place)
    target = target_of(args, place)
    if isinstance(target, SharedTarget):
        target = SharedTarget(None, place.codex_home)
    try:
        return await _listed(target, place, world)
    except EngineError as error:
        if isinstance(target, RemoteTarget):
            return Listing(world, live=False, note=str(error))
    try:
        find = finder(args.codex_bin, place)
        return await _listed(PrivateTarget(find, place.codex_home), place, world)
    except EngineError as error:
        if not world.threads:
            return Listing(world, live=False, note=str(error))
        note = f"{error} These are the threads as last known."
        return Listing(world, live=False, note=note)


def _stored(place: Place) -> tuple[World, str]:
    path = store_path(place.home)
    if not path.exists():
        return World(), ""
    return World(threads=load_world(path)), ""


async def _listed(target: Target, place: Place, world: World) -> Listing:
    link = await connect(target, connect_options(place))
    threads = dict(world.threads)
    try:
        for archived in (False, True):
            async for event in _pages(link, archived=archived):
                apply_to(threads, event)
    finally:
        await link.rpc.close()
    engine = Engine(EnginePhase.READY, version=link.info.version, how=link.how)
    return Listing(World(threads=threads, engine=engine), live=True)


async def _pages(link: Connection, *, archived: bool) -> Any:
    cursor: str | None = None
    while True:
        params: dict[str, Any] = {
            "useStateDbOnly": True,
            "modelProviders": [],
            "archived": archived,
            "limit": PAGE,
            "cursor": cursor,
        }
        reply = await link.rpc.call("thread/list", params)
        context = WireContext(link.epoch, 1, int(time.time() * 1000))
        for event in decode_response("thread/list", params, reply, context):
            if isinstance(event, e.ThreadSeen | e.ReadStateChanged):
                yield event
        cursor = reply.get("nextCursor")
        if not cursor:
            return


def _as_json(thread: Thread) -> dict[str, Any]:
    return {
        "id": thread.id,
        "name": thread.name,
        "preview": thread.preview,
        "status": thread.status.value,
        "flags": sorted(thread.flags),
        "cwd": thread.cwd,
        "branch": thread.branch,
        "source": thread.source,
        "threadSource": thread.thread_source,
        "originator": thread.originator,
        "model": thread.model,
        "effort": thread.effort,
        "archived": thread.archived,
        "unread": thread.unread,
        "createdAtMs": thread.created_ms,
        "updatedAtMs": thread.updated_ms,
        "path": thread.path,
    }


def _print_fleet(listing: Listing, *, archived: bool) -> None:
    world = listing.world
    forest = Forest()
    forest.update(world.threads, world.threads)
    builder = ThreadListBuilder(forest)
    builder.update(world, world.threads)
    view = builder.view(ListAsk(archived=archived))
    now = time.time() * 1000
    source = f"codex {world.engine.version}" if listing.live else "as last known"
    print(f"{view.total} threads · {source}")
    for group in view.groups:
        print(f"\n{group.title} {len(group.rows)}")
        for row in group.rows:
            cwd = reveal(Path(world.threads[row.id].cwd).name).text
            when = age((now - row.at_ms) / 1000)
            title = cut(row.title, 56)
            print(f"  {row.word:<11} {title:<56} {when:>3}  {cwd}".rstrip())
            if row.detail:
                print(f"  {'':<11} {''.join(bit.text for bit in row.detail)}")
    if not view.groups:
        print("No threads yet.")


# -- engine ----------------------------------------------------------------------


def engine_command(args: argparse.Namespace) -> int:
    """`codex-tui engine status|stop`: 0 done, 1 refused, 3 none is running."""
    place = Place.from_environment()
    options = connect_options(place)
    try:
        if args.act == "status":
            return _show_status(
                asyncio.run(status(place.codex_home, options)), as_json=args.json
            )
        report = asyncio.run(stop(place.codex_home, options, interrupt=args.interrupt))
    except EngineNotFound as error:
        print(error, file=sys.stderr)
        return 3
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    return _show_stop(report, as_json=args.json)


def _show_status(found: EngineStatus, *, as_json: bool) -> int:
    if as_json:
        json.dump(_plain(found), sys.stdout, indent=1)
        print()
        return 0 if found.running else 3
    print("\n".join(status_lines(found)))
    return 0 if found.running else 3


def status_lines(found: EngineStatus) -> list[str]:
    """What runs, in words: engine, then busy threads, then who else is connected."""
    if not found.running:
        return ["No engine is running for this CODEX_HOME."]
    pid = f", pid {found.pid}" if found.pid else ""
    lines = [f"Engine {found.version or 'of unknown version'}{pid}"]
    for thread in found.busy:
        words = []
        if thread.turn_id:
            words.append("a turn is running")
        number = len(thread.terminals)
        if number:
            words.append(f"{number} background terminal{'s' if number > 1 else ''}")
        lines.append(
            f"  {reveal(thread.name or thread.thread_id).text}: " + ", ".join(words)
        )
    if found.peers:
        lines.append(f"  {found.peers} other connections")
    return lines


def _show_stop(report: StopReport, *, as_json: bool) -> int:
    if as_json:
        json.dump(_plain(report), sys.stdout, indent=1)
        print()
    else:
        print(report.sentence)
    return 0 if report.stopped else 1


def _plain(value: object) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        names = value.__dataclass_fields__
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, Path):
        return str(value)
    return value
