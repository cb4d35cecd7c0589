"""A screen that fills the terminal, and costs nothing while another one covers it.

Textual takes every screen for one that shines through: what changes on a covered one is
asked of the one on top, which is then drawn as a whole, at every tick of a clock and
every word of an answer below it. Owns that this is so below a dialog only. Invariant:
a page that comes back is drawn whole, as it is then.
"""

from __future__ import annotations

from textual.screen import Screen


class Page(Screen[None]):
    """Built on by the fleet screen and by each board."""

    def _compositor_refresh(self) -> None:
        top = self.app.screen
        if top is self or top.is_modal:
            super()._compositor_refresh()
            return
        self._compositor._dirty_regions.clear()
        self._dirty_widgets.clear()
