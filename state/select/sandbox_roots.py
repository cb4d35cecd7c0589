"""The roots table of the sandbox inspector, in the order in which they decide.

Owns its rows: entries, what is protected inside them, what the engine adds. Invariant:
every path passed the door `reveal`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from state.permissions import paths
from state.permissions.box import PROTECTIONS, Box, Mount, Rule
from state.permissions.explain import Verdict
from state.permissions.policy import Access, Entry, Host, Kind, Layer, Policy
from state.text import reveal
from state.views import RootLine, Tone

SQUARES = {Access.WRITE: "◧", Access.READ: "□", Access.DENY: "⊘"}


def home_path(path: str, home: str) -> str:
    """A path as people write it, and nothing hidden in it."""
    if home and home != "/" and paths.within(path, home):
        path = "~" + path[len(home) :]
    return reveal(path).text


def root_lines(
    policy: Policy | None, box: Box | None, host: Host, decided: Verdict | None
) -> Iterator[RootLine]:
    """Row by row; nothing for a policy that holds nothing back."""
    if policy is None or policy.kind is not Kind.RESTRICTED:
        return
    rows = _Rows(box, host, decided)
    order = sorted(policy.writable, key=lambda e: -paths.depth(e.path))
    work = [e for e in order if e.because != "temporary files"]
    temp = [e for e in order if e.because == "temporary files"]
    carved = [e for e in policy.entries if e.access is Access.READ and e.path != "/"]
    for entry in (*work, *temp):
        yield rows.of(entry)
        yield from rows.protected(entry)
        inside = [e for e in carved if paths.within(e.path, entry.path)]
        for one in inside:
            carved.remove(one)
            yield rows.of(one, inside=True)
    yield from (rows.of(e) for e in policy.entries if e.access is Access.DENY)
    yield from (rows.of(e) for e in carved)
    yield from (
        rows.of(e) for e in policy.entries if e.path == "/" and e.access is Access.READ
    )
    yield from rows.helpers(policy.minimal)


class _Rows:
    """Entries as rows."""

    def __init__(self, box: Box | None, host: Host, decided: Verdict | None) -> None:
        self.home = host.home
        self.host = host
        self.box = box
        self.decided = decided
        mounts: Iterable[Mount] = box.mounts if box is not None else ()
        self.guards: dict[str, list[Mount]] = {}
        for mount in mounts:
            if PROTECTIONS.get(paths.name(mount.path)) is mount.rule:
                self.guards.setdefault(paths.parent(mount.path), []).append(mount)
        self.pointers = [m for m in mounts if m.rule is Rule.POINTER]

    def of(self, entry: Entry, *, inside: bool = False) -> RootLine:
        """One entry."""
        spelled = entry.spelled or entry.path
        shown = "/" if spelled == ":root" else spelled
        shown = (
            home_path(shown, self.home) if shown.startswith("/") else reveal(shown).text
        )
        real = self._real(entry, shown)
        tone = {Access.WRITE: Tone.BRIGHT, Access.DENY: Tone.FAIL}.get(
            entry.access, Tone.TEXT
        )
        word = {Access.WRITE: "write", Access.DENY: "denied"}.get(entry.access, "read")
        because = entry.because
        if (
            self.box is not None
            and not entry.glob
            and not self.box.disk.exists(entry.path)
        ):
            because = "not there: left out"
        place = home_path(entry.place, self.home) if entry.place else ""
        return RootLine(
            f"{entry.access.value} {entry.path}",
            SQUARES[entry.access],
            word,
            tone,
            shown,
            real,
            because,
            place or entry.layer.value,
            inside,
            self._decides(entry),
        )

    def _real(self, entry: Entry, shown: str) -> str:
        if entry.glob:
            return ""
        real = self.box.disk.other_place(entry.path) if self.box is not None else None
        path = home_path(real or entry.path, self.home)
        return path if path != shown else ""

    def _decides(self, entry: Entry) -> bool:
        found = self.decided.entry if self.decided is not None else None
        return found is not None and (found.path, found.access, found.because) == (
            entry.path,
            entry.access,
            entry.because,
        )

    def protected(self, root: Entry) -> Iterator[RootLine]:
        """Metadata inside a writable root, in one row."""
        real = root.path
        if self.box is not None:
            real = self.box.disk.other_place(root.path) or root.path
        guards = self.guards.get(real, [])
        decides = any(self._decides(m.entry) for m in guards)
        if guards and (decides or root.because != "temporary files"):
            names = "  ".join(dict.fromkeys(paths.name(m.path) for m in guards))
            yield RootLine(
                f"protected {real}",
                SQUARES[Access.READ],
                "read",
                Tone.MUTED,
                names,
                because="protected inside",
                set_by=Layer.DEFAULT.value,
                inside=True,
                decides=decides,
            )
        for mount in self.pointers:
            if paths.parent(mount.entry.path) in (real, root.path):
                yield RootLine(
                    f"pointer {mount.path}",
                    SQUARES[Access.READ],
                    "read",
                    Tone.MUTED,
                    home_path(mount.path, self.home),
                    because=".git points here",
                    set_by=Layer.DEFAULT.value,
                    inside=True,
                    decides=self.decided is not None
                    and self.decided.rule is Rule.POINTER,
                )

    def helpers(self, minimal: bool) -> Iterator[RootLine]:
        """What the engine adds by itself."""
        added = Layer.IMPLICIT.value
        if minimal:
            yield RootLine(
                "minimal",
                "□",
                "read",
                Tone.MUTED,
                "/usr /bin /lib /etc …",
                because="the platform's own",
                set_by="profile",
            )
        if self.host.engine:
            place = home_path(self.host.engine, self.home)
            yield RootLine(
                "helper",
                "·",
                "run",
                Tone.MUTED,
                f"{place}",
                because="helper, implicit",
                set_by=added,
            )
        if self.host.sockets:
            place = reveal(self.host.sockets).text
            yield RootLine(
                "sockets",
                "⊘",
                "hidden",
                Tone.MUTED,
                place,
                because="control socket",
                set_by=added,
            )
