"""Bytes to and from an engine: a stdio child, a unix socket, a WebSocket.

Owns framing (a message is one JSON value), the child's life and its stderr. Does not
know JSON or the protocol. Invariant: messages come in wire order, whole, of any length;
after the end `receive` returns [] for ever and `send` raises `EngineLost`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import struct
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, TypedDict, Unpack

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from state.engine.errors import (
    AuthRefused,
    EngineLost,
    HandshakeFailed,
    RequestFailed,
)
from state.engine.gulps import GulpingConnection

STDERR_LINES = 200
STDERR_LINE_BYTES = 4096
SOCKET_MESSAGE_BYTES = 16 << 20
CLOSE_SECONDS = 2.0
LEAVE_SECONDS = 0.3  # for a word of the end; an engine that hangs is left without
_CHUNK = 1 << 18
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_BACKTRACE = re.compile(r"^\s*(\d+: <unknown>|Stack backtrace:)\s*$")


class Transport(Protocol):
    """One ordered, message-wise connection to an engine."""

    async def send(self, data: bytes) -> None:
        """Hand over one message; returns when it may be followed by the next.

        Raises EngineLost when the connection has ended."""
        ...

    async def receive(self) -> Sequence[bytes]:
        """The whole messages that came since the last call, waiting for one; none
        at the end. One reader only."""
        ...

    async def close(self) -> None:
        """End the connection, and a private child with it. May be called twice."""
        ...

    def stderr_tail(self) -> list[str]:
        """The last lines a private child wrote to stderr; empty otherwise."""
        ...

    def peer_pid(self) -> int | None:
        """The process at the other end, when this machine can tell."""
        ...

    def end_reason(self) -> str:
        """Why the connection ended, in a few words of ours; "" while it lives."""
        ...


def readable_lines(raw: bytes) -> list[str]:
    """stderr as lines, without colour codes, blank lines and empty backtraces."""
    text = _COLOUR.sub("", raw.decode("utf-8", "replace"))
    lines = (line.rstrip()[:STDERR_LINE_BYTES] for line in text.split("\n"))
    return [line for line in lines if line and not _BACKTRACE.match(line)]


class StdioTransport:
    """A private engine: it ends when we close it or die (its stdin closes)."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lines: list[bytes] = []
        self._partial: list[bytes] = []
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._ended = False
        self._stderr_task = asyncio.create_task(self._drain_stderr())

    @classmethod
    async def spawn(
        cls, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None
    ) -> Self:
        """Run `argv` in a process group of its own. Raises OSError if it cannot run."""
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            limit=_CHUNK * 4,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    def peer_pid(self) -> int | None:
        return self._process.pid

    def end_reason(self) -> str:
        if not self._ended:
            return ""
        code = self._process.returncode
        if code is None:
            return "the engine closed its output"
        if code < 0:
            return f"the engine was ended by {signal.Signals(-code).name}"
        return f"the engine exited with code {code}"

    async def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        if self._ended or self._process.stdin.is_closing():
            raise EngineLost(self.end_reason() or "closed", self.stderr_tail())
        try:
            self._process.stdin.write(data + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EngineLost("its input pipe broke", self.stderr_tail()) from error

    async def receive(self) -> Sequence[bytes]:
        assert self._process.stdout is not None
        while not self._lines:
            if self._ended:
                return ()
            chunk = await self._process.stdout.read(_CHUNK)
            if chunk:
                self._split(chunk)
                continue
            if self._partial:  # an unfinished last line: let JSON judge it
                self._lines.append(b"".join(self._partial))
                self._partial.clear()
            await self._settle()
            self._ended = True
        lines, self._lines = self._lines, []
        return lines

    def _split(self, chunk: bytes) -> None:
        # Only the new chunk is searched, so a 64 MiB line costs one pass over it.
        head, newline, rest = chunk.partition(b"\n")
        self._partial.append(head)
        if not newline:
            return
        self._lines.append(b"".join(self._partial))
        *whole, last = rest.split(b"\n")
        self._lines.extend(whole)
        self._partial = [last] if last else []

    async def _settle(self) -> None:
        """After EOF: give the child a moment to leave its exit code and last words."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._process.wait()
                await asyncio.shield(self._stderr_task)

    async def _drain_stderr(self) -> None:
        assert self._process.stderr is not None
        rest = b""
        while chunk := await self._process.stderr.read(_CHUNK):
            whole, newline, tail = (rest + chunk).rpartition(b"\n")
            if newline:
                self._stderr.extend(readable_lines(whole))
            rest = tail[:STDERR_LINE_BYTES]
        self._stderr.extend(readable_lines(rest))

    def stderr_tail(self) -> list[str]:
        return list(self._stderr)

    async def close(self) -> None:
        """Close stdin, then SIGTERM and SIGKILL the group, CLOSE_SECONDS apart."""
        self._ended = True
        assert self._process.stdin is not None
        self._process.stdin.close()
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if await self._gone_within(CLOSE_SECONDS):
                break
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, sign)
        await self._process.wait()
        self._stderr_task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._stderr_task
        # Grandchildren may hold the pipes open: end our side in any case.
        transport: Any = getattr(self._process, "_transport", None)
        if transport is not None:
            transport.close()

    async def _gone_within(self, seconds: float) -> bool:
        # The pipe nobody reads any more must not keep a writing child alive.
        assert self._process.stdout is not None
        reader = asyncio.create_task(self._discard(self._process.stdout))
        try:
            async with asyncio.timeout(seconds):
                await self._process.wait()
        except TimeoutError:
            return False
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
        return True

    @staticmethod
    async def _discard(stream: asyncio.StreamReader) -> None:
        with contextlib.suppress(RuntimeError):  # another reader is at work already
            while await stream.read(_CHUNK):
                pass


class _Connect(connect):
    """A redirect is an answer, never followed: a token goes where it was meant to."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _Options(TypedDict, total=False):
    additional_headers: dict[str, str]
    open_timeout: float
    ping_interval: float | None
    proxy: None
    sock: socket.socket


class _Sockopt(Protocol):  # a socket, or asyncio's stand-in for one
    def getsockopt(self, level: int, option: int, size: int, /) -> bytes: ...


class WebSocketTransport:
    """One JSON message per text frame, over ws, wss or a unix socket."""

    def __init__(self, connection: GulpingConnection, where: str) -> None:
        self._connection = connection
        self._where = where
        self._reason = ""

    @classmethod
    async def open(
        cls, url: str, *, token: str | None = None, timeout: float = 10.0
    ) -> Self:
        """Connect to `url`; `token` goes out as a bearer header.

        Raises AuthRefused (HTTP 401, 403), HandshakeFailed, OSError, TimeoutError.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await cls._open(
            url, url, additional_headers=headers, open_timeout=timeout
        )

    @classmethod
    async def _open(cls, url: str, where: str, **options: Unpack[_Options]) -> Self:
        try:
            connection = await _Connect(
                url,
                compression=None,
                max_size=None,
                max_queue=None,
                user_agent_header=None,
                close_timeout=LEAVE_SECONDS,
                create_connection=GulpingConnection,
                **options,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            if status in (401, 403):
                raise AuthRefused(
                    f"The engine at {where} refused this connection (HTTP {status}); "
                    "give its token with --remote-token-file or the environment."
                ) from None
            raise HandshakeFailed(
                f"{where} answered HTTP {status} instead of an engine; "
                "check the address."
            ) from None
        except (InvalidHandshake, EOFError) as error:
            raise HandshakeFailed(
                f"{where} is not a Codex engine (no WebSocket there); "
                "check the address."
            ) from error
        assert isinstance(connection, GulpingConnection)
        return cls(connection, where)

    def peer_pid(self) -> int | None:
        return None

    def end_reason(self) -> str:
        return self._reason

    def stderr_tail(self) -> list[str]:
        return []

    async def send(self, data: bytes) -> None:
        if len(data) >= SOCKET_MESSAGE_BYTES:  # the engine would drop the connection
            raise RequestFailed(
                "a message", 0, "it is over the 16 MiB that fit; send less at once"
            )
        try:
            await self._connection.send(data, text=True)
        except ConnectionClosed as error:
            raise EngineLost(self._note(error)) from None

    async def receive(self) -> Sequence[bytes]:
        try:
            return await self._connection.messages()
        except ConnectionClosed as error:
            self._note(error)
            return ()

    def _note(self, error: ConnectionClosed) -> str:
        if not self._reason:
            code = error.rcvd.code if error.rcvd else None
            self._reason = (
                f"closed with code {code} by {self._where}"
                if code is not None
                else f"cut off by {self._where}"
            )
        return self._reason

    async def close(self) -> None:
        self._reason = self._reason or "we closed it"
        try:
            async with asyncio.timeout(LEAVE_SECONDS * 2):
                await self._connection.close()
        except TimeoutError:  # it takes nothing in: not even the word of the end
            self._connection.transport.abort()


class UnixTransport(WebSocketTransport):
    """A WebSocket over a unix socket: the control socket of a CODEX_HOME."""

    @classmethod
    async def connect(cls, path: Path, *, timeout: float = 10.0) -> Self:
        """Connect to the socket at `path`.

        Raises FileNotFoundError or ConnectionRefusedError if nobody listens,
        AuthRefused if another user does, HandshakeFailed if it is no engine."""
        # The link in CODEX_HOME may be longer than a socket address may be.
        real = os.path.realpath(path)
        os.stat(real)  # and one that is not there at all has no limit to its length
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().sock_connect(sock, real)
            uid = _peer(sock)[1]
            if uid is not None and uid not in (os.getuid(), 0):
                raise AuthRefused(
                    f"The socket {real} is served by another user (uid {uid}); "
                    "remove it, or set CODEX_HOME to a folder of your own."
                )
            return await cls._open(
                "ws://localhost/",
                str(path),
                sock=sock,
                proxy=None,
                ping_interval=None,
                open_timeout=timeout,
            )
        except BaseException:
            sock.close()
            raise

    def peer_pid(self) -> int | None:
        sock = self._connection.transport.get_extra_info("socket")
        return _peer(sock)[0] if sock is not None else None


def _peer(sock: _Sockopt) -> tuple[int | None, int | None]:
    """(pid, uid) of a unix socket's other end; None where the system won't say."""
    try:
        if sys.platform == "linux":
            raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            pid, uid, _gid = struct.unpack("3i", raw)
            return pid or None, uid
        if sys.platform == "darwin":  # SOL_LOCAL 0, LOCAL_PEERPID 2, LOCAL_PEERCRED 1
            pid = struct.unpack("i", sock.getsockopt(0, 2, 4))[0]
            uid = struct.unpack("2I", sock.getsockopt(0, 1, 8))[1]
            return pid or None, uid
    except OSError:
        return None, None
    return None, None
