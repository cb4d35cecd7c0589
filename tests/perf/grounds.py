"""A codex-tui in a terminal beside a loud engine: what the benches under load share.

Owns the folders of a run, the engine process and its orders. Invariant: nothing runs
and no folder is left when the `with` ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from state.home import store_path
from state.items import ThreadId
from tests.perf import fleets
from tests.perf.records import REPO
from tests.perf.stores import make_store
from tests.perf.terminal import Terminal
from tui.screens.fleet import MESSAGE_SECONDS


@dataclass(slots=True)
class Engine:
    """The engine process; `tell` starts an order, `done` waits for its end."""

    process: subprocess.Popen[str]

    def tell(self, **order: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def done(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        said: dict[str, Any] = json.loads(self.process.stdout.readline())
        return said

    def do(self, **order: Any) -> dict[str, Any]:
        self.tell(**order)
        return self.done()


@dataclass(slots=True)
class Ground:
    """`lags` is where the program leaves (seconds, ms late) of its loop."""

    engine: Engine
    terminal: Terminal
    store: Path
    lags: Path
    opened: ThreadId


@contextlib.contextmanager
def ground(
    *, threads: int, loaded: int, big: int = 0, probed: bool = True
) -> Iterator[Ground]:
    """The fleet of `threads` on screen, the newest of them open, all still. `probed`:
    with the stopwatch in its loop, which costs more than a program at rest."""
    # A bench that is told to end must end what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cache = REPO / ".cache" / "bench-load"
    shutil.rmtree(cache, ignore_errors=True)
    own, workspace = cache / "own", cache / "workspace"
    own.mkdir(parents=True, mode=0o700)
    workspace.mkdir()
    home = Path(tempfile.mkdtemp(prefix="ct"))
    opened = ThreadId(fleets.thread_id(threads - 1))
    make_store(store_path(own), home, workspace, threads, opened=opened)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(cache),
        "LANG": "C.UTF-8",
        "CODEX_HOME": str(home),
        "CODEX_TUI_HOME": str(own),
        "PYTHONPATH": str(REPO),
    }
    if profile := os.environ.get("PROFILE_TO"):
        env["PROFILE_TO"] = profile
    lags = cache / "lags.json"
    numbers = map(str, (threads, loaded, big))
    process = subprocess.Popen(
        (sys.executable, "-m", "tests.perf.load_engine", str(home), *numbers),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPO,
    )
    terminal: Terminal | None = None
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        engine = Engine(process)
        command: tuple[str, ...] = ("-m", "tests.perf.probed", str(lags))
        if not probed:
            command = ("-m", "codex_tui_start")
        terminal = Terminal((sys.executable, *command), env=env, cwd=workspace)
        terminal.wait_for(b"task-")
        engine.do(do="asked", method="thread/turns/list", times=1)
        engine.do(do="asked", method="thread/resume", times=loaded)
        # Two lists, page by page: all threads, and the archived ones.
        engine.do(do="asked", method="thread/list", times=-(-threads // 100) + 1)
        # What is said at the start goes by itself, and all moves up again.
        terminal.quiet(MESSAGE_SECONDS + 0.5)
        yield Ground(engine, terminal, store_path(own), lags, opened)
    finally:
        if terminal is not None:
            terminal.close()
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)
        process.stdout and process.stdout.close()
        shutil.rmtree(cache, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)
