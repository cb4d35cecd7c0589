"""`codex-tui demo` in a terminal: the demo's world behind the usual screen.

Owns the beginning (its threads start by themselves) and the end. Everything shown
is the real engine's; only the model is scripted.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from state.engine.errors import EngineNotFound
from tui.demo.home import DemoHomeError
from tui.demo.run import DemoOptions, demo_world, openings
from tui.run import run_app, show
from tui.start import THEME_NAMES


def demo_command(args: argparse.Namespace) -> int:
    """Play until the user quits; 3 when there is no engine."""
    return run_app(_play(args))


async def _play(args: argparse.Namespace) -> int:
    options = DemoOptions(
        codex_bin=args.codex_bin,
        record=Path(args.record) if args.record else None,
        theme=THEME_NAMES.get(args.theme, args.theme),
    )
    try:
        async with demo_world(options) as world:
            services = world.services
            services.opening, *beside = openings(world)
            services.beside = tuple(beside)
            return await show(services)
    except EngineNotFound as error:
        print(error, file=sys.stderr)
        return 3
    except (DemoHomeError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
