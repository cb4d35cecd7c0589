"""Reducers for what surrounds the threads: engine, account, warnings, messages."""

from __future__ import annotations

from typing import assert_never

from state import events as e
from state.dataclass import replace
from state.events.world import INVALID_CONFIG
from state.model import World

MAX_MESSAGES = 50


def reduce_frame(world: World, event: e.WorldEvent) -> World:
    """The world after an event that concerns no single thread."""
    match event:
        case e.EngineChanged(engine=engine):
            if engine.epoch == world.engine.epoch:
                return replace(world, engine=engine)
            # Another engine reads its configuration anew, and says so anew.
            world = replace(world, engine=engine, config_warnings=())
            return replace(world, managed_network=False)
        case e.ReviewsListed():
            return world  # It concerns threads: `reduce.epoch`.
        case e.ThreadsListed():
            return world if world.listed else replace(world, listed=True)
        case e.AccountChanged(account=account):
            return replace(world, account=account)
        case e.ConfigWarned(text=text):
            if text in world.config_warnings:
                return world
            return replace(world, config_warnings=(*world.config_warnings, text))
        case e.ConfigMended():
            others = tuple(
                text
                for text in world.config_warnings
                if not text.startswith(INVALID_CONFIG)
            )
            return replace(world, config_warnings=others)
        case e.SandboxProbed(problem=problem, proxied=proxied):
            held = world.managed_network if proxied is None else proxied
            return replace(world, sandbox_problem=problem, managed_network=held)
        case e.StoreFailed(sentence=sentence):
            return replace(world, store_error=sentence)
        case e.MessageShown(text=text):
            messages = (*world.messages, text)[-MAX_MESSAGES:]
            return replace(world, messages=messages)
        case e.Unrecognised(method=method):
            count = world.unrecognised.get(method, 0) + 1
            return replace(world, unrecognised={**world.unrecognised, method: count})
        case _:
            assert_never(event)
