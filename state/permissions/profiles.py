"""Named permission profiles of config.toml: read, inherited, made a policy.

Owns the rules by which the engine reads `[permissions]`: special paths, nested
entries, `extends`, patterns, extra workspace roots. Takes parsed tables; does not open
a file. Invariant: what the engine would refuse is a `ProfileError` that says why; what
it would ignore is kept and becomes a warning, never an entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from state.permissions import paths
from state.permissions.policy import (
    TEMP,
    Access,
    Entry,
    Host,
    Kind,
    Layer,
    Policy,
    unique,
)

Tables = Mapping[str, Any]

_WORKSPACE: Mapping[str, Any] = {
    "filesystem": {
        ":root": "read",
        ":workspace_roots": {".": "write"},
        ":tmpdir": "write",
        ":slash_tmp": "write",
    }
}
BUILTIN: Mapping[str, Mapping[str, Any]] = {
    ":read-only": {"filesystem": {":root": "read"}},
    ":workspace": _WORKSPACE,
}
FULL = ":danger-full-access"
WORDS = {
    "read": Access.READ,
    "write": Access.WRITE,
    "deny": Access.DENY,
    "none": Access.DENY,
}
ROOTS = (":workspace_roots", ":project_roots")
_PLAIN_SPECIAL = (":root", ":tmpdir", ":slash_tmp", ":minimal")
DEPTH = "glob_scan_max_depth"
NOTHING = (
    "The profile does not define any recognised filesystem entries: nothing is "
    "readable, so no command can run."
)


class ProfileError(Exception):
    """The engine refuses this profile; the text says why and what to do."""


def names(tables: Tables) -> list[str]:
    """Every profile that can be chosen: the built-in ones, then the user's."""
    return [*BUILTIN, FULL, *(name for name in tables if not name.startswith(":"))]


def chain(name: str, tables: Tables) -> list[str]:
    """The profile and those it extends, nearest first. Raises ProfileError."""
    found = [name]
    while True:
        table = _table(found[-1], tables, found)
        base = table.get("extends")
        if base is None:
            return found
        if not isinstance(base, str):
            raise ProfileError(f"`extends` of {found[-1]} is no name of a profile.")
        if base in found:
            way = " → ".join((*found, base))
            raise ProfileError(f"Profiles extend each other in a circle: {way}.")
        found.append(base)


def _table(name: str, tables: Tables, above: list[str]) -> Tables:
    if name in BUILTIN:
        return BUILTIN[name]
    if name == FULL and len(above) > 1:
        raise ProfileError(f"{above[-2]} cannot extend {FULL}: choose it by itself.")
    table = tables.get(name)
    if name.startswith(":") or not isinstance(table, Mapping):
        if len(above) > 1:
            raise ProfileError(f"{above[-2]} extends {name}, which is not defined.")
        raise ProfileError(f"There is no permission profile {name}.")
    return table


def merged(name: str, tables: Tables) -> dict[str, Any]:
    """The profile with what it inherits: tables are joined key by key, a plain word
    takes the place of whatever stood there, and so does a table of a word."""
    result: dict[str, Any] = {}
    for one in reversed(chain(name, tables)):
        table = BUILTIN.get(one) or tables[one]
        own = {k: v for k, v in table.items() if k not in ("extends", "description")}
        result = _joined(result, own)
    return result


def _joined(base: Tables, over: Tables) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = _joined(old, value) if both else value  # type: ignore[arg-type]
    return result


def from_profile(
    name: str,
    tables: Tables,
    roots: tuple[str, ...],
    host: Host,
    *,
    layer: Layer = Layer.PROFILE,
    places: Mapping[str, str] | None = None,
) -> Policy:
    """The policy of a profile for these workspace roots. Raises ProfileError."""
    if name == FULL:
        return Policy(
            Kind.FULL, network=True, network_layer=layer, roots=roots, name=name
        )
    table = merged(name, tables)
    reader = _Reader(roots + _more_roots(table, host), host, layer, places or {})
    own = (tables.get(name) or {}).get("filesystem") or {} if name in tables else {}
    entries = list(reader.entries(table.get("filesystem") or {}, own))
    warnings = list(reader.warnings)
    if not entries and not reader.minimal:
        warnings.append(NOTHING)
    network = table.get("network")
    on = isinstance(network, Mapping) and network.get("enabled") is True
    depth = (table.get("filesystem") or {}).get(DEPTH)
    return Policy(
        Kind.RESTRICTED,
        unique(entries),
        network=on,
        network_layer=layer if on else Layer.DEFAULT,
        minimal=reader.minimal,
        glob_depth=depth if isinstance(depth, int) else None,
        roots=reader.roots,
        name=name,
        warnings=tuple(warnings),
    )


