"""What the model must know of the disk, through functions that are given to it.

Owns the protocol `Disk`, and how a path is followed through symlinks on one. Does not
read a disk: `state.engine.local_disk` does for the machine we are on, tests bring one
in memory. Invariant: nothing here is asked twice within one `Looked`, so that a
prediction is made from one look at the disk.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from state.dataclass import dataclass
from state.permissions import paths

MAX_LINKS = 40
"""As many symlinks as the kernel follows."""


class Kind(StrEnum):
    """What stands at a path."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Node:
    """`mode`: permission bits. `empty`: a file of no length, a folder of no entries.
    `frozen`: on a file system that is mounted read-only outside of any sandbox."""

    kind: Kind
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    empty: bool = False
    frozen: bool = False


def may_make(folder: Node, uid: int, groups: frozenset[int]) -> bool:
    """Whether what builds a sandbox for a user can make something in a folder: in its
    own whatever the mode says, in anybody else's as anybody may."""
    if folder.frozen or folder.uid == uid:
        return not folder.frozen
    shift = 3 if folder.gid in groups else 0
    return folder.mode >> shift & 3 == 3


class Disk(Protocol):
    """A disk to look at. No symlink is followed by any of these."""

    def node(self, path: str) -> Node | None:
        """What stands at exactly this path; None: nothing, or nobody may know."""
        ...

    def target(self, path: str) -> str:
        """What a symlink says, as it says it."""
        ...

    def text(self, path: str) -> str:
        """The beginning of a small text file; "" when it cannot be read."""
        ...

    def names(self, path: str) -> tuple[str, ...]:
        """The names in a folder; none when it cannot be read."""
        ...


class NoDisk:
    """A disk nobody can look at: the engine is on another machine."""

    def node(self, path: str) -> Node | None:
        del path
        return None

    def target(self, path: str) -> str:
        del path
        return ""

    def text(self, path: str) -> str:
        del path
        return ""

    def names(self, path: str) -> tuple[str, ...]:
        del path
        return ()


@dataclass(frozen=True, slots=True)
class Followed:
    """Where a path leads. `path`: without symlinks as far as it exists. `missing`: the
    first part that is not there, or None. `links`: the symlinks on the way."""

    path: str
    missing: str | None = None
    links: tuple[str, ...] = ()
    loops: bool = False


class Looked:
    """A disk, each question to which is asked once."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._nodes: dict[str, Node | None] = {}
        self._followed: dict[str, Followed] = {}

    def node(self, path: str) -> Node | None:
        """As `Disk.node`."""
        if path not in self._nodes:
            self._nodes[path] = self._disk.node(path)
        return self._nodes[path]

    def text(self, path: str) -> str:
        """As `Disk.text`."""
        return self._disk.text(path)

    def names(self, path: str) -> tuple[str, ...]:
        """As `Disk.names`."""
        return self._disk.names(path)

    def target(self, path: str) -> str:
        """As `Disk.target`."""
        return self._disk.target(path)

    def kind(self, path: str) -> Kind | None:
        """What stands there; a symlink is a symlink."""
        node = self.node(path)
        return node.kind if node is not None else None

    def at(self, path: str) -> Node | None:
        """What stands where the path leads."""
        found = self.follow(path)
        return None if found.missing or found.loops else self.node(found.path)

    def exists(self, path: str) -> bool:
        """Something stands where the path leads."""
        return self.at(path) is not None

    def follow(self, path: str) -> Followed:
        """Through every symlink on the way, as the kernel does."""
        if path not in self._followed:
            self._followed[path] = self._follow(path)
        return self._followed[path]

    def _follow(self, path: str) -> Followed:
        todo = [part for part in reversed(path.split("/")) if part]
        here, links = "/", []
        missing: str | None = None
        while todo:
            part = todo.pop()
            if part == ".":
                continue
            if part == "..":
                here = paths.parent(here)
                continue
            there = paths.child(here, part)
            if missing is not None:
                here = there
                continue
            node = self.node(there)
            if node is None:
                missing, here = there, there
            elif node.kind is Kind.LINK:
                links.append(there)
                if len(links) > MAX_LINKS:
                    return Followed(there, links=tuple(links), loops=True)
                said = self._disk.target(there)
                if said.startswith("/"):
                    here = "/"
                todo += [one for one in reversed(said.split("/")) if one]
            else:
                here = there
        return Followed(here, missing, tuple(links))

    def resolved(self, path: str) -> str | None:
        """The path without symlinks, when something stands there."""
        found = self.follow(path)
        return None if found.missing or found.loops else found.path

    def other_place(self, path: str) -> str | None:
        """Where it really is, when some part of it is a symlink and it leads
        somewhere; else None."""
        for one in reversed(paths.lineage(path)[:-1]):
            kind = self.kind(one)
            if kind is None:
                return None
            if kind is Kind.LINK:
                found = self.resolved(path)
                return None if found == path else found
        return None
