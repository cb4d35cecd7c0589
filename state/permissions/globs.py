"""Denied patterns: what they match on a disk, as the engine finds it.

Owns the pattern language (`*`, `?`, `[…]`, `**`) and the search. Does not own what is
done about a match. Invariant: a search ends: it looks at no more than `MOST` folders
and says so when that was not enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from state.dataclass import dataclass
from state.permissions import paths
from state.permissions.disk import Kind, Looked

MOST = 20_000
"""Folders looked at for one pattern."""
DEEPEST = 200
"""Folders inside each other: no real tree is deeper, one without end is."""


class EndlessError(Exception):
    """The pattern covers more folders than can be looked at."""


def search_root(pattern: str) -> tuple[str, str] | None:
    """(folder to search, pattern below it); None for one that begins at `/` or names
    no sign at all: the engine does not search the whole disk."""
    first = next((i for i, c in enumerate(pattern) if c in paths.GLOB_SIGNS), None)
    if first is None:
        return None
    prefix = pattern[:first]
    if prefix in ("", "/"):
        return None
    end = len(prefix) - 1 if prefix.endswith("/") else prefix.rfind("/")
    return (pattern[:end] or "/", pattern[end + 1 :])


@dataclass(frozen=True, slots=True)
class Search:
    """How an engine searches. `anchored`: a pattern stands for the path below its
    search root. Older engines read it as a line of a .gitignore instead: without a
    slash it is a name at any depth, with one a path below `cwd`. `depth`: how many
    folders down; None: without end."""

    anchored: bool = True
    cwd: str = "/"
    depth: int | None = None


def matches(pattern: str, disk: Looked, search: Search) -> Iterator[str]:
    """The files a pattern hides: neither folders nor symlinks, and no symlink to a
    folder is entered. Raises EndlessError."""
    split = search_root(pattern)
    if split is None or search.depth == 0:
        return
    root, rest = split
    if (there := disk.at(root)) is None or there.kind is not Kind.FOLDER:
        return
    wanted = regex(rest)
    folders = [(root, "", search.depth)]
    seen = 0
    while folders:
        folder, under, left = folders.pop()
        seen += 1
        if seen > MOST or under.count("/") > DEEPEST:
            raise EndlessError(pattern)
        for name in disk.names(folder):
            path = paths.child(folder, name)
            relative = f"{under}{name}"
            kind = disk.kind(path)
            if kind is Kind.FILE:
                if wanted.fullmatch(_subject(path, relative, rest, search)):
                    yield path
            elif kind is Kind.FOLDER and (left is None or left > 1):
                following = None if left is None else left - 1
                folders.append((path, f"{relative}/", following))


def _subject(path: str, relative: str, pattern: str, search: Search) -> str:
    """What a pattern is held against."""
    if search.anchored:
        return relative
    if "/" not in pattern:
        return paths.name(path)
    cwd = search.cwd
    return paths.below(path, cwd) if paths.within(path, cwd) else path.lstrip("/")


@lru_cache(maxsize=512)
def regex(glob: str) -> re.Pattern[str]:
    """A pattern as a regular expression. `*` and `?` stay within one part, `**` does
    not; an unclosed `[` stands for itself."""
    out: list[str] = []
    at = 0
    while at < len(glob):
        sign = glob[at]
        if glob.startswith("**/", at) and (at == 0 or glob[at - 1] == "/"):
            out.append("(?:[^/]*/)*")
            at += 3
            continue
        if glob.startswith("/**", at) and at + 3 == len(glob):
            out.append("/.+")
            break
        if glob == "**":
            return re.compile(".+", re.DOTALL)
        if sign == "*":
            out.append("[^/]*")
        elif sign == "?":
            out.append("[^/]")
        elif sign == "[" and (end := _class_end(glob, at)) > 0:
            inside = glob[at + 1 : end]
            negated = inside[:1] in "!^" and inside[:1] != ""
            body = inside[1:] if negated else inside
            safe = body.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
            safe = safe.replace("^", "\\^")
            out.append(f"[{'^' if negated else ''}{safe}]")
            at = end
        else:
            out.append(re.escape(sign))
        at += 1
    return re.compile("".join(out), re.DOTALL)


def _class_end(glob: str, at: int) -> int:
    """Where the class that begins at `at` is closed; -1: nowhere."""
    start = at + 2 if glob[at + 1 : at + 2] in ("!", "^") else at + 1
    return (
        glob.find("]", start + 1)
        if glob[start : start + 1] == "]"
        else glob.find("]", start)
    )
