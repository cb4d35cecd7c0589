"""A loud engine is read in gulps: everything comes, in order, in fewer looks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, unix_serve

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
            heard = []
            while (raw := await transport.receive()) is not None:
                heard.append(raw)
            await transport.close()
        return heard

    heard = asyncio.run(main())
    heard.remove(BIG.encode())
    assert heard == [str(number).encode() for number in range(COUNT)]
    # One after the other, each frame would be a look of its own.
    assert len(looks) < COUNT / 2


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
                assert await transport.receive() == b"yes"
                assert paused == before
            await transport.close()

    asyncio.run(main())
