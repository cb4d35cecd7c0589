"""Read model of the sandbox inspector: settings, roots, what a probe said."""

from __future__ import annotations

from state.dataclass import dataclass
from state.views.base import Bits, Tone


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting: its value, who set it, and where."""

    label: str
    value: Bits
    set_by: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class RootLine:
    """One root. `real`: where it leads, when that differs from its spelling.
    `inside`: a carve-out of the root above it. `decides`: it decided the probe."""

    key: str
    glyph: str
    access: str
    tone: Tone
    path: str
    real: str = ""
    because: str = ""
    set_by: str = ""
    inside: bool = False
    decides: bool = False


@dataclass(frozen=True, slots=True)
class ProbeLine:
    """A row of the answer: predicted, real, whether they agree, what would allow it."""

    label: str
    words: Bits
    right: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SandboxView:
    """The whole board. `loud`: what is wrong, above all else. `hosts`: the lists of the
    managed proxy; empty without one."""

    title: str
    agent: str
    square: str
    mode: str
    tone: Tone
    sentence: str
    loud: tuple[Bits, ...]
    settings: tuple[SettingLine, ...]
    roots: tuple[RootLine, ...]
    count: int
    notes: tuple[Bits, ...] = ()
    since: str = ""
    hosts: tuple[RootLine, ...] = ()
    host_count: int = 0
