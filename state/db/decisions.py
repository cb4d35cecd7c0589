"""What the user decided, by whichever window: the rows of `decision`, oldest first.

Owns reading them, for the ledger and for the threads alike. What they mean for a
review is their readers'. Blocking. Invariant: a row that is damaged, or a newer
program's, is left out and stops nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from state.db.codec import decoded
from state.reviews import Decision


class Made(NamedTuple):
    """A row. `request_id`: as JSON. `reopened`: it was taken back at once."""

    thread_id: str
    epoch: str
    request_id: str
    params_hash: str
    connection: int
    body: str
    decided_ms: int
    sent_ms: int | None
    reopened: bool

    @property
    def decision(self) -> Decision | None:
        """What was decided; None where it cannot be read."""
        return decoded(Decision, self.body)


def made(
    db: sqlite3.Connection, where: str = "", values: Sequence[Any] = ()
) -> Iterator[Made]:
    """The rows. Raises sqlite3.Error."""
    sql = (
        "SELECT thread_id, epoch, request_id, params_hash, connection, body,"
        f" decided_ms, sent_ms, reopened_ms IS NOT NULL FROM decision {where}"
        " ORDER BY row"
    )
    for *facts, reopened in db.execute(sql, values):
        yield Made._make((*facts, bool(reopened)))
