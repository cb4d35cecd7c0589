"""A scripted app-server for faults no real engine can be asked for.

Run as `python fake_engine.py SCRIPT.json [app-server args]`: over stdin and stdout, or,
with `--listen unix://PATH`, as a WebSocket server on that socket. The script is JSON:

    {"start": [ACTION…], "on": {METHOD: [ACTION…]}, "ignore_sigterm": n}

METHOD "*" is any other request; without it they get the engine's "unknown variant".
`initialize` answers by itself unless scripted. Actions, in order, for one request:

    {"reply": RESULT}  {"error": {…}}     answer it
    {"hold": NAME}                        keep its id; {"release": NAME, "result": R}
    {"send": MESSAGE}  {"raw": TEXT}      say something unasked
    {"split": MESSAGE, "size": n}         the same, cut into writes of n bytes
    {"flood": n, "message": MESSAGE}      the same n times in as few writes as possible
    {"big": n}                            one notification of n bytes
    {"overload": n, "then": [ACTION…]}    -32001 the first n times
    {"match": PARAMS, "then": [ACTION…], "else": [ACTION…]}
                                          by these params of the request; null: absent
    {"stderr": n}                         n lines on stderr
    {"silent": true}                      nothing
    {"drop": true}  {"exit": code}        close the connection, end the process

Every message that came in is appended to $FAKE_ENGINE_LOG, one JSON line each.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed

Write = Callable[[bytes], Awaitable[None]]

HELLO = {
    "userAgent": "fake engine/0.163.9 (Test 1; x86_64) dumb (codex-tui; 0)",
    "codexHome": "/nowhere",
    "platformFamily": "unix",
    "platformOs": "linux",
}


class Dropped(Exception):
    """The script wants this connection closed."""


class Fake:
    """One engine; `held` and the overload counts are shared by its connections."""

    def __init__(self, script: dict[str, Any]) -> None:
        self.script = script
        self.held: dict[str, Any] = {}
        self.refused: Counter[str] = Counter()
        self.log = os.environ.get("FAKE_ENGINE_LOG")

    async def take(self, raw: bytes, write: Write) -> None:
        if self.log:
            with Path(self.log).open("ab") as file:
                file.write(raw.rstrip() + b"\n")
        message = json.loads(raw)
        method = message.get("method")
        actions = self.script.get("on", {}).get(method)
        if actions is None and method == "initialize":
            actions = [{"reply": HELLO}]
        if actions is None and "id" in message and method:
            actions = self.script.get("on", {}).get("*") or [
                {"error": {"code": -32600, "message": f"unknown variant `{method}`"}}
            ]
        await self.play(actions or [], message, write)

    async def play(
        self, actions: list[dict[str, Any]], message: dict[str, Any], write: Write
    ) -> None:
        for action in actions:
            await self.act(action, message, write)

    async def act(
        self, action: dict[str, Any], message: dict[str, Any], write: Write
    ) -> None:
        request_id = message.get("id")
        match action:
            case {"reply": result}:
                await write(line({"id": request_id, "result": result}))
            case {"error": error}:
                await write(line({"id": request_id, "error": error}))
            case {"hold": name}:
                self.held[name] = request_id
            case {"release": name, "result": result}:
                await write(line({"id": self.held.pop(name), "result": result}))
            case {"send": said}:
                await write(line(said))
            case {"raw": text}:
                await write(text.encode("utf-8", "surrogateescape"))
            case {"split": said, "size": size}:
                data = line(said)
                for at in range(0, len(data), size):
                    await write(data[at : at + size])
            case {"flood": count, "message": said}:
                await write(line(said) * count)
            case {"big": size}:
                frame = line({"method": "big", "params": ""})
                await write(frame.replace(b'""', b'"' + b"x" * (size - 35) + b'"'))
            case {"overload": times, "then": then}:
                method = message["method"]
                self.refused[method] += 1
                if self.refused[method] <= times:
                    error = {"code": -32001, "message": "Server overloaded"}
                    await write(line({"id": request_id, "error": error}))
                    return
                await self.play(then, message, write)
            case {"match": wanted, "then": then, "else": other}:
                params = message.get("params") or {}
                fits = all(params.get(name) == value for name, value in wanted.items())
                await self.play(then if fits else other, message, write)
            case {"stderr": count}:
                for number in range(count):
                    os.write(2, b"\x1b[31mERROR\x1b[0m line %d\n" % number)
            case {"drop": True}:
                raise Dropped
            case {"exit": code}:
                os._exit(code)
            case {"silent": True}:
                pass
            case _:
                raise ValueError(action)


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A folder with room for a socket's name and an empty `home` in it.

    At the end no process is left that was started from it, whatever a test did."""
    with tempfile.TemporaryDirectory(prefix="ct") as name:
        (Path(name) / "home").mkdir()
        try:
            yield Path(name)
        finally:
            for process in psutil.process_iter():
                with contextlib.suppress(psutil.Error):
                    if any(part.startswith(name) for part in process.cmdline()):
                        process.kill()
                        process.wait()


def fake_command(folder: Path, script: dict[str, Any]) -> list[str]:
    """How to run the fake engine with `script`, kept in `folder`."""
    path = folder / "script.json"
    path.write_text(json.dumps(script), encoding="utf-8")
    return [sys.executable, __file__, str(path)]


def fake_binary(folder: Path, script: dict[str, Any]) -> Path:
    """The same as one executable file that takes the engine's arguments."""
    command = " ".join(f"'{part}'" for part in fake_command(folder, script))
    path = folder / "codex"
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def line(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


async def serve_stdio(fake: Fake) -> None:
    async def write(data: bytes) -> None:
        while data:
            data = data[os.write(1, data) :]

    for action in fake.script.get("start", []):
        await fake.act(action, {}, write)
    while raw := await asyncio.to_thread(sys.stdin.buffer.readline):
        try:
            await fake.take(raw, write)
        except Dropped:
            os.close(1)
            os.close(0)
            await asyncio.Event().wait()


async def serve_unix(fake: Fake, path: str) -> None:
    async def client(connection: ServerConnection) -> None:
        async def write(data: bytes) -> None:
            for message in data.splitlines():
                await connection.send(message, text=True)

        try:
            async for raw in connection:
                await fake.take(raw if isinstance(raw, bytes) else raw.encode(), write)
        except Dropped:
            connection.transport.abort()
        except ConnectionClosed:
            pass

    async with unix_serve(client, path, compression=None, max_size=None):
        await asyncio.Event().wait()


def main() -> None:
    script, *arguments = sys.argv[1:]
    if "--version" in arguments:
        print("codex-cli 0.163.9")
        return
    fake = Fake(json.loads(Path(script).read_bytes()))
    patience = fake.script.get("ignore_sigterm", 0)

    def terminated(*_: object) -> None:
        nonlocal patience
        patience -= 1
        if patience < 0:
            os._exit(0)

    signal.signal(signal.SIGTERM, terminated)
    listen = [a for a in arguments if a.startswith("unix://")]
    if not listen:
        asyncio.run(serve_stdio(fake))
        return
    for action in fake.script.get("start", []):
        if "exit" in action or "stderr" in action:
            asyncio.run(fake.act(action, {}, lambda _: asyncio.sleep(0)))
    path = listen[0].removeprefix("unix://")
    if not path:
        home = Path(os.environ["CODEX_HOME"])
        (home / "app-server-control").mkdir(parents=True, exist_ok=True)
        path = str(home / "app-server-control" / "app-server-control.sock")
    asyncio.run(serve_unix(fake, path))


if __name__ == "__main__":
    main()
