"""Runs a program in a terminal of its own and waits for what it paints.

Owns the pty, the answers a terminal gives, and the end of the program. Not here:
what is run and what the times mean. Invariant: the clock starts before the program
is executed and stops with the read that completes the needle; every process group
started here is gone when `first_paint` returns.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COLUMNS, ROWS = 120, 40

ANSWERS: tuple[tuple[bytes, bytes], ...] = (
    (b"\x1b[6n", b"\x1b[1;1R"),
    (b"\x1b[c", b"\x1b[?62;22c"),
    (b"\x1b[>q", b"\x1bP>|bench 1\x1b\\"),
    (b"\x1b[?u", b"\x1b[?0u"),
    (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
    (b"\x1b[?2048$p", b"\x1b[?2048;0$y"),
    (b"\x1b]10;?", b"\x1b]10;rgb:d3d3/d8d8/e0e0\x1b\\"),
    (b"\x1b]11;?", b"\x1b]11;rgb:1010/1313/1818\x1b\\"),
)
"""What a terminal says when asked; a program that gets none would wait for it."""

_ESCAPE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P^_].*?(?:\x07|\x1b\\)", re.S)


@dataclass(frozen=True, slots=True)
class Painted:
    """Milliseconds to the first byte and to the needle (None: never), and all bytes
    up to then."""

    first_byte_ms: float | None
    needle_ms: float | None
    output: bytes


def first_paint(
    command: Sequence[str],
    needle: re.Pattern[bytes],
    *,
    env: Mapping[str, str],
    cwd: Path,
    limit: float = 30.0,
) -> Painted:
    """Run until the needle is on the way to the screen, at most `limit` seconds."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        cwd=cwd,
        start_new_session=True,
    )
    os.close(slave)
    try:
        return _read(master, needle, started, limit)
    finally:
        end(process, master)


def _read(
    master: int, needle: re.Pattern[bytes], started: float, limit: float
) -> Painted:
    output = bytearray()
    answered = 0
    first: float | None = None
    while (left := started + limit - time.perf_counter()) > 0:
        if not select.select([master], [], [], left)[0]:
            break
        try:
            data = os.read(master, 65_536)
        except OSError:
            break
        if not data:
            break
        now = (time.perf_counter() - started) * 1000
        first = now if first is None else first
        output += data
        if needle.search(_ESCAPE.sub(b"", bytes(output))):
            return Painted(first, now, bytes(output))
        answered = answer(master, bytes(output), answered)
    return Painted(first, None, bytes(output))


def answer(master: int, output: bytes, since: int) -> int:
    """Answer the questions after `since`; returns where to go on."""
    asked = [
        (at, reply)
        for question, reply in ANSWERS
        if (at := output.find(question, since)) >= 0
    ]
    for _, reply in sorted(asked):
        os.write(master, reply)
    return max([since, *(at + 1 for at, _ in asked)])


def end(process: subprocess.Popen[bytes], master: int) -> None:
    """Nothing of the program stays: its group and, with the pty, its terminal."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, kind)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    os.close(master)
    process.wait()
