"""Is the engine that runs the one that is installed here?

Owns the comparison, again and again while we are connected, for an upgrade happens
under a running engine; and the words. Invariant: nothing is ended or started by it,
and of an engine elsewhere nothing is said.
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
GONE = (
    "The running engine's own files were removed (an upgrade?), so its commands fail: "
    "when nothing runs, codex-tui engine stop, and start again."
)


def numbers(version: str) -> tuple[int, ...]:
    """0.169.0 as (0, 169, 0); of any other text what there is of numbers."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


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
