"""Start the screen for the user's engine; what every screen start shares.

Owns the order of a start: the store is read, the app is painted, then the engine is
asked. Does not own what runs after that. Invariant: however the app ends, the
terminal is given back and drafts are on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path

from state.rollout import read_tail

from state import events as e
from state.engine.acting import Surroundings
from state.engine.record import Recorder
from state.engine.rpc import RpcHooks
from state.engine.session import EngineSession, SessionOptions
from state.engine.supervisor import PrivateTarget, RemoteTarget
from state.items import ThreadId
from state.store import Store
from tui.app import CodexTui
from tui.options import Place, connect_options, target_of
from tui.services import Services, restore
from tui.themes import SIXTEEN

HANDED_ON = ("PATH", "VIRTUAL_ENV", "SSH_AUTH_SOCK")
"""Variables of this window that commands of the threads it starts get."""


def run_command(args: argparse.Namespace) -> int:
    """`codex-tui` in a terminal."""
    return run_app(_run(args))


def run_app(work: Coroutine[None, None, int]) -> int:
    """Run a screen's coroutine to its exit code."""
    # Thousands of rows are built before the first paint; none of them is garbage.
    gc.disable()
    return asyncio.run(work)


async def _run(args: argparse.Namespace) -> int:
    place = Place.from_environment()
    cwd = os.path.abspath(os.path.expanduser(args.cd)) if args.cd else working_folder()
    if cwd is None or not os.path.isdir(cwd):
        print(
            f"{cwd or 'The working folder'} does not exist; use --cd DIR.",
            file=sys.stderr,
        )
        return 2
    recorder = Recorder(Path(args.record)) if args.record else None
    services = build(args, place, cwd=cwd, recorder=recorder)
    try:
        return await show(services)
    finally:
        if recorder is not None:
            recorder.close()


def working_folder() -> str | None:
    """Where we were started; None when that folder is gone."""
    try:
        # The logical one, as the user sees it in the prompt.
        logical = os.environ.get("PWD", "")
        actual = os.getcwd()
    except FileNotFoundError:
        return None
    if logical and os.path.realpath(logical) == os.path.realpath(actual):
        return logical
    return actual


def build(
    args: argparse.Namespace, place: Place, *, cwd: str, recorder: Recorder | None
) -> Services:
    """Production services for the user's engine."""
    target = target_of(args, place)
    label = str(place.codex_home)
    if isinstance(target, RemoteTarget):
        label = target.url.split("?")[0]
    elif isinstance(target, PrivateTarget):
        target = PrivateTarget(target.find, place.codex_home, Path(cwd))
    world, remembered, problem = restore(place.home, label)
    store = Store(world)
    if problem:
        store.offer(e.StoreFailed(problem))
    environment = {k: place.env[k] for k in HANDED_ON if place.env.get(k)}
    options = SessionOptions(
        connect=connect_options(place, hooks=RpcHooks(tap=recorder)),
        around=Surroundings(environment=environment, read_rollout=rollout_events),
        probe_cwd=Path(cwd),
    )
    theme = args.theme or remembered.view.get("theme")
    return Services(
        store=store,
        engine=EngineSession(target, options),
        cwd=cwd,
        codex_home=label,
        home=place.home,
        remembered=remembered,
        theme=THEME_NAMES.get(str(theme), theme if isinstance(theme, str) else None),
        plain=bool(os.environ.get("NO_COLOR")),
    )


THEME_NAMES = {"ansi": SIXTEEN.name}


async def show(services: Services) -> int:
    """Run the app until it ends; SIGHUP and SIGTERM end it cleanly."""
    app = CodexTui(services)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGHUP, signal.SIGTERM):
        loop.add_signal_handler(name, lambda: loop.create_task(app.action_leave()))
    try:
        await app.run_async()
    finally:
        await services.end()
    return app.return_code or 0


async def rollout_events(thread_id: ThreadId, path: str) -> tuple[e.Event, ...]:
    """The newest turns of a history the engine never projected."""
    tail = await asyncio.to_thread(read_tail, Path(path))
    return (e.TurnsLoaded(thread_id, tail.turns, complete=tail.complete),)
