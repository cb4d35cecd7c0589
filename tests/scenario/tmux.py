"""Programs in a real terminal: a private tmux server, keys in, the screen out.

Owns the server, its windows and how to wait for what they show. Not here: what is
run in them (`tests.scenario.desk`). Invariants: a wait looks until its deadline and
then says what was on the screen; the server and its windows end with the context.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import psutil  # type: ignore[import-untyped]
import pytest

T = TypeVar("T")

LIMIT = 90.0
"""Seconds until a wait gives up; a slow machine needs far less."""
POLL = 0.04


def until(look: Callable[[], T | None], what: Callable[[], str] | str) -> T:
    """The first value of `look` that counts as true; AssertionError with `what`."""
    deadline = time.monotonic() + LIMIT
    waiting = threading.Event()
    while True:
        # Asked before the look: a slow look is never the last one by being slow.
        late = time.monotonic() > deadline
        found = look()
        if found:
            return found
        if late:
            said = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {LIMIT:.0f} s: {said}")
        waiting.wait(POLL)


def need_tmux() -> str:
    """The tmux to run; skips the test where there is none."""
    found = shutil.which("tmux")
    if found is None:
        pytest.skip("tmux is not installed")
    return found


class Tmux:
    """A tmux server of its own. Context manager.

    `folder` gets the bytes of every window; `env` is the whole environment.
    """

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._program = need_tmux()
        self._name = f"codex-tui-test-{uuid.uuid4().hex[:10]}"
        self._env = {k: v for k, v in env.items() if not k.startswith("TMUX")}
        self.folder = folder
        self.windows: list[Window] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            for window in self.windows:
                with contextlib.suppress(AssertionError):  # it is gone
                    error.add_note(f"-- {window.name} --\n{window.screen()}")
        socket = self.ask("display-message", "-p", "#{socket_path}", check=False)
        self.ask("kill-server", check=False)
        for window in self.windows:
            window.end()
        if socket:
            with contextlib.suppress(OSError):
                Path(socket.strip()).unlink()

    def ask(self, *arguments: str, check: bool = True) -> str:
        """One tmux command; what it printed."""
        done = subprocess.run(
            (self._program, "-L", self._name, "-f", os.devnull, *arguments),
            env=self._env,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"tmux {arguments}: {done.stderr}")
        return done.stdout

    def open(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        size: tuple[int, int] = (120, 40),
        env: Mapping[str, str] | None = None,
    ) -> Window:
        """Run a command in a new window; all its bytes are kept from the first."""
        name = f"w{len(self.windows)}"
        kept = self.folder / f"{name}.bytes"
        more = [part for k, v in (env or {}).items() for part in ("-e", f"{k}={v}")]
        # One call, so that no byte is read before the pipe is there.
        self.ask(
            *("start-server", ";", "set-option", "-g", "remain-on-exit", "on", ";"),
            *("set-option", "-g", "default-terminal", "tmux-256color", ";"),
            *("set-option", "-sg", "escape-time", "0", ";"),
            *("new-session", "-d", "-s", name, "-c", str(cwd)),
            *("-x", str(size[0]), "-y", str(size[1]), *more, "--", *command, ";"),
            *("pipe-pane", "-t", name, f"cat > '{kept}'"),
        )
        window = Window(self, name, kept)
        self.windows.append(window)
        return window


class Window:
    """One program in one pane."""

    def __init__(self, tmux: Tmux, name: str, kept: Path) -> None:
        self._tmux = tmux
        self.name = name
        self._kept = kept
        self.pid = int(self._fact("pane_pid"))

    def _fact(self, name: str) -> str:
        return self._tmux.ask(
            "display-message", "-p", "-t", self.name, f"#{{{name}}}"
        ).strip()

    # -- looking -----------------------------------------------------------------

    def screen(self, *, colours: bool = False) -> str:
        """What stands on the screen now; with its escapes, if wanted."""
        with_escapes = ("-e",) if colours else ()
        return self._tmux.ask("capture-pane", "-p", *with_escapes, "-t", self.name)

    @property
    def bytes(self) -> bytes:
        """All that left the pty so far."""
        return self._kept.read_bytes() if self._kept.exists() else b""

    @property
    def full_screen(self) -> bool:
        """Whether the program uses the terminal's second screen."""
        return self._fact("alternate_on") == "1"

    @property
    def size(self) -> str:
        """Its width and height: `120x40`."""
        return self._fact("pane_width") + "x" + self._fact("pane_height")

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        code, by = self._fact("pane_dead_status"), self._fact("pane_dead_signal")
        if code:
            return int(code)
        if by:
            return -int(by)
        return _zombie_code(self.pid) if self._fact("pane_dead") == "1" else None

    def wait_for(self, *texts: str) -> str:
        """The first screen that shows all of these."""

        def look() -> str | None:
            shown = self.screen()
            return shown if all(text in shown for text in texts) else None

        return until(look, lambda: f"{texts} in {self.name}:\n{self.screen()}")

    def wait_gone(self, text: str) -> str:
        """The first screen that does not show this."""

        def look() -> str | None:
            shown = self.screen()
            return shown if text not in shown else None

        return until(look, lambda: f"gone: {text} in {self.name}:\n{self.screen()}")

    def wait_exit(self) -> int:
        """Its exit code, when it has ended by itself."""
        code: list[int | None] = [None]

        def look() -> bool:
            code[0] = self.exit_code
            return code[0] is not None

        until(look, lambda: f"the end of {self.name}:\n{self.screen()}")
        assert code[0] is not None
        return code[0]

    # -- acting ------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Keys by tmux's names: Enter, Escape, C-q, y."""
        self._tmux.ask("send-keys", "-t", self.name, *keys)

    def step(self, *keys: str) -> None:
        """Keys one by one; the next one goes when the one before showed something
        and the screen came to rest."""
        for key in keys:
            self._step(key)

    def _step(self, key: str) -> None:
        before = self.settle()
        self.press(key)
        until(
            lambda: self.screen(colours=True) != before,
            lambda: f"an effect of {key}:\n{self.screen()}",
        )
        self.settle()

    def settle(self) -> str:
        """The screen, when it was the same in three looks running."""
        seen: list[str] = []

        def look() -> str | None:
            seen.append(self.screen(colours=True))
            return seen[-1] if seen[-3:] == [seen[-1]] * 3 else None

        return until(look, lambda: f"rest on the screen:\n{self.screen()}")

    def type(self, text: str) -> None:
        """Text as it is."""
        self._tmux.ask("send-keys", "-t", self.name, "-l", text)

    def resize(self, width: int, height: int) -> None:
        """Make the terminal another size."""
        self._tmux.ask(
            "resize-window", "-t", self.name, "-x", str(width), "-y", str(height)
        )

    def close(self) -> None:
        """Take the terminal away, as when an ssh connection ends."""
        self._tmux.ask("kill-session", "-t", self.name)

    def signal(self, number: int) -> None:
        """Send the window's own process a signal."""
        os.kill(self.pid, number)

    def end(self) -> None:
        """End the program if it still runs."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if process.status() != psutil.STATUS_ZOMBIE:
                process.kill()


def ended(process: psutil.Process) -> bool:
    """Whether it ended; somebody may still have to collect it."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _zombie_code(pid: int) -> int | None:
    """The exit code of a process that nobody collected: tmux 3.3 misses some."""
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        if stat[0] == "Z":
            return os.waitstatus_to_exitcode(int(stat[-1]))
    return None
