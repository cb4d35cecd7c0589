"""Reviews: what the engine asks of the user, and what auto-review decides itself.

Owns the shapes of a server request, of an answer to it and of an auto-review; does not
own how they change (`state.reduce`) nor when a key may decide (`state.guard`).
Invariant: a review is bound to exactly one request of one engine.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from state.dataclass import dataclass
from state.items import ItemId, ThreadId, TurnId

RequestId = int | str
REVIEWER_WORDS = {
    "user": "you",
    "auto_review": "auto-review",
    "guardian_subagent": "auto-review",
}
"""Who decides, by the engine's name for it"""
SWITCHES = (
    ("sandbox_approval", "sandbox"),
    ("rules", "rules"),
    ("skill_approval", "skills"),
    ("request_permissions", "request_permissions"),
    ("mcp_elicitations", "MCP elicitations"),
)
"""The granular policy's five switches, wire name and word."""
RETRY_EPOCH = "auto-review"
"""Stands for the engine's life in the key of a denial that was approved for a retry:
such a decision answers no request."""
ELSEWHERE = "you in another window"
COMMAND_LINE = "you on the command line"
ITS_CALL, ITS_ENGINE = "its call's end", "the engine's end"
"""What ends an auto-review before it answers, beside its turn's end"""
OURS = ("you", ELSEWHERE, COMMAND_LINE)
"""Who decided, where it was the user"""
ANOTHER, ENDED = "another client", "the turn's end"
NOT_OURS = (ANOTHER, "unknown", "unseen")
"""Who decided, as far as one window can tell that gave no answer itself"""
EITHER = "you or another client"
"""An answer was written down, nobody knows whether it left, and it is answered"""


def switches(given: tuple[tuple[str, bool], ...]) -> tuple[tuple[str, bool], ...]:
    """All five switches in our order; what is not said is off."""
    said = dict(given)
    return tuple((name, said.get(name, False)) for name, _ in SWITCHES)


class ReviewKind(StrEnum):
    """What is asked of the user."""

    COMMAND = "command"
    EDITS = "edits"
    PERMISSIONS = "permissions"
    QUESTION = "question"
    ELICITATION = "elicitation"
    TOOL_CALL = "tool call"
    OTHER = "other"


class ReviewState(StrEnum):
    """Decided, sent and confirmed are three moments; `LOST`: the engine died first."""

    PENDING = "pending"
    DECIDED = "decided"
    SENT = "sent"
    RESOLVED = "resolved"
    LOST = "lost"


class ReviewKey(NamedTuple):
    """Names one server request: request ids restart with the engine."""

    epoch: str
    request_id: RequestId


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer. `letter` is the key that gave it, `label` its words, `result` the
    JSON text that is sent as the response's result, `broad` whether it grants more
    than this once."""

    letter: str
    label: str
    result: str
    broad: bool = False
    detail: str = ""
    """What exactly a broad answer grants, to whom and for how long."""
    via: str = ""
    """`COMMAND_LINE` where it was given there; "" in a window"""


@dataclass(frozen=True, slots=True)
class Review:
    """A server request that waits for an answer, bound to exactly that request.

    `params` is the request's params as JSON text, `params_hash` its SHA-256.
    `decisions` in the order the engine lists them. `ours`: False when another
    client owns the matter (tool calls) and we only show that it waits.
    """

    key: ReviewKey
    connection: int
    method: str
    kind: ReviewKind
    thread_id: ThreadId
    turn_id: TurnId | None
    item_id: ItemId | None
    approval_id: str | None
    params: str
    params_hash: str
    asked_ms: int
    command: str | None = None
    display: str | None = None
    cwd: str | None = None
    reason: str | None = None
    host: str | None = None
    decisions: tuple[Decision, ...] = ()
    ours: bool = True
    state: ReviewState = ReviewState.PENDING
    decision: Decision | None = None
    decided_ms: int | None = None
    resolved_ms: int | None = None
    resolved_by: str | None = None
    """One of `OURS`, another client, the turn's end, the engine, unseen: no window of
    ours listened; None while open"""
    again_ms: int | None = None
    """When the engine, on another connection, asked once more what still waits"""
    unheard: Decision | None = None
    """What was decided before that: it did not reach the engine"""


def not_heard(review: Review, decided_ms: int, sent_ms: int | None) -> bool:
    """Whether what was decided then did not reach the engine: it asked again later."""
    again_ms = review.again_ms
    return again_ms is not None and max(decided_ms, sent_ms or 0) < again_ms


@dataclass(frozen=True, slots=True)
class AutoReview:
    """A guardian review. `status`: inProgress, approved, denied, timedOut, aborted."""

    id: str
    turn_id: TurnId | None
    target_item_id: ItemId | None
    status: str
    action: str
    action_kind: str
    risk: str | None = None
    authorization: str | None = None
    rationale: str | None = None
    started_ms: int | None = None
    completed_ms: int | None = None
    retry_ms: int | None = None
    """When the user approved one retry of what was denied here"""
    ended_by: str = ""
    """What ended one that was aborted, where it was not the turn's end"""

    @property
    def notice(self) -> ItemId:
        """The item that stands in the turn for what came of it."""
        return ItemId(f"auto-review:{self.id}")

    @property
    def holds_back(self) -> ItemId | None:
        """The item that does not begin without its approval. What is about a program
        that runs, its input or its connection, holds nothing back."""
        before = self.action_kind in ("command", "execve", "applyPatch", "mcpToolCall")
        return self.target_item_id if before else None
