"""What the agents of a thread can write: the question a push asks of each file.

Owns putting together the sandboxes of a tree. Does not own what holds in one
(`state.permissions`). Invariant: what nobody can judge counts as writable.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from state.controls import Controls
from state.dataclass import dataclass
from state.engine.local_disk import LocalDisk
from state.git.repository import Repository
from state.model import Sandbox, SandboxMode, Settings, Thread
from state.permissions import assemble, globs
from state.permissions.box import Box
from state.permissions.disk import Looked
from state.permissions.mounts import box_of
from state.permissions.policy import Host, Kind
from state.permissions.profiles import ProfileError
from state.permissions.reach import Reached, Way, touch

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen

Writable = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Hands:
    """What agents of a tree can write. `boxed`: leaving out what only an agent without
    a sandbox can, which is all that the user can write."""

    writable: Writable
    boxed: Writable


MOST = 8
"""Different settings in one tree that are looked at."""


async def hands_of(
    fleet: FleetScreen, thread: Thread | None, repository: Repository
) -> Hands:
    """What an agent of this thread's tree can write, or could have."""
    services = fleet.services
    host = await services.engine.surroundings()
    if host is None:
        return Hands(_anything, _nothing)  # Another machine: nobody can look there.
    cwd = thread.cwd if thread is not None and thread.cwd else services.cwd
    controls = await services.engine.controls(cwd)
    forest = fleet.presenter.forest
    tree = [thread, *forest.descendants(thread.id)] if thread is not None else []
    found = list(dict.fromkeys(s for one in tree for s in _settings(one)))[:MOST]
    given = found or [_usual(cwd)]
    disk = services.disk or LocalDisk
    judges = await asyncio.to_thread(
        lambda: [_judge(settings, controls, host, Looked(disk())) for settings in given]
    )
    boxes = [judge for judge in judges if judge not in (_as_user, _anything)]
    return Hands(
        lambda path: _project(path, repository) or any(j(path) for j in judges),
        lambda path: _project(path, repository) or any(j(path) for j in boxes),
    )


def _anything(path: str) -> bool:
    del path
    return True


def _nothing(path: str) -> bool:
    del path
    return False


def _settings(thread: Thread) -> tuple[Settings, ...]:
    """What it runs under next, and what its turns ran under."""
    turns = [turn.settings for turn in thread.turns.values()]
    return tuple(one for one in (thread.settings, *turns) if one is not None)


def _usual(cwd: str) -> Settings:
    """A thread whose settings nobody told: as if it may write its folder."""
    return Settings(sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE), cwd=cwd)


def _project(path: str, repository: Repository) -> bool:
    """A file of a working tree is what agents work on, whatever holds just now."""
    common = repository.common
    if path == common or path.startswith(f"{common}/"):
        return False
    tree = repository.holding(path)
    return tree is not None and not tree.bare and path != f"{tree.path}/.git"


def _judge(
    settings: Settings, controls: Controls | None, host: Host, disk: Looked
) -> Writable:
    try:
        policy = assemble.policy_of(settings, controls, host)
        if policy is None or policy.kind is Kind.EXTERNAL:
            return _anything
        if policy.kind is Kind.FULL:
            return _as_user
        box = box_of(policy, disk, host)
    except (ProfileError, globs.EndlessError):
        return _anything
    return lambda path: _touched(box, host, path)


def _touched(box: Box, host: Host, path: str) -> bool:
    return touch(box, host, Way.WRITE, path).result is not Reached.DENIED


def _as_user(path: str) -> bool:
    """Without a sandbox it can write what the user can."""
    real = os.path.realpath(path)
    while not os.path.lexists(real) and real != "/":
        real = os.path.dirname(real)
    return os.access(real, os.W_OK) or os.access(os.path.dirname(real), os.W_OK)
