"""The user's engine, as the arguments mean it: imported after the first paint."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from state import events as e
from state.engine.acting import Surroundings
from state.engine.record import Recorder
from state.engine.rpc import RpcHooks
from state.engine.session import EngineSession, SessionOptions
from state.engine.supervisor import PrivateTarget
from state.items import ThreadId
from state.model import TokenUsage
from state.rollout import read_tail
from state.rollout.tokens import last_tokens
from tui.options import connect_options, target_of
from tui.place import Place

KEEP_LOADED = ("thread_unload_delay_secs=31536000",)
"""For an engine we start: 0.163 does not hold it per thread, and an unload kills
background terminals."""
HANDED_ON = ("PATH", "VIRTUAL_ENV", "SSH_AUTH_SOCK")
"""Variables of this window that commands of the threads it starts get."""


def engine_of(args: argparse.Namespace, place: Place, cwd: str) -> EngineSession:
    """The session; nothing is connected yet."""
    target = target_of(args, place)
    if isinstance(target, PrivateTarget):
        target = PrivateTarget(target.find, place.codex_home, Path(cwd))
    recorder = Recorder(Path(args.record)) if args.record else None
    environment = {k: place.env[k] for k in HANDED_ON if place.env.get(k)}
    options = SessionOptions(
        connect=connect_options(
            place, hooks=RpcHooks(tap=recorder), config=KEEP_LOADED
        ),
        around=Surroundings(
            environment=environment,
            read_rollout=rollout_events,
            read_tokens=rollout_tokens,
        ),
        probe_cwd=Path(cwd),
    )
    return EngineSession(target, options)


async def rollout_events(
    thread_id: ThreadId, path: str, turns: int
) -> tuple[e.Event, ...]:
    """The newest turns of a history the engine never projected."""
    tail = await asyncio.to_thread(read_tail, Path(path), turns)
    return (e.TurnsLoaded(thread_id, tail.turns, complete=tail.complete),)


async def rollout_tokens(path: str) -> TokenUsage | None:
    """What a thread used, where no engine tells it."""
    return await asyncio.to_thread(last_tokens, Path(path))
