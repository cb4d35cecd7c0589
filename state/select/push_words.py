"""Words and states that all of /push shares.

Owns what the board is asked to show, and how a program and who can write it are said.
All text from git and its configuration passes a door here. Invariant: an address is
shown without the login that may stand in it.
"""

from __future__ import annotations

from enum import StrEnum

from state.dataclass import dataclass
from state.pushes import Program, PushPlan, PushResult, Reach
from state.select.words import tilde
from state.text import reveal
from state.undelivered import Stray
from state.views import Bit, Bits, Tone

SPELLED = 4
"""Things that need a second key that have room in the strip; more head the page."""


class Phase(StrEnum):
    """Where a push stands."""

    LOOKING = "looking"
    READY = "ready"
    ARMED = "armed"
    ARMED_BARE = "armed, without hooks"
    RUNNING = "running"
    ENDED = "ended"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the board shows. `at` of `of` branches; `said`: lines of the push so far;
    `raw`: all text is wanted; `note`: why it stands as it does; `gh`: the command for
    a pull request, "" when there is none; `request`: what became of that."""

    phase: Phase
    title: str = ""
    home: str = ""
    plan: PushPlan | None = None
    at: int = 0
    strays: tuple[Stray, ...] = ()
    said: tuple[str, ...] = ()
    result: PushResult | None = None
    raw: bool = False
    note: str = ""
    gh: str = ""
    request: str = ""
    remote: str = ""
    """The command to type where the engine runs; "": it runs here"""


def secretless(url: str) -> str:
    """An address without the login that may stand in it."""
    head, mark, rest = url.partition("://")
    if mark and "@" in rest.split("/", 1)[0]:
        rest = rest.split("@", 1)[1]
    return reveal(f"{head}{mark}{rest}").text


def short(program: Program, place: str) -> str:
    """What is started; a file of the project by its place in it."""
    command = program.command
    if command.startswith(f"{place}/"):
        command = command.removeprefix(f"{place}/")
    return reveal(command).text


def set_by(origin: str, home: str) -> str:
    origin = tilde(reveal(origin).text, home)
    return f"set in {origin}" if "/" in origin or origin.startswith("$") else origin


def reach_bits(reach: Reach, *, changed: bool = False) -> Bits:
    words = [Bit("changed since the thread began", Tone.NEED)] if changed else []
    if reach is not Reach.YOURS:
        comma = ", " if words else ""
        words.append(Bit(f"{comma}{reach.value}", Tone.NEED))
    return tuple(words) or (Bit(reach.value, Tone.MUTED),)
