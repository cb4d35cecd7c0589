"""The inside of a sandbox: layers laid over each other, and a walk through them.

Owns `Box` and how a path is followed in it. Does not own which layers a policy lays
(`mounts`) nor what an operation needs (`reach`). Invariant: of the layers at a path or
above it the last one shows; a symlink is followed inside, not outside.
"""

from __future__ import annotations

from enum import StrEnum

from state.dataclass import dataclass
from state.permissions import paths
from state.permissions.disk import MAX_LINKS, Kind, Looked, Node
from state.permissions.policy import METADATA, Entry

OURS = -1
"""The owner of what the sandbox itself has made."""
DEVICES = frozenset(
    f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty")
)


class View(StrEnum):
    """What a layer shows at its path and below."""

    READ = "read"
    WRITE = "write"
    DENY = "deny"
    STUB = "stub"
    """an empty, read-only stand-in"""
    SCRATCH = "scratch"
    """an empty file system of its own, thrown away afterwards"""
    DEVICES = "devices"
    PROCESSES = "processes"

    @property
    def real(self) -> bool:
        """It shows what is on the disk."""
        return self in (View.READ, View.WRITE)


class Rule(StrEnum):
    """Why the sandbox is as it is. Each can be switched off in a test, and then the
    prediction must differ from what the engine does."""

    NARROWER = "the narrower entry decides"
    STRICTER = "at the same path deny beats write beats read"
    SYMLINK = "a symlink is followed to where it leads"
    PROTECTED_GIT = ".git inside a writable root is protected"
    PROTECTED_CODEX = ".codex inside a writable root is protected"
    PROTECTED_AGENTS = ".agents inside a writable root is protected"
    PROTECTED_AWS = ".aws inside a writable root is protected"
    POINTER = "the git folder that a .git file points at is protected"
    LIFTED = "an entry for protected metadata lifts its protection"
    PATTERN = "files that match a denied pattern are hidden"
    DENIED = "denied by an entry"
    MISSING_ROOT = "a writable root that is not there is left out"
    MASKED = "what is protected is kept from being made"
    WRITABLE_LINK = "nothing runs when a mask would cross a symlink that is writable"
    NO_PLACE = "nothing runs when a mask has no place to be laid on"
    BEHIND_LINK = (
        "nothing runs when an entry lies behind a symlink that leads nowhere yet"
    )
    FILE_ROOT = "nothing runs when a writable root is a file"
    HIDDEN = "only what an entry names is there at all"
    MINIMAL = "the platform's own folders are readable"
    NO_ENGINE = "nothing runs when the engine's own program is not readable"
    REOPENED = "a writable folder inside a denied one stays open"
    OWNER = "the file's own permissions count as well"
    SOCKETS = "the engine hides its own control socket"
    EVERYTHING = "nothing narrows write access to everything"
    READABLE = "readable, not writable"
    WRITABLE = "writable"


PROTECTIONS = dict(
    zip(
        METADATA,
        (
            Rule.PROTECTED_GIT,
            Rule.PROTECTED_AGENTS,
            Rule.PROTECTED_CODEX,
            Rule.PROTECTED_AWS,
        ),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Mount:
    """One layer at a path of the inside, showing `source` of the disk. `entry`: what
    asked for it. `reopened`: a hidden folder that may be passed through."""

    path: str
    source: str
    view: View
    entry: Entry
    rule: Rule
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no command runs in a sandbox at all."""

    text: str
    entry: Entry
    rule: Rule


@dataclass(frozen=True, slots=True)
class Walked:
    """Where a path leads inside. `path`: the inside's own name for it. `missing`: its
    first part that is not there. `source`: the path on the disk, where it shows one.
    `passed`: the folders on the way. `linked`: a symlink was followed, `rooted`: one
    that names its target from the root on."""

    path: str
    source: str | None
    missing: str | None = None
    passed: tuple[str, ...] = ()
    linked: bool = False
    loops: bool = False
    rooted: bool = False


class Box:
    """A sandbox, as far as it is built."""

    def __init__(self, disk: Looked, off: frozenset[Rule] = frozenset()) -> None:
        self.disk = disk
        self.off = off
        self.mounts: list[Mount] = []
        self.refusal: Refusal | None = None
        self._last: dict[str, Mount] = {}
        self._number: dict[str, int] = {}
        self._stems: set[str] = set()

    def lay(self, mount: Mount) -> None:
        """One more layer, over all others."""
        self._number[mount.path] = len(self.mounts)
        self._last[mount.path] = mount
        self.mounts.append(mount)
        for one in paths.lineage(mount.path)[1:]:
            if one in self._stems:
                break
            self._stems.add(one)

    def mount(self, path: str) -> Mount | None:
        """The layer that shows at a path: of those at it or above it the last."""
        best = max(
            (self._number.get(one, -1) for one in paths.lineage(path)), default=-1
        )
        return self.mounts[best] if best >= 0 else None

    def exactly(self, path: str) -> Mount | None:
        """The last layer at just this path."""
        return self._last.get(path)

    def node(self, path: str) -> Node | None:
        """What stands at an inside path whose folder is there; links not followed."""
        mount = self.mount(path)
        if mount is None:
            return self.disk.node(path)
        if mount.path == path and mount.path != mount.source:
            return self.disk.at(mount.source)  # a bound symlink is what it leads to
        if mount.view.real:
            return self.disk.node(self.source(path, mount))
        if mount.view is View.PROCESSES:
            return self.disk.node(path)
        if mount.view is View.DEVICES and path in DEVICES:
            return Node(Kind.OTHER, uid=OURS)
        if mount.path == path or path in self._stems:
            return Node(Kind.FOLDER, uid=OURS)
        return None

    @staticmethod
    def source(path: str, mount: Mount | None) -> str:
        """The path on the disk that a layer shows at an inside path."""
        if mount is None or mount.path == mount.source:
            return path
        return paths.join(mount.source, paths.below(path, mount.path))

    def walk(self, path: str) -> Walked:
        """Through the inside, following its symlinks."""
        todo = [part for part in reversed(path.split("/")) if part]
        here, links, rooted = "/", 0, False
        passed: list[str] = []
        while todo:
            part = todo.pop()
            if part == "..":
                here = paths.parent(here)
                continue
            passed.append(here)
            there = paths.child(here, part)
            node = self.node(there)
            if node is None:
                rest = [one for one in reversed(todo) if one not in (".", "..")]
                whole = paths.join(there, *rest) if rest else there
                linked = links > 0
                return Walked(whole, None, there, tuple(passed), linked, rooted=rooted)
            if node.kind is not Kind.LINK:
                here = there
                continue
            links += 1
            if links > MAX_LINKS:
                return Walked(there, None, None, tuple(passed), True, True)
            if Rule.SYMLINK in self.off:
                here = there
                continue
            said = self.disk.target(self.source(there, self.mount(there)))
            if said.startswith("/"):
                here, rooted = "/", True
            todo += [one for one in reversed(said.split("/")) if one not in ("", ".")]
        source = self.source(here, self.mount(here))
        return Walked(here, source, None, tuple(passed), links > 0, rooted=rooted)