def _more_roots(table: Tables, host: Host) -> tuple[str, ...]:
    more = table.get("workspace_roots")
    if not isinstance(more, Mapping):
        return ()
    return tuple(_typed(path, host) for path, on in more.items() if on is True)


def _typed(path: str, host: Host) -> str:
    if path == "~" or path.startswith("~/"):
        return paths.normal(host.home + path[1:])
    return paths.normal(path)


class _Reader:
    """One filesystem table into entries."""

    def __init__(
        self,
        roots: tuple[str, ...],
        host: Host,
        layer: Layer,
        places: Mapping[str, str],
    ) -> None:
        self.roots = tuple(dict.fromkeys(paths.normal(root) for root in roots))
        self._host = host
        self._layer = layer
        self._places = places
        self.minimal = False
        self.warnings: list[str] = []

    def entries(self, table: Tables, own: Tables) -> Iterator[Entry]:
        """Every entry the engine recognises. Raises ProfileError."""
        # The engine keeps tables in the order of their keys, and the order shows where
        # two roots are the same folder by two names.
        for key, value in sorted(table.items()):
            if key == DEPTH:
                continue
            layer = self._layer if key in own or not own else Layer.PROFILE
            if isinstance(value, Mapping):
                yield from self._nested(key, value, layer)
            else:
                yield from self._one(key, _word(key, value), layer)

    def _one(self, key: str, access: Access, layer: Layer) -> Iterator[Entry]:
        if key in ROOTS:
            for root in self.roots:
                yield self._entry(root, access, key, layer, "workspace root")
        elif key == ":root":
            yield self._entry("/", access, key, layer, "everything else")
        elif key == ":tmpdir":
            if self._host.tmpdir:
                path = paths.normal(self._host.tmpdir)
                yield self._entry(path, access, "$TMPDIR", layer, "temporary files")
        elif key == ":slash_tmp":
            yield self._entry(TEMP, access, TEMP, layer, "temporary files")
        elif key == ":minimal":
            self.minimal = self.minimal or access is not Access.DENY
        elif key.startswith(":"):
            self._unknown(key, "")
        else:
            path = self._absolute(key)
            yield self._path(path, access, key, layer)

    def _nested(self, key: str, table: Tables, layer: Layer) -> Iterator[Entry]:
        for sub, value in sorted(table.items()):
            access = _word(f"{key} / {sub}", value)
            if key in ROOTS:
                bases = self.roots
            elif key == ":root":
                bases = ("/",)
            elif key in _PLAIN_SPECIAL:
                raise ProfileError(f"{key} takes no nested entries.")
            elif key.startswith(":"):
                self._unknown(key, sub)
                continue
            else:
                bases = (self._absolute(key),)
            _check_sub(sub)
            for base in bases:
                path = base if sub == "." else paths.join(base, sub)
                spelled = key if sub == "." else f"{key}/{sub}"
                yield self._path(path, access, spelled, layer)

    def _absolute(self, key: str) -> str:
        path = _typed(key, self._host)
        if not paths.is_absolute(path):
            raise ProfileError(
                f"The path {key} must be absolute, begin with ~/ or with a colon."
            )
        return path

    def _path(self, path: str, access: Access, spelled: str, layer: Layer) -> Entry:
        if not paths.has_glob(path):
            return self._entry(path, access, spelled, layer, "")
        if access is Access.DENY:
            return self._entry(path, access, spelled, layer, "pattern", glob=True)
        stem = path.removesuffix("/**")
        if paths.has_glob(stem):
            raise ProfileError(
                f"The pattern {spelled} can only be denied; name the path, or end it "
                "in /** for all below it."
            )
        return self._entry(stem, access, spelled, layer, "")

    def _entry(
        self,
        path: str,
        access: Access,
        spelled: str,
        layer: Layer,
        because: str,
        *,
        glob: bool = False,
    ) -> Entry:
        place = self._places.get(spelled, "")
        because = because or "profile"
        return Entry(path, access, spelled, layer, because, place, glob)

    def _unknown(self, key: str, sub: str) -> None:
        more = f" with {sub}" if sub else ""
        self.warnings.append(f"{key}{more} is not known to this engine: ignored.")


def _word(key: str, value: object) -> Access:
    access = WORDS.get(value) if isinstance(value, str) else None
    if access is None:
        raise ProfileError(f"{key} must be read, write or deny.")
    return access


def _check_sub(sub: str) -> None:
    if sub == ".":
        return
    if sub.startswith("/") or not {"..", ".", ""}.isdisjoint(sub.split("/")):
        raise ProfileError(f"{sub} must be a path below it, without . or .. parts.")
