"""The base of widgets that draw their lines themselves.

Owns one thing: a line is laid on the widget's own background, so that a widget looks
right on the page, in a dialog and in a card alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from rich.style import Style


if TYPE_CHECKING:
    _Mixed = Widget
else:
    # Textual takes styles from the first base that is a widget: that is to be the one
    # it is mixed into.
    _Mixed = object


class Grounded(_Mixed):
    """What its lines are laid on is found once for all that are drawn together: it
    costs more than many a line."""

    _ground: Style | None = None

    @property
    def ground(self) -> Style:
        """The widget's background, with the colour of its text."""
        return self._ground or self.rich_style

    def render_lines(self, crop: Region) -> list[Strip]:
        """Textual's own, on one ground."""
        self._ground = self.rich_style
        try:
            return super().render_lines(crop)
        finally:
            self._ground = None


class Drawn(Grounded, Widget):
    """Subclasses implement `draw_line`."""

    def draw_line(self, y: int) -> Strip:
        """Line `y` of the widget, exactly its width."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """The line on the widget's background."""
        return self.draw_line(y).apply_style(self.ground)
