"""Where things are: the engine's home and ours. Imports next to nothing."""

from __future__ import annotations

import os
from dataclasses import field
from pathlib import Path

from state.dataclass import dataclass
from state.home import state_home


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are: the engine's home and ours."""

    codex_home: Path
    home: Path = field(default_factory=state_home)
    env: dict[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    @classmethod
    def from_environment(cls) -> Place:
        """CODEX_HOME or ~/.codex; CODEX_TUI_HOME or the platform's state folder."""
        home = os.environ.get("CODEX_HOME")
        codex_home = Path(home).expanduser() if home else Path.home() / ".codex"
        return cls(codex_home.absolute())
