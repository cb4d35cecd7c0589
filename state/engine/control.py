"""`engine status` and `engine stop`: what an engine is doing, and ending it honestly.

Owns looking at a shared engine from outside and the one way we ever end one. Starts
nothing. Invariant: nothing that runs is ended unless it was named first and the caller
insisted; a signal goes only to the very process that answered on the socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import field
from pathlib import Path
from typing import Any

from state.dataclass import dataclass, replace
from state.engine import detached
from state.engine.errors import EngineLost, RequestFailed
from state.engine.rpc import RpcClient, RpcHooks
from state.engine.supervisor import (
    Connection,
    ConnectOptions,
    SharedTarget,
    connect,
    control_socket,
)

POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class ThreadActivity:
    """A loaded thread that has something going on. Ids as the engine gave them."""

    thread_id: str
    name: str
    turn_id: str | None
    flags: tuple[str, ...]
    terminals: tuple[str, ...]

    @property
    def busy(self) -> bool:
        return self.turn_id is not None or bool(self.terminals)


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What `engine status` shows. `peers` counts other connections, None if unknown;
    `threads` are the loaded ones, idle included."""

    running: bool
    socket: Path
    pid: int | None = None
    version: str = ""
    epoch: str = ""
    started_by_us: bool = False
    managed: bool = False
    peers: int | None = None
    threads: tuple[ThreadActivity, ...] = ()

    @property
    def busy(self) -> tuple[ThreadActivity, ...]:
        return tuple(thread for thread in self.threads if thread.busy)


@dataclass(frozen=True, slots=True)
class StopReport:
    """What `engine stop` did. `sentence` says it; `before` is what was running."""

    stopped: bool
    sentence: str
    before: EngineStatus
    interrupted: tuple[str, ...] = ()
    signals: tuple[str, ...] = field(default=())


async def status(codex_home: Path, options: ConnectOptions) -> EngineStatus:
    """Look at the engine of `codex_home` without starting or waking anything.

    Raises HandshakeFailed or AuthRefused when something else holds the socket."""
    try:
        link = await _join(codex_home, options)
    except EngineLost:
        return EngineStatus(running=False, socket=control_socket(codex_home))
    try:
        return await _look(link, codex_home, options.state_dir)
    finally:
        await link.rpc.close()


async def stop(
    codex_home: Path,
    options: ConnectOptions,
    *,
    interrupt: bool = False,
    grace: float = 10.0,
) -> StopReport:
    """End the shared engine of `codex_home`.

    With running turns, live terminals or other clients it refuses and names them,
    unless `interrupt`: then turns are interrupted and terminals end with the engine.
    `grace` seconds pass before a harder signal."""
    try:
        link = await _join(codex_home, options)
    except EngineLost:
        before = EngineStatus(running=False, socket=control_socket(codex_home))
        return StopReport(True, "No engine runs for this CODEX_HOME.", before)
    try:
        before = await _look(link, codex_home, options.state_dir)
        if refusal := _refusal(before, interrupt=interrupt):
            return StopReport(False, refusal, before)
        interrupted = await _interrupt_all(link.rpc, before.busy)
    finally:
        await link.rpc.close()
    assert before.pid is not None
    sent = await _end(before.pid, before.epoch, grace)
    if _alive(before.pid, before.epoch):
        sentence = f"Process {before.pid} does not end; see it with `ps`."
        return StopReport(False, sentence, before, interrupted, sent)
    return StopReport(
        True, f"The engine (process {before.pid}) ended.", before, interrupted, sent
    )


async def _join(codex_home: Path, options: ConnectOptions) -> Connection:
    # What this short visit hears is nobody's news: the caller's hooks stay out of it.
    quiet = replace(options, hooks=RpcHooks())
    return await connect(SharedTarget(None, codex_home), quiet)


def _refusal(before: EngineStatus, *, interrupt: bool) -> str:
    if before.managed:
        return (
            "This engine is the official daemon; "
            "stop it with `codex app-server daemon stop`."
        )
    if before.pid is None:
        return "The engine's process is not on this machine; stop it where it runs."
    turns = sum(thread.turn_id is not None for thread in before.threads)
    terminals = sum(len(thread.terminals) for thread in before.threads)
    parts = [
        _count(turns, "running turn"),
        _count(terminals, "live terminal"),
        _count(before.peers or 0, "other client"),
    ]
    going_on = ", ".join(part for part in parts if part)
    if interrupt or not going_on:
        return ""
    return f"Not stopped: {going_on}; add --interrupt to end them with the engine."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}" if number else ""


# -- looking ---------------------------------------------------------------------


