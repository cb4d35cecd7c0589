"""The only widget that shows a text as it is: no markup, no surprises.

Owns nothing but that promise. Invariant: whatever the text holds, it is drawn as
text; controls that came round the doors are dropped here.
"""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from widgets.lines import one_line


class Plain(Static):
    """A text, wrapped. Set it with `show`."""

    DEFAULT_CSS = "Plain { height: auto; width: 1fr; }"

    def __init__(
        self,
        text: str = "",
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(self._safe(text), markup=False, id=id, classes=classes)

    def show(self, text: str) -> None:
        """Draw this text."""
        self.update(self._safe(text))

    @staticmethod
    def _safe(text: str) -> Content:
        return Content("\n".join(one_line(part) for part in text.split("\n")))
