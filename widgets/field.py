"""A field of one line, for a filter, a name, a folder, a key.

Owns nothing but its manners: the cursor does not blink, so a screen at rest writes
nothing to the terminal. Every one-line field is one of these.
"""

from __future__ import annotations

from typing import Any

from textual.widgets import Input


class LineField(Input):
    """Textual's input with a still cursor; takes the same arguments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cursor_blink = False
