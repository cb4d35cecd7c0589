"""The answer to "who blocked this, and what would allow it?"."""

from __future__ import annotations

from enum import StrEnum

from state.dataclass import dataclass
from state.permissions.noise import Noise


class Blocker(StrEnum):
    """Who stopped it."""

    SANDBOX = "Codex's sandbox"
    PROXY = "Codex's managed network"
    OUTER = "a sandbox around Codex"
    SYSTEM = "the system"
    CODEX = "Codex"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`sentence`: who blocked what. `remedy`: what would allow it. `setting`: lines to
    copy, in `language` toml, json or sh; "" where no setting helps. `proven`: the
    sandbox did it beyond doubt; otherwise the sentence says "may"."""

    blocker: Blocker
    sentence: str
    remedy: str
    setting: str = ""
    language: str = ""
    proven: bool = True
    noise: Noise | None = None
    subject: str = ""
