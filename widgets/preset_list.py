"""The list of presets and profiles in /approvals.

Owns how a preset is drawn and that a digit moves the cursor to it. Posts what every
list posts; choosing is the board's matter. Invariant: a digit never chooses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from state.views import PresetRow, Tone
from widgets.glyphs import look_of, sign
from widgets.lines import line, piece
from widgets.pane import PaneRows
from widgets.rows import Canvas, Entry

if TYPE_CHECKING:
    from textual import events


class PresetList(PaneRows[PresetRow]):
    """Two lines a row; one where there is little height."""

    DEFAULT_CSS = "PresetList { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(f"{n}", f"pick({n})", "by number", show=False) for n in range(1, 10)),
    ]

    class Pointed(Message):
        """The user moved the cursor to this row."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def show(self, presets: tuple[PresetRow, ...]) -> None:
        """List these."""
        lines = 1 if self.short else 2
        self.set_entries([Entry(row.key, row, lines) for row in presets])
        height = lines * len(presets)
        now = self.styles.inline.height
        if now is None or now.cells != height:
            self.styles.height = height

    def action_pick(self, number: int) -> None:
        """Put the cursor on a preset; enter chooses it."""
        before = self.cursor_key
        for entry in self.entries:
            if entry.data.number == number and entry.key is not None:
                self.select(entry.key)
        self._point(before)

    def action_step(self, step: int) -> None:
        """Up or down."""
        before = self.cursor_key
        super().action_step(step)
        self._point(before)

    def action_page(self, step: int) -> None:
        """Not here: the list is short, the page around it may not be."""
        raise SkipAction

    def action_edge(self, step: int) -> None:
        """The first or the last."""
        before = self.cursor_key
        super().action_edge(step)
        self._point(before)

    def on_click(self, event: events.Click) -> None:
        """A click points; a second one chooses."""
        before = self.cursor_key
        super().on_click(event)
        self._point(before)

    def _point(self, before: str | None) -> None:
        if self.cursor_key is not None and self.cursor_key != before:
            self.post_message(self.Pointed(self.cursor_key))

    def draw_row(self, entry: Entry[PresetRow], row: int, canvas: Canvas) -> Strip:
        """Number, square, name and how it stands; then what it means."""
        preset, palette, back = entry.data, canvas.palette, canvas.back
        muted = palette.style(Tone.MUTED, back)
        if row == 1:
            return line([piece(f"      {preset.words}", muted)], (), canvas.width)
        look = look_of(self)
        tone = Tone.FAIL if preset.danger else Tone.BRIGHT
        square = "" if look.plain else f"{sign(preset.square, look)} "
        left = [
            piece(f" {preset.number}  ", palette.style(Tone.ACCENT, back)),
            piece(square, palette.style(Tone.FAIL if preset.danger else tone, back)),
            piece(preset.name, palette.style(tone, back, bold=True)),
        ]
        right = []
        if preset.blocked:
            right = [piece(sign("⊘", look) + " not allowed", muted)]
        elif preset.current:
            mark = palette.style(Tone.BRIGHT, back, bold=True)
            right = [piece(f"{sign('✓', look)} current", mark)]
        elif preset.danger:
            right = [piece("asks a second time", palette.style(Tone.FAIL, back))]
        right = [*right, piece("  ", muted)] if right else []
        return line(left, right, canvas.width)
