"""The three transports, over real pipes and sockets."""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from state.engine import transport as transport_module
from state.engine.errors import (
    AuthRefused,
    EngineLost,
    HandshakeFailed,
    RequestFailed,
)
from state.engine.transport import (
    StdioTransport,
    Transport,
    UnixTransport,
    WebSocketTransport,
)
from tests.engine.fake_engine import fake_command, short_folder

GO = b'{"id":1,"method":"go"}'


@pytest.fixture
def short() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


_came: WeakKeyDictionary[Transport, deque[bytes]] = WeakKeyDictionary()


async def next_raw(transport: Transport) -> bytes | None:
    """One message of those that a transport hands over together; None: the end."""
    waiting = _came.setdefault(transport, deque())
    if not waiting:
        waiting.extend(await transport.receive())
    return waiting.popleft() if waiting else None


async def spawn(folder: Path, script: dict[str, Any]) -> StdioTransport:
    return await StdioTransport.spawn(fake_command(folder, script), env=os.environ)


async def receive(transport: StdioTransport | WebSocketTransport) -> Any:
    raw = await next_raw(transport)
    assert raw is not None
    return json.loads(raw)


@pytest.mark.parametrize("size", [1, 2, 7, 4096])
def test_messages_come_whole_however_the_pipe_cuts_them(
    tmp_path: Path, size: int
) -> None:
    said = {"method": "a", "params": {"text": "grün 🦀 line\nline"}}
    script = {"on": {"go": [{"split": said, "size": size}, {"reply": {}}]}}

    async def main() -> None:
        transport = await spawn(tmp_path, script)
        await transport.send(GO)
        assert await receive(transport) == said
        assert await receive(transport) == {"id": 1, "result": {}}
        await transport.close()

    asyncio.run(main())


def test_a_line_of_65_mib_arrives(tmp_path: Path) -> None:
    size = 65 << 20

    async def main() -> None:
        transport = await spawn(tmp_path, {"on": {"go": [{"big": size}]}})
        await transport.send(GO)
        raw = await next_raw(transport)
        assert raw is not None
        assert abs(len(raw) - size) < 64
        assert json.loads(raw)["method"] == "big"
        await transport.close()

    asyncio.run(main())


def test_many_lines_in_one_chunk_keep_their_order(tmp_path: Path) -> None:
    flood = {"flood": 5000, "message": {"method": "tick"}}
    script = {"on": {"go": [flood, {"reply": {}}]}}

    async def main() -> None:
        transport = await spawn(tmp_path, script)
        await transport.send(GO)
        got = [await receive(transport) for _ in range(5001)]
        assert got[:5000] == [{"method": "tick"}] * 5000
        assert got[5000] == {"id": 1, "result": {}}
        await transport.close()

    asyncio.run(main())


def test_a_stderr_flood_neither_blocks_nor_grows(tmp_path: Path) -> None:
    script = {"on": {"go": [{"stderr": 50_000}, {"exit": 3}]}}

    async def main() -> None:
        transport = await spawn(tmp_path, script)
        await transport.send(GO)
        assert await next_raw(transport) is None
        tail = transport.stderr_tail()
        assert tail[-1] == "ERROR line 49999"
        assert len(tail) == 200
        assert transport.end_reason() == "the engine exited with code 3"
        await transport.close()

    asyncio.run(main())


def test_after_the_end_receive_stays_none_and_send_raises(tmp_path: Path) -> None:
    script = {"on": {"go": [{"raw": '{"torn'}, {"exit": 0}]}}

    async def main() -> None:
        transport = await spawn(tmp_path, script)
        await transport.send(GO)
        assert await next_raw(transport) == b'{"torn'
        assert await next_raw(transport) is None
        assert await next_raw(transport) is None
        with pytest.raises(EngineLost):
            await transport.send(GO)
        await transport.close()
        await transport.close()

    asyncio.run(main())


