"""What stands on the terminal inside the review card: as it was drawn, no sooner.

Owns the cells the app wrote, as an onlooker before the screen sees them. A look never
makes anything be drawn: who asks the app to draw itself would see a card that nobody
saw, and would tell its guard that it was seen. The rest of the screen is not drawn at
all, as nobody looks there. Invariant: a cell holds what the last update put there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import RenderableType
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.app import App
from textual.geometry import Region
from textual.strip import Strip

from tests.driver import Driver

_draw = Compositor.render_update
_display = App._display


class Glass:
    """The terminal's cells of one app, while `watched`."""

    def __init__(self, driver: Driver) -> None:
        width, height = driver.app.size
        self._driver = driver
        self._rows = [[" "] * width for _ in range(height)]
        self._card = driver.card
        self._compositor = driver.fleet._compositor

    def lines(self, region: Region) -> list[str]:
        """What stands in these cells."""
        rows = self._rows[max(0, region.y) : region.bottom]
        return ["".join(row[region.x : region.right]) for row in rows]

    @contextlib.contextmanager
    def watched(self) -> Iterator[Glass]:
        """Within, what is drawn is drawn onto this."""

        def render_update(
            compositor: Compositor,
            full: bool = False,
            screen_stack: Any = None,
            simplify: bool = False,
        ) -> RenderableType | None:
            if full:
                return _draw(compositor, True, screen_stack, simplify)
            return self._update(compositor, screen_stack)

        def display(app: App[Any], screen: Any, update: RenderableType | None) -> None:
            if update is not None and not app._batch_count:
                self._put(update)
            _display(app, screen, update)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Compositor, "render_update", render_update)
            patch.setattr(App, "_display", display)
            yield self

    # -- the app's side --------------------------------------------------------------

    def _update(self, compositor: Compositor, stack: Any) -> RenderableType | None:
        """Draw what has changed, as far as it is where the card is."""
        changed, compositor._dirty_regions = compositor._dirty_regions, set()
        if compositor is not self._compositor or not self._card.display:
            return None
        region = self._card.region
        compositor._dirty_regions = {
            part for part in (region.intersection(r) for r in changed) if part
        }
        return _draw(compositor, False, stack, False)

    def _put(self, update: RenderableType) -> None:
        match update:
            case LayoutUpdate():
                for y, strips in enumerate(update.strips, update.region.y):
                    self._write(y, update.region.x, strips, update.region.right)
            case ChopsUpdate():
                for y, left, right in update.spans:
                    line = update.chops[y].items()
                    for end, (x, strip) in zip(update.chop_ends[y], line, strict=True):
                        if strip is not None and x <= right and end > left:
                            self._write(y, x, [strip], min(end, right))

    def _write(self, y: int, x: int, strips: Iterable[Strip], end: int) -> None:
        row = self._rows[y]
        text = "".join(strip.text for strip in strips)
        if cell_len(text) == len(text):
            text = text[: end - x]
            row[x : x + len(text)] = text
            return
        for character in text:
            if x >= end:
                return
            wide = cell_len(character)
            if wide and x + wide <= len(row):
                row[x : x + wide] = [character, *[""] * (wide - 1)]
            x += wide
