"""`codex-tui open`: the screen, on one thread.

Owns which thread the words mean, before there is a screen. Invariant: words that mean
no thread, or several, open nothing.
"""

from __future__ import annotations

import argparse
import sys

from state.agent_path import AgentPathError
from state.dataclass import replace
from state.resolve import Unresolved, resolve
from state.text import clean
from tui.listing import read_listing
from tui.place import Place
from tui.run import run_app, show
from tui.start import build


def open_command(args: argparse.Namespace) -> int:
    """`codex-tui open`: the screen, on that thread; 2 no such thread."""
    return run_app(_open(args))


async def _open(args: argparse.Namespace) -> int:
    place = Place.from_environment()
    listing = await read_listing(args, place)
    try:
        thread_id = resolve(args.target, listing.world.threads)
    except (Unresolved, AgentPathError) as problem:
        lines = problem.lines if isinstance(problem, Unresolved) else (problem,)
        print(*(clean(str(line)) for line in lines), sep="\n", file=sys.stderr)
        return 2
    thread = listing.world.threads[thread_id]
    services = build(args, place, thread.cwd or str(place.home))
    threads = {**services.world.threads, thread_id: thread}
    services.world = replace(services.world, threads=threads)
    services.remembered.view["open"] = thread_id
    return await show(services)
