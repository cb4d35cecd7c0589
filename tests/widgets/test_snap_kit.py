"""The snapshot kit itself: it waits for the screen, sees popups, refuses controls."""

from __future__ import annotations

import re

import pytest
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget

from tests.clockwork import piloted
from tests.look import with_local_font
from tests.snap import check_text, screen_text, settle


class Words(Widget):
    """A text that changes when told."""

    words = "first"

    def render(self) -> Content:
        return Content(self.words)


class Popup(ModalScreen[None]):
    """A popup over it."""

    DEFAULT_CSS = "Popup { align: center middle; } Popup Words { width: 9; height: 1; }"

    def compose(self) -> ComposeResult:
        words = Words()
        words.words = "popped up"
        yield words


class Host(App[None]):
    """A screen that reaches its state in many small steps."""

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Words()

    def on_mount(self) -> None:
        self.steps = 0
        self.call_after_refresh(self.step)

    def step(self) -> None:
        self.steps += 1
        words = self.query_one(Words)
        words.words = f"step {self.steps}" if self.steps < 25 else "ready"
        words.refresh()
        if self.steps < 25:
            self.call_after_refresh(self.step)


def test_it_waits_until_the_screen_stays() -> None:
    async def run() -> str:
        async with Host().run_test(size=(40, 10)) as pilot:
            return await settle(pilot, until="ready")

    assert piloted(run()).strip() == "ready"


def test_what_is_never_reached_is_said() -> None:
    async def run() -> None:
        async with Host().run_test(size=(40, 10)) as pilot:
            await settle(pilot, until="never", rounds=3)

    with pytest.raises(AssertionError, match="never settled with 'never'"):
        piloted(run())


def test_a_popup_and_what_is_behind_it_are_seen() -> None:
    async def run() -> str:
        app = Host()
        async with app.run_test(size=(40, 11)) as pilot:
            await settle(pilot, until="ready")
            await app.push_screen(Popup())
            await settle(pilot, until="popped up")
            return screen_text(app)

    text = piloted(run())
    assert text.splitlines()[0] == "ready"
    assert text.splitlines()[5].strip() == "popped up"


@pytest.mark.parametrize("bad", ["\x1b[31m", "\u202e", "\u200b", "\x9b"])
def test_control_characters_are_refused(bad: str) -> None:
    check_text("fine 漢字 👍\n", (20, 1), ["fine"])
    with pytest.raises(AssertionError, match="control characters"):
        check_text(f"x{bad}\n", (20, 1), [])


def test_missing_words_are_named() -> None:
    with pytest.raises(AssertionError, match=re.escape("['3 need you']")):
        check_text("2  need you\n", (20, 1), ["2 need you", "3 need you"])


def test_columns_stay_columns_in_a_local_font() -> None:
    svg = "font-family: Fira Code, monospace; font-size: 20px; @font-face {\n x }"
    assert with_local_font(svg, "Some Mono", 0.61) == (
        "font-family: 'Some Mono', monospace; font-size: 20.000px; "
    )
