"""What the engine's own log says about commands that its sandbox stopped.

Owns reading one row's words and what such a row is worth. The engine writes it for a
command that ended badly in its sandbox with words that sound like a denial: `echo
'Read-only file system'; exit 1` gets one, a blocked write that printed nothing gets
none. So a row proves that a command of this call failed with such words, even where
they reached nobody, and never who stopped it. Does not read files. Invariant: total.
"""

from __future__ import annotations

import re

from state.dataclass import dataclass
from state.permissions.noise import Noise

TARGET = "codex_sandboxing::violation"
SOURCE = "engine's log"

_THREAD = re.compile(r'\b(?:thread|conversation)[._]id="?([\w-]{1,64})')
_TURN = re.compile(r'\bturn[._]id="?([\w-]{1,64})')
_CALL = re.compile(r'\bcall_id="([^"\s]{1,128})"')
_SAYS = re.compile(
    r"recorded sandbox violation: resource=\w+ backend=\w+ reason=(\w{1,64})"
    r" path=([^\n]{1,4096})\Z"
)

WORDS = {
    "read_only_file_system": "read-only file system",
    "permission_denied": "permission denied",
    "operation_not_permitted": "operation not permitted",
}
_NOISES = {
    "read_only_file_system": frozenset({Noise.READ_ONLY}),
    "permission_denied": frozenset({Noise.DENIED, Noise.LANDLOCK}),
    "operation_not_permitted": frozenset({Noise.DENIED, Noise.SOCKET, Noise.SEATBELT}),
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One row. `at_ms`: when it happened, in ms since the epoch."""

    thread_id: str
    turn_id: str
    call_id: str
    reason: str
    path: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Logged:
    """What an item keeps of a row. `call_id`: that of the command, `cell`: that of
    the cell around it, "" without one."""

    call_id: str
    reason: str
    path: str = ""
    cell: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """The call that a row belongs to: one cell may run many commands."""

    call_id: str
    code: str
    started_ms: int | None = None


def read_row(body: str, at_ms: int) -> Violation | None:
    """What a row says; None when it is none of these, or names nobody."""
    says = _SAYS.search(body)
    # Spans stand from the outside in: the innermost is the call itself.
    calls, threads, turns = (p.findall(body) for p in (_CALL, _THREAD, _TURN))
    if says is None or not calls or not threads or not turns:
        return None
    path = "" if says[2] == "unknown" else says[2].strip()
    return Violation(threads[-1], turns[-1], calls[-1], says[1], path, at_ms)


def logged(row: Violation, cell: Cell | None) -> Logged:
    """The row as the item keeps it."""
    words = WORDS.get(row.reason, row.reason.replace("_", " "))
    return Logged(row.call_id, words, row.path, cell.call_id if cell else "")


def confirms(logged: Logged, noise: Noise | None) -> bool:
    """The log holds the same failure as the words that were found."""
    reasons = {words: reason for reason, words in WORDS.items()}
    return noise in _NOISES.get(reasons.get(logged.reason, ""), frozenset())
