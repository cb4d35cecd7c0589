"""Runs codex-tui with a stopwatch in its event loop.

Run as `python -m tests.perf.probed FILE [arguments of codex-tui]`: every 20 ms the
loop is asked to call back, and how late it did, in ms, is written to FILE at the end.
With `PROFILE_TO` in the environment, what the main thread was at every 4 ms is written
there: lines of the time and the stack, `outer;…;inner`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import tui.run
from tui.cli import main

if TYPE_CHECKING:
    from tui.services import Services

EVERY = 0.02


async def _probe(lags: list[tuple[float, float]]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY
        await asyncio.sleep(EVERY)
        lags.append((round(due, 3), round((loop.time() - due) * 1000, 2)))


def _sample(path: Path, main: int, stop: threading.Event) -> None:
    lines: list[str] = []
    while not stop.wait(0.004):
        frame = sys._current_frames().get(main)
        names: list[str] = []
        while frame is not None:
            code = frame.f_code
            names.append(f"{Path(code.co_filename).stem}.{code.co_name}")
            frame = frame.f_back
        lines.append(f"{time.monotonic():.3f} {';'.join(reversed(names))}")
    path.write_text("\n".join(lines))


def install(path: Path) -> None:
    """Every screen that is shown from now on is watched."""
    shown = tui.run.show

    async def show(services: Services) -> int:
        lags: list[tuple[float, float]] = []
        task = asyncio.ensure_future(_probe(lags))
        stop = threading.Event()
        if wanted := os.environ.get("PROFILE_TO"):
            given = (Path(wanted), threading.get_ident(), stop)
            threading.Thread(target=_sample, args=given).start()
        try:
            return await shown(services)
        finally:
            stop.set()
            task.cancel()
            path.write_text(json.dumps(lags))

    tui.run.show = show


if __name__ == "__main__":
    install(Path(sys.argv.pop(1)))
    sys.exit(main())
