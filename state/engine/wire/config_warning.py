"""What is wrong with the engine's config.toml, in lines to show.

Owns the words of `configWarning`. Invariant: the place, where one is told, is the
last line, with line and column counted from 1 as the engine counts them.
"""

from __future__ import annotations

from typing import Any


def config_sentence(params: dict[str, Any]) -> str:
    """Summary, why, and where, a line each. Raises KeyError without a summary."""
    path = str(params.get("path") or "")
    spot = params.get("range")
    start = spot.get("start") if isinstance(spot, dict) else None
    where, prefix = path, ""
    if isinstance(start, dict) and isinstance(start.get("line"), int):
        line, column = start["line"], start.get("column")
        where = f"{path or 'config.toml'}, line {line}"
        if isinstance(column, int):
            where += f", column {column}"
            prefix = f"{path}:{line}:{column}: "
    why = str(params.get("details") or "").removeprefix(prefix)
    return "\n".join(part for part in (str(params["summary"]), why, where) if part)
