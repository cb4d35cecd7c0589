"""The processes behind terminals, found by what they carry in their environment.

The engine gives every command `CODEX_THREAD_ID` and `CODEX_TOOL_CALL_ID` (the item id),
and all that it starts inherits them, through the sandbox and across `setsid`. Owns
finding those processes on this machine, what they use, and ending them. Knows no
engine: what it says holds for terminals of a dead one, too. Invariant: a signal goes
only to the very process that was shown (number and start time), and only while its
environment still names that thread and item.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]

from state.dataclass import dataclass
from state.engine.detached import start_mark
from state.items import ItemId, ThreadId
from state.usage import Usage

THREAD, ITEM = "CODEX_THREAD_ID", "CODEX_TOOL_CALL_ID"
SETTLED_LOOKS = 2
"""A process between fork and exec still has the environment of who started it: what
carries nothing is read again until it was looked at so often."""
FORGET_LOOKS = 30
"""Now and then everything is read anew: numbers of processes are used again."""
POLL_SECONDS = 0.05


class Key(NamedTuple):
    """Whose process: a terminal of a thread."""

    thread_id: ThreadId
    item_id: ItemId


@dataclass(frozen=True, slots=True)
class Found:
    """A process that carries a terminal's ids. `mark` tells it from any other that
    ever had its number; `command` is its argv, quoted; `adopted`: whoever started it
    is gone, so no engine that we know of holds it."""

    key: Key
    pid: int
    mark: str
    command: str
    adopted: bool = False


class Processes:
    """Remembers what it read, so that a look costs little. Used from one thread at a
    time; blocking."""

    def __init__(self) -> None:
        self._keys: dict[int, tuple[Key, psutil.Process]] = {}
        self._others: dict[int, int] = {}
        self._looks = 0
        self._used: dict[tuple[int, float], float] = {}
        self._at: float | None = None
        self._lock = threading.Lock()

    def find(self) -> dict[Key, list[Found]]:
        """Every process on this machine that is a terminal's."""
        with self._lock:
            self._look()
            found: dict[Key, list[Found]] = {}
            for pid, (key, process) in sorted(self._keys.items()):
                mark = start_mark(pid)
                if mark is not None:
                    one = Found(key, pid, mark, _command(process), _adopted(process))
                    found.setdefault(key, []).append(one)
            return found

    def usage(self) -> dict[Key, Usage]:
        """What each terminal's processes use together. The cpu share is since the look
        before; None at the first one, for there is nothing to compare with."""
        with self._lock:
            self._look()
            now = time.monotonic()
            passed = now - self._at if self._at is not None else None
            before, self._used, self._at = self._used, {}, now
            sums: dict[Key, Usage] = {}
            for pid, (key, process) in list(self._keys.items()):
                try:
                    with process.oneshot():
                        times = process.cpu_times()
                        memory = process.memory_info().rss
                        began = process.create_time()
                except (psutil.Error, OSError):
                    self._keys.pop(pid, None)
                    continue
                spent = times.user + times.system
                self._used[pid, began] = spent
                share = None
                if passed:
                    share = 100 * max(0.0, spent - before.get((pid, began), 0.0))
                    share /= passed
                sums[key] = _sum(sums.get(key), share, memory // 1024, began)
            return sums

    def _look(self) -> None:
        self._looks += 1
        if self._looks % FORGET_LOOKS == 0:
            self._others.clear()
        pids = set(psutil.pids())
        for gone in self._others.keys() - pids:
            del self._others[gone]
        for pid, (_, process) in list(self._keys.items()):
            if pid not in pids or not _runs(process):
                del self._keys[pid]
        ours = own_line()
        for pid in pids - self._keys.keys() - ours:
            if self._others.get(pid, 0) >= SETTLED_LOOKS:
                continue
            key = key_of(pid)
            if key is None:
                self._others[pid] = self._others.get(pid, 0) + 1
                continue
            with contextlib.suppress(psutil.Error, OSError):
                self._keys[pid] = key, psutil.Process(pid)


def own_line() -> frozenset[int]:
    """This process and those it came from: a window may itself run in a terminal."""
    pids = {os.getpid()}
    with contextlib.suppress(psutil.Error, OSError):
        pids |= {process.pid for process in psutil.Process().parents()}
    return frozenset(pids)


def key_of(pid: int) -> Key | None:
    """The terminal whose ids a process carries; None: none, or it cannot be seen."""
    try:
        if sys.platform == "linux":
            wanted = _from_proc(pid)
        else:
            environment = psutil.Process(pid).environ()
            wanted = {name: environment.get(name, "") for name in (THREAD, ITEM)}
    except (psutil.Error, OSError, ValueError, RuntimeError):
        return None
    if not (wanted.get(THREAD) and wanted.get(ITEM)):
        return None
    return Key(ThreadId(wanted[THREAD]), ItemId(wanted[ITEM]))


def _from_proc(pid: int) -> dict[str, str]:
    raw = Path(f"/proc/{pid}/environ").read_bytes()
    if THREAD.encode() not in raw:
        return {}
    pairs = (entry.partition(b"=") for entry in raw.split(b"\0"))
    return {
        name.decode("utf-8", "surrogateescape"): value.decode(
            "utf-8", "surrogateescape"
        )
        for name, _, value in pairs
        if name in (THREAD.encode(), ITEM.encode())
    }


def _sum(known: Usage | None, share: float | None, kb: int, began: float) -> Usage:
    since = int(began * 1000)
    if known is None:
        return Usage(share, kb, 1, since)
    both = known.cpu_percent is not None and share is not None
    return Usage(
        (known.cpu_percent or 0.0) + (share or 0.0) if both else share,
        known.rss_kb + kb,
        known.processes + 1,
        min(known.since_ms, since),
    )


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _command(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error, OSError):
        return shlex.join(process.cmdline()) or str(process.name())
    return "?"


def _adopted(process: psutil.Process) -> bool:
    """No codex stands above it: whoever started it has ended."""
    with contextlib.suppress(psutil.Error, OSError):
        return not any("codex" in above.name() for above in process.parents())
    return False


# -- ending --------------------------------------------------------------------------


def signalled(found: Found, sign: signal.Signals) -> bool:
    """Send a signal to exactly this process. False: it is gone, or not the one."""
    try:
        if sys.platform == "linux" and hasattr(os, "pidfd_open"):
            # The descriptor holds the process: what is checked is what is hit.
            descriptor = os.pidfd_open(found.pid)
            try:
                if not is_still(found):
                    return False
                signal.pidfd_send_signal(descriptor, sign)
            finally:
                os.close(descriptor)
        else:
            if not is_still(found):
                return False
            os.kill(found.pid, sign)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def is_still(found: Found) -> bool:
    """It runs, it is the one that was found, and it carries those very ids."""
    return (
        found.pid not in own_line()
        and start_mark(found.pid) == found.mark
        and key_of(found.pid) == found.key
    )


async def end(
    found: Iterable[Found], *, grace: float = 3.0
) -> tuple[tuple[Found, ...], tuple[Found, ...]]:
    """SIGTERM, then SIGKILL to those that are left after `grace` seconds. Returns who
    ended and who did not."""
    rest = all_of = tuple(found)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for one in rest:
            await asyncio.to_thread(signalled, one, sign)
        rest = await left_of(rest, grace)
        if not rest:
            break
    return tuple(one for one in all_of if one not in rest), rest


async def left_of(found: Iterable[Found], seconds: float) -> tuple[Found, ...]:
    """Those of them that still run after at most `seconds`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    rest = tuple(found)
    while True:
        rest = tuple(one for one in rest if start_mark(one.pid) == one.mark)
        if not rest or loop.time() >= deadline:
            return rest
        await asyncio.sleep(POLL_SECONDS)
