"""Runs codex-tui with a stopwatch in its event loop.

Run as `python -m tests.perf.probed FILE [arguments of codex-tui]`: every 20 ms the
loop is asked to call back, and how late it did, in ms, is written to FILE at the end.
With `PROFILE_TO` in the environment the profile of the run is written there.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import os
import sys
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


def install(path: Path) -> None:
    """Every screen that is shown from now on is watched."""
    shown = tui.run.show

    async def show(services: Services) -> int:
        lags: list[tuple[float, float]] = []
        task = asyncio.ensure_future(_probe(lags))
        profile = cProfile.Profile() if os.environ.get("PROFILE_TO") else None
        try:
            if profile is not None:
                profile.enable()
            return await shown(services)
        finally:
            if profile is not None:
                profile.disable()
                profile.dump_stats(os.environ["PROFILE_TO"])
            task.cancel()
            path.write_text(json.dumps(lags))

    tui.run.show = show


if __name__ == "__main__":
    install(Path(sys.argv.pop(1)))
    sys.exit(main())