@pytest.mark.parametrize("stubborn", [0, 9])
def test_close_ends_a_child_that_ignores_its_stdin(
    tmp_path: Path, stubborn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "CLOSE_SECONDS", 0.2)
    script = {"on": {"go": [{"drop": True}]}, "ignore_sigterm": stubborn}

    async def main() -> None:
        transport = await spawn(tmp_path, script)
        await transport.send(GO)
        assert await next_raw(transport) is None
        await transport.close()
        with pytest.raises(ProcessLookupError):
            os.kill(transport.pid, 0)

    asyncio.run(main())


# -- sockets -----------------------------------------------------------------------


async def serve(
    folder: Path, script: dict[str, Any]
) -> tuple[asyncio.subprocess.Process, Path]:
    path = folder / "engine.sock"
    process = await asyncio.create_subprocess_exec(
        *fake_command(folder, script), "app-server", "--listen", f"unix://{path}"
    )
    while not path.exists():
        await asyncio.sleep(0.01)
    return process, path


async def end(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


def test_unix_talks_and_tells_its_peer(short: Path) -> None:
    script = {"on": {"go": [{"big": 17 << 20}, {"reply": {}}]}}

    async def main() -> None:
        process, path = await serve(short, script)
        deep = short / ("d" * 120)
        deep.mkdir()
        (deep / "link.sock").symlink_to(path)  # too long for a socket address itself
        transport = await UnixTransport.connect(deep / "link.sock")
        assert transport.peer_pid() == process.pid
        with pytest.raises(RequestFailed):
            await transport.send(b"x" * (16 << 20))
        await transport.send(GO)
        raw = await next_raw(transport)
        assert raw is not None
        assert len(raw) > 16 << 20
        assert await receive(transport) == {"id": 1, "result": {}}
        await end(process)
        assert await next_raw(transport) is None
        assert "cut off by" in transport.end_reason()
        with pytest.raises(EngineLost):
            await transport.send(GO)
        await transport.close()

    asyncio.run(main())


def test_unix_without_a_server_is_told_apart_from_a_stranger(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        process, path = await serve(short, {})
        monkeypatch.setattr(transport_module, "_peer", lambda _: (1, 12345))
        monkeypatch.setattr(os, "getuid", lambda: 1000)
        with pytest.raises(AuthRefused):
            await UnixTransport.connect(path)
        await end(process)
        with pytest.raises(ConnectionRefusedError):
            await UnixTransport.connect(path)
        with pytest.raises(FileNotFoundError):
            await UnixTransport.connect(short / "nothing")

    asyncio.run(main())


async def answer_http(reply: bytes) -> tuple[asyncio.Server, int, list[bytes]]:
    """A server that takes one request head and answers `reply`; what it was told."""
    heads: list[bytes] = []

    async def client(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1], heads


def test_a_token_is_sent_and_a_refusal_has_a_name() -> None:
    async def main() -> None:
        reply = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
        server, port, heads = await answer_http(reply)
        with pytest.raises(AuthRefused) as caught:
            await WebSocketTransport.open(f"ws://127.0.0.1:{port}", token="s3cret")
        server.close()
        head = heads[0].lower()
        assert b"authorization: bearer s3cret\r\n" in head
        assert b"\r\norigin:" not in head
        assert b"extensions" not in head
        assert "s3cret" not in str(caught.value)

    asyncio.run(main())


def test_a_redirect_is_not_followed() -> None:
    async def main() -> None:
        trap, trap_port, trapped = await answer_http(b"")
        reply = (
            f"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:{trap_port}/\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
        server, port, _ = await answer_http(reply)
        with pytest.raises(HandshakeFailed):
            await WebSocketTransport.open(f"ws://127.0.0.1:{port}", token="s3cret")
        server.close()
        trap.close()
        assert trapped == []

    asyncio.run(main())


def test_something_else_at_the_address_is_no_engine() -> None:
    async def main() -> None:
        server, port, _ = await answer_http(b"HTTP/1.1 200 OK\r\n\r\nhello")
        with pytest.raises(HandshakeFailed):
            await WebSocketTransport.open(f"ws://127.0.0.1:{port}")
        server.close()

    asyncio.run(main())
