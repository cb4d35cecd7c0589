"""How the panes of the right column share its height.

Owns the rule only. Invariant: a height that is already set is not set again, for even
that lays the screen out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from widgets.pane import Pane

LAST = 6
"""Rows of the last pane, which takes the rest."""


def share(panes: Sequence[Pane[Any]], room: int | None) -> None:
    """Each pane as high as what it holds; where there is too little, the longest gives
    way. `room` None: the column is not shown, no pane has a height of its own."""
    if room is None:
        for pane in panes:
            _set_height(pane, None)
        return
    wanted = [max(4, pane.rows.virtual_size.height + 2) for pane in panes]
    while sum(wanted) > max(8, room - LAST) and max(wanted) > 4:
        wanted[wanted.index(max(wanted))] -= 1
    for pane, height in zip(panes, wanted, strict=True):
        _set_height(pane, height)


def _set_height(pane: Pane[Any], cells: int | None) -> None:
    now = pane.styles.inline.height
    if (None if now is None else now.cells) != cells:
        pane.styles.height = cells
