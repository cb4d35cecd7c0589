"""All that an engine wrote last, to be read in peace.

Owns the dialog. Does not own how many lines there are, nor what stands in them: they
went through a door of `state.text` before. Opens at the end, which is what matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from widgets.dialog import Dialog
from widgets.plain import Plain

if TYPE_CHECKING:
    from textual.app import ComposeResult


class LastWords(Dialog[None]):
    """Lines, oldest first, wrapped."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("up down", "scroll"),
        ("esc", "close"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll(1)", "down", id="words.down", show=False),
        Binding("up,k", "scroll(-1)", "up", id="words.up", show=False),
        Binding("pagedown,space", "scroll(15)", "page", id="words.page", show=False),
        Binding("pageup", "scroll(-15)", "page up", id="words.pageup", show=False),
        Binding("q,ctrl+o", "leave", "close", id="words.close", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        count = f"{len(lines)} line{'' if len(lines) == 1 else 's'}"
        super().__init__(title, count)
        self._lines = lines

    def parts(self) -> ComposeResult:
        """One text: it can be selected and copied."""
        yield Plain("\n".join(self._lines))

    def on_mount(self) -> None:
        """At the end."""
        super().on_mount()
        self.call_after_refresh(self._to_the_end)

    def _to_the_end(self) -> None:
        for body in self.query(".body"):
            body.scroll_end(animate=False)

    def action_scroll(self, rows: int) -> None:
        """Up and down."""
        for body in self.query(".body"):
            body.scroll_relative(y=rows, animate=False)

    def action_accept(self) -> None:
        """Enter closes too."""
        self.dismiss(None)
