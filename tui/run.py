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
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from state.select.threads import ListAsk
from tui.app import CodexTui
from tui.crash import Crashed, crashed, end_despite_threads, report_faults
from tui.front import FrontScreen
from tui.place import Place
from tui.services import Services
from tui.start import build

if TYPE_CHECKING:
    from textual.screen import Screen


def run_command(args: argparse.Namespace) -> int:
    """`codex-tui` in a terminal."""
    return run_app(_run(args))


def run_app(work: Coroutine[None, None, int]) -> int:
    """Run a screen's coroutine to its exit code; a fault of ours is reported."""
    try:
        return asyncio.run(work)
    except Exception as error:
        code = crashed(error)
        end_despite_threads(code)
        return code


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


def front_of(services: Services) -> Callable[[], Screen[None]] | None:
    """The first picture, where the store knew rows for it."""
    shown = services.remembered
    if not shown.counts or ListAsk.kept(shown.view).filter:
        return None  # nothing to draw, or rows that have to be looked for first
    return lambda: FrontScreen(services)


async def show(services: Services) -> int:
    """Run the app until it ends; SIGHUP and SIGTERM end it cleanly."""
    app = CodexTui(services, front_of(services))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGHUP, signal.SIGTERM):
        loop.add_signal_handler(name, app.leave_by_signal)
    report_faults(loop, app.say, lambda: app.fault is not None)
    try:
        await app.run_async()
    finally:
        await services.end()
    if app.fault is not None:
        raise Crashed from app.fault
    return app.return_code or 0
