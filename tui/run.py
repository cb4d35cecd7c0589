"""Start the screen for the user's engine; what every screen start shares.

Owns the order of a start: the store is read, the app is painted, then the engine is
asked. Does not own what runs after that. Invariant: however the app ends, the
terminal is given back and drafts are on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Mapping

from state.config import load as load_config
from tui.actions import REMAPPABLE
from tui.app import CodexTui
from tui.crash import Crashed, crashed, report_faults
from tui.place import Place
from tui.processes import LocalProcesses
from tui.services import Services, engine_label, restore, user_engine
from tui.themes import SIXTEEN

THEME_NAMES = {"ansi": SIXTEEN.name}


def run_command(args: argparse.Namespace) -> int:
    """`codex-tui` in a terminal."""
    return run_app(_run(args))


def run_app(work: Coroutine[None, None, int]) -> int:
    """Run a screen's coroutine to its exit code; a fault of ours is reported."""
    try:
        return asyncio.run(work)
    except Exception as error:
        return crashed(error)


async def _run(args: argparse.Namespace) -> int:
    cwd = os.path.abspath(os.path.expanduser(args.cd)) if args.cd else working_folder()
    if cwd is None or not os.path.isdir(cwd):
        where = cwd or "The working folder"
        print(f"{where} does not exist; use --cd DIR.", file=sys.stderr)
        return 2
    return await show(build(args, Place.from_environment(), cwd))


def working_folder() -> str | None:
    """Where we were started, as the prompt shows it; None when it is gone."""
    try:
        actual = os.getcwd()
    except FileNotFoundError:
        return None
    logical = os.environ.get("PWD", "")
    if logical and os.path.realpath(logical) == os.path.realpath(actual):
        return logical
    return actual


def build(args: argparse.Namespace, place: Place, cwd: str) -> Services:
    """Production services for the user's engine."""
    label = engine_label(args, place)
    world, remembered, problem = restore(place.home, label)
    config = load_config(place.home, REMAPPABLE)
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


async def show(services: Services) -> int:
    """Run the app until it ends; SIGHUP and SIGTERM end it cleanly."""
    app = CodexTui(services)
    loop = asyncio.get_running_loop()

    leaving: list[asyncio.Task[None]] = []

    def leave() -> None:
        # In the app's own context: from outside, a widget does not know its app.
        leaving.append(loop.create_task(app.action_leave(), context=app.context))

    for name in (signal.SIGHUP, signal.SIGTERM):
        loop.add_signal_handler(name, leave)
    report_faults(loop, app.say)
    try:
        await app.run_async()
    finally:
        await services.end()
    if app.fault is not None:
        raise Crashed from app.fault
    return app.return_code or 0
