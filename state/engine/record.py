"""The wire, written down: one JSON line per message, and read back.

Owns the file format and what never enters it: bearer tokens, keys and auth material are
replaced before a line is written. Does not interpret messages. Invariant: every line of
a recording is whole JSON, also after a crash in the middle of a write (a torn last
line is left out by the reader).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, Self

import msgspec

Direction = Literal["in", "out", "meta"]
REDACTED = "[redacted]"

_SECRET_KEY = re.compile(
    r"^(api_?key|openai_?api_?key|.*_api_key|authorization|bearer|bearer_?token"
    r"|(access|refresh|id|auth|session|capability)_?token|token|client_?secret|secret"
    r"|password|passwd|cookie|set-cookie|.*-authorization|chatgpt_?auth_?tokens)$",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"(?i:\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}"
    r"|\bsk-[A-Za-z0-9_-]{16,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
)


def redact(value: object) -> Any:
    """The same JSON with secrets replaced, known by their field or by their look."""
    match value:
        case dict():
            return {
                key: REDACTED
                if isinstance(item, str) and item and _SECRET_KEY.match(str(key))
                else redact(item)
                for key, item in value.items()
            }
        case list() | tuple():
            return [redact(item) for item in value]
        case str():
            return _SECRET_TEXT.sub(REDACTED, value)
        case _:
            return value


class Recorder:
    """Appends messages to `path` (0600, never through a link); an RpcClient's tap."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Opens the file. Raises OSError when it cannot be made."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        os.fchmod(descriptor, 0o600)
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        self._clock = clock

    def __call__(self, direction: Direction, message: dict[str, Any]) -> None:
        """Write one line: `{"t": unix seconds, "dir": direction, "msg": message}`."""
        line = {"t": self._clock(), "dir": direction, "msg": redact(message)}
        self._file.write(msgspec.json.encode(line) + b"\n")

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_recording(path: Path) -> Iterator[tuple[float, Direction, dict[str, Any]]]:
    """The lines of a recording as (seconds, direction, message), in file order.

    Understands `msg` or `m`, several clients (`c` or `conn`, put as `meta` lines
    `{"conn": …}` whenever the client changes) and lines that were cut when they were
    recorded (`meta` with `TRUNCATED`). Lines that are no JSON object are left out."""
    client: object = None
    seconds = 0.0
    with path.open("rb") as file:
        for raw in file:
            try:
                line = msgspec.json.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if not isinstance(line, dict):
                continue
            seconds = _number(line.get("t"), seconds)
            current = line.get("c", line.get("conn", client))
            if current != client:
                client = current
                yield seconds, "meta", {"conn": current}
            yield seconds, *_entry(line)


def _entry(line: dict[str, Any]) -> tuple[Direction, dict[str, Any]]:
    message = line.get("msg", line.get("m"))
    direction = line.get("dir")
    if not isinstance(message, dict) or "TRUNCATED" in message:
        return "meta", message if isinstance(message, dict) else line
    if direction in ("in", "out"):
        return direction, message
    return "meta", message


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise
