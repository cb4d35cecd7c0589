"""Trees to try a sandbox on: described, made on disk, and looked at in memory.

Owns the description (`Tree`) and both ways to look at it. Invariant: the disk in
memory answers exactly as the real one on which the same tree was made.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field

from state.permissions import paths
from state.permissions.disk import Kind, Node

REGISTRY = "codex-bwrap-"
"""Where the engine counts its stand-ins, in its TMPDIR."""
FOLDER, FILE, LINK = "folder", "file", "link"


@dataclass
class Tree:
    """`nodes`: path -> (kind, content or target, mode). Parents come first."""

    base: str
    nodes: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    uid: int = 0
    gid: int = 0

    @property
    def name(self) -> str:
        """The last part of its path."""
        return paths.name(self.base)

    def folder(self, path: str, mode: int = 0o755) -> str:
        """A folder, with those above it; returns its path."""
        for one in reversed(paths.lineage(path)):
            if one not in self.nodes and paths.within(one, self.base):
                self.nodes[one] = (FOLDER, "", 0o755)
        self.nodes[path] = (FOLDER, "", mode)
        return path

    def file(self, path: str, text: str = "x", mode: int = 0o644) -> str:
        """A file, with the folders above it."""
        if paths.parent(path) not in self.nodes:
            self.folder(paths.parent(path))
        self.nodes[path] = (FILE, text, mode)
        return path

    def link(self, path: str, target: str) -> str:
        """A symlink, with the folders above it."""
        if paths.parent(path) not in self.nodes:
            self.folder(paths.parent(path))
        self.nodes[path] = (LINK, target, 0o777)
        return path

    def make(self) -> None:
        """On disk. Modes last, and deepest first: a shut folder takes no files."""
        for path, (kind, said, _) in self.nodes.items():
            if kind == FOLDER:
                os.makedirs(path, exist_ok=True)
            elif kind == FILE:
                with open(path, "w", encoding="utf-8", errors="surrogateescape") as to:
                    to.write(said)
            else:
                os.symlink(said, path)
        for path in sorted(self.nodes, reverse=True):
            kind, _, mode = self.nodes[path]
            if os.geteuid() == 0:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)
            if kind != LINK:
                os.chmod(path, mode)

    def strangers(self) -> list[str]:
        """What stands in the tree and is not of it, outermost first."""
        found = []
        for folder, names, files in os.walk(self.base):
            for name in (*names, *files):
                path = f"{folder}/{name}"
                if path not in self.nodes and not name.startswith(REGISTRY):
                    found.append(path)
            names[:] = [name for name in names if f"{folder}/{name}" in self.nodes]
        return sorted(found)

    def tidy(self) -> list[str]:
        """Take out what is not of it; returns what that was."""
        strangers = self.strangers()
        for path in strangers:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        return strangers

    def remove(self) -> None:
        """From disk."""
        for path, (kind, _, _) in self.nodes.items():
            if kind == FOLDER and os.path.isdir(path):
                os.chmod(path, 0o755)
        shutil.rmtree(self.base, ignore_errors=True)


class MemoryDisk:
    """The `Disk` that a tree is, on top of a root with the usual folders.

    `more`: what stands outside of the tree (None: nothing), as it was once seen."""

    def __init__(
        self,
        *trees: Tree,
        more: Mapping[str, Node | None] | None = None,
        links: Mapping[str, str] | None = None,
    ) -> None:
        self._nodes: dict[str, tuple[str, str, int]] = {}
        self._owners: dict[str, tuple[int, int]] = {}
        self._names: dict[str, list[str]] = {}
        self._more = more or {}
        self._links = links or {}
        for tree in trees:
            for path, node in tree.nodes.items():
                self._nodes[path] = node
                self._owners[path] = (tree.uid, tree.gid)
        there = (*self._nodes, *(p for p, n in self._more.items() if n is not None))
        self._stems = {one for path in there for one in paths.lineage(path)}
        for path in self._nodes:
            self._names.setdefault(paths.parent(path), []).append(paths.name(path))

    def node(self, path: str) -> Node | None:
        found = self._nodes.get(path)
        if found is None:
            if path not in self._more and path in self._stems:
                return Node(Kind.FOLDER)
            return self._more.get(path)
        kind, said, mode = found
        uid, gid = self._owners[path]
        empty = not self._names.get(path) if kind == FOLDER else not said
        return Node(Kind(kind), mode, uid, gid, empty and kind != LINK)

    def target(self, path: str) -> str:
        return self._nodes[path][1] if path in self._nodes else self._links[path]

    def text(self, path: str) -> str:
        kind, said, _ = self._nodes.get(path, (FOLDER, "", 0))
        return said if kind == FILE else ""

    def names(self, path: str) -> tuple[str, ...]:
        return tuple(self._names.get(path, ()))


def as_json(tree: Tree) -> dict[str, object]:
    """For a recording."""
    return {
        "base": tree.base,
        "nodes": {path: list(node) for path, node in tree.nodes.items()},
        "owner": [tree.uid, tree.gid],
    }


def from_json(raw: Mapping[str, object]) -> Tree:
    """From a recording."""
    nodes, owner = raw["nodes"], raw["owner"]
    assert isinstance(nodes, dict)
    assert isinstance(owner, list)
    return Tree(
        str(raw["base"]),
        {path: (kind, said, mode) for path, (kind, said, mode) in nodes.items()},
        owner[0],
        owner[1],
    )
