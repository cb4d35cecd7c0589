"""Our own settings file: what may call the user, how we draw, which keys mean what.

Owns `config.toml` in our folder, read only. Each value knows its source. Does not own
Codex's config. Invariant: a file that is missing, broken or strange never stops the
program: what is wrong is a sentence, and the default stands in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import Any

from state.dataclass import dataclass
from state.notify import Notify
from state.pattern import late_pattern

NAME = "config.toml"
_KEY = late_pattern(r"[^\s,]+")


@dataclass(frozen=True, slots=True)
class Config:
    """What the file says. `keymap`: action id -> keys in Textual's names, separated by
    commas. `sources`: value -> the file it came from. `problems`: sentences."""

    notify: Notify = Notify()
    plain: bool = False
    ascii: bool = False
    theme: str | None = None
    keymap: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def load(home: Path, actions: Callable[[], Mapping[str, tuple[str, ...]]]) -> Config:
    """The settings in `home`. `actions`: asked for every id that can have other keys,
    with the keys it has, if there is a file. Never raises."""
    path = home / NAME
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        return Config()
    except OSError as error:
        return Config(problems=(f"{path} is not readable: {error}",))
    # Imported here: most have no such file, and the first paint waits for this.
    import tomli

    try:
        raw = tomli.loads(written.decode())
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        return Config(problems=(f"{path} is not readable: {error}",))
    return parse(raw, str(path), actions())


def parse(
    raw: Mapping[str, Any], source: str, actions: Mapping[str, tuple[str, ...]]
) -> Config:
    """The settings in a parsed file."""
    reader = _Reader(source)
    notify = reader.table(raw, "notify", _KINDS)
    look = reader.table(raw, "look", {"plain": bool, "ascii": bool, "theme": str})
    known = dict.fromkeys(actions, str)
    wanted = {
        name: ",".join(_KEY.findall(keys))
        for name, keys in reader.table(raw, "keymap", known).items()
    }
    for name in raw.keys() - {"notify", "look", "keymap"}:
        reader.problems.append(f"{source}: [{name}] is not known.")
    keymap, clashes = checked_keys(wanted, actions)
    reader.problems += [f"{source}: {words}" for words in clashes]
    return Config(
        notify=Notify(**notify),
        plain=look.get("plain", False),
        ascii=look.get("ascii", False),
        theme=look.get("theme"),
        keymap=keymap,
        sources=reader.sources,
        problems=tuple(reader.problems),
    )


def checked_keys(
    wanted: Mapping[str, str], actions: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, str], list[str]]:
    """The keys that can be had, and why the others cannot: a key means one thing."""
    taken: dict[str, str] = {
        key: name
        for name, keys in actions.items()
        if name not in wanted
        for key in keys
    }
    good: dict[str, str] = {}
    problems: list[str] = []
    for name, keys in wanted.items():
        ours = [key for key in keys.split(",") if key]
        clash = [key for key in ours if taken.get(key, name) != name]
        if not ours:
            problems.append(f"keymap.{name} names no key.")
        elif clash:
            owner = taken[clash[0]]
            problems.append(f"keymap.{name}: {clash[0]} belongs to {owner}.")
        else:
            good[name] = ",".join(ours)
            taken.update(dict.fromkeys(ours, name))
    return good, problems


_KINDS: dict[str, type] = {
    f.name: tuple if f.name == "command" else bool for f in fields(Notify)
}


class _Reader:
    """Takes the values of the right kind; says what is wrong with the others."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.sources: dict[str, str] = {}
        self.problems: list[str] = []

    def table(
        self, raw: Mapping[str, Any], name: str, kinds: Mapping[str, type]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        part = raw.get(name, {})
        if not isinstance(part, dict):
            self.problems.append(f"{self._source}: [{name}] is no table.")
            return found
        for key, value in part.items():
            kind = kinds.get(key)
            if kind is tuple and _words(value):
                found[key] = tuple(value)
            elif kind is not None and kind is not tuple and isinstance(value, kind):
                found[key] = value
            else:
                why = "is not known" if kind is None else "has a value of another kind"
                self.problems.append(f"{self._source}: {name}.{key} {why}.")
                continue
            self.sources[f"{name}.{key}"] = self._source
        return found


def _words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
