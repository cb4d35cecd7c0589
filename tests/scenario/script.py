"""Runs the installed `codex-tui` in a home of its own, and looks at what is left.

Owns: `Place`, a private HOME outside of the temporary folder, and the processes in it.
Invariant: no process that was started there outlives it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.arch.source import REPO

SCRIPT = Path(sys.executable).with_name("codex-tui")
NOWHERE = "/nowhere/codex"
LIMIT = 120.0


class Place:
    """A HOME with nothing in it; `run` runs a command there, without a terminal."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.codex_home = home / "codex-home"
        self.own = home / "own"

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """No codex on PATH but the one that the test names."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "CODEX_HOME": str(self.codex_home),
            "CODEX_TUI_HOME": str(self.own),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            **(more or {}),
        }

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
        """`more` goes into the environment."""
        return subprocess.run(
            (SCRIPT, *arguments),
            cwd=self.home,
            env=self.environment(more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT,
        )

    def python(self, code: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Code that has our packages."""
        return subprocess.run(
            (sys.executable, "-c", code, *arguments),
            cwd=self.home,
            env=self.environment({"PYTHONPATH": str(REPO)}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT,
        )

    def files(self) -> list[str]:
        """All that is in HOME, our own state folder left out."""
        return sorted(
            str(path.relative_to(self.home))
            for path in self.home.rglob("*")
            if not path.is_relative_to(self.own)
        )

    def processes(self) -> list[psutil.Process]:
        """Those whose HOME is in here, however deep."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                home = process.environ().get("HOME", "")
                if process.pid != os.getpid() and home.startswith(str(self.home)):
                    found.append(process)
        return found


@contextlib.contextmanager
def a_place() -> Iterator[Place]:
    """A new one; what still runs in it at the end is killed."""
    parent = Path.home() / ".cache" / "codex-tui-cli-tests"
    home = parent / uuid.uuid4().hex[:12]
    home.mkdir(parents=True)
    place = Place(home)
    try:
        yield place
    finally:
        for process in place.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        shutil.rmtree(home, ignore_errors=True)
        with contextlib.suppress(OSError):
            parent.rmdir()


def harmless(text: bytes) -> bool:
    """No control but the line break, no C1, no bidi control."""
    return not any(
        (ord(char) < 32 and char != "\n")
        or 0x7F <= ord(char) < 0xA0
        or char in "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        for char in text.decode("utf-8")
    )
