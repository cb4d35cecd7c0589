"""Where this program keeps its own files.

Owns the location (`CODEX_TUI_HOME`, else the platform's user state folder) and the
modes: folders 0700, files 0600. Does not own what is in the files. Invariant:
nothing here is ever inside CODEX_HOME, and nothing we make is readable by others.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from platformdirs import user_state_path

ENV = "CODEX_TUI_HOME"
STORE_NAME = "store.db"


def state_home() -> Path:
    """The absolute folder of our files; it may not exist yet."""
    override = os.environ.get(ENV)
    if override:
        return Path(override).expanduser().absolute()
    return user_state_path("codex-tui", appauthor=False)


def store_path(home: Path | None = None) -> Path:
    """The SQLite thread store."""
    return (home or state_home()) / STORE_NAME


def private_folder(path: Path) -> Path:
    """Make the folder and its missing parents, 0700.

    A folder that was there is narrowed only when it is empty or holds our store:
    an override may point at a folder that means something else to its owner.
    Raises OSError.
    """
    missing = [p for p in (path, *path.parents) if not p.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077 and not missing and _ours(path):
        path.chmod(0o700)
    return path


def private_file(path: Path) -> Path:
    """Make the file if it is not there, 0600; narrow it if it is. Raises OSError."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if stat.S_IMODE(os.fstat(fd).st_mode) & 0o077:
            os.fchmod(fd, 0o600)
    finally:
        os.close(fd)
    return path


def _ours(path: Path) -> bool:
    names = os.listdir(path)
    return not names or STORE_NAME in names
