"""The list of features in /experimental.

Owns how a feature is drawn and that space turns it. Does not own what turning means.
"""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from state.views import Bit, ExperimentalView, FeatureRow, Tone
from widgets.glyphs import look_of, sign
from widgets.intents import Say
from widgets.lines import line, piece, width_of
from widgets.pane import AIR, PaneRows, words
from widgets.rows import Canvas, Entry

NAME = 38
"""Cells of the names where descriptions fit beside them."""


class FeatureList(PaneRows[FeatureRow]):
    """Groups with a heading; one line a row. Posts Turned."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "turn", "on or off", id="features.turn", show=False),
    ]

    class Turned(Message):
        """The user turned this one."""

        def __init__(self, key: str, on: bool) -> None:
            super().__init__()
            self.key = key
            self.on = on

    def show(self, view: ExperimentalView) -> None:
        """List these."""
        entries: list[Entry[FeatureRow]] = []
        for group in view.groups:
            if entries and not self.short:
                entries.append(AIR)
            heading = Bit(f"{group.title} ", Tone.BRIGHT, bold=True)
            entries.append(words(heading, Bit(str(len(group.rows)), Tone.MUTED)))
            entries += [Entry(row.key, row) for row in group.rows]
        self.set_entries(entries)

    def action_turn(self) -> None:
        """space"""
        row = self.cursor_data
        if not isinstance(row, FeatureRow):
            return
        if row.fixed:
            self.post_message(Say(row.fixed))
        else:
            self.post_message(self.Turned(row.key, not row.on))

    def draw_row(self, entry: Entry[FeatureRow], row: int, canvas: Canvas) -> Strip:
        """Mark, name, what it does, where it is set."""
        feature, palette, back = entry.data, canvas.palette, canvas.back
        look = look_of(self)
        mark = sign("✓" if feature.on else "–", look)
        if look.plain:
            mark = "[on] " if feature.on else "[off]"
        tone = Tone.BRIGHT if feature.on else Tone.TEXT
        if feature.fixed:
            tone = Tone.MUTED
        if feature.changed:
            tone = Tone.NEED
        muted = palette.style(Tone.MUTED, back)
        left = [
            piece(f"  {mark} ", palette.style(tone, back)),
            piece(feature.name, palette.style(tone, back, bold=feature.changed)),
        ]
        source, style = feature.source.replace("⊘", sign("⊘", look)), muted
        if feature.changed:
            was, then = ("on", "off") if feature.was else ("off", "on")
            source, style = f"{was} → {then}", palette.style(Tone.NEED, back)
        right = [piece(source, style)]
        right.append(piece("  ", muted))
        if canvas.width >= 90 and feature.words:
            pad = max(1, NAME - width_of(left))
            left += [piece(" " * pad, muted), piece(feature.words, muted)]
        return line(left, right, canvas.width, gap=2)
