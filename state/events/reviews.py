"""What was asked, decided, sent and resolved; what auto-review said."""

from __future__ import annotations

from state.dataclass import dataclass
from state.items import ThreadId
from state.model import AutoReview, Decision, Review, ReviewKey


@dataclass(frozen=True, slots=True)
class ReviewAsked:
    """`at_ms`: when we heard of it, which may be long after it was asked."""

    thread_id: ThreadId
    review: Review
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class ReviewDecided:
    """The user decided; committed to the store before anything is sent."""

    thread_id: ThreadId
    key: ReviewKey
    decision: Decision
    at_ms: int


@dataclass(frozen=True, slots=True)
class ReviewSent:
    """The decision left on this connection."""

    thread_id: ThreadId
    key: ReviewKey
    at_ms: int


@dataclass(frozen=True, slots=True)
class ReviewReopened:
    """The decision could not leave: the review is undecided again."""

    thread_id: ThreadId
    key: ReviewKey


@dataclass(frozen=True, slots=True)
class ReviewResolved:
    """serverRequest/resolved: answered by somebody, or void."""

    thread_id: ThreadId
    key: ReviewKey
    at_ms: int


@dataclass(frozen=True, slots=True)
class ReviewAnswered:
    """Another window on our store, or the command line, answered it: what, when and
    `by` whom stands there. `decision` None: it is not known to have left."""

    thread_id: ThreadId
    key: ReviewKey
    decision: Decision | None
    decided_ms: int | None
    by: str


@dataclass(frozen=True, slots=True)
class AutoReviewChanged:
    thread_id: ThreadId
    review: AutoReview


@dataclass(frozen=True, slots=True)
class DenialApproved:
    """The engine took it that the user approves one retry of a denied action."""

    thread_id: ThreadId
    review_id: str
    at_ms: int
