"""A permission profile in the making: its entries, and the edits that write it.

Owns the way between a table of config.toml and a list of entries a person can edit.
Does not own what entries mean (`profiles`, `explain`). Invariants: what the user's
table says and this form does not show stays as it is; only keys that changed are
written, so that comments beside the others survive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from state import key_path
from state.changes import ConfigEdit
from state.dataclass import dataclass, replace
from state.permissions import paths
from state.permissions.entries import Entries
from state.permissions.policy import Access, Host, Policy
from state.permissions.profiles import (
    BUILTIN,
    DEPTH,
    FULL,
    ROOTS,
    ProfileError,
    Tables,
    from_profile,
    merged,
)

MAIN = "."
"""The key of a nested table that is about the folder itself."""
SPECIAL = (":workspace_roots", ":root", ":tmpdir", ":slash_tmp", ":minimal")
NAME = re.compile(r"[A-Za-z0-9][\w .-]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is written: a path, a special name, or either with more below
    it (`:workspace_roots/docs`, `~/src/**/*.key`)."""

    path: str
    access: Access


@dataclass(frozen=True, slots=True)
class Draft:
    """A profile as a person edits it. `network` None: as what it extends has it.
    `rest`: keys of its table that this form does not show."""

    name: str
    extends: str = ""
    description: str = ""
    lines: tuple[Line, ...] = ()
    network: bool | None = None
    rest: Mapping[str, Any] | None = None

    def put(self, line: Line, instead_of: str | None = None) -> Draft:
        """With this entry, in the place of another or of its own path's."""
        lines = [one for one in self.lines if one.path != line.path]
        at = next((i for i, o in enumerate(self.lines) if o.path == instead_of), None)
        if instead_of is not None and at is not None:
            lines = [one for one in lines if one.path != instead_of]
            lines.insert(min(at, len(lines)), line)
        else:
            known = next(
                (i for i, o in enumerate(self.lines) if o.path == line.path), len(lines)
            )
            lines.insert(known, line)
        return replace(self, lines=tuple(lines))

    def without(self, path: str) -> Draft:
        """Without the entry for this path."""
        return replace(self, lines=tuple(o for o in self.lines if o.path != path))


# -- from and to a table ---------------------------------------------------------------


