"""A program that runs in a terminal of its own while it is measured.

Owns the pty, the answers a terminal gives, the clock of what came out when, and the
cost of the process as the system counts it. Does not own what is run. Invariant: the
process group is gone when `close` returns.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.perf.paint import COLUMNS, ROWS, answer, end


class Terminal:
    """Runs `command`; everything it writes is kept in `output`."""

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path
    ) -> None:
        self._master, slave = os.openpty()
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            cwd=cwd,
            start_new_session=True,
        )
        os.close(slave)
        self.output = bytearray()
        self._came: list[tuple[float, int]] = []
        self._news = threading.Condition()
        self._system = psutil.Process(self.process.pid)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        answered = 0
        while True:
            try:
                data = os.read(self._master, 1 << 20)
            except OSError:
                data = b""
            with self._news:
                self.output += data
                self._came.append((time.perf_counter(), len(self.output)))
                self._news.notify_all()
            if not data:
                return
            if len(self.output) < 1 << 20:  # questions are asked at the start
                answered = answer(self._master, bytes(self.output), answered)

    def wait_for(self, needle: bytes, since: int = 0, limit: float = 60.0) -> float:
        """When `needle` was there, in the clock of `time.perf_counter`.

        Raises TimeoutError."""
        began = time.perf_counter()
        with self._news:
            while (at := self.output.find(needle, since)) < 0:
                since = max(since, len(self.output) - len(needle))
                left = began + limit - time.perf_counter()
                if left <= 0 or not self._news.wait(left):
                    tail = bytes(self.output[-400:])
                    raise TimeoutError(f"{needle!r} never came; last: {tail!r}")
            # The last read that brought it: nothing before it held it whole.
            whole = at + len(needle)
            return next(when for when, size in self._came if size >= whole)

    def press(self, keys: bytes) -> float:
        """Type; returns when."""
        now = time.perf_counter()
        os.write(self._master, keys)
        return now

    def echo(self, keys: bytes, sign: bytes) -> float:
        """Seconds from a key to the bytes that show it."""
        since = len(self.output)
        pressed = self.press(keys)
        return self.wait_for(sign, since, 10.0) - pressed

    def quiet(self, seconds: float, limit: float = 60.0) -> None:
        """Return when nothing was written for `seconds`. Raises TimeoutError."""
        until = time.perf_counter() + limit
        while time.perf_counter() < until:
            size = len(self.output)
            time.sleep(seconds)
            if len(self.output) == size:
                return
        raise TimeoutError("it never fell silent")

    def cpu(self) -> float:
        """Seconds of processor time so far, all threads."""
        times = self._system.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> int:
        """Resident bytes."""
        return int(self._system.memory_info().rss)

    def leave(self, limit: float = 30.0) -> None:
        """ctrl+q, and wait for the end."""
        self.press(b"\x11")
        self.process.wait(limit)

    def close(self) -> None:
        """However it stands, it ends now."""
        with contextlib.suppress(OSError):
            end(self.process, self._master)
        self._reader.join(5)
