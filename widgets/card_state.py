"""How a card stands, and what was drawn of it.

Owns the values that pass between a card's keys, its lines and its borders. Does not own
any rule. Invariant: frozen; the lines and their places belong together.
"""

from __future__ import annotations

from typing import NamedTuple

from textual.strip import Strip

from state.dataclass import dataclass
from state.model import Decision
from widgets.card_form import CardForm


class AnswerAt(NamedTuple):
    """The lines of an answer."""

    letter: str
    top: int
    end: int


class Refusal(NamedTuple):
    """A letter that did not count, and why."""

    letter: str
    why: str


@dataclass(frozen=True, slots=True)
class CardState:
    """What the card must show besides its read model."""

    armed: bool = False
    focused: bool = False
    strip: Decision | None = None
    strip_armed: bool = False
    now_ms: int = 0
    form: CardForm | None = None
    below: bool = False
    """There is more than what is on screen"""
    unseen: bool = False
    """It is at rest, but none of its answers is on screen"""
    refused: Refusal | None = None
    """The last key was a letter, and it did not count"""

    @property
    def live(self) -> bool:
        """A letter counts: of the card, or of its open strip."""
        return self.armed if self.strip is None else self.strip_armed


@dataclass(frozen=True, slots=True)
class CardLines:
    """The drawn lines; `strip_at`: the lines of the open strip, if any."""

    strips: tuple[Strip, ...]
    strip_at: tuple[int, int] | None = None
    cursor_at: tuple[int, int] | None = None
    """The lines of the field under the cursor"""
    answers: tuple[AnswerAt, ...] = ()
    air: int = 1
    """Empty rows below the last one"""

    @property
    def height(self) -> int:
        """How many there are, without the air below the last one."""
        return max(0, len(self.strips) - self.air)
