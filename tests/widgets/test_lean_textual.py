"""The tests' short way to a style leads where Textual's own leads."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.color import Color
from textual.containers import Vertical
from textual.widget import Widget

from tests.clockwork import piloted

RULES = {
    "above": "Line {{ color: white; }} .alarm Line {{ color: {}; }}",
    "itself": "Line {{ color: white; }} Line.alarm {{ color: {}; }}",
    "state": "Line {{ color: white; }} Line:focus {{ color: {}; }}",
    "state above": "Line {{ color: white; }} Vertical:focus Line {{ color: {}; }}",
    "within": "Line {{ color: white; }} Vertical:focus-within Line {{ color: {}; }}",
    "place": "Line {{ color: white; }} Line:last-child {{ color: {}; }}",
}


class Line(Widget, can_focus=True):
    """What is styled."""


class Box(Vertical, can_focus=True):
    """What it is in."""


class Sample(App[None]):
    """A box with one line."""

    AUTO_FOCUS = None

    def __init__(self, rules: str) -> None:
        super().__init__()
        self.stylesheet.add_source(rules)

    def compose(self) -> ComposeResult:
        """Draw."""
        with Box():
            yield Line()


@pytest.mark.parametrize("colour", ["red", "blue"])
@pytest.mark.parametrize("case", RULES)
def test_a_style_follows_what_its_rules_ask(case: str, colour: str) -> None:
    """Twice, with other rules of the same shape: what was found is not mixed up."""

    async def play() -> None:
        app = Sample(RULES[case].format(colour))
        async with app.run_test() as pilot:
            box, line = app.query_one(Box), app.query_one(Line)
            for _ in range(2):
                if case != "place":
                    assert line.styles.color == Color.parse("white")
                match case:
                    case "above":
                        box.add_class("alarm")
                    case "itself":
                        line.add_class("alarm")
                    case "state" | "within":
                        line.focus()
                    case "state above":
                        box.focus()
                await pilot.pause()
                assert line.styles.color == Color.parse(colour)
                if case == "place":
                    await box.mount(Line())
                app.screen.set_focus(None)
                box.remove_class("alarm")
                line.remove_class("alarm")
                await pilot.pause()
                if case == "place":
                    assert line.styles.color == Color.parse("white")
                    return

    piloted(play())


def test_rules_that_come_later_count() -> None:
    async def play() -> None:
        app = Sample("Line { color: white; }")
        async with app.run_test() as pilot:
            line = app.query_one(Line)
            assert line.styles.color == Color.parse("white")
            app.stylesheet.add_source("Box Line { color: red; }", ("later", ""))
            app.stylesheet.reparse()
            app.stylesheet.update(app)
            await pilot.pause()
            assert line.styles.color == Color.parse("red")

    piloted(play())
