"""Absolute paths as plain strings: joining, nesting, depth, odd spellings.

Owns the arithmetic on paths that the sandbox model needs. Does not look at a disk:
that is `state.permissions.disk`. Invariant: what is not UTF-8 stays byte for byte (as
surrogates), and no function depends on the machine it runs on.
"""

from __future__ import annotations

import re
from functools import lru_cache

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
GLOB_SIGNS = frozenset("*?[]")


def is_absolute(path: str) -> bool:
    """Absolute here, or on a Windows engine."""
    return path.startswith(("/", "\\\\")) or _DRIVE.match(path) is not None


def plain(path: str) -> str:
    """Windows' verbatim spelling without its prefix: `\\\\?\\C:\\x` is `C:\\x` and
    `\\\\?\\UNC\\host\\share` is `\\\\host\\share`. Anything else as it is."""
    if path.startswith("\\\\?\\UNC\\"):
        return "\\\\" + path[8:]
    if path.startswith("\\\\?\\") and _DRIVE.match(path[4:]):
        return path[4:]
    return path


def normal(path: str) -> str:
    """Without `.`, `..`, doubled and trailing slashes; symlinks are not looked at."""
    path = plain(path)
    if not path.startswith("/"):
        return path.rstrip("\\") if len(path) > 3 else path
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    return "/" + "/".join(kept)


def join(root: str, *parts: str) -> str:
    """`root` and what is below it."""
    return normal("/".join((root, *parts)))


def within(path: str, root: str) -> bool:
    """`path` is `root` or below it; both normal."""
    if root in (path, "/"):
        return True
    return path.startswith(root + ("\\" if "\\" in root else "/"))


def below(path: str, root: str) -> str:
    """What `path` has beyond `root`, which it is within; "" for `root` itself."""
    return path[len(root) :].lstrip("/\\")


def parent(path: str) -> str:
    """The folder it is in; the root is in itself."""
    return path.rpartition("/")[0] or "/"


def name(path: str) -> str:
    """The last part."""
    return path.rpartition("/")[2]


def depth(path: str) -> int:
    """How many parts: the deeper of two entries is the narrower one."""
    return 0 if path == "/" else path.count("/") + path.count("\\")


def child(folder: str, part: str) -> str:
    """One part further down: `join` for what is normal already."""
    return f"/{part}" if folder == "/" else f"{folder}/{part}"


@lru_cache(maxsize=1 << 16)
def lineage(path: str) -> tuple[str, ...]:
    """The path itself and every folder above it, deepest first, `/` last."""
    found = [path]
    while path != "/":
        path = parent(path)
        found.append(path)
    return tuple(found)


def has_glob(path: str) -> bool:
    """It is a pattern and no path."""
    return not GLOB_SIGNS.isdisjoint(path)