def draft_of(name: str, table: Tables) -> Draft:
    """The profile as it stands in its own table."""
    network = table.get("network")
    on = network.get("enabled") if isinstance(network, Mapping) else None
    files = table.get("filesystem")
    lines = tuple(_lines(files)) if isinstance(files, Mapping) else ()
    return Draft(
        name,
        _text(table.get("extends")),
        _text(table.get("description")),
        lines,
        on if isinstance(on, bool) else None,
        dict(table),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _lines(files: Tables) -> Iterator[Line]:
    for key, value in files.items():
        if key == DEPTH:
            continue
        if isinstance(value, Mapping):
            for sub, word in value.items():
                found = _access(word)
                if found is not None:
                    yield Line(key if sub == MAIN else f"{key}/{sub}", found)
        elif (found := _access(value)) is not None:
            yield Line(key, found)


def _access(word: object) -> Access | None:
    if word == "none":
        return Access.DENY
    return Access(str(word)) if word in list(Access) else None


def table_of(draft: Draft) -> dict[str, Any]:
    """The table that says just this. What is below a special name is nested in it."""
    table = dict(draft.rest or {})
    _set(table, "extends", draft.extends or None)
    _set(table, "description", draft.description or None)
    files = table.get("filesystem")
    files = files if isinstance(files, Mapping) else {}
    kept = dict(_strange(files))
    tables = frozenset(k for k, v in files.items() if isinstance(v, Mapping))
    spread = [(*split(line.path, tables), line.access.value) for line in draft.lines]
    nested = {base for base, sub, _ in spread if sub}
    nested |= {base for base, _, _ in spread if base in tables and base in kept}
    for base, sub, word in spread:
        if base in nested or (base in tables and _still(files[base], spread, base)):
            inner = kept.get(base)
            inner = dict(inner) if isinstance(inner, Mapping) else {}
            kept[base] = {**inner, sub or MAIN: word}
        else:
            kept[base] = word
    _set(table, "filesystem", kept or None)
    network = dict(table.get("network") or {})
    _set(network, "enabled", draft.network)
    _set(table, "network", network or None)
    return table


def _set(table: dict[str, Any], key: str, value: object) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


def _strange(files: Tables) -> Iterator[tuple[str, Any]]:
    """What stands there and is no entry: it stays as it is."""
    for key, value in files.items():
        if isinstance(value, Mapping):
            inner = {k: v for k, v in value.items() if _access(v) is None}
            if inner:
                yield key, inner
        elif key == DEPTH or _access(value) is None:
            yield key, value


def _still(old: Tables, spread: list[tuple[str, str, str]], base: str) -> bool:
    """A table that holds nothing but its own folder, and held nothing else before."""
    return MAIN in old and len(old) == 1 and any(one[0] == base for one in spread)


def split(path: str, tables: frozenset[str] = frozenset()) -> tuple[str, str]:
    """A special name, or a path that has a table, and what is below it."""
    if path.startswith(":"):
        base, _, sub = path.partition("/")
        return base, sub.strip("/")
    for base in tables:
        if path.startswith(f"{base}/"):
            return base, path[len(base) + 1 :]
    return path, ""


def edits_of(before: Tables | None, draft: Draft) -> list[ConfigEdit]:
    """The keys that change between the profile's table and the draft. What changes its
    kind (a word into a table) goes first and comes anew."""
    start = ("permissions", draft.name)
    return list(_edits(start, before or {}, table_of(draft)))


def _edits(path: tuple[str, ...], old: Tables, new: Tables) -> Iterator[ConfigEdit]:
    for name in old:
        if name not in new:
            yield ConfigEdit(key_path.join((*path, name)), None)
    for name, value in new.items():
        was, here = old.get(name), (*path, name)
        if isinstance(value, Mapping) and (isinstance(was, Mapping) or was is None):
            yield from _edits(here, was or {}, value)
        elif was != value and not (was == "none" and value == Access.DENY.value):
            yield ConfigEdit(key_path.join(here), value)


# -- what is wrong with it ------------------------------------------------------------


def policy_of(
    draft: Draft, tables: Tables, roots: tuple[str, ...], host: Host
) -> Policy:
    """What the draft means. Raises ProfileError."""
    everything = {**tables, draft.name: table_of(draft)}
    return from_profile(draft.name, everything, roots, host)


def inherited(draft: Draft, tables: Tables) -> tuple[Line, ...]:
    """The entries it gets from what it extends, but for those it sets itself."""
    if not draft.extends or draft.extends == FULL:
        return ()
    try:
        files = merged(draft.extends, tables).get("filesystem")
    except (ProfileError, KeyError):
        return ()
    own = {line.path for line in draft.lines}
    found = _lines(files) if isinstance(files, Mapping) else ()
    return tuple(line for line in found if line.path not in own)


def line_fault(path: str, access: Access) -> str:
    """Why this cannot be an entry; "" when it can."""
    base, sub = split(path)
    if access is not Access.DENY and paths.has_glob(path.removesuffix("/**")):
        return "A pattern can only be denied; /** at the end means all below a path."
    if not path:
        return "Type a path, or a name with a colon such as :workspace_roots."
    if any(ord(char) < 32 for char in path):
        return "A path cannot hold control characters here."
    if base.startswith(":"):
        if sub and base not in (*ROOTS, ":root"):
            return f"{base} takes nothing below it."
        if sub and not {"..", ".", ""}.isdisjoint(sub.split("/")):
            return "Below a special name a path has no . or .. parts."
        return ""
    if base == "~" or base.startswith("~/") or paths.is_absolute(base):
        return ""
    return "A path must be absolute, begin with ~/ or with a colon."


def name_fault(name: str, taken: Mapping[str, Any], was: str = "") -> str:
    """Why a profile cannot be called so; "" when it can."""
    if not name:
        return "A profile needs a name."
    if not NAME.match(name):
        return "A name begins with a letter or digit; letters, digits, - _ . follow."
    if name != was and name in taken:
        return f"There is a profile {name} already."
    return ""


def stops_threads(policy: Policy) -> str:
    """Why no thread could begin under it; "" when nothing is known against it."""
    entries = Entries(policy.entries, frozenset())
    for root in policy.roots[:1]:
        entry = entries.decides(root)
        if entry is not None and entry.access is Access.DENY:
            return (
                "Its workspace root cannot be read: the engine starts no thread there, "
                "as it reads AGENTS.md first."
            )
    return ""


def extendable(tables: Tables, name: str) -> tuple[str, ...]:
    """What a profile may extend: nothing, a built-in one, or any that does not lead
    back to it."""
    found = ["", *BUILTIN]
    for other in tables:
        if other == name or other.startswith(":"):
            continue
        probe = {**tables, name: {"extends": other}}
        try:
            merged(name, probe)
        except (ProfileError, KeyError):
            continue
        found.append(other)
    return tuple(found)
