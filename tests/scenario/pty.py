"""Programs in a terminal that keeps every byte: what left the program, not a picture.

Owns the pty, the program's session in it, and how to wait for words. Not here: what
the bytes may be (the tests say that). Invariants: the program has the pty as its
controlling terminal, and it and its children are gone at the end.
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
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil  # type: ignore[import-untyped]

LIMIT = 90.0
"""Seconds until a wait gives up; a slow machine needs far less."""
PATIENCE = 10.0
"""Seconds for a key to draw anything at all."""

ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[=>])")
# What takes a terminal for its own: a session leader without one asks for it.
_LAUNCH = (
    "import fcntl,os,sys,termios;fcntl.ioctl(0,termios.TIOCSCTTY,0);"
    "os.execv(sys.argv[1],sys.argv[1:])"
)


class Terminal:
    """One program in a pty. Context manager."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        size: tuple[int, int] = (120, 40),
    ) -> None:
        self.master, slave = os.openpty()
        self._slave: int | None = slave
        self.resize(*size)
        self.before = termios.tcgetattr(slave)
        self._news = threading.Condition()
        self._bytes = bytearray()
        self._closing = threading.Event()
        self.process = subprocess.Popen(
            (sys.executable, "-c", _LAUNCH, *map(str, command)),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            error.add_note(f"-- the last that left the pty --\n{self.words()[-3000:]}")
        with contextlib.suppress(psutil.Error):
            family = psutil.Process(self.process.pid)
            for process in [*family.children(recursive=True), family]:
                with contextlib.suppress(psutil.Error):
                    process.kill()
        self.process.wait()
        self.hang_up()
        self._reader.join(LIMIT)

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while self._until_readable() and (data := os.read(self.master, 65_536)):
                with self._news:
                    self._bytes += data
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def _until_readable(self) -> bool:
        """False when the terminal is to be taken away: a read that waits would keep
        it open."""
        while not self._closing.is_set():
            if select.select([self.master], [], [], 0.05)[0]:
                return True
        return False

    # -- looking -----------------------------------------------------------------

    @property
    def bytes(self) -> bytes:
        """All that left the program so far."""
        with self._news:
            return bytes(self._bytes)

    def words(self, since: int = 0) -> str:
        """The same without escape sequences."""
        return ESCAPE.sub(b"", self.bytes[since:]).decode("utf-8", "replace")

    def wait(self, look: Callable[[], Any], what: str) -> None:
        """Until `look` is true; it is asked after every read, and now and then."""
        assert self._look(look, LIMIT), f"not within {LIMIT:.0f} s: {what}"

    def _look(self, look: Callable[[], Any], limit: float) -> bool:
        """Whether it became true."""
        deadline = time.monotonic() + limit
        while not look():
            left = deadline - time.monotonic()
            if left < 0:
                return False
            with self._news:
                self._news.wait(min(left, 0.1))
        return True

    def wait_for(self, *texts: str, since: int = 0) -> None:
        """Until each of these left the program."""
        for text in texts:
            self.wait(partial(self._said, text, since), repr(text))

    def _said(self, text: str, since: int) -> bool:
        return text in self.words(since)

    def rest(self, since: int) -> None:
        """Until something new left it, and then nothing more for a moment. What a key
        may draw is not known here; that nothing comes for long ends the wait too."""
        self._look(lambda: len(self.bytes) > since, PATIENCE)
        size = since
        for _ in range(8):
            now = len(self.bytes)
            if now == size:
                return
            size = now
            with self._news:
                self._news.wait(0.15)

    def quit(self) -> int:
        """ctrl+q; once more where it names what would end with the engine, and, as a
        user would, where nothing came of it. Its exit code."""

        def named_or_gone(since: int) -> bool:
            return self._said("Quit and end them", since) or not self._runs()

        deadline = time.monotonic() + LIMIT
        while self._runs() and time.monotonic() < deadline:
            self._look(partial(named_or_gone, self.type("\x11")), PATIENCE)
        return self.wait_exit()

    def _runs(self) -> bool:
        return self.process.poll() is None

    def wait_exit(self) -> int:
        """Its exit code, when it has ended by itself and all is read."""
        code = self.process.wait(LIMIT)
        if self._slave is not None:
            # Not before: what a program writes last would be lost on some systems.
            os.close(self._slave)
            self._slave = None
        self._reader.join(LIMIT)
        return code

    @property
    def modes(self) -> list[Any]:
        """The terminal's attributes as they are now."""
        assert self._slave is not None
        return termios.tcgetattr(self._slave)

    # -- acting ------------------------------------------------------------------

    def type(self, text: str) -> int:
        """Keys as bytes; returns where the output stood before."""
        at = len(self.bytes)
        os.write(self.master, text.encode("utf-8", "surrogateescape"))
        return at

    def resize(self, width: int, height: int) -> None:
        """Another size; the program is told by SIGWINCH."""
        size = struct.pack("HHHH", height, width, 0, 0)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        os.kill(self.process.pid, number)

    def stopped(self) -> bool:
        """Whether the program is stopped."""
        status: str = psutil.Process(self.process.pid).status()
        return bool(status == psutil.STATUS_STOPPED)

    def hang_up(self) -> None:
        """Take the terminal away, as when an ssh connection ends."""
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None
        self._closing.set()
        self._reader.join(LIMIT)
        if self.master >= 0:
            os.close(self.master)
            self.master = -1
