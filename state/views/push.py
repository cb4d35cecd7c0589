"""Read models of /push: what goes where, what it starts, how it went."""

from __future__ import annotations

from state.dataclass import dataclass
from state.views.base import Bits, Tone


@dataclass(frozen=True, slots=True, eq=False)
class PushRow:
    """A line of a section. `label` in a column of its own; `tail`: of a too long text
    the end stays. `grave`: it needs a second key."""

    words: Bits
    label: str = ""
    right: Bits = ()
    tail: bool = False
    grave: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PushSection:
    """A heading with its rows. `end`: at the right of the heading."""

    title: str
    rows: tuple[PushRow, ...]
    count: int = 0
    end: Bits = ()


@dataclass(frozen=True, slots=True, eq=False)
class PushView:
    """The board. `strip`: the lines in the box below; its `edge` says how grave."""

    title: str = ""
    end: Bits = ()
    sections: tuple[PushSection, ...] = ()
    strip_title: str = ""
    strip: tuple[Bits, ...] = ()
    edge: Tone = Tone.FAINT
    hints: tuple[tuple[str, str], ...] = ()
