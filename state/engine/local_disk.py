"""The disk of this machine, as the sandbox model asks for it; and who we are on it.

Owns the system calls behind `state.permissions.disk.Disk`. Invariant: it reads and
never changes anything; what cannot be looked at is as good as not there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from state.permissions.disk import Kind, Node
from state.permissions.policy import Host

_TEXT = 4096
_NAMES = 100_000


class LocalDisk:
    """The real thing."""

    def node(self, path: str) -> Node | None:
        """What stands at exactly this path."""
        try:
            found = os.lstat(path)
        except (OSError, ValueError):
            return None
        mode = found.st_mode
        kind = Kind.OTHER
        if stat.S_ISLNK(mode):
            kind = Kind.LINK
        elif stat.S_ISDIR(mode):
            kind = Kind.FOLDER
        elif stat.S_ISREG(mode):
            kind = Kind.FILE
        empty = kind is Kind.FILE and found.st_size == 0
        if kind is Kind.FOLDER:
            empty = _is_empty(path)
        return Node(
            kind,
            stat.S_IMODE(mode),
            found.st_uid,
            found.st_gid,
            empty,
            frozen=kind is not Kind.LINK and _is_frozen(path),
        )

    def target(self, path: str) -> str:
        """What a symlink says."""
        try:
            return os.readlink(path)
        except OSError:
            return ""

    def text(self, path: str) -> str:
        """The beginning of a file."""
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                return file.read(_TEXT)
        except (OSError, ValueError):
            return ""

    def names(self, path: str) -> tuple[str, ...]:
        """The names in a folder."""
        try:
            return tuple(os.listdir(path)[:_NAMES])
        except (OSError, ValueError):
            return ()


def _is_empty(path: str) -> bool:
    try:
        with os.scandir(path) as found:
            return next(found, None) is None
    except OSError:
        return False


def _is_frozen(path: str) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


ANCHORED_GLOBS = (0, 164)
"""Engines older than this read a denied pattern as a line of a .gitignore; of those
between 0.163 and 0.169 nobody looked, and the stricter reading hides no file less."""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("-")[0].split(".") if part.isdigit())


def local_host(
    engine: str, version: str = "", environment: Mapping[str, str] | None = None
) -> Host:
    """The surroundings of an engine that runs on this machine as this user. `engine`:
    the path of its program."""
    env = os.environ if environment is None else environment
    uid = os.geteuid()
    return Host(
        home=env.get("HOME") or str(Path.home()),
        tmpdir=env.get("TMPDIR", ""),
        engine=os.path.dirname(os.path.realpath(engine)) if engine else "",
        uid=uid,
        groups=frozenset({os.getegid(), *os.getgroups()}),
        sockets=f"/tmp/codex-daemon-{uid}",
        anchored_globs=not version or _version(version) >= ANCHORED_GLOBS,
        late_rules=bool(version) and _version(version) < ANCHORED_GLOBS,
    )
