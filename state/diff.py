"""Diffs as lines: what a unified diff, or a file's whole content, says.

Owns the parsing only: text is taken as given (it passed its door before), colours
and wrapping belong to the widgets. Total: whatever the text is, lines come out and
nothing is raised. Bounded by MAX_LINES; what is left out is counted in a gap line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from state.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a diff. `sign`: "+", "-", " " or "…" (a gap)."""

    sign: Literal["+", "-", " ", "…"]
    number: int | None
    text: str


MAX_LINES = 4000
"""Lines of one file kept for drawing; the rest is a number in the last gap."""

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
_HEADER = re.compile(
    r"(diff --git |index [0-9a-f]|--- |\+\+\+ |(new|deleted) file mode |"
    r"(old|new) mode |similarity index |rename (from|to) |copy (from|to) |"
    r"Binary files )"
)


def unified(diff: str, *, limit: int = MAX_LINES) -> tuple[DiffLine, ...]:
    """The lines of a unified diff of one file.

    Between hunks stands a gap line: its text is the hunk's heading (the enclosing
    function, often ""), its number None. Removed lines carry the old line number,
    all others the new one. Text without hunks is read as plain `+`/`-`/context
    lines without numbers.
    """
    return _bounded(list(_unified(_split(diff))), limit)


def whole(
    content: str, sign: Literal["+", "-"] = "+", *, limit: int = MAX_LINES
) -> tuple[DiffLine, ...]:
    """A file that is added (or deleted) as a whole, numbered from 1."""
    rows = _split(content)
    return _bounded([DiffLine(sign, n, row) for n, row in enumerate(rows, 1)], limit)


def counts(lines: Sequence[DiffLine]) -> tuple[int, int]:
    """How many lines are added and removed among those given."""
    added = sum(1 for line in lines if line.sign == "+")
    return added, sum(1 for line in lines if line.sign == "-")


def count_unified(diff: str) -> tuple[int, int]:
    """Added and removed lines of a whole diff, however long, without keeping it."""
    added = removed = 0
    for line in _unified(_split(diff)):
        added += line.sign == "+"
        removed += line.sign == "-"
    return added, removed


def _split(text: str) -> list[str]:
    rows = text.split("\n")
    if rows and not rows[-1]:
        rows.pop()
    return rows


def _unified(rows: Sequence[str]) -> Iterator[DiffLine]:
    old = new = None
    old_left = new_left = 0
    hunks = 0
    for row in rows:
        inside = old_left > 0 or new_left > 0
        if not inside and (found := _HUNK.match(row)):
            old, new = int(found[1]), int(found[3])
            old_left, new_left = int(found[2] or 1), int(found[4] or 1)
            hunks += 1
            if hunks > 1 or found[5]:
                yield DiffLine("…", None, found[5])
            continue
        if row.startswith("\\"):
            continue
        if not inside and _HEADER.match(row):
            continue
        line = _line(row, old, new)
        if line is None:
            continue
        if line.sign != "+":
            old_left -= 1
            old = old + 1 if old is not None else None
        if line.sign != "-":
            new_left -= 1
            new = new + 1 if new is not None else None
        yield line


def _line(row: str, old: int | None, new: int | None) -> DiffLine | None:
    match row[:1]:
        case "+":
            return DiffLine("+", new, row[1:])
        case "-":
            return DiffLine("-", old, row[1:])
        case " ":
            return DiffLine(" ", new, row[1:])
        case _:
            # Some writers drop the blank of an empty context line.
            return DiffLine(" ", new, row)


def _bounded(lines: list[DiffLine], limit: int) -> tuple[DiffLine, ...]:
    if len(lines) <= limit:
        return tuple(lines)
    more = len(lines) - limit
    return (*lines[:limit], DiffLine("…", None, f"{more} more lines not held"))
