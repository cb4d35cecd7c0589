"""Read model of /approvals: presets, the three settings apart, scope, consequences."""

from __future__ import annotations

from state.changes import Wanted
from state.dataclass import dataclass
from state.views.base import Bits


@dataclass(frozen=True, slots=True)
class PresetRow:
    """One row of the list. `aside`: "current", "asks a second time" or why not."""

    key: str
    number: int
    square: str
    name: str
    words: str
    wanted: Wanted
    current: bool = False
    danger: bool = False
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a setting. `blocked`: why it cannot be chosen, in a sentence."""

    value: str
    label: str
    danger: bool = False
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of options. `aside`: what would change, else where the value is from."""

    options: tuple[Option, ...]
    value: str
    aside: Bits = ()


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch of the granular policy."""

    name: str
    label: str
    on: bool
    short: str = ""


@dataclass(frozen=True, slots=True)
class InForce:
    """What counts, for whom: "this turn", "next turn", "new threads"."""

    label: str
    words: Bits
    source: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ApprovalsView:
    """The whole board. `sentences`: what the choice changes, drops and leaves."""

    title: str
    agent: str
    presets: tuple[PresetRow, ...]
    policy: Setting
    switches: tuple[Switch, ...]
    switches_live: bool
    reviewer: Setting
    sandbox: Setting
    scope: Setting
    sentences: tuple[Bits, ...]
    in_force: tuple[InForce, ...]
    changed: bool = False
    refused: str = ""
    """Why enter would do nothing, in a sentence"""
