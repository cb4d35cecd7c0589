"""The review card: at rest, armed, its strip open, edits with their diff."""

from __future__ import annotations

import pytest

from state.events import Event, ReviewAsked
from tests.screens.scripts import (
    AUTH,
    FULL_ACCESS,
    ROWS,
    answer,
    began,
    ended,
    fleet,
    item,
    listed,
    opened,
    row,
    said,
    settings,
)
from tests.screens.stage import CWD, card, connected, keys, recorded, stage, told
from tests.snap import Size, Snap, sizes
from tui.app import CodexTui

EDITS = "01a1fb1c-9d52-7392-82c3-4255867157b6"


def asked(theme: str = "ink") -> CodexTui:
    """A command that would run outside the sandbox, with a prefix to grant."""
    return stage(connected(), told(*fleet()), open_thread=AUTH, theme=theme)


@sizes
def test_not_armed(snap_of: Snap, size: Size) -> None:
    words = ["not armed yet", "Would you like to run the following command?"]
    snap_of(asked(), size, run_before=card(armed=False), must_contain=words)


@sizes
def test_armed(snap_of: Snap, size: Size) -> None:
    words = [
        "armed: letters decide",
        "without the sandbox",
        "cargo update -p criterion",
    ]
    snap_of(asked(), size, run_before=card(), must_contain=words)


@sizes
@pytest.mark.parametrize("theme", ["paper", "codex-ansi"])
def test_armed_in_other_themes(snap_of: Snap, size: Size, theme: str) -> None:
    words = ["armed: letters decide", "without the sandbox"]
    snap_of(asked(theme), size, run_before=card(), must_contain=words)


@sizes
def test_strip(snap_of: Snap, size: Size) -> None:
    """A broad grant spells itself out and takes the key again."""
    words = ["p again to grant it", "Every command that starts with"]
    snap_of(asked(), size, run_before=card("p"), must_contain=words)


@sizes
def test_edits(snap_of: Snap, size: Size) -> None:
    """What would be written, as a diff."""
    app = stage(recorded("a-filechange-approval", until=_edits), open_thread=EDITS)
    words = ["Would you like to make the following edits?", "armed"]
    snap_of(app, size, run_before=card(), must_contain=words)


def _edits(event: Event) -> bool:
    return isinstance(event, ReviewAsked)


@sizes
def test_waits_while_one_looks_elsewhere(snap_of: Snap, size: Size) -> None:
    """An asking thread that is not open: amber in list, header and counters."""
    app = stage(connected(), told(*fleet()), open_thread="01a1-notes")
    words = ["1 needs you", "command", "cargo update"]
    snap_of(app, size, run_before=keys("down"), must_contain=words)


def test_full_access_in_the_card(snap_of: Snap) -> None:
    """The thread was switched while it waited: the card tells this turn's sandbox."""
    app = stage(
        connected(),
        told(*fleet(), settings(AUTH, FULL_ACCESS, approvalPolicy="never")),
        open_thread=AUTH,
    )
    words = ["in this turn's sandbox", CWD]
    words[0] = words[0].replace("'", "\u2019")
    snap_of(app, (120, 40), run_before=card(), must_contain=words)


@sizes
def test_question_in_passing(snap_of: Snap, size: Size) -> None:
    """It stands in the inbox after its turn; enter goes to where it was asked."""
    asked = answer("Which colour shall it have?\n- Red\n- Blue", "q1")
    options = [{"title": "Which colour shall it have?", "options": ["Red", "Blue"]}]
    asked |= {"delivery": "async", "questions": options}
    calm = row(AUTH, "review the auth middleware", 300, "idle")
    words = [said("Give it a banner."), asked, answer("The rest is done.", "a2")]
    items = [item(AUTH, "t1", **one) for one in words]
    world = (listed(calm, *ROWS), opened(calm), *began(AUTH, "t1"))
    app = stage(connected(), told(*world, *items, *ended(AUTH, "t1")))
    shown = ["question", "Which colour shall it have? (Red · Blue)"]
    act, seen = keys("r"), shown[:1]
    if size[0] == 120:
        act = keys("r", "enter")
        seen = ["Your next message to it is the answer", "Which colour shall it"]
    snap_of(app, size, run_before=act, must_contain=seen, each_anew=True)
