"""Is the engine that runs the one that is installed here, and one that was tested?

Owns the comparison, again and again while we are connected, for an upgrade happens
under a running engine; which versions are tested; and the words. Invariant: nothing is
ended, refused or started by it, and of an engine elsewhere it says only whether its
version was tested.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from pathlib import Path

from state.engine.errors import EngineError
from state.engine.supervisor import Connection, SharedTarget, Target

AGAIN_SECONDS = 600.0
TESTED = ("0.163", "0.171")
"""The oldest and the newest that every change is tested with: the wheel's of
constraints.txt and npm's of engines.txt."""
GONE = (
    "The running engine's own files were removed (an upgrade?), so its commands fail: "
    "when nothing runs, codex-tui engine stop, and start again."
)


def numbers(version: str) -> tuple[int, ...]:
    """0.169.0 as (0, 169, 0); of any other text what there is of numbers."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def untested(version: str) -> str:
    """What it means that nobody tested this version, and what to do; "" when not."""
    there, newest = numbers(version)[:2], numbers(TESTED[-1])
    if there <= newest:
        return ""
    return (
        f"newer than codex-tui was tested with ({TESTED[0]} to {TESTED[-1]}); what it "
        "says that codex-tui does not know is shown as such. If something is odd, name "
        "a tested one with --codex-bin."
    )


async def installed(target: Target) -> str | None:
    """The version that a start would run now; None: nothing is to be compared."""
    if not isinstance(target, SharedTarget) or target.find is None:
        return None
    try:
        return (await asyncio.to_thread(target.find)).version
    except (EngineError, OSError):
        return None


def differs(runs: str, there: str) -> str:
    """What it means that another version is installed, and what to do; "" when not."""
    if runs == there:
        return ""
    if numbers(there) > numbers(runs):
        return (
            f"codex {runs} runs here, and {there} is installed: when nothing runs, "
            "codex-tui engine stop; the next start takes the new one."
        )
    return (
        f"codex {runs} runs here, but {there} is what is installed: once it ends, the "
        "older one is started. Update codex, or name the newer with --codex-bin."
    )


def lost_its_files(connection: Connection) -> bool:
    """The program of the running engine is not on the disk any more."""
    if connection.how == "remote" or connection.pid is None:
        return False
    with contextlib.suppress(OSError):
        exe = os.readlink(f"/proc/{connection.pid}/exe")
        return exe.endswith(" (deleted)") or not Path(exe).exists()
    return False
