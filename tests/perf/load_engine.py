"""An app-server that talks as much as it is told to, in a process of its own.

Run as `python -m tests.perf.load_engine CODEX_HOME THREADS LOADED BIG`: it serves the
control socket of that home as a WebSocket, lists THREADS threads of which the newest
LOADED are loaded, and holds BIG items in the newest one. Orders come as JSON lines on
stdin; each is answered by one line on stdout when it is carried out:

    {"do": "stream", "threads": n, "rate": deltas/s of each, "seconds": s}
    {"do": "burst", "threads": n, "count": deltas}
    {"do": "prose", "rate": deltas/s, "seconds": s}      markdown, in one thread
    {"do": "end"}                                        the turns are over
    {"do": "asked", "method": m, "times": n}             wait until that was asked,
                                 at most "within" seconds; how often it was

Deltas are numbered (`numbered`), each is a write of its own and no item is completed
by its text: whoever holds all of it has lost no delta.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed

from tests.perf import fleets

Json = dict[str, Any]
TICK = 0.001
ITEMS_PER_TURN = 50
PROSE = (
    "The parser keeps **one cache** per file, and `Cache.load` reads it twice. "
    "I moved the check into the reader, so that a miss costs one lookup. "
    "Three tests cover it:\n\n"
    "- a file that changed on disk\n- an empty file\n- a cache of another version\n\n"
    "```python\ndef load(path: Path) -> Cache:\n"
    "    return Cache(path.read_bytes())\n```\n\n"
)


def numbered(number: int) -> str:
    """The text of delta `number`: its number, in lines of twenty."""
    return f"{number:05d}" + ("\n\n" if number % 20 == 19 else " ")


def turn_of(thread: str) -> str:
    """The one running turn of a thread."""
    return thread[:-4] + "aaaa"


def words(length: int) -> str:
    """Plain words, about `length` characters."""
    return ("the quick brown fox jumps over the lazy dog " * (length // 44 + 1))[
        :length
    ]


class Load:
    """The engine; one client."""

    def __init__(self, home: Path, threads: int, loaded: int, big: int) -> None:
        self.home, self.threads, self.big = home, threads, big
        self.loaded = range(threads - loaded, threads)
        self.client: ServerConnection | None = None
        self.asked: Counter[str] = Counter()
        self.news = asyncio.Condition()
        self.running: list[str] = []

    # -- answers -------------------------------------------------------------------

    def thread(self, number: int) -> Json:
        at = int(fleets.at(number).timestamp())
        own = fleets.thread_id(number)
        kind = "idle" if number in self.loaded else "notLoaded"
        return {
            "id": own,
            "preview": fleets.title(number),
            "cwd": str(self.home.parent),
            "source": "cli",
            "modelProvider": "bench",
            "createdAt": at,
            "updatedAt": at,
            "status": {"type": kind},
            "sessionId": own,
        }

    def answer(self, method: str, params: Json) -> Json | None:
        match method:
            case "initialize":
                agent = "load engine/0.163.9 (Test 1; x86_64) dumb (codex-tui; 0)"
                return {"userAgent": agent, "codexHome": str(self.home)}
            case "server/diagnostics":
                return {"process": {"id": os.getpid()}}
            case "account/read":
                account = {"type": "chatgpt", "email": "dev@example.com"}
                return {"account": account, "requiresOpenaiAuth": False}
            case "thread/list":
                return self.page(params)
            case "thread/loaded/list":
                return {"data": [fleets.thread_id(n) for n in self.loaded]}
            case "thread/read":
                return {"thread": self.thread(number_of(params["threadId"]))}
            case "thread/resume":
                thread = self.thread(number_of(params["threadId"]))
                page = self.turns(params | {"limit": 2})
                return {"thread": thread, "model": "m", "initialTurnsPage": page}
            case "thread/turns/list":
                return self.turns(params)
            case "thread/backgroundTerminals/list" | "thread/queue/list":
                return {"data": []}
            case "thread/goal/get":
                return {"goal": None}
            case _:
                return None

    def page(self, params: Json) -> Json:
        if params.get("archived") or params.get("ancestorThreadId"):
            return {"data": []}
        last = int(params.get("cursor") or self.threads)
        first = max(0, last - params["limit"])
        data = [self.thread(n) for n in range(last - 1, first - 1, -1)]
        return {"data": data, "nextCursor": str(first) if first else None}

    def turns(self, params: Json) -> Json:
        """Pages of the big thread, newest first; the others have no history."""
        if number_of(params["threadId"]) != self.threads - 1 or not self.big:
            return {"data": []}
        total = self.big // ITEMS_PER_TURN
        last = int(params.get("cursor") or total)
        first = max(0, last - params["limit"])
        data = [self.turn(n) for n in range(last - 1, first - 1, -1)]
        return {"data": data, "nextCursor": str(first) if first else None}

    def turn(self, number: int) -> Json:
        at = int(fleets.at(number).timestamp())
        own = f"0190{number:04x}-0000-7000-8000-000000000000"
        kinds: list[Json] = []
        for place in range(ITEMS_PER_TURN):
            item: Json = {"id": f"{own}-{place}", "type": "agentMessage"}
            item["text"] = f"{place}: {words(200)}"
            if place % 2:
                item = {"id": f"{own}-{place}", "type": "commandExecution"}
                item |= {"command": f"/bin/bash -lc 'pytest -q -k {place}'"}
                item |= {"cwd": "/home/dev", "status": "completed", "exitCode": 0}
                item |= {"commandActions": [], "aggregatedOutput": words(400)}
            kinds.append(item)
        facts = {"id": own, "status": "completed", "items": kinds}
        return facts | {"startedAt": at, "completedAt": at + 60}

    # -- the wire ------------------------------------------------------------------

    async def serve(self, client: ServerConnection) -> None:
        self.client = client
        with contextlib.suppress(ConnectionClosed):
            async for raw in client:
                message = json.loads(raw)
                if "id" not in message or "method" not in message:
                    continue
                method = message["method"]
                result = self.answer(method, message.get("params") or {})
                reply: Json = {"id": message["id"], "result": result}
                if result is None:
                    error = {"code": -32600, "message": f"unknown variant `{method}`"}
                    reply = {"id": message["id"], "error": error}
                await client.send(json.dumps(reply))
                async with self.news:
                    self.asked[method] += 1
                    self.news.notify_all()

    def tell(self, method: str, params: Json) -> None:
        """One notification, as one frame and one write."""
        data = json.dumps({"method": method, "params": params}).encode()
        size = len(data)
        head = bytes((0x81, size)) if size < 126 else b"\x81\x7e" + size.to_bytes(2)
        assert self.client is not None
        self.client.transport.write(head + data)

    def delta(self, thread: str, text: str) -> None:
        turn = turn_of(thread)
        facts = {"threadId": thread, "turnId": turn, "itemId": f"{turn}-1"}
        self.tell("item/agentMessage/delta", facts | {"delta": text})

    async def drained(self) -> None:
        """Until the socket took everything: a slow reader slows us."""
        assert self.client is not None
        while self.client.transport.get_write_buffer_size() > 1 << 20:
            await asyncio.sleep(TICK)

    # -- orders --------------------------------------------------------------------

    def start(self, count: int) -> list[str]:
        """The newest `count` threads begin a turn and an answer."""
        threads = [fleets.thread_id(n) for n in range(self.threads)[-count:]]
        for thread in threads:
            if thread in self.running:
                continue
            self.running.append(thread)
            turn = turn_of(thread)
            active = {"type": "active", "activeFlags": []}
            self.tell("thread/status/changed", {"threadId": thread, "status": active})
            started = {"id": turn, "status": "inProgress", "items": []}
            self.tell("turn/started", {"threadId": thread, "turn": started})
            item = {"type": "agentMessage", "id": f"{turn}-1", "text": ""}
            facts = {"threadId": thread, "turnId": turn, "item": item}
            self.tell("item/started", facts)
        return threads

    async def stream(self, threads: int, rate: float, seconds: float) -> int:
        """Round-robin over the threads, evenly paced; deltas of each thread."""
        names = self.start(threads)
        each = int(rate * seconds)
        loop = asyncio.get_running_loop()
        began, sent, total = loop.time(), 0, each * threads
        while sent < total:
            due = min(total, int((loop.time() - began) * rate * threads))
            while sent < due:
                self.delta(names[sent % threads], numbered(sent // threads))
                sent += 1
            await self.drained()
            await asyncio.sleep(TICK)
        return each

    async def prose(self, rate: float, seconds: float) -> int:
        (thread,) = self.start(1)
        size = 4
        for number in range(int(rate * seconds)):
            at = number * size % len(PROSE)
            self.delta(thread, PROSE[at : at + size])
            await asyncio.sleep(1 / rate)
        return int(rate * seconds)

    def end(self) -> int:
        for thread in self.running:
            turn = {"id": turn_of(thread), "status": "completed", "items": []}
            self.tell("turn/completed", {"threadId": thread, "turn": turn})
        count = len(self.running)
        self.running.clear()
        return count

    async def obey(self, order: Json) -> int:
        match order:
            case {"do": "stream", "threads": threads, "rate": rate, "seconds": seconds}:
                return await self.stream(threads, rate, seconds)
            case {"do": "burst", "threads": threads, "count": count}:
                return await self.stream(threads, count / threads, 1.0)
            case {"do": "prose", "rate": rate, "seconds": seconds}:
                return await self.prose(rate, seconds)
            case {"do": "end"}:
                return self.end()
            case {"do": "asked", "method": method, "times": times}:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(order.get("within")), self.news:
                        await self.news.wait_for(lambda: self.asked[method] >= times)
                return self.asked[method]
        raise ValueError(order)


def number_of(thread: str) -> int:
    """The number a thread id was made of."""
    return int(thread[-12:], 16)


async def main() -> None:
    home, *numbers = sys.argv[1:]
    load = Load(Path(home), *map(int, numbers))
    place = Path(home) / "app-server-control" / "app-server-control.sock"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    with tempfile.TemporaryDirectory(prefix="ct") as short:
        where = Path(short) / "s"
        place.symlink_to(where)
        async with unix_serve(load.serve, str(where), compression=None, max_size=None):
            print("ready", flush=True)
            while line := await orders.readline():
                began = loop.time()
                done = await load.obey(json.loads(line))
                said = {"done": done, "seconds": loop.time() - began}
                print(json.dumps(said), flush=True)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
