"""Read models of the thread list."""

from __future__ import annotations

from state.dataclass import dataclass
from state.items import ThreadId
from state.views.base import Bits, Glyph, Tone


@dataclass(frozen=True, slots=True, eq=False)
class ThreadRow:
    """One thread in the list. `detail` is the second line (or the column beside the
    title when narrow): only what the glyph does not say."""

    id: ThreadId
    glyph: Glyph
    tone: Tone
    title: str
    detail: Bits = ()
    at_ms: int = 0
    unread: bool = False
    bold: bool = False
    word: str = ""
    """the status in words, for plain mode"""
    full_access: bool = False
    """runs, or will run, without a sandbox"""


@dataclass(frozen=True, slots=True, eq=False)
class ThreadGroup:
    """A heading and its rows. `more`: how many were not read from the store yet."""

    title: str
    tone: Tone
    rows: tuple[ThreadRow, ...]
    more: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ThreadListView:
    groups: tuple[ThreadGroup, ...] = ()
    total: int = 0
    filter: str = ""
    loading: str = ""
    """what is waited for, in words"""
