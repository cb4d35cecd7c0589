"""The base of widgets that draw their lines themselves.

Owns one thing: a line is laid on the widget's own background, so that a widget looks
right on the page, in a dialog and in a card alike.
"""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget


class Drawn(Widget):
    """Subclasses implement `draw_line`."""

    def draw_line(self, y: int) -> Strip:
        """Line `y` of the widget, exactly its width."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """The line on the widget's background."""
        return self.draw_line(y).apply_style(self.rich_style)
