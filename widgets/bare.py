"""Containers without a face: their lines are one blank line, however many there are.

Owns nothing but that. A container of Textual draws border, padding and background of
every line it has, though its children cover them. Invariant: not for a container with
a border, or padding in another colour.
"""

from __future__ import annotations

from rich.style import Style
from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


def blank_lines(widget: Widget, crop: Region) -> list[Strip]:
    """The lines of a widget that shows nothing but its background."""
    background = widget.background_colors[1]
    style = Style.from_color(None, background.rich_color)
    strip = Strip.blank(crop.width, style)
    for line_filter in widget.get_line_filters():
        strip = strip.apply_filter(line_filter, background)
    return [strip] * crop.height


class BareVertical(Vertical):
    """One below the other."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """Blank."""
        return blank_lines(self, crop)


class BareHorizontal(Horizontal):
    """Side by side."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """Blank."""
        return blank_lines(self, crop)
