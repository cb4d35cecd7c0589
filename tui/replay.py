"""`codex-tui replay FILE`: a recording on the screen."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from state.engine.replay import ReplayEngine
from state.store import Store
from tui.run import run_app, show
from tui.services import Services
from tui.start import THEME_NAMES


def replay_command(args: argparse.Namespace) -> int:
    """Play it; 2 when the file cannot be read."""
    path = Path(args.file).expanduser()
    if not path.is_file():
        print(f"{path} is no file. codex-tui --record FILE makes one.", file=sys.stderr)
        return 2
    if args.speed < 0:
        print("--speed is 0 (without pauses) or more.", file=sys.stderr)
        return 2
    return run_app(_play(path, args))


async def _play(path: Path, args: argparse.Namespace) -> int:
    services = Services(
        store=Store(),
        engine=ReplayEngine(path, speed=args.speed),
        cwd=os.getcwd(),
        codex_home="replay",
        theme=THEME_NAMES.get(args.theme, args.theme),
    )
    return await show(services)
