"""The ingest lease: of all windows on one home, exactly one writes engine events.

Owns a lock on a file per home. The kernel frees it when its holder dies, however it
dies, so there is nothing to clean up. Does not own what the holder does with it.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from pathlib import Path

from state.home import private_folder, state_home

POLL_SECONDS = 0.25


def lease_path(codex_home: str, home: Path | None = None) -> Path:
    """The lock file of the window that ingests the engine of `codex_home`.

    `codex_home` is a path or the label of a remote; it is hashed, so a label with
    a credential in it does not end up as a file name.
    """
    name = hashlib.sha256(os.fsencode(codex_home)).hexdigest()[:16]
    return (home or state_home()) / f"ingest-{name}.lock"


class Lease:
    """`try_acquire` at the start; `acquired` waits to be the next holder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """This window ingests."""
        return self._fd is not None

    def try_acquire(self) -> bool:
        """Take the lease if it is free. Raises OSError when the file can't be made."""
        if self._fd is not None:
            return True
        private_folder(self._path.parent)
        # Not inherited by the engine we start: it would hold the lease for us.
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        return True

    async def acquired(self) -> None:
        """Return when the lease is ours: at once, or when its holder is gone."""
        while not self.try_acquire():
            await asyncio.sleep(POLL_SECONDS)

    def release(self) -> None:
        """Let the next window have it."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
