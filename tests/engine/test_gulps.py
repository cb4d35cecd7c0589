"""A loud engine is read in gulps: everything comes, in order, in fewer looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, unix_serve

from state.engine.errors import EngineLost
from state.engine.gulps import GulpingConnection
from state.engine.transport import UnixTransport
from tests.engine.fake_engine import short_folder

COUNT = 3_000
BIG = "x" * 3_000_000


@pytest.fixture
def short() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def test_all_comes_in_order_and_the_end_is_seen(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    data_received = GulpingConnection.data_received

    def counted(self: GulpingConnection, data: bytes) -> None:
        looks.append(len(data))
        data_received(self, data)

    monkeypatch.setattr(GulpingConnection, "data_received", counted)

    async def talk(client: ServerConnection) -> None:
        for number in range(COUNT):
            await client.send(str(number))
            if number == COUNT // 2:
                await client.send(BIG)
            await asyncio.sleep(0)
        await client.close()

    async def main() -> list[bytes]:
        path = short / "s"
        async with unix_serve(talk, str(path), compression=None, max_size=None):
            transport = await UnixTransport.connect(path)
            heard: list[bytes] = []
            while raws := await transport.receive():
                heard += raws
            await transport.close()
        return heard

    heard = asyncio.run(main())
    heard.remove(BIG.encode())
    assert heard == [str(number).encode() for number in range(COUNT)]
    # One after the other, each frame would be a look of its own.
    assert len(looks) < COUNT / 2


def test_pieces_come_whole_between_others(short: Path) -> None:
    """A message in pieces keeps its place, and a ping between two is answered."""
    answered: list[bytes] = []

    async def talk(client: ServerConnection) -> None:
        async def pieces() -> AsyncIterator[str]:
            yield "gr"
            pong = await client.ping(b"there?")
            await pong
            answered.append(b"there?")
            for _ in range(5_000):  # more than the library itself would join
                yield "ü"
            yield "n"

        await client.send("before")
        await client.send(pieces())
        await client.send("after")
        await client.send(b"bytes")
        await client.close(4000, "enough")

    async def main() -> tuple[list[bytes], str]:
        path = short / "s"
        async with unix_serve(talk, str(path), compression=None, max_size=None):
            transport = await UnixTransport.connect(path)
            heard: list[bytes] = []
            while raws := await transport.receive():
                heard += raws
            assert await transport.receive() == ()
            await transport.close()
        return heard, transport.end_reason()

    heard, reason = asyncio.run(main())
    whole = "gr" + "ü" * 5_000 + "n"
    assert heard == [b"before", whole.encode(), b"after", b"bytes"]
    assert answered == [b"there?"]
    assert "code 4000" in reason


def test_a_torn_message_is_none_and_a_reader_may_give_up(short: Path) -> None:
    torn = asyncio.Event()

    async def talk(client: ServerConnection) -> None:
        await client.send("whole")
        await client.recv()
        client.transport.write(b"\x81\x7e\x01\x00only a part of it")
        await torn.wait()
        client.transport.abort()

    async def main() -> None:
        path = short / "s"
        async with unix_serve(talk, str(path), compression=None):
            transport = await UnixTransport.connect(path)
            assert await transport.receive() == [b"whole"]
            reader = asyncio.create_task(transport.receive())
            await asyncio.sleep(0)
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
            await transport.send(b"go on")
            reader = asyncio.create_task(transport.receive())
            await asyncio.sleep(0)
            torn.set()
            assert await reader == ()
            assert "cut off" in transport.end_reason()
            await transport.close()

    asyncio.run(main())


def test_what_is_no_frame_ends_the_connection(short: Path) -> None:
    """What came before it is still heard."""

    async def talk(client: ServerConnection) -> None:
        await client.send("before")
        client.transport.write(b"\xff\xff\xff\xff")
        await client.wait_closed()

    async def main() -> None:
        path = short / "s"
        async with unix_serve(talk, str(path), compression=None):
            transport = await UnixTransport.connect(path)
            heard: list[bytes] = []
            while raws := await transport.receive():
                heard += raws
            assert heard == [b"before"]
            with pytest.raises(EngineLost):
                await transport.send(b"?")
            await transport.close()

    asyncio.run(main())


def test_what_comes_rarely_is_not_held_up(short: Path) -> None:
    """No look is put off before a second one came at once."""
    paused = 0

    class Watched(GulpingConnection):
        def data_received(self, data: bytes) -> None:
            nonlocal paused
            super().data_received(data)
            paused += not self.transport.is_reading()

    async def main() -> None:
        asked: asyncio.Queue[str] = asyncio.Queue()

        async def talk(client: ServerConnection) -> None:
            async for word in client:
                await asked.put(str(word))
                await client.send("yes")

        path = short / "s"
        async with unix_serve(talk, str(path), compression=None):
            name = "state.engine.transport.GulpingConnection"
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(name, Watched)
                transport = await UnixTransport.connect(path)
            for _ in range(3):
                connection = transport._connection
                assert isinstance(connection, Watched)
                connection._looked_at -= 1.0  # a second passed
                before = paused
                await transport.send(b"?")
                assert await transport.receive() == [b"yes"]
                assert paused == before
            await transport.close()

    asyncio.run(main())
