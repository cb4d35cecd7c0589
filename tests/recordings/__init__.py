"""Recorded conversations with real engines, and how to fold them into events.

A line is `{"t": seconds, "dir": "in" | "out" | "meta", "m" or "msg": message}`, with
`c` or `conn` where several clients were recorded. `in` came from the engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from state.engine.wire.context import WireContext
from state.engine.wire.notifications import decode_notification
from state.engine.wire.requests import decode_request
from state.engine.wire.responses import decode_response
from state.events import Event

FOLDER = Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.jsonl")))
EPOCH = "recorded"

Json = dict[str, Any]


def messages(path: Path) -> Iterator[tuple[str, str, int, Json]]:
    """(direction, client, ms, message) of each whole message of a recording."""
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        message = record.get("m", record.get("msg"))
        direction = record.get("dir")
        if direction not in ("in", "out") or not isinstance(message, dict):
            continue
        if "TRUNCATED" not in message:
            client = str(record.get("c", record.get("conn", "")))
            yield direction, client, int(record["t"] * 1000), message


def fold(path: Path) -> Iterator[Event]:
    """The events the first client of a recording saw, replies included."""
    asked: dict[object, tuple[str, Json]] = {}
    first: str | None = None
    for direction, client, at_ms, message in messages(path):
        first = client if first is None else first
        if client != first:
            continue
        context = WireContext(EPOCH, 1, at_ms)
        if direction == "out":
            if "method" in message and "id" in message:
                asked[message["id"]] = message["method"], message.get("params") or {}
        elif "method" not in message:
            if message.get("id") in asked and isinstance(message.get("result"), dict):
                method, params = asked[message["id"]]
                yield from decode_response(method, params, message["result"], context)
        elif "id" in message:
            yield decode_request(message, EPOCH, 1, at_ms)
        else:
            yield from decode_notification(message, context)


def events(name: str) -> Iterator[Event]:
    """The events of the recording `name` (without its ending), in wire order."""
    return fold(FOLDER / f"{name}.jsonl")
