"""Keys of a configuration, one inside the other: with dots, quoted where needed.

Owns the spelling the engine takes for a key path, and what undoes an edit. Invariant:
`parts(join(names)) == names` for any names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from state.changes import ConfigEdit

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_PART = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^."]+))\s*(?:\.|\Z)', re.DOTALL)


def join(names: Iterable[str]) -> str:
    """The path to the last of these keys."""
    return ".".join(name if _BARE.match(name) else _quoted(name) for name in names)


def _quoted(name: str) -> str:
    text = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def parts(key: str) -> tuple[str, ...]:
    """The keys of a path; one that cannot be read is a single key."""
    found: list[str] = []
    at = 0
    while at < len(key):
        match = _PART.match(key, at)
        if match is None:
            return (key,)
        quoted, bare = match[1], match[2]
        found.append(
            re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            if quoted is not None
            else bare.strip()
        )
        at = match.end()
    return tuple(found)


def value_at(values: Mapping[str, Any], key: str) -> Any:
    """What stands at a path; None when nothing does."""
    value: Any = values
    for part in parts(key):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def undoing(values: Mapping[str, Any], edits: Sequence[ConfigEdit]) -> list[ConfigEdit]:
    """The edits that bring back these values: what was not there goes with the tables
    that were made for it, for an empty one may be worse than none."""
    found: dict[str, ConfigEdit] = {}
    for edit in edits:
        names = parts(edit.key)
        at: Any = values
        for number, name in enumerate(names):
            if not isinstance(at, Mapping) or name not in at:
                key = join(names[: number + 1])
                found.setdefault(key, ConfigEdit(key, None))
                break
            at = at[name]
        else:
            found[edit.key] = ConfigEdit(edit.key, at)
    return [one for key, one in found.items() if not _inside(key, found)]


def _inside(key: str, others: Mapping[str, object]) -> bool:
    """Another of these edits is about a table that this key is in."""
    names = parts(key)
    return any(join(names[:end]) in others for end in range(1, len(names)))