async def _look(link: Connection, codex_home: Path, state_dir: Path) -> EngineStatus:
    note = detached.remembered(state_dir, codex_home)
    mark = f"{note.get('pid')}@{note.get('started')}"
    socket = control_socket(codex_home)
    return EngineStatus(
        running=True,
        socket=socket,
        pid=link.pid,
        version=link.info.version,
        epoch=link.epoch,
        started_by_us=mark == link.epoch,
        managed=link.pid is not None and _is_managed(link.pid, codex_home),
        peers=count_peers(socket),
        threads=await _activities(link.rpc),
    )


def _is_managed(pid: int, codex_home: Path) -> bool:
    # The daemon runs the copy it keeps in CODEX_HOME/packages.
    executable = detached.executable(pid)
    packages = Path(os.path.realpath(codex_home)) / "packages"
    return executable is not None and executable.is_relative_to(packages)


def count_peers(socket: Path, *, own: int = 1) -> int | None:
    """Connections to `socket` other than our `own`; None where it cannot be told.

    Each accepted connection appears once, connected, under the listener's name."""
    if sys.platform != "linux":
        return None
    name = os.path.realpath(socket)
    try:
        table = Path("/proc/net/unix").read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    connected = 0
    for line in table.splitlines()[1:]:
        columns = line.split(maxsplit=7)
        if len(columns) == 8 and columns[7] == name and columns[5] == "03":
            connected += 1
    return max(0, connected - own)


async def _activities(rpc: RpcClient) -> tuple[ThreadActivity, ...]:
    ids: list[str] = []
    cursor: str | None = None
    while True:
        page = await rpc.call(
            "thread/loaded/list", {"cursor": cursor} if cursor else {}
        )
        ids += [item for item in page.get("data", []) if isinstance(item, str)]
        cursor = page.get("nextCursor")
        if not cursor:
            break
    return tuple([await _activity(rpc, thread_id) for thread_id in ids])


async def _activity(rpc: RpcClient, thread_id: str) -> ThreadActivity:
    thread: dict[str, Any] = {}
    terminals: list[str] = []
    turn_id: str | None = None
    with contextlib.suppress(RequestFailed):  # it may have unloaded meanwhile
        answer = await rpc.call("thread/read", {"threadId": thread_id})
        thread = answer.get("thread") or {}
    state = thread.get("status") or {}
    with contextlib.suppress(RequestFailed):
        answer = await rpc.call(
            "thread/backgroundTerminals/list", {"threadId": thread_id}
        )
        terminals = [str(item.get("command", "")) for item in answer.get("data", [])]
    if state.get("type") == "active":
        turn_id = await _running_turn(rpc, thread_id)
    return ThreadActivity(
        thread_id,
        str(thread.get("name") or thread.get("preview") or ""),
        turn_id,
        tuple(str(flag) for flag in state.get("activeFlags", ())),
        tuple(terminals),
    )


async def _running_turn(rpc: RpcClient, thread_id: str) -> str:
    """The active turn's id; "" when the thread is active and its turn is not told."""
    query = {"threadId": thread_id, "limit": 1, "itemsView": "notLoaded"}
    with contextlib.suppress(RequestFailed):
        turns = (await rpc.call("thread/turns/list", query)).get("data", [])
        if turns and turns[0].get("status") == "inProgress":
            return str(turns[0].get("id", ""))
    return ""


# -- ending ----------------------------------------------------------------------


async def _interrupt_all(
    rpc: RpcClient, busy: tuple[ThreadActivity, ...]
) -> tuple[str, ...]:
    """Interrupt every running turn we can name; the ids of those that took it."""
    done = []
    for thread in busy:
        if not thread.turn_id:
            continue
        params = {"threadId": thread.thread_id, "turnId": thread.turn_id}
        with contextlib.suppress(RequestFailed):  # it ended by itself
            await rpc.call("turn/interrupt", params, timeout=10.0)
            done.append(thread.turn_id)
    return tuple(done)


async def _end(pid: int, epoch: str, grace: float) -> tuple[str, ...]:
    """SIGTERM drains, a second one forces, SIGKILL ends; only what is needed."""
    sent = []
    for sign in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        if not _alive(pid, epoch):
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
            sent.append(sign.name)
        if await _gone_within(pid, epoch, grace):
            break
    return tuple(sent)


async def _gone_within(pid: int, epoch: str, seconds: float) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while _alive(pid, epoch):
        if loop.time() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def _alive(pid: int, epoch: str) -> bool:
    # The start mark tells the engine from a process that got its number since.
    return f"{pid}@{detached.start_mark(pid)}" == epoch
