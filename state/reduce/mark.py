"""The mark of a thread's newest turn: how it stands even while no turn is held.

Owns which turn is the newest and what is kept of it. Invariant: a mark never goes
back to an older turn, nor from a known ending to not knowing.
"""

from __future__ import annotations

from itertools import islice
from typing import cast

from state.dataclass import replace
from state.items import AgentMessage, TurnId
from state.model import Thread, Turn, TurnMark, TurnStatus

MAX_WORDS = 400
"""Characters of the last message that a mark keeps."""
_BACK = 4
"""Turns that are searched for last words."""


def marked(thread: Thread) -> Thread:
    """The thread with the mark that its turns give."""
    if not thread.turns:
        return thread
    turns = cast("dict[TurnId, Turn]", thread.turns)
    newest = next(reversed(turns.values()))
    known = thread.latest
    if known is not None and known.id != newest.id and known.id not in thread.turns:
        # What is held may be a late word about an old turn. Ids are time-ordered.
        if newest.id < known.id or newest.status is TurnStatus.UNKNOWN:
            return thread
        known = None
    if known is not None and known.id != newest.id:
        known = None
    if known is not None and newest.status is TurnStatus.UNKNOWN:
        return thread
    mark = mark_of(newest, known)
    if not mark.words and newest.status is not TurnStatus.IN_PROGRESS:
        # What came late is told as a turn of its own by older engines.
        before = islice(reversed(turns.values()), 1, _BACK)
        words = next(filter(None, map(_last_words, before)), "")
        mark = replace(mark, words=words) if words else mark
    return thread if mark == thread.latest else replace(thread, latest=mark)


def mark_of(turn: Turn, known: TurnMark | None = None) -> TurnMark:
    """What is kept of a turn. `known`: what was kept of it before."""
    over = turn.status is not TurnStatus.IN_PROGRESS
    return TurnMark(
        id=turn.id,
        status=turn.status,
        started_ms=turn.started_ms or (known.started_ms if known else None),
        completed_ms=turn.completed_ms or (known.completed_ms if known else None),
        error=turn.error or (known.error if known and over else None),
        words=(_last_words(turn) if over else "")
        or (known.words if known and over else ""),
    )


def _last_words(turn: Turn) -> str:
    for item in reversed(tuple(turn.items.values())):
        if isinstance(item.body, AgentMessage) and item.body.text:
            return str(item.body.text)[:MAX_WORDS]
    return ""


def told_mark(thread: Thread, mark: TurnMark) -> Thread:
    """The engine told the newest turn without its items."""
    known = thread.latest
    if mark.id in thread.turns or (known is not None and mark.id < known.id):
        return thread
    return thread if known == mark else replace(thread, latest=mark)
