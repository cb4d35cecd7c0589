"""What a start puts together for the user's engine: store, settings, engine, services.

Owns nothing that runs. Invariant: no screen library is loaded here, so that a command
line call pays for none.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from state.config import load as load_config
from tui.place import Place
from tui.processes import LocalProcesses
from tui.screens import late
from tui.services import Services, engine_label, restore, user_engine

THEME_NAMES = {"ansi": "codex-ansi"}
"""What the user may write for a theme, where it is not the theme's own name."""


def build(args: argparse.Namespace, place: Place, cwd: str) -> Services:
    """Production services for the user's engine."""
    label = engine_label(args, place)
    world, remembered, problem = restore(place.home, label)
    config = load_config(place.home, lambda: late.actions.REMAPPABLE)
    kept = remembered.view.get("theme")
    theme = args.theme or (kept if isinstance(kept, str) else config.theme)
    return Services(
        world=world,
        problem=problem,
        engine=user_engine(args, place, cwd),
        cwd=cwd,
        user_home=os.path.expanduser("~"),
        codex_home=label,
        home=place.home,
        remembered=remembered,
        theme=THEME_NAMES.get(str(theme), theme),
        config=config,
        plain=args.plain or config.plain or plain_wanted(os.environ),
        ascii=args.ascii or config.ascii,
        processes=LocalProcesses(),
    )


def plain_wanted(env: Mapping[str, str]) -> bool:
    """Whether the surroundings ask for plain words: no colour, or a screen reader."""
    return bool(env.get("NO_COLOR")) or env.get("ACCESSIBLE", "") not in ("", "0")
