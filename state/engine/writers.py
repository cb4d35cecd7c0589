"""Which other process writes a thread: the engine lets one write it, the rest may read.

Owns finding the holder of a thread's writer lock on this machine. Takes no lock and
writes nothing. Invariant: nobody is named who was not seen to hold it; where that
cannot be seen, nobody is named, and the engine's own refusal tells.
"""

from __future__ import annotations

import os
from pathlib import Path

from state.engine.port import Writer
from state.items import ThreadId

_LOCKS = "thread-writer-locks"


def writer_of(
    codex_home: Path,
    thread_id: ThreadId,
    *,
    own: int | None = None,
    proc: Path = Path("/proc"),
) -> Writer | None:
    """Who writes the thread, if it is a process other than `own`. Blocking; never
    raises."""
    if "/" in thread_id or thread_id.startswith("."):
        return None
    try:
        found = os.stat(codex_home / _LOCKS / f"{thread_id}.lock")
        table = (proc / "locks").read_text("ascii", "replace")
    except (OSError, ValueError):
        return None
    device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}"
    place = f"{device}:{found.st_ino}"
    for line in table.splitlines():
        columns = line.split()
        # "18: FLOCK ADVISORY WRITE 26375 fe:00:16336719 0 EOF"; those that wait for
        # one have an arrow.
        if len(columns) < 6 or columns[1] == "->" or columns[5] != place:
            continue
        if not columns[4].isdecimal() or int(columns[4]) in (own, 0):
            continue
        pid = int(columns[4])
        return Writer(pid, _name(proc, pid))
    return None


def _name(proc: Path, pid: int) -> str:
    try:
        command = (proc / str(pid) / "cmdline").read_bytes().split(b"\0")[0]
    except OSError:
        return ""
    return os.path.basename(command.decode("utf-8", "replace"))
