"""Read model of the card a review is decided in."""

from __future__ import annotations

from state.dataclass import dataclass
from state.model import Decision, Review
from state.text import Revealed
from state.views.base import Bits
from state.views.cells import FileView


@dataclass(frozen=True, slots=True, eq=False)
class ReviewCardView:
    """A review as the user sees it: everything that is asked, nothing hidden.

    `review` is the very request; a decision is bound to it. `facts` are label and
    value pairs (agent, in, why); `runs` what it would run under and, beside it, the
    turn's own sandbox; `files` the diff of an edit review.
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
