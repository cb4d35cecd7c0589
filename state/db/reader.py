"""Looking into the thread store: short connections that cannot write.

Apart from `state.db.connection`, for the first paint reads and waits for nothing that
only writing needs.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, for one look; the caller closes it.

    Sees the last commit, also while a window writes. Raises sqlite3.Error.
    """
    db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
    db.execute("PRAGMA busy_timeout = 2000")
    return db
