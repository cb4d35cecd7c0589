"""A short visit to an engine about its terminals: who runs, and ending some.

Owns the asking for commands without a screen. Starts no engine and wakes no thread;
what the store knew (numbers, owners, outputs) is completed with what the engine says.
Invariant: without an engine nothing is changed anywhere.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from state import events as e
from state.dataclass import dataclass
from state.engine import calls
from state.engine.errors import EngineError, EngineLost, EngineNotFound, RequestFailed
from state.engine.supervisor import Connection, PrivateTarget, SharedTarget, connect
from state.engine.wire.context import WireContext
from state.engine.wire.responses import decode_response
from state.items import ThreadId
from state.model import Engine, EnginePhase, Thread, World
from state.reduce import apply_to
from state.reduce.epoch import after_engine_change
from tui.listing import CALL_SECONDS, stored
from tui.options import target_of, visit_options
from tui.place import Place
from tui.services import engine_label


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known. `link` None: no engine answered, `notes` say why."""

    world: World
    link: Connection | None = None
    notes: tuple[str, ...] = ()
    store_failed: bool = False

    @property
    def local(self) -> bool:
        """The engine's processes are on this machine."""
        return self.link is not None and self.link.how != "remote"


@contextlib.asynccontextmanager
async def visit(args: argparse.Namespace, place: Place) -> AsyncIterator[Visit]:
    """The world of terminals while a connection stands, or as last known."""
    world, problem = stored(place, engine_label(args, place))
    notes = (problem,) if problem else ()
    target = target_of(args, place)
    if isinstance(target, SharedTarget):
        target = SharedTarget(None, place.codex_home)  # a look starts nothing
    link: Connection | None = None
    try:
        if isinstance(target, PrivateTarget):
            raise EngineNotFound("A private engine has no terminals before it runs.")
        link = await connect(target, visit_options(place))
    except (EngineError, OSError) as error:
        nobody = isinstance(target, SharedTarget) and isinstance(error, EngineLost)
        words = "No engine is running for this CODEX_HOME." if nobody else str(error)
        notes = (*notes, words)
    try:
        if link is not None:
            world = await _completed(link, world)
        yield Visit(world, link, notes, bool(problem))
    finally:
        if link is not None:
            await link.rpc.close()


async def _completed(link: Connection, world: World) -> World:
    """Raises EngineError."""
    engine = Engine(
        EnginePhase.READY, version=link.info.version, how=link.how, epoch=link.epoch
    )
    threads = dict(world.threads)
    threads.update(after_engine_change(threads, Engine(), engine))
    loaded = await _loaded(link)
    for thread_id in loaded:
        await tell(link, threads, calls.read_thread(thread_id))
        await list_terminals(link, threads, thread_id)
    for thread_id, thread in list(threads.items()):
        if thread.terminals and thread_id not in loaded:
            apply_to(threads, e.TerminalsListed(thread_id, (), link.epoch, _now()))
    return World(threads=threads, engine=engine)


async def _loaded(link: Connection) -> list[ThreadId]:
    found: list[ThreadId] = []
    cursor: str | None = None
    while True:
        call = calls.list_loaded(cursor)
        reply = await link.rpc.call(call.method, call.params, timeout=CALL_SECONDS)
        found += [ThreadId(str(one)) for one in reply.get("data") or ()]
        following = reply.get("nextCursor")
        if not isinstance(following, str) or following == cursor:
            return sorted(found)
        cursor = following


async def list_terminals(
    link: Connection, threads: dict[ThreadId, Thread], thread_id: ThreadId
) -> None:
    """Read one thread's list into `threads`. Raises EngineLost."""
    rows: list[Any] = []
    cursor: str | None = None
    with contextlib.suppress(RequestFailed):  # it may be gone meanwhile
        while True:
            call = calls.list_terminals(thread_id, cursor)
            reply = await link.rpc.call(call.method, call.params, timeout=CALL_SECONDS)
            rows += reply.get("data") or []
            following = reply.get("nextCursor")
            if not isinstance(following, str) or following == cursor:
                break
            cursor = following
        _apply(link, threads, calls.list_terminals(thread_id), {"data": rows})


async def tell(
    link: Connection, threads: dict[ThreadId, Thread], call: calls.Call
) -> None:
    """Ask, and take what the reply says into `threads`. Raises EngineLost."""
    with contextlib.suppress(RequestFailed):
        reply = await link.rpc.call(call.method, call.params, timeout=CALL_SECONDS)
        _apply(link, threads, call, reply)


def _apply(
    link: Connection,
    threads: dict[ThreadId, Thread],
    call: calls.Call,
    reply: Mapping[str, Any],
) -> None:
    context = WireContext(link.epoch, 1, _now())
    for event in decode_response(call.method, call.params, dict(reply), context):
        if not isinstance(event, e.WorldEvent):
            apply_to(threads, event)


def _now() -> int:
    return int(time.time() * 1000)
