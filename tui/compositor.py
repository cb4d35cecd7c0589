"""Drawing what changed, and nothing else.

To draw the changed part of a screen Textual asks every widget between the first changed
row and the last one for all of its lines, and then leaves out those that did not
change: with a header and a bottom line that change, that is the whole screen. Here a
widget is asked only if something of it that is to be seen changed, and only for the
rows between its first and its last change. Owns that and the pace. Invariants: what
reaches the terminal shows the same; a Textual that asks in another way draws in its
own.
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
        drawn: list[Region] = []  # What is in front hides what is behind it.
        for widget, (region, clip) in self.visible_widgets.items():
            visible = region.intersection(clip)
            parts = [
                part
                for one in self._changed
                if (part := visible.intersection(one))
                and not any(before.contains_region(part) for before in drawn)
            ]
            if parts:
                drawn.append(visible)
                top = min(part.y for part in parts)
                height = max(part.bottom for part in parts) - top
                band = Region(visible.x, top, visible.width, height)
                yield region, band, widget.render_lines(band.translate(-region.offset))


screen.UPDATE_PERIOD = 1 / 120  # type: ignore[misc]
"""Seconds. A key that comes just after a picture waits for up to two of them: with
Textual's own sixtieth, for longer than all that its letter costs."""

if hasattr(Compositor, "_get_renders") and hasattr(screen, "Compositor"):
    screen.Compositor = LeanCompositor  # every screen makes its own
