"""Drawing what changed, and nothing else.

To draw the changed part of a screen Textual asks every widget between the first changed
row and the last one for all of its lines, and then leaves out those that did not
change: with a header and a bottom line that change, that is the whole screen. Here a
widget is asked only if something of it changed, and only for the rows between its
first and its last change. Owns nothing but that. Invariants: what reaches the terminal
shows the same; a Textual that asks in another way draws in its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual import screen
from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip

Render = tuple[Region, Region, list[Strip]]


class LeanCompositor(Compositor):
    """Textual's, with fewer questions."""

    _changed: tuple[Region, ...] = ()

    def render_partial_update(self) -> ChopsUpdate | None:
        """What changed."""
        self._changed = tuple(self._dirty_regions)
        try:
            return super().render_partial_update()
        finally:
            self._changed = ()

    def _get_renders(self, crop: Region | None = None) -> Iterable[Render]:
        if not self._changed:
            yield from super()._get_renders(crop)
            return
        for widget, (region, clip) in self.visible_widgets.items():
            visible = region.intersection(clip)
            rows = _rows(visible, self._changed)
            if rows is None:
                continue
            top, bottom = rows
            band = Region(visible.x, top, visible.width, bottom - top)
            yield region, band, widget.render_lines(band.translate(-region.offset))


def _rows(visible: Region, changed: Iterable[Region]) -> tuple[int, int] | None:
    """From the first to the last row of `visible` that changed; None: none did."""
    left, first, width, height = visible
    right, last = left + width, first + height
    top, bottom = last, first
    for x, y, wide, high in changed:
        if x < right and x + wide > left and y < last and y + high > first:
            top = min(top, max(y, first))
            bottom = max(bottom, min(y + high, last))
    return (top, bottom) if top < bottom else None


if hasattr(Compositor, "_get_renders") and hasattr(screen, "Compositor"):
    screen.Compositor = LeanCompositor  # every screen makes its own
