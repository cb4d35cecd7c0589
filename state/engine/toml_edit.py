"""Top-level keys of a small TOML text changed, everything else left as it stands.

Owns the edit of a project's config.toml, which no engine edits for us. Invariant: the
result parses to exactly the old document with the asked-for changes, or there is none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import tomli

from state.changes import ConfigEdit

_TABLE = re.compile(r"\s*\[")


def edited(text: str, edits: Sequence[ConfigEdit]) -> str | None:
    """The text with these top-level keys set (None: taken out); None when that cannot
    be done without touching more. Raises tomli.TOMLDecodeError on a broken text."""
    wanted = tomli.loads(text)
    lines = text.splitlines(keepends=True)
    for edit in edits:
        if edit.value is None:
            wanted.pop(edit.key, None)
        else:
            wanted[edit.key] = edit.value
        _put(lines, edit.key, _line(edit.key, edit.value))
    result = "".join(lines)
    try:
        return result if tomli.loads(result) == wanted else None
    except tomli.TOMLDecodeError:
        return None


def _put(lines: list[str], key: str, line: str) -> None:
    end = next((i for i, one in enumerate(lines) if _TABLE.match(one)), len(lines))
    names = re.compile(rf"\s*(?:{re.escape(key)}|\"{re.escape(key)}\")\s*=")
    for at in range(end):
        if names.match(lines[at]):
            lines[at : at + 1] = [line] if line else []
            return
    if not line:
        return
    while end > 0 and not lines[end - 1].strip():
        end -= 1  # air before a table stays before the table
    if end > 0 and not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    lines.insert(end, line)


def _line(key: str, value: Any) -> str:
    return "" if value is None else f"{key} = {_value(value)}\n"


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case dict():
            inside = ", ".join(f"{k} = {_value(v)}" for k, v in value.items())
            return f"{{ {inside} }}"
        case _:
            return json.dumps(value)
