"""Metadata inside writable roots: what the engine keeps read-only by itself.

Owns `.git` (and where a `.git` file points), `.codex`, `.agents`, `.aws` at the top of
each root, and when their protection is lifted. Does not own how they are
masked (`mounts`).
"""

from __future__ import annotations

from collections.abc import Iterator

from state.permissions import paths
from state.permissions.box import PROTECTIONS, Rule
from state.permissions.disk import Kind as NodeKind
from state.permissions.disk import Looked
from state.permissions.entries import Entries
from state.permissions.policy import METADATA, Access, Entry, Layer

PROTECTED = "protected inside"


class Guard:
    """The metadata of one policy's roots on one disk."""

    def __init__(self, entries: Entries, disk: Looked, off: frozenset[Rule]) -> None:
        self.entries = entries
        self.disk = disk
        self.off = off

    def metadata(
        self, root: str, entry: Entry
    ) -> Iterator[tuple[str, tuple[Entry, Rule]]]:
        """What is kept read-only inside a writable root, and by which rule."""
        for name in METADATA:
            path = paths.child(root, name)
            rule = PROTECTIONS[name]
            guard = Entry(path, Access.READ, name, Layer.DEFAULT, PROTECTED)
            if name == ".git" and rule not in self.off:
                # Also where the file itself may be written: only an entry for the
                # folder it points at opens that.
                pointed = self._pointer(path)
                if pointed and not self.entries.at(pointed):
                    yield pointed, (guard, Rule.POINTER)
            if rule in self.off or self._lifted(root, entry, name):
                continue
            yield path, (guard, rule)

    def _lifted(self, root: str, entry: Entry, name: str) -> bool:
        """Somebody said that it may be written."""
        if Rule.LIFTED in self.off:
            return False
        names = {paths.child(root, name), paths.child(entry.path, name)}
        if not any(map(self._said_writable, names)):
            return False
        named = any(self.entries.at(one) for one in names)
        return named or not self._stands(paths.child(root, name))

    def _stands(self, path: str) -> bool:
        """It is there already: then only an entry of its own lifts the protection."""
        node = self.disk.at(path)
        if node is None:
            return False
        return node.kind is NodeKind.FOLDER or paths.name(path) == ".git"

    def _said_writable(self, target: str) -> bool:
        """The engine asks the first entry, in its order, of which the target is
        metadata: below metadata that may be written all of it may be, also what
        would be metadata of a root in there."""
        if not self.entries.writes(target):
            return False
        above = self.entries.writable_above(target)
        for entry in above:
            first = paths.below(target, entry.path).partition("/")[0]
            if first in METADATA:
                guarded = paths.join(entry.path, first)
                return any(paths.within(one.path, guarded) for one in above)
        return True

    def _pointer(self, git: str) -> str | None:
        """Where a `.git` file points, when that is there."""
        node = self.disk.at(git)
        off = Rule.POINTER in self.off
        if off or node is None or node.kind is not NodeKind.FILE:
            return None
        text = self.disk.text(self.disk.follow(git).path)
        said = text.strip().partition(":")[2].strip()
        if not said:
            return None
        place = said if said.startswith("/") else paths.join(paths.parent(git), said)
        place = paths.normal(place)
        return place if self.disk.exists(place) else None

    def spelled_out(self, top: str) -> Iterator[Entry]:
        """The protection of a root as entries, as the engine writes them for the
        legacy modes: they hold in every other root as well."""
        git = paths.child(top, ".git")
        found = [git, *(paths.child(top, name) for name in METADATA[1:])]
        pointed = self._pointer(git)
        for path in (pointed, *found) if pointed else found:
            rule = Rule.POINTER if path == pointed else PROTECTIONS[paths.name(path)]
            if rule not in self.off and not self.entries.at(path):
                spelled = ".git" if path == pointed else paths.name(path)
                yield Entry(path, Access.READ, spelled, Layer.DEFAULT, PROTECTED)


def rule_of(entry: Entry) -> Rule:
    """Why an entry takes write access away from a root it lies in."""
    if entry.because != PROTECTED:
        return Rule.NARROWER
    return PROTECTIONS.get(paths.name(entry.path), Rule.POINTER)
