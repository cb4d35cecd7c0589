"""Commands that change what Codex may do, for whom and for how long.

Owns their shapes; `state.commands` lists them in its union. Invariants: what is None
is not touched; `note` is the sentence that is said when the engine has done it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from state.dataclass import dataclass
from state.items import ThreadId, TurnId
from state.model import AutoReview, Sandbox


class Wanted(NamedTuple):
    """A choice of the three settings. `sandbox`: a profile's id, or "" for as it is."""

    policy: str
    reviewer: str
    sandbox: str
    granular: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """What a thread's next turns run under; the running turn goes on as it is.

    `policy` granular: then `granular` holds the five switches. Of `profile` and
    `sandbox` at most one is set.
    """

    thread_id: ThreadId
    policy: str | None = None
    granular: tuple[tuple[str, bool], ...] = ()
    reviewer: str | None = None
    profile: str | None = None
    sandbox: Sandbox | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ChangeNextTurn:
    """As `change` for the next turn alone: once that has begun, the thread gets back
    what it has now."""

    change: ChangeSettings


@dataclass(frozen=True, slots=True)
class ChangeTurnReviewer:
    """Who answers what the running turn asks from its next step on. What is being
    reviewed already keeps its reviewer."""

    thread_id: ThreadId
    turn_id: TurnId
    reviewer: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ConfigEdit:
    """One key of a configuration file, as `state.key_path` spells it; None takes it
    out."""

    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class WriteConfig:
    """Edit a configuration file through the engine, look whether the engine can use
    what came of it, and put it back if not.

    `project`: the root of a project whose .codex/config.toml is meant; None: the
    user's own config.toml. `cwd`: where the effect is looked at. `profile`: a
    permission profile under which a command must be able to start afterwards.
    """

    edits: tuple[ConfigEdit, ...]
    cwd: str
    project: str | None = None
    note: str = ""
    profile: str = ""


@dataclass(frozen=True, slots=True)
class TrustProject:
    """Remember that a project is trusted, or untrusted; None forgets it."""

    root: str
    level: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ApproveDenial:
    """Let the agent try once more what auto-review denied; the retry is reviewed
    again. `through`: who is told instead of an agent that takes no word from us."""

    thread_id: ThreadId
    review: AutoReview
    through: ThreadId | None = None


Change = (
    ChangeSettings
    | ChangeNextTurn
    | ChangeTurnReviewer
    | WriteConfig
    | TrustProject
    | ApproveDenial
)
