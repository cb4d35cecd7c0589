"""The bottom line at every width, and the themes' contrast."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES, Theme
from textual.widget import Widget

from state.views import SandboxLine, Tone
from tests.widgets.host import HOSTILE, Host, assert_harmless, drawn, play
from tui.themes import INK, PAPER, THEMES, variable_defaults
from widgets.glyphs import ASCII, Look
from widgets.intents import OpenSandbox
from widgets.palette import (
    CODE_VARIABLES,
    FLOOR,
    OWN_VARIABLES,
    TONE_VARIABLES,
    Back,
    contrast,
    palette_of,
)
from widgets.status_bar import StatusBar

WRITE = SandboxLine(
    "◧",
    "workspace-write",
    "neutral",
    ("network off", "asks you", "3 writable roots"),
    terminals=2,
    hints=("/ps /stop", "/approvals"),
)
DANGER = SandboxLine("■", "FULL ACCESS", "danger", ("no sandbox", "network on"))
ALARM = SandboxLine(
    "□",
    "read-only",
    "alarm",
    ("network off",),
    lead="asked for workspace-write, in force",
    hints=("enter says why",),
)
STALE = SandboxLine("~", "workspace-write", "stale", (), lead="last known ")


def row(
    view: SandboxLine, width: int, message: str = "", look: Look | None = None
) -> str:
    """The bottom line at a width."""
    found: list[str] = []

    def build() -> list[Widget]:
        bar = StatusBar()
        bar.can_focus = False
        bar.view = view
        bar.message = message
        return [bar]

    async def act(app: Host, pilot: Pilot[None]) -> None:
        bar = app.query_one(StatusBar)
        assert_harmless(bar)
        found.extend(drawn(bar))

    play(build, act, (width, 5), look=look)
    return found[0]


def test_what_goes_first_when_space_ends() -> None:
    wide = row(WRITE, 118)
    assert wide.startswith(
        " ◧ workspace-write · network off · asks you · 3 writable roots  "
    )
    assert wide.endswith("  2 terminals · /ps /stop    /approvals ")
    assert "/approvals" not in row(WRITE, 90)
    assert "3 writable roots" in row(WRITE, 90)
    narrow = row(WRITE, 50)
    assert "/ps" not in narrow
    assert "3 writable roots" not in narrow
    assert "workspace-write · network off" in narrow
    for width in range(20, 120):
        if width % 9 == 0:
            assert "◧ workspace-write" in row(WRITE, width)


def test_levels_say_what_they_mean() -> None:
    assert row(DANGER, 80).startswith(" ■ FULL ACCESS  no sandbox · network on")
    alarm = row(ALARM, 100)
    asked = " ! asked for workspace-write, in force □ read-only  network off"
    assert alarm.startswith(asked)
    assert alarm.rstrip().endswith("enter says why")
    assert row(STALE, 80).startswith(" ~ last known workspace-write ")


def test_a_message_replaces_the_hints_and_leaves_the_mode() -> None:
    said = row(WRITE, 80, "press esc again to interrupt /root")
    assert "◧ workspace-write" in said
    assert "press esc again to interrupt /root" in said
    assert "/approvals" not in said


def test_a_long_message_is_whole_above_the_mode_and_leaves_no_trace() -> None:
    words = "codex 0.163.0 runs here, and 0.169.0 is installed: " * 2 + "the end"

    async def act(app: Host, pilot: Pilot[None]) -> None:
        bar = app.query_one(StatusBar)
        for said, rows in (("", 1), ("short", 1), (words, 3), ("", 1)):
            bar.message = said
            await pilot.pause()
            lines = drawn(bar)
            assert bar.size.height == len(lines) == rows
            assert "◧ workspace-write" in lines[-1]
            assert " ".join(" ".join(lines[:-1]).split()) == (said if rows > 1 else "")
        bar.message = "word " * 900
        await pilot.pause()
        *lines, mode = drawn(bar)
        assert len(lines) == 3
        assert lines[-1].rstrip().endswith("…")
        assert "◧ workspace-write" in mode
        assert "network off" in mode, "the facts stay"

    def build() -> list[Widget]:
        bar = StatusBar()
        bar.view = WRITE
        return [bar]

    play(build, act)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words(text: str) -> None:
    row(
        SandboxLine("◧", text, "calm", (text, text), lead=text, hints=(text,)), 80, text
    )


def test_plain_mode_is_words() -> None:
    said = row(WRITE, 100, look=Look(plain=True))
    assert said.startswith("Sandbox: workspace-write, network off, asks you")
    assert "Terminals: 2" in said


def test_enter_asks_why() -> None:
    def build() -> list[Widget]:
        bar = StatusBar()
        bar.view = ALARM
        return [bar]

    async def act(app: Host, pilot: Pilot[None]) -> None:
        app.query_one(StatusBar).focus()
        await pilot.press("enter")
        await pilot.click(StatusBar)

    assert len(play(build, act).of(OpenSandbox)) == 2


# -- themes ----------------------------------------------------------------------


def variables(theme: Theme) -> dict[str, str]:
    return {**theme.to_color_system().generate(), **theme.variables}


@pytest.mark.parametrize("theme", [INK, PAPER], ids=lambda t: t.name)
def test_every_word_reads_on_every_background(theme: Theme) -> None:
    values = variables(theme)
    words = [v for tone, v in TONE_VARIABLES.items() if tone is not Tone.FAINT]
    loud = (Back.NONE, Back.ALARM, Back.DANGER)
    backs = ["background", *(back.value for back in Back if back not in loud)]
    for word in (*words, *CODE_VARIABLES):
        for back in backs:
            got = contrast(Color.parse(values[word]), Color.parse(values[back]))
            assert got >= FLOOR, (word, back, got)
    for name in ("alarm", "danger"):
        on = Color.parse(values[f"on-{name}"])
        assert contrast(on, Color.parse(values[name])) >= FLOOR


def test_contrast_is_measured_as_the_world_does() -> None:
    black, white = Color.parse("#000000"), Color.parse("#ffffff")
    assert round(contrast(black, white), 2) == 21.0
    assert round(contrast(Color.parse("#777777"), white), 2) == 4.48


@pytest.mark.parametrize("name", [*BUILTIN_THEMES, *(t.name for t in THEMES)])
def test_every_theme_loads_and_mutes_legibly(name: str) -> None:
    def build() -> list[Widget]:
        bar = StatusBar()
        bar.view = WRITE
        return [bar]

    async def act(app: Host, pilot: Pilot[None]) -> None:
        theme = app.current_theme
        given = app.theme_variables
        assert set(OWN_VARIABLES) <= set(given)
        palette = palette_of(app.query_one(StatusBar))
        if theme.ansi:
            assert palette.style(Tone.MUTED, Back.PANEL).bgcolor is None
            assert palette.style(Tone.MUTED).dim
            assert palette.style(Tone.BRIGHT).bold
            assert palette.style(Tone.TEXT, Back.DANGER).reverse
            return
        muted = Color.parse(variable_defaults(theme)["muted"])
        back = Color.parse(given["background"])
        assert contrast(muted, back) >= FLOOR

    play(build, act, theme=name)


def test_signs_are_one_cell_in_both_forms() -> None:
    for glyph, plain in ASCII.items():
        assert len(glyph) == len(plain) == 1
        assert plain.isascii()
