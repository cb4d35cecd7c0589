"""An agent tree as words, and a process of its own that reads it from an engine.

Run as `python -m tests.engine.tree_process CODEX VERSION CODEX_HOME STATE ROOT` with
the expected rows on stdin, it opens ROOT with an empty world and prints its rows as
soon as they are those, or what it has when the time is up. Owns no judgement.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path

from state.commands import OpenThread
from state.engine.acting import Surroundings
from state.engine.locate import EngineBinary
from state.engine.session import EngineSession, SessionOptions
from state.engine.supervisor import ConnectOptions, SharedTarget
from state.events import Event
from state.items import ThreadId
from state.model import EnginePhase, World
from state.reduce import reduce
from state.select.agent_detail import task_words
from state.select.agents import AgentTreeBuilder
from state.tree import Forest
from tui.production import rollout_tokens

SECONDS = 90.0
Row = list[str]


def tree_rows(world: World, root: ThreadId) -> list[Row]:
    """What a person sees of the tree, and what it is made of."""
    forest = Forest()
    forest.update(world.threads, world.threads)
    rows = []
    for row in AgentTreeBuilder(forest).view(world, root).rows:
        thread = world.threads[row.id]
        spawn = thread.spawn
        rows.append(
            [
                row.id,
                row.guide,
                row.path,
                row.word,
                row.model,
                row.effort,
                row.label,
                row.tokens,
                "".join(bit.text for bit in row.detail),
                f"{spawn.turn_id} {spawn.item_id}" if spawn else "",
                str(row.since_ms),
                task_words(thread)[1],
                thread.latest.words if thread.latest else "",
                str(row.reviews),
            ]
        )
    return rows


async def read(
    session: EngineSession, root: ThreadId, expected: list[Row]
) -> list[Row]:
    """The rows as soon as the tree is as expected, or when the time is up."""
    world, news = World(), asyncio.Event()

    def offer(event: Event) -> None:
        nonlocal world
        world = reduce(world, event)
        news.set()

    run = asyncio.create_task(session.run(offer))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SECONDS):
            while world.engine.phase is not EnginePhase.READY:
                news.clear()
                await news.wait()
            await session.send(OpenThread(root))
            while tree_rows(world, root) != expected:
                news.clear()
                await news.wait()
    rows = tree_rows(world, root)
    await session.close()
    await run
    return rows


def main() -> None:
    codex, version, home, state, root = sys.argv[1:]
    binary = EngineBinary(Path(codex), version, "flag")
    options = SessionOptions(
        connect=ConnectOptions(
            state_dir=Path(state), client_version="0", env=dict(os.environ)
        ),
        around=Surroundings(read_tokens=rollout_tokens),
    )
    session = EngineSession(SharedTarget(lambda: binary, Path(home)), options)
    thread_id = ThreadId(root)
    rows = asyncio.run(read(session, thread_id, json.load(sys.stdin)))
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
