"""From a target to a live connection: join the engine there is, or start one.

Owns the control socket's address, the detached start, the race for it, and the epoch
that names one life of one engine. Does not reconnect by itself (`backoff` says when to)
and knows nothing of threads.
Invariant: one engine per CODEX_HOME. Ours is started like any other would be, the
engine itself arbitrates, and losing means joining. A shared engine is never ended here;
the official daemon is never started.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Literal, assert_never
from urllib.parse import urlsplit

from state.dataclass import dataclass
from state.engine import detached
from state.engine.errors import (
    AuthRefused,
    EngineLost,
    EngineStartFailed,
    HandshakeFailed,
    RequestFailed,
)
from state.engine.locate import EngineBinary
from state.engine.rpc import RpcClient, RpcHooks, ServerInfo, handshake
from state.engine.transport import (
    StdioTransport,
    Transport,
    UnixTransport,
    WebSocketTransport,
)

How = Literal["joined", "started", "private", "remote"]

POLL_SECONDS = 0.02
# A first start reads every thread of its CODEX_HOME before it answers.
HANDSHAKE_SECONDS = 120.0
SOCKET_SECONDS = 10.0
GOING = 5
"""Looks at a process that closed on us, until it counts as alive"""
STARTS = 3


@dataclass(frozen=True, slots=True)
class PrivateTarget:
    """A stdio child of our own; it ends with us."""

    find: Callable[[], EngineBinary]
    codex_home: Path
    cwd: Path | None = None


@dataclass(frozen=True, slots=True)
class SharedTarget:
    """Whoever serves the control socket of `codex_home`; started if nobody does.

    `find` is asked, off the loop, only when an engine has to be started; None joins
    only."""

    find: Callable[[], EngineBinary] | None
    codex_home: Path


@dataclass(frozen=True, slots=True)
class RemoteTarget:
    """`ws://`, `wss://` or `unix://PATH`; the token is never shown or stored."""

    url: str
    token: str | None = field(default=None, repr=False)
    insecure_loopback: bool = False


Target = PrivateTarget | SharedTarget | RemoteTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOptions:
    """What every kind of connection needs. `state_dir` is our own 0700 folder;
    `config` are extra `-c key=value` of an engine we start."""

    state_dir: Path
    client_version: str
    env: Mapping[str, str]
    config: tuple[str, ...] = ()
    hooks: RpcHooks = field(default_factory=RpcHooks)
    handshake_seconds: float = HANDSHAKE_SECONDS


@dataclass(frozen=True, slots=True)
class Connection:
    """A greeted engine. `pid` is None when it is not a process we can name here.

    `epoch` names this life of this engine: request ids mean nothing beyond it. Two
    connections to one local engine have the same epoch, to a remote one never."""

    rpc: RpcClient
    info: ServerInfo
    how: How
    pid: int | None
    epoch: str


def control_socket(codex_home: Path) -> Path:
    """Where an engine with `--listen unix://` and the official daemon are reached."""
    return codex_home / "app-server-control" / "app-server-control.sock"


def backoff(attempt: int) -> float:
    """Seconds before reconnect number `attempt` (from 0): 0.5 doubling up to 30."""
    return float(min(30.0, 0.5 * 2.0 ** min(max(attempt, 0), 10)))


async def connect(target: Target, options: ConnectOptions) -> Connection:
    """Connect, greet, and learn the epoch.

    Raises EngineNotFound, EngineStartFailed, AuthRefused, HandshakeFailed, EngineLost;
    whatever was opened is closed then, and a private child ended."""
    match target:
        case PrivateTarget():
            transport: Transport = await _spawn_private(target, options)
            return await _greet(transport, "private", options)
        case SharedTarget():
            transport, how = await _join_or_start(target, options)
            return await _greet(transport, how, options)
        case RemoteTarget():
            return await _greet(await _reach(target), "remote", options)
        case _:
            assert_never(target)


def autopsy(
    target: Target, options: ConnectOptions, connection: Connection
) -> EngineLost | None:
    """The end of a shared engine's process, with what it wrote last on its stderr where
    we, or a window before us, started it. None: it lives, or is no process we see."""
    if not isinstance(target, SharedTarget) or connection.pid is None:
        return None
    for _ in range(GOING):
        if detached.start_mark(connection.pid) is None:
            break
        time.sleep(POLL_SECONDS)  # a dying process closes its sockets first
    else:
        return None
    note = detached.remembered(options.state_dir, target.codex_home)
    ours = f"{note.get('pid')}@{note.get('started')}" == connection.epoch
    path = note.get("stderr")
    tail = detached.tail(Path(path)) if ours and isinstance(path, str) else []
    return EngineLost("its process ended", tail)


# -- private ---------------------------------------------------------------------


async def _spawn_private(
    target: PrivateTarget, options: ConnectOptions
) -> StdioTransport:
    binary = await asyncio.to_thread(target.find)
    env = detached.engine_env(options.env, target.codex_home)
    argv = [str(binary.path), "app-server", *detached.config_args(options.config)]
    try:
        return await StdioTransport.spawn(argv, env=env, cwd=target.cwd)
    except OSError as error:
        raise EngineStartFailed(
            f"{binary.path} could not be run ({error.strerror}); "
            "name another codex with --codex-bin.",
            [],
            None,
        ) from error


# -- remote ----------------------------------------------------------------------


async def _reach(target: RemoteTarget) -> Transport:
    parts = urlsplit(target.url)
    where = f"{parts.scheme}://{parts.hostname or parts.path}"
    where = where if parts.scheme else parts.path
    loopback = parts.hostname in ("localhost", "::1") or (
        (parts.hostname or "").startswith("127.")
    )
    if parts.scheme not in ("ws", "wss", "unix"):
        raise HandshakeFailed(
            f"{where} is no engine address; use ws://, wss:// or unix:// and a path."
        )
    if parts.scheme == "ws" and not loopback and target.token:
        raise AuthRefused(
            f"The token would travel to {where} in the clear; "
            "use wss://, or an ssh tunnel to a loopback port."
        )
    if loopback and not target.token and not target.insecure_loopback:
        raise AuthRefused(
            f"Without a token the agents themselves could reach {where} and approve "
            "their own requests; start the engine with --ws-auth and give the token, "
            "or insist with --insecure-loopback."
        )
    try:
        if parts.scheme == "unix":
            return await UnixTransport.connect(Path(parts.netloc + parts.path))
        return await WebSocketTransport.open(target.url, token=target.token)
    except (OSError, TimeoutError) as error:
        why = getattr(error, "strerror", None) or "no answer"
        raise EngineLost(f"{where} cannot be reached: {why}") from error


# -- shared ----------------------------------------------------------------------


async def _join_or_start(
    target: SharedTarget, options: ConnectOptions
) -> tuple[Transport, How]:
    path = control_socket(target.codex_home)
    joined, why = await _try_socket(path)
    if joined is not None:
        detached.keep_small(options.state_dir, target.codex_home)
        return joined, "joined"
    if target.find is None:
        raise EngineLost(f"no engine serves this CODEX_HOME: {why}")
    binary = await asyncio.to_thread(target.find)
    for _ in range(STARTS):
        try:
            engine = await asyncio.to_thread(
                detached.start,
                binary,
                target.codex_home,
                state_dir=options.state_dir,
                env=options.env,
                config=options.config,
            )
        except OSError as error:
            why = _why_not(error, binary.path, options.state_dir)
            raise EngineStartFailed(why, [], None) from error
        transport, how = await _await_socket(path, engine)
        if transport is not None:
            return transport, how
        # The engine that won our race died before we reached it: race again.
    raise EngineStartFailed(
        "Engines for this CODEX_HOME start and end again; see their last lines "
        "and try `codex app-server` by hand.",
        engine.stderr_tail(),
        engine.exit_code(),
    )


def _why_not(error: OSError, program: Path, ours: Path) -> str:
    said = error.strerror or str(error)
    if error.filename is not None and Path(str(error.filename)).is_relative_to(ours):
        return (
            f"An engine cannot be started, for {ours} cannot be written ({said}); make "
            "it writable, or set CODEX_TUI_HOME to another folder."
        )
    return f"{program} could not be run ({said}); name another codex with --codex-bin."


async def _await_socket(
    path: Path, engine: detached.Engine
) -> tuple[Transport | None, How]:
    """Poll until somebody serves. (None, …) when we lost the race to nobody."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SOCKET_SECONDS
    lost_race = False
    while True:
        transport, why = await _try_socket(path)
        if transport is not None:
            ours = not lost_race and transport.peer_pid() in (engine.pid, None)
            if ours:
                engine.remember()
            return transport, "started" if ours else "joined"
        code = engine.exit_code()
        if code is not None and not lost_race:
            if not engine.lost_race():
                raise EngineStartFailed(
                    detached.start_failure(code), engine.stderr_tail(), code
                )
            lost_race = True
            deadline = loop.time() + SOCKET_SECONDS / 5
        if loop.time() > deadline:
            if lost_race:
                return None, "joined"
            raise EngineStartFailed(
                f"The engine (process {engine.pid}) opened no socket within "
                f"{SOCKET_SECONDS:g} s ({why}); see its last lines, and end it "
                "with `codex-tui engine stop`.",
                engine.stderr_tail(),
                None,
            )
        await asyncio.sleep(POLL_SECONDS)


