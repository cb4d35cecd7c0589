"""The least that Textual can do: the measure beside which first paint is read."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static


class TenLines(App[None]):
    """One line of text."""

    def compose(self) -> ComposeResult:
        yield Static("task-00000 fix the parser", markup=False)


if __name__ == "__main__":
    TenLines().run()
