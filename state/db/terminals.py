"""Reading background terminals from the store, each with the end of its output.

Owns the query; `state.db.plan` writes the rows. Invariant: what is read equals what
was written: as many characters as the tail says it holds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from state.dataclass import replace
from state.db.codec import decode, text
from state.db.rows import Parts
from state.items import Text
from state.model import Terminal
from state.terminals import KEPT


def terminals(
    db: sqlite3.Connection, parts: Parts, where: str, values: Sequence[Any]
) -> None:
    """Terminals with the end of their output; those that ended in that order."""
    sql = f"SELECT thread_id, body FROM terminal WHERE gone_ms IS NULL {where}"
    found = [(t, decode(Terminal, b)) for t, b in db.execute(sql, values)]
    if not found:
        return
    texts: dict[tuple[str, str], list[str]] = {}
    sql = f"SELECT thread_id, item_id, chunk FROM terminal_tail WHERE true {where}"
    for thread_id, item_id, chunk in db.execute(f"{sql} ORDER BY row", values):
        texts.setdefault((thread_id, item_id), []).append(chunk)
    found.sort(key=lambda pair: (pair[1].ended_ms or 0, pair[1].number))
    for thread_id, terminal in found:
        words = "".join(texts.get((thread_id, text(terminal.item_id)), ()))
        held = min(terminal.output.end, KEPT)
        tail = replace(terminal.output, text=Text(words[-held:] if held else ""))
        group = parts.terminals if terminal.live else parts.ended_terminals
        whole = replace(terminal, output=tail)
        group.setdefault(thread_id, {})[terminal.item_id] = whole
