"""A policy on a disk: what the Linux sandbox puts where, in its order.

Owns the layers a policy lays, as the engine's bubblewrap lays them. Does not own the
inside that comes of it (`box`), what an operation needs (`reach`), nor the words for
it (`explain`). Invariant: where the engine is odd this is as odd, and a test tries it
for real.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from state.permissions import globs, paths
from state.permissions.box import Box, Mount, Refusal, Rule, View
from state.permissions.disk import Kind as NodeKind
from state.permissions.disk import Looked, may_make
from state.permissions.entries import Entries
from state.permissions.guard import Guard, rule_of
from state.permissions.policy import (
    METADATA,
    MINIMAL,
    Access,
    Entry,
    Host,
    Kind,
    Layer,
    Policy,
)


class _Hidden(NamedTuple):
    path: str
    entry: Entry
    rule: Rule


class _Refused(Exception):
    def __init__(self, text: str, entry: Entry, rule: Rule) -> None:
        super().__init__(text)
        self.refusal = Refusal(f"No command can run: {text}.", entry, rule)


def implicit(path: str, because: str) -> Entry:
    """An entry that nobody wrote."""
    return Entry(path, Access.READ, path, Layer.IMPLICIT, because)


def box_of(
    policy: Policy, disk: Looked, host: Host, *, off: frozenset[Rule] = frozenset()
) -> Box:
    """The sandbox a command would run in. `off`: rules to leave out, for tests.

    Raises globs.EndlessError for a pattern that covers too much to be looked at."""
    box = Box(disk, off)
    if policy.kind is not Kind.RESTRICTED:
        entry = Entry("/", Access.WRITE, "/", Layer.THREAD, policy.kind.value)
        box.lay(Mount("/", "/", View.WRITE, entry, Rule.EVERYTHING))
        return box
    try:
        _Builder(policy, box, host).build()
    except _Refused as refused:
        box.refusal = refused.refusal
    return box


class _Builder:
    """Lays the layers, in the engine's order."""

    def __init__(self, policy: Policy, box: Box, host: Host) -> None:
        self.policy = policy
        self.box = box
        self.disk = box.disk
        self.host = host
        self.off = box.off
        self.entries = Entries(policy.entries, self.off)
        self.guard = Guard(self.entries, self.disk, self.off)
        if policy.spelled_out:
            more = [e for w in policy.writable for e in self.guard.spelled_out(w.path)]
            self.entries = Entries((*policy.entries, *more), self.off)
            self.guard = Guard(self.entries, self.disk, self.off)
        self._write_paths: dict[str, None] = {}

    # -- layers ------------------------------------------------------------------

    def build(self) -> None:
        """All layers. Raises _Refused."""
        hidden = self._hidden()
        everything = self.entries.at("/")
        whole = any(e.access is Access.WRITE for e in everything)
        if whole and not self.entries.narrowed() and not hidden:
            self._lay("/", View.WRITE, everything[0], Rule.EVERYTHING)
            return
        roots = self._writable_roots()
        for root in roots:
            self._write_paths[root] = None
            self._write_paths.setdefault(self.disk.other_place(root) or root)
        self._ground(roots)
        outside = [one for one in hidden if not self._inside(one.path)]
        above = [one for one in outside if self._holds_writable(one.path)]
        for one in sorted(above, key=_depth):
            self._hide(one)
        carved = self._carved(roots)
        masks = self._masks(roots, hidden)
        for root in sorted(roots, key=paths.depth):
            self._writable(root, roots[root], carved.get(root, []), masks[root])
        for one in sorted(outside, key=_depth):
            if one not in above:
                self._hide(one)
        self._lay(
            "/proc", View.PROCESSES, implicit("/proc", "processes"), Rule.READABLE
        )

    def _lay(
        self,
        path: str,
        view: View,
        entry: Entry,
        rule: Rule,
        *,
        source: str = "",
        reopened: bool = False,
    ) -> None:
        """At the place a path leads to inside; it is made there if it is not."""
        place = self.box.walk(path).path
        shown = source or place
        self.box.lay(Mount(place, shown, view, entry, rule, reopened))

    def _inside(self, path: str) -> bool:
        """In a writable root, by its name."""
        return any(one in self._write_paths for one in paths.lineage(path))

    def _holds_writable(self, path: str) -> bool:
        return any(paths.within(root, path) for root in self._write_paths)

    def _ground(self, roots: Iterable[str]) -> None:
        """What is under everything: the whole disk to read, or nothing at all."""
        ground = self.entries.decides("/")
        devices = implicit("/dev", "devices of its own")
        if ground is not None and ground.access is not Access.DENY:
            self._lay("/", View.READ, ground, Rule.READABLE)
            self._lay("/dev", View.DEVICES, devices, Rule.READABLE)
        elif Rule.HIDDEN in self.off:
            self._lay("/", View.READ, implicit("/", ""), Rule.READABLE)
        else:
            nothing = ground or implicit("/", "not named by any entry")
            self._lay("/", View.SCRATCH, nothing, Rule.HIDDEN)
            self._lay("/dev", View.DEVICES, devices, Rule.READABLE)
            self._shown(set(roots))
            self._reachable()
        self._sockets()

    def _shown(self, roots: set[str]) -> None:
        """The readable entries, where nothing else is to be seen."""
        shown = {
            self._name(e.path): e
            for e in self.entries.plain
            if e.access is not Access.DENY and self.entries.reads(e.path)
        }
        if self.policy.minimal and Rule.MINIMAL not in self.off:
            for path in MINIMAL:
                shown.setdefault(path, implicit(path, "the platform's own folders"))
        for path in sorted(shown):
            real = self.disk.resolved(path)
            if real is None:
                continue
            under = any(one in roots for one in paths.lineage(path))
            place = real if under else path
            self._behind_link(place, shown[path])
            self._lay(place, View.READ, shown[path], Rule.READABLE, source=real)

    def _behind_link(self, path: str, entry: Entry) -> None:
        """bubblewrap goes through a symlink that is shown already: to what is shown
        before it, and never from the root on, which is elsewhere while it builds."""
        walked = self.box.walk(path)
        lost = walked.rooted or (walked.linked and walked.missing is not None)
        if lost and Rule.BEHIND_LINK not in self.off:
            leads = "has an absolute target"
            if not walked.rooted:
                leads = "leads to what is not shown before it"
            why = f"the symlink on the way to {path} {leads}"
            raise _Refused(why, entry, Rule.BEHIND_LINK)

    def _name(self, path: str) -> str:
        """A path whose first part is a symlink (`/bin`) is meant where it leads;
        symlinks further down keep their name until they are mounted."""
        links = [
            one for one in paths.lineage(path) if self.disk.kind(one) is NodeKind.LINK
        ]
        if not links or any(paths.depth(one) > 1 for one in links):
            return path
        followed = self.disk.follow(path)
        return path if followed.loops else followed.path

    def _reachable(self) -> None:
        """Without its own program in sight the engine cannot start a command."""
        engine = self.host.engine
        if not engine or Rule.NO_ENGINE in self.off:
            return
        if self.box.walk(engine).missing is not None:
            mount = self.box.mount(engine)
            entry = mount.entry if mount else implicit(engine, "the engine")
            why = f"the engine's own program is not readable in it ({engine})"
            raise _Refused(why, entry, Rule.NO_ENGINE)

    def _sockets(self) -> None:
        place = self.host.sockets
        if place and Rule.SOCKETS not in self.off:
            entry = implicit(place, "control socket")
            self._lay(place, View.DENY, entry, Rule.SOCKETS)

    # -- writable roots ----------------------------------------------------------

    def _writable_roots(self) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for entry in self.entries.plain:
            if entry.access is Access.WRITE and self.entries.writes(entry.path):
                found.setdefault(self._name(entry.path), entry)
        if Rule.MISSING_ROOT in self.off:
            return found
        return {p: e for p, e in found.items() if self.disk.exists(p)}

    def _carved(self, roots: dict[str, Entry]) -> dict[str, list[Entry]]:
        """Per root: the narrower entries that take write access away."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries.plain:
            if entry.access is Access.WRITE or self.entries.writes(entry.path):
                continue
            for one in paths.lineage(entry.path)[1:]:
                if one in roots:
                    found.setdefault(one, []).append(entry)
        return found

    def _masks(
        self, roots: dict[str, Entry], hidden: list[_Hidden]
    ) -> dict[str, list[_Hidden]]:
        """Per root: what is hidden inside of it."""
        found: dict[str, list[_Hidden]] = {root: [] for root in roots}
        for one in hidden:
            for place in paths.lineage(one.path):
                if place in found:
                    found[place].append(one)
        return found

    def _writable(
        self, root: str, entry: Entry, carved: list[Entry], hidden: list[_Hidden]
    ) -> None:
        real = self.disk.other_place(root)
        self._lay(real or root, View.WRITE, entry, Rule.WRITABLE)
        if paths.within(self.host.sockets, real or root):
            self._sockets()
        denied = {one.path for one in hidden}
        kept = {
            other.path: (other, rule_of(other))
            for other in carved
            if other.path not in denied
        }
        kept |= dict(self.guard.metadata(root, entry))
        for path in sorted(kept, key=paths.depth):
            why, rule = kept[path]
            self._keep(_moved(path, root, real), why, rule)
        for one in sorted(hidden, key=_depth):
            self._hide(one._replace(path=_moved(one.path, root, real)))

    def _crosses(self, path: str, word: str, entry: Entry) -> None:
        """A mask on the target of a symlink that the command could change would mask
        nothing: the engine refuses to run anything."""
        if Rule.WRITABLE_LINK in self.off:
            return
        for one in reversed(paths.lineage(path)[:-1]):
            kind = self.disk.kind(one)
            if kind is None:
                return
            if kind is NodeKind.LINK and self._inside(one):
                raise _Refused(
                    f"{path} is to be {word}, and the symlink {one} on the way to it "
                    "is writable itself",
                    entry,
                    Rule.WRITABLE_LINK,
                )

    def _keep(self, path: str, entry: Entry, rule: Rule) -> None:
        """Read-only again inside a writable root."""
        self._crosses(path, "read-only", entry)
        node = self.disk.node(path)
        if node is not None and node.empty and paths.name(path) in METADATA:
            self._lay(path, View.STUB, entry, rule)
        elif not self.disk.exists(path):
            self._mask(path, entry, rule)
        elif self._inside(path):
            walked = self.box.walk(path)
            at = self.box.mount(walked.missing) if walked.missing else None
            made = at is None or at.view in (View.WRITE, View.SCRATCH)
            self._place(made, f"{path} is to be read-only inside what is hidden", entry)
            self._lay(path, View.READ, entry, rule)

    def _mask(self, path: str, entry: Entry, rule: Rule) -> None:
        """Nothing is there: the first missing part is kept from being made."""
        first = self.disk.follow(path).missing
        if first is None or Rule.MASKED in self.off or not self._inside(first):
            return
        holder = self.disk.node(paths.parent(first))
        is_file = holder is not None and holder.kind is not NodeKind.FOLDER
        if is_file and Rule.FILE_ROOT not in self.off:
            why = (
                f"{paths.parent(first)} is a file, and a writable root must be a folder"
            )
            raise _Refused(why, entry, Rule.FILE_ROOT)
        mount = self.box.mount(first)
        real = mount is not None and mount.view is View.WRITE
        if holder is not None and real:
            made = may_make(holder, self.host.uid, self.host.groups)
            self._place(made, f"{first} is not there, nor may this user make it", entry)
        folder = paths.name(first) in METADATA and rule is not Rule.DENIED
        if mount is not None and not (folder and mount.path == first):
            made = mount.view in (View.WRITE, View.SCRATCH)
            why = f"{first} is not there, and entries for it or below it clash"
            self._place(made, why, entry)
        self._lay(first, View.STUB, entry, rule)

    def _place(self, there: bool, why: str, entry: Entry) -> None:
        """bubblewrap dies of a mask that has no place, and every command with it."""
        if not there and Rule.NO_PLACE not in self.off:
            raise _Refused(why, entry, Rule.NO_PLACE)

    # -- denied ------------------------------------------------------------------

    def _hidden(self) -> list[_Hidden]:
        found: dict[str, _Hidden] = {}
        for entry in self.entries.plain:
            denied = entry.access is Access.DENY and Rule.DENIED not in self.off
            if denied and entry.path != "/" and not self.entries.reads(entry.path):
                path = self._name(entry.path)
                found.setdefault(path, _Hidden(path, entry, Rule.DENIED))
        if Rule.PATTERN not in self.off:
            for path, entry in self._matches():
                found.setdefault(path, _Hidden(path, entry, Rule.PATTERN))
        return [found[path] for path in sorted(found)]

    def _matches(self) -> Iterable[tuple[str, Entry]]:
        cwd = self.policy.roots[0] if self.policy.roots else "/"
        depth = self.policy.glob_depth
        # Older engines search another way once the whole disk is writable.
        whole = any(e.access is Access.WRITE for e in self.entries.at("/"))
        search = globs.Search(self.host.anchored_globs or whole, cwd, depth)
        for entry in self.policy.entries:
            if not entry.glob or entry.access is not Access.DENY:
                continue
            for path in globs.matches(entry.path, self.disk, search):
                real = self.disk.other_place(path)
                if real is not None:
                    yield real, entry
                yield path, entry

    def _hide(self, one: _Hidden) -> None:
        path, entry, rule = one
        self._crosses(path, "denied", entry)
        if not self.disk.exists(path):
            self._mask(path, entry, rule)
            return
        walked = self.box.walk(path)
        self._behind_link(path, entry)
        at = self.box.mount(walked.missing or walked.path)
        if walked.missing is not None:
            made = at is None or at.view is View.SCRATCH
            self._place(made, f"{path} is to be denied inside what is hidden", entry)
        elif at is not None and at.path == walked.path and not at.view.real:
            # A file's stand-in is a file that is deleted already: nothing can be laid
            # over it. A folder's can.
            node = self.disk.at(path)
            folder = node is None or node.kind is NodeKind.FOLDER
            self._place(folder, f"{path} is to be denied twice", entry)
        open_below = Rule.REOPENED not in self.off and any(
            other != path and paths.within(other, path) for other in self._write_paths
        )
        self._lay(path, View.DENY, entry, rule, reopened=open_below)


def _depth(hidden: _Hidden) -> int:
    return paths.depth(hidden.path)


def _moved(path: str, root: str, real: str | None) -> str:
    """Below a root that is a symlink: where it really is."""
    if real is None or not paths.within(path, root):
        return path
    return paths.join(real, paths.below(path, root))
