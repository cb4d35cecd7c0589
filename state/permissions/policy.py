"""What a thread may touch, as the engine understands it: entries, modes, layers.

Owns the shapes, and the policies behind the legacy modes (read-only, workspace-write,
danger-full-access, external). Named profiles are read in `profiles`; what follows on a
given disk is `mounts`; who asks for it is `explain`. Invariant: an entry keeps the
spelling it was given in, beside the path it stands for, and the layer that set it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from state.dataclass import dataclass
from state.model import Sandbox, SandboxMode
from state.permissions import paths

TEMP = "/tmp"
METADATA = (".git", ".agents", ".codex", ".aws")
"""Read-only at the top level of each writable root, there or not."""
MINIMAL = ("/bin", "/sbin", "/usr", "/etc", "/lib", "/lib64", "/nix/store")
"""What `:minimal` makes readable on Linux, as far as it exists."""


class Access(StrEnum):
    """What an entry gives. For one and the same path deny beats write beats read."""

    READ = "read"
    WRITE = "write"
    DENY = "deny"

    @property
    def rank(self) -> int:
        """Higher wins at the same path."""
        return (Access.READ, Access.WRITE, Access.DENY).index(self)


class Layer(StrEnum):
    """Who set something, in words."""

    DEFAULT = "engine default"
    MANAGED = "managed"
    CONFIG = "config.toml"
    ALIKE = "as in config.toml"
    PROFILE = "profile"
    TRUST = "project trust"
    START = "thread start"
    THREAD = "this thread"
    TURN = "this turn"
    GRANT = "session grant"
    RULE = "rules file"
    IMPLICIT = "the engine adds it itself"
    OUTSIDE = "the file system"


class Kind(StrEnum):
    """How a policy is enforced at all."""

    RESTRICTED = "restricted"
    FULL = "full access"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Entry:
    """One root or carve-out. `path` is absolute and normal, `spelled` as it was typed
    (`~/x`, `:tmpdir`, a symlink). `glob`: `path` is a pattern, only ever denied.
    `because`: what the entry is for, in two words."""

    path: str
    access: Access
    spelled: str = ""
    layer: Layer = Layer.DEFAULT
    because: str = ""
    place: str = ""
    """file and line, where there is one"""
    glob: bool = False


@dataclass(frozen=True, slots=True)
class Host:
    """The engine's surroundings. `tmpdir`: its own $TMPDIR. `engine`: the folder its
    program is in. `uid` and `groups`: as whom it runs. `sockets`: the folder of its
    control socket, which it masks. `anchored_globs`: see `globs.Search`; `late_rules`:
    see `proxied`."""

    home: str = ""
    tmpdir: str = ""
    engine: str = ""
    uid: int = 0
    groups: frozenset[int] = frozenset()
    sockets: str = ""
    anchored_globs: bool = True
    late_rules: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What is enforced. `roots`: the workspace roots, the first is the sandbox root.
    `minimal`: the platform's own folders are readable although `/` is not.
    `glob_depth`: how deep patterns are looked for; None: without end."""

    kind: Kind
    entries: tuple[Entry, ...] = ()
    network: bool = False
    network_layer: Layer = Layer.DEFAULT
    minimal: bool = False
    glob_depth: int | None = None
    roots: tuple[str, ...] = ()
    name: str = ""
    warnings: tuple[str, ...] = ()
    spelled_out: bool = False
    """a legacy mode: the protection of metadata is made of entries like any other"""

    @property
    def writable(self) -> tuple[Entry, ...]:
        """The entries that give write access."""
        return tuple(e for e in self.entries if e.access is Access.WRITE)


def unique(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Without repetitions of the same access to the same path; the first stays."""
    found: dict[tuple[str, Access, bool], Entry] = {}
    for entry in entries:
        found.setdefault((entry.path, entry.access, entry.glob), entry)
    return tuple(found.values())


def root_read(layer: Layer = Layer.DEFAULT) -> Entry:
    """Everything is readable."""
    return Entry("/", Access.READ, ":root", layer, "everything else")


def from_sandbox(
    sandbox: Sandbox,
    roots: tuple[str, ...],
    host: Host,
    *,
    layer: Layer = Layer.THREAD,
    readable: Iterable[str] = (),
) -> Policy:
    """The policy behind a legacy mode. `roots`: the workspace roots; none at all means
    that nothing of the workspace is writable. `readable`: roots an older engine was
    told to read; below a writable root they say nothing and carve nothing out."""
    name = sandbox.mode.value
    match sandbox.mode:
        case SandboxMode.FULL_ACCESS:
            return Policy(
                Kind.FULL, network=True, network_layer=layer, roots=roots, name=name
            )
        case SandboxMode.EXTERNAL:
            return Policy(
                Kind.EXTERNAL, network=sandbox.network, roots=roots, name=name
            )
        case SandboxMode.READ_ONLY:
            entries: list[Entry] = [root_read()]
        case SandboxMode.WORKSPACE_WRITE:
            entries = [root_read(), *_writable(sandbox, roots, host, layer)]
            tops = {e.path: e for e in entries if e.access is Access.WRITE}
            entries += [
                Entry(path, Access.READ, root, layer, "readable root")
                for root in readable
                if (path := paths.normal(root))
                and tops.keys().isdisjoint(paths.lineage(path))
            ]
    return Policy(
        Kind.RESTRICTED,
        unique(entries),
        network=sandbox.network,
        network_layer=layer if sandbox.network else Layer.DEFAULT,
        roots=roots,
        name=name,
        spelled_out=sandbox.mode is SandboxMode.WORKSPACE_WRITE,
    )


def _writable(
    sandbox: Sandbox, roots: tuple[str, ...], host: Host, layer: Layer
) -> Iterable[Entry]:
    for number, root in enumerate(roots):
        because = "workspace root" if number else "working directory"
        yield Entry(paths.normal(root), Access.WRITE, root, Layer.THREAD, because)
    if not sandbox.exclude_slash_tmp:
        yield Entry(TEMP, Access.WRITE, TEMP, Layer.DEFAULT, "temporary files")
    if not sandbox.exclude_tmpdir and host.tmpdir:
        path = paths.normal(host.tmpdir)
        yield Entry(path, Access.WRITE, "$TMPDIR", Layer.DEFAULT, "temporary files")
    for root in sandbox.writable_roots:
        yield Entry(paths.normal(root), Access.WRITE, root, layer, "writable root")
