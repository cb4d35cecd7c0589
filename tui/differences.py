"""Where a sandbox did something else than was foretold: a line of a file of ours.

Owns the file: its place, its mode, its size. Does not own the comparison
(`state.select.sandbox_probe`). Invariants: each difference is one line of plain text,
nothing of it hidden or able to move a cursor; the file stays below `LARGEST`.
"""

from __future__ import annotations

import time
from pathlib import Path

from state.home import private_file, private_folder
from state.text import reveal

NAME = "sandbox-differences.log"
LARGEST = 256 * 1024


def note(folder: Path, text: str) -> Path:
    """Write a line, the oldest half makes way. Raises OSError."""
    path = private_file(private_folder(folder) / NAME)
    if path.stat().st_size > LARGEST:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines(True)
        path.write_text("".join(lines[len(lines) // 2 :]), encoding="utf-8")
    stamp = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{stamp} {reveal(text).text}\n")
    return path
