"""The entries of a permission profile, one row each.

Owns their columns and the keys that change one. Does not own what a key does: the
board is told. Invariant: only the profile's own entries can be changed here; what it
inherits is shown muted, below them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.message import Message

from state.views import Bit, EntryRow, Tone
from widgets.glyphs import look_of, sign
from widgets.lines import cut, line, piece, width_of
from widgets.pane import PaneRows, sentences
from widgets.rows import Canvas, Entry

if TYPE_CHECKING:
    from rich.segment import Segment
    from textual.geometry import Size
    from textual.strip import Strip

ACCESS = 10
"""Cells of the access word with its square."""


class EntryList(PaneRows[EntryRow]):
    """Access, path, where it leads here, whose it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "act('add')", "add", id="entries.add", show=False),
        Binding("x,delete", "act('remove')", "remove", id="entries.remove", show=False),
        Binding("left,h", "act('less')", "less", id="entries.less", show=False),
        Binding("right,l,space", "act('more')", "more", id="entries.more", show=False),
    ]

    class Act(Message):
        """What is to be done with the entry under the cursor."""

        def __init__(self, word: str, key: str | None) -> None:
            super().__init__()
            self.word = word
            self.key = key

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row each, where there is room for all."""
        del container, viewport, width
        return max(2, len(self.entries))

    def show(self, rows: tuple[EntryRow, ...]) -> None:
        """List these."""
        entries = [Entry(row.key, row) for row in rows]
        if not rows:
            entries = sentences((Bit("No entries yet: nothing is allowed. "),))
        self.set_entries(entries)
        self.refresh(layout=True)

    def action_act(self, word: str) -> None:
        """One of the keys."""
        self.post_message(self.Act(word, self.cursor_key))

    def draw_row(self, entry: Entry[EntryRow], row: int, canvas: Canvas) -> Strip:
        """One row."""
        del row
        one, palette, back, look = (
            entry.data,
            canvas.palette,
            canvas.back,
            look_of(self),
        )
        glyph = "" if look.plain else f"{sign(one.glyph, look)} "
        strong = one.own and one.access != "read"
        style = palette.style(one.tone, back, bold=strong)
        muted = palette.style(Tone.MUTED, back)
        half = max(24, (canvas.width - ACCESS) // 2)
        left: list[Segment] = [piece(f"{glyph}{one.access}", style)]
        left.append(piece(" " * max(1, ACCESS - width_of(left)), muted))
        room = half - 2 if one.real else canvas.width - ACCESS - 16
        path = one.path
        while cell_len(path) > room > 8:
            path = "…" + path[2:]
        left.append(piece(path, palette.style(one.tone, back)))
        if one.real:
            left.append(piece(" " * max(1, ACCESS + half - width_of(left)), muted))
            left += cut([piece(one.real, muted)], canvas.width - ACCESS - half - 16)
        return line(left, [piece(f"{one.source} ", muted)], canvas.width)
