"""What the entries of a policy say about a path, as it is typed.

Owns precedence: the narrowest entry decides, at one path the strictest. Looks at no
disk and no symlink. Invariant: asking costs the depth of the path, not the number of
entries.
"""

from __future__ import annotations

from collections.abc import Iterable

from state.permissions import paths
from state.permissions.box import Rule
from state.permissions.policy import Access, Entry


class Entries:
    """The entries that name a path; patterns are left to `globs`."""

    def __init__(self, entries: Iterable[Entry], off: frozenset[Rule]) -> None:
        self.plain = [e for e in entries if not e.glob]
        self._off = off
        self._by_path: dict[str, list[Entry]] = {}
        self._number: dict[int, int] = {}
        for number, entry in enumerate(self.plain):
            self._by_path.setdefault(entry.path, []).append(entry)
            self._number[id(entry)] = number

    def writable_above(self, path: str) -> list[Entry]:
        """The entries that make it, or a folder above it, writable; as they stand in
        the policy."""
        found = [
            entry
            for one in paths.lineage(path)
            for entry in self.at(one)
            if entry.access is Access.WRITE
        ]
        return sorted(found, key=lambda e: self._number[id(e)])

    def at(self, path: str) -> list[Entry]:
        """The entries for just this path."""
        return self._by_path.get(path, [])

    def decides(self, path: str) -> Entry | None:
        """The entry for a path, as it is typed: the narrowest, then the strictest."""
        lines = paths.lineage(path)
        if Rule.NARROWER in self._off:
            lines = lines[::-1]
        for one in lines:
            found = self._by_path.get(one)
            if found:
                if Rule.STRICTER in self._off:
                    return found[0]
                return max(found, key=lambda e: e.access.rank)
        return None

    def writes(self, path: str) -> bool:
        """It may be written, as far as entries go."""
        entry = self.decides(path)
        return entry is not None and entry.access is Access.WRITE

    def reads(self, path: str) -> bool:
        """It may be read, as far as entries go."""
        entry = self.decides(path)
        return entry is not None and entry.access is not Access.DENY

    def narrowed(self) -> bool:
        """Something really takes away from write access to everything."""
        return any(
            e.access is not Access.WRITE and not self.writes(e.path) for e in self.plain
        )
