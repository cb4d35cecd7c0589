"""Plain mode and ASCII signs: words on every row, no lines, no boxes, no colour."""

from __future__ import annotations

import pytest
from textual.app import App

from state.events import Event, ItemCompleted, ReviewAsked
from tests.clockwork import piloted
from tests.screens.scripts import fleet
from tests.screens.stage import DEMO, NOW, card, connected, keys, recorded, stage, told
from tests.snap import Size, Snap, screen_text, settle, sizes
from tui.app import CodexTui
from tui.start import THEME_NAMES, plain_wanted
from tui.themes import THEMES
from widgets.glyphs import ASCII, Look

OURS = frozenset(ASCII) - set("~…’“”—–·") | set("╭╮╰╯┃┏┓┗┛├┤▁▂▃▄▅▆▇▔⠋")
"""Signs and lines that plain mode must not draw by itself."""


def plain(app: CodexTui, *, ascii_signs: bool = False) -> CodexTui:
    app.look = Look(plain=not ascii_signs, ascii=ascii_signs, still=True)
    return app


def midway() -> list[Event]:
    def patched(event: Event) -> bool:
        return (
            isinstance(event, ItemCompleted)
            and event.thread_id != DEMO
            and type(event.item.body).__name__ == "Patch"
        )

    return recorded("demo", until=patched)


def asking() -> list[Event]:
    return recorded("demo", until=lambda event: isinstance(event, ReviewAsked))


def signs(app: App[None]) -> set[str]:
    return set(OURS) & set(screen_text(app))


@sizes
def test_plain_fleet(snap_of: Snap, size: Size) -> None:
    app = plain(stage(connected(), told(*fleet())))
    words = ["needs you", "working", "ready"]
    snap_of(app, size, until=lambda: not signs(app), must_contain=words)


@sizes
def test_plain_thread(snap_of: Snap, size: Size) -> None:
    app = plain(stage(midway(), open_thread=DEMO))
    snap_of(
        app,
        size,
        until=lambda: not signs(app),
        run_before=keys("2"),
        must_contain=["Running ./watch", "workspace-write"],
    )


@sizes
def test_plain_thread_says_how_things_ended(snap_of: Snap, size: Size) -> None:
    """A failed command is a word, not a sign."""
    app = plain(stage(recorded("demo"), open_thread=DEMO))
    snap_of(
        app,
        size,
        until=lambda: not signs(app),
        run_before=keys("2", "g"),
        must_contain=["you: ", "done: ", *(["failed: Ran "] if size[1] > 24 else [])],
        each_anew=True,
    )


@sizes
def test_plain_review(snap_of: Snap, size: Size) -> None:
    app = plain(stage(asking(), open_thread=DEMO))
    snap_of(
        app,
        size,
        until=lambda: not signs(app),
        run_before=card(armed=False),
        must_contain=["./bench --save"],
    )


@sizes
def test_plain_dialog(snap_of: Snap, size: Size) -> None:
    app = plain(stage(midway(), open_thread=DEMO))
    snap_of(
        app,
        size,
        until=lambda: not signs(app),
        run_before=keys("1", "A"),
        must_contain=["1 Cancel", "2 Archive"],
    )


@sizes
def test_ascii_fleet(snap_of: Snap, size: Size) -> None:
    app = plain(stage(connected(), told(*fleet())), ascii_signs=True)
    snap_of(app, size, until=lambda: not signs(app), must_contain=["working"])


@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ({}, False),
        ({"NO_COLOR": ""}, False),
        ({"NO_COLOR": "1"}, True),
        ({"ACCESSIBLE": "1"}, True),
        ({"ACCESSIBLE": "0"}, False),
    ],
)
def test_the_surroundings_can_ask_for_it(env: dict[str, str], wanted: bool) -> None:
    assert plain_wanted(env) is wanted


def test_a_live_line_is_said_again_only_when_its_words_change() -> None:
    """Ten seconds pass: not a cell of the screen differs."""

    async def watch() -> tuple[str, str]:
        app = plain(stage(midway(), open_thread=DEMO))
        async with app.run_test(size=(120, 40)) as pilot:
            first = await settle(pilot)
            app.fleet.set_clock(NOW + 10_000, 3)
            return first, await settle(pilot)

    before, after = piloted(watch())
    assert "working: Running ./watch" in before
    assert after == before


def test_what_the_user_may_write_for_a_theme_is_one() -> None:
    assert set(THEME_NAMES.values()) <= {theme.name for theme in THEMES}
