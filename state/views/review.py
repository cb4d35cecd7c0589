"""Read models of the card a review is decided in."""

from __future__ import annotations

from state.dataclass import dataclass
from state.forms import FieldKind
from state.model import Decision, Review
from state.text import Revealed
from state.views.base import Bits
from state.views.cells import FileView


@dataclass(frozen=True, slots=True, eq=False)
class OptionView:
    """One of several; `value` is what goes back on the wire, as it came."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class FieldView:
    """A thing to fill in. `key` names it in the answer; `beside`: it belongs to the
    field above it."""

    key: str
    kind: FieldKind
    title: str
    note: str = ""
    options: tuple[OptionView, ...] = ()
    required: bool = False
    secret: bool = False
    beside: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ReviewCardView:
    """A review as the user sees it: everything that is asked, nothing hidden.

    `review` is the very request; a decision is bound to it. `facts` are label and
    value pairs (agent, in, why); `runs` what it would run under and, beside it, the
    turn's own sandbox; `files` the diff of an edit review. `command` is what is asked
    word for word, `lead` the sign before it: `$`, or nothing for an address or JSON.
    """

    review: Review
    index: int
    total: int
    question: str
    facts: tuple[tuple[str, str], ...]
    command: Revealed | None
    runs: tuple[tuple[str, str, str], ...]
    runs_title: Bits
    files: tuple[FileView, ...]
    decisions: tuple[Decision, ...]
    warnings: tuple[str, ...] = ()
    state: str = ""
    """"" while pending, else a sentence"""
    lead: str = "$"
    fields: tuple[FieldView, ...] = ()
    ladder: tuple[str, ...] = ()
    """The words a prefix rule may be cut to, revealed; () when none is offered"""
    proposed: int = 0
    """How many of them the engine proposes"""
    repeat: str = ""
    """How often the same was asked, and what would end that"""
    bulk: tuple[Review, ...] = ()
    """Identical requests that are marked: one answer goes to all of them"""
    unseen: int = 0
    """How many of them were not shown yet"""
