"""The shapes of a question about the sandbox and of its answer.

Owns them alone; `explain` and `connecting` find the answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from state.dataclass import dataclass, replace
from state.permissions.box import Box, Rule
from state.permissions.hosts import Domain, Lead, Outcome, Proxy
from state.permissions.policy import Entry, Host, Layer, Policy
from state.permissions.reach import Reached
from state.permissions.reasons import Remedy


class Operation(StrEnum):
    """What an agent does."""

    WRITE = "write"
    READ = "read"
    PATCH = "patch"
    CONNECT = "connect"
    STDIN = "stdin"


class Answer(StrEnum):
    """What comes of it."""

    ALLOWED = "allowed"
    DENIED = "denied"
    ASKS_YOU = "asks you"
    ASKS_AUTO = "asks auto-review"
    ASKS_ANOTHER = "asks a reviewer unknown here"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Approvals:
    """Who is asked: the approval policy, its switches, the reviewer."""

    policy: str | None = None
    granular: Mapping[str, bool] = field(default_factory=dict)
    reviewer: str | None = None

    @property
    def asks(self) -> Answer:
        """Who answers a question of an agent. Under `untrusted` it is always you."""
        if self.policy == "untrusted" or self.reviewer in (None, "user"):
            return Answer.ASKS_YOU
        auto = self.reviewer in ("auto_review", "guardian_subagent")
        return Answer.ASKS_AUTO if auto else Answer.ASKS_ANOTHER

    @property
    def may_leave(self) -> bool:
        """An agent may ask to run something outside the sandbox."""
        if self.policy == "granular":
            return self.granular.get("sandbox_approval", False)
        return self.policy in ("on-request", "untrusted")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. `entry`, of a connection `domain`: what decides, with the layer it
    came from. `path`: where a path really leads. `further`: what an agent can still do
    about it. `sandbox`, of a connection `gate`: what the sandbox alone says of it,
    which a real run must confirm. `proxied`: it goes through the managed proxy."""

    answer: Answer
    why: str
    layer: Layer | None = None
    entry: Entry | None = None
    path: str = ""
    further: str = ""
    remedy: Remedy | None = None
    rule: Rule | None = None
    sandbox: Reached | None = None
    domain: Domain | None = None
    gate: Outcome | None = None
    proxied: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What a question is asked about: a policy, its sandbox, and who is asked. `proxy`:
    what stands between commands and the network. `lead`: where the host that is asked
    about leads; None: nobody looked."""

    policy: Policy
    box: Box
    host: Host
    approvals: Approvals = Approvals()
    proxy: Proxy | None = None
    lead: Lead | None = None


def altered(
    verdict: Verdict, *, answer: Answer | None = None, further: str = ""
) -> Verdict:
    """With another answer, and what follows from it."""
    return replace(verdict, answer=answer or verdict.answer, further=further)
