"""The background terminals of a thread: command, owner, age, cpu, last output.

Owns how a terminal's row looks in the right column. Does not own its output.
Invariant: a command keeps its first word; age and cpu are never cut.
"""

from __future__ import annotations

from typing import Any, ClassVar

from textual.strip import Strip

from state.views import Bit, TerminalRow, Tone
from state.words import shorten_command
from widgets.glyphs import look_of, sign
from widgets.intents import OpenTerminal
from widgets.lines import line, piece, width_of
from widgets.pane import Pane, PaneRows, sentences
from widgets.rows import Canvas, Entry


class TerminalRows(PaneRows[Any]):
    """The list itself."""

    PANE: ClassVar[str] = "terminals"
    RESTS: ClassVar[bool] = False
    digits = 1
    """of the longest number, so that the commands stand under each other"""

    def age_words(self, entry: Entry[Any], now_ms: int) -> str:
        """How long it runs, or how long ago it ended."""
        row = entry.data
        return row.ago(now_ms) if isinstance(row, TerminalRow) else ""

    def draw_row(self, entry: Entry[Any], row: int, canvas: Canvas) -> Strip:
        """A terminal's first or second line."""
        terminal: TerminalRow = entry.data
        palette, back, look = canvas.palette, canvas.back, look_of(self)
        quiet = palette.style(Tone.MUTED, back)
        if row == 1:
            mark = f"{'':{self.digits}} {sign('↳', look)} "
            left = [
                piece(mark, palette.style(Tone.FAINT, back)),
                piece(terminal.last, quiet),
            ]
            return line(left, [piece(" ")], canvas.width, palette.back(back), gap=0)
        ago = self.age_words(entry, self.now_ms)
        how = piece(f"{terminal.cpu:>4} ", quiet)
        if terminal.state:
            words = f"{terminal.left} left over" if terminal.left else terminal.state
            loud = terminal.failed or terminal.left
            how = piece(f"{words} ", palette.style(Tone.FAIL, back) if loud else quiet)
        owner = piece(f"{terminal.owner} ", quiet)
        right = [owner, piece(f"{ago:>4} ", quiet), how]
        room = canvas.width - width_of(right) - self.digits - 2
        if room < 12:
            room += width_of(right[:1])
            right = right[1:]
        tone = Tone.BRIGHT if canvas.cursor else Tone.TEXT
        if not terminal.live:
            tone = Tone.MUTED
        command = shorten_command(terminal.command.text, max(4, room))
        mark = sign("~", look) if terminal.stale else f"{terminal.number}"
        left = [
            piece(f"{mark:>{self.digits}} ", quiet),
            piece(command, palette.style(tone, back, bold=canvas.cursor)),
        ]
        return line(left, right, canvas.width, palette.back(back))


class TerminalBoard(Pane[TerminalRow]):
    """The pane. Posts OpenTerminal, Selected("terminals", "thread:item")."""

    NAME: ClassVar[str] = "terminals"
    TITLE: ClassVar[str] = "Terminals"

    def __init__(
        self,
        terminals: tuple[TerminalRow, ...] = (),
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._terminals = terminals

    def make_rows(self) -> TerminalRows:
        """The list."""
        return TerminalRows()

    def show(self, terminals: tuple[TerminalRow, ...]) -> None:
        """Draw these."""
        if terminals is not self._terminals:
            self._terminals = terminals
            self.rebuild()

    def build(self) -> list[Entry[Any]]:
        """The terminals, or a sentence."""
        rows = self._terminals
        live = sum(row.live for row in rows)
        self.title_line.detail = str(live) if live else ""
        if not rows:
            return sentences((Bit("No background terminals running.", Tone.MUTED),))
        digits = max(len(str(row.number)) for row in rows)
        assert isinstance(self.rows, TerminalRows)
        if digits != self.rows.digits:
            self.rows.digits = digits
            self.rows.refresh()
        return [
            Entry(self._key(t), t, 2 if t.last and not self.rows.short else 1)
            for t in rows
        ]

    def choose(self, key: str) -> None:
        """Show the terminal's output."""
        for row in self._terminals:
            if self._key(row) == key:
                self.post_message(OpenTerminal(row.thread_id, row.process_id))

    @property
    def shows_any(self) -> bool:
        """Terminals are listed, and the pane is on the screen."""
        on_screen = self.is_attached and self.region.height > 0
        return on_screen and bool(self._terminals)

    @property
    def chosen(self) -> TerminalRow | None:
        """The row under the cursor."""
        key = self.rows.cursor_key
        return next((row for row in self._terminals if self._key(row) == key), None)

    @staticmethod
    def _key(row: TerminalRow) -> str:
        return row.key