async def _try_socket(path: Path) -> tuple[Transport | None, str]:
    try:
        return await UnixTransport.connect(path, timeout=SOCKET_SECONDS), ""
    except (FileNotFoundError, ConnectionRefusedError) as error:
        return None, error.strerror or "nobody listens"
    except (ConnectionResetError, BrokenPipeError):
        return None, "it is just ending"
    except TimeoutError:
        raise HandshakeFailed(
            f"{path} takes connections but does not answer; an engine hangs there: "
            "see `codex-tui engine status`."
        ) from None
    except HandshakeFailed as error:
        if _was_cut(error):
            return None, "it is just ending"
        raise
    except OSError as error:
        raise AuthRefused(
            f"{path} cannot be used ({error.strerror}); check who owns that CODEX_HOME."
        ) from error


def _was_cut(error: BaseException | None) -> bool:
    """Whether a dying server closed on us, as opposed to a stranger answering."""
    while error is not None:
        if isinstance(error, EOFError | ConnectionError):
            return True
        error = error.__cause__
    return False


# -- greeting --------------------------------------------------------------------


async def _greet(transport: Transport, how: How, options: ConnectOptions) -> Connection:
    rpc = RpcClient(transport, options.hooks)
    rpc.start()
    try:
        info = await handshake(
            rpc,
            client_version=options.client_version,
            timeout=options.handshake_seconds,
        )
        pid, epoch = await _identity(rpc)
    except BaseException as error:
        await rpc.close()
        if isinstance(error, EngineLost) and isinstance(transport, StdioTransport):
            code = transport.exit_code
            raise EngineStartFailed(
                detached.start_failure(code), transport.stderr_tail(), code
            ) from error
        raise
    return Connection(rpc, info, how, pid, epoch)


async def _identity(rpc: RpcClient) -> tuple[int | None, str]:
    """(pid if it is a process of this machine, epoch)."""
    peer, told = rpc.transport.peer_pid(), None
    with contextlib.suppress(RequestFailed):
        answer = await rpc.call("server/diagnostics", timeout=10.0)
        process = answer.get("process")
        told = process.get("id") if isinstance(process, dict) else None
    # A forwarded socket has a peer that is not the engine: then nothing is known
    # about its process, and every connection is an epoch of its own.
    if peer is not None and told in (None, peer):
        started = detached.start_mark(peer)
        if started is not None:
            return peer, f"{peer}@{started}"
    return None, f"{told or 'unknown'}~{uuid.uuid4().hex}"
