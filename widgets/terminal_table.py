"""All background terminals as a table: one row each, columns as there is room.

Owns which columns stand at which width and how a row is drawn. Does not own figures
or words (the read model brings them) nor the output. Invariants: number, age, cpu and
memory are never cut; a command keeps its first word, a path its last segment; what a
column has no room for goes as a whole column.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from rich.segment import Segment
from textual.app import ComposeResult
from textual.strip import Strip

from state.views import Bit, TerminalRow, TerminalsView, Tone
from state.words import cut, shorten_command, shorten_path
from widgets.drawn import Drawn
from widgets.glyphs import BARS, Look, look_of, sign
from widgets.intents import Selected
from widgets.lines import line, piece, width_of
from widgets.palette import Back, Palette, palette_of
from widgets.pane import Pane, PaneRows, sentences
from widgets.rows import Canvas, Entry

NUMBER, AGE, CPU, MEMORY, MINUTE = 3, 4, 5, 7, 12
GAP = 2
LEAST_COMMAND, MOST_COMMAND = 18, 40


class Columns(NamedTuple):
    """Cells of the columns that depend on the width; 0: not shown."""

    command: int
    owner: int
    thread: int
    cwd: int
    minute: int
    last: int


def columns(width: int, *, bars: bool = True) -> Columns:
    """The columns for rows of `width` cells."""
    fixed = NUMBER + 1 + AGE + CPU + MEMORY + 3 * GAP
    room = width - fixed
    owner = 10 if width < 90 else 16
    minute = MINUTE if bars and width >= 100 else 0
    thread = 18 if width >= 112 else 0
    cwd = 22 if width >= 140 else 0
    rest = room - owner - sum(c + GAP for c in (minute, thread, cwd) if c)
    last = rest - 26 - GAP if rest >= 26 + GAP + 12 else 0
    command = rest - (last + GAP if last else 0)
    if last and command > MOST_COMMAND:
        command = MOST_COMMAND
    if last:
        command = min(max(command, rest // 2), MOST_COMMAND)
        last = rest - command - GAP
    return Columns(max(6, command), owner, thread, cwd, minute, last)


def bars_of(shares: tuple[float, ...]) -> str:
    """The last minute as bars; a hundred percent and more is a whole one."""
    top = len(BARS) - 1
    heights = (min(top, max(0, round(share / 100 * top))) for share in shares)
    return "".join(BARS[height] for height in heights)


class TableHead(Drawn):
    """The names of the columns."""

    DEFAULT_CSS = "TableHead { height: 1; width: 1fr; }"

    def draw_line(self, y: int) -> Strip:
        """The row."""
        look = look_of(self)
        cols = columns(self.size.width - 2, bars=_bars(look))
        palette = palette_of(self)
        names = [
            f"{'id':<{NUMBER}} ",
            f"{'command':<{cols.command + GAP}}",
            f"{'owner':<{cols.owner + GAP}}",
            f"{'thread':<{cols.thread + GAP}}" if cols.thread else "",
            f"{'folder':<{cols.cwd + GAP}}" if cols.cwd else "",
            f"{'age':>{AGE}}{'cpu':>{CPU}}{'memory':>{MEMORY}}",
            f"  {'last minute':<{cols.minute}}" if cols.minute else "",
            "  last output" if cols.last else "",
        ]
        words = piece("  " + "".join(names), palette.style(Tone.MUTED))
        return line([words], (), self.size.width)


def _bars(look: Look) -> bool:
    return not (look.ascii or look.plain)


class TableRows(PaneRows[Any]):
    """The list itself."""

    PANE: ClassVar[str] = "terminals"

    def age_words(self, entry: Entry[Any], now_ms: int) -> str:
        """How long it runs, or how long ago it ended."""
        row = entry.data
        return row.ago(now_ms) if isinstance(row, TerminalRow) else ""

    def draw_row(self, entry: Entry[Any], row: int, canvas: Canvas) -> Strip:
        """One terminal."""
        terminal: TerminalRow = entry.data
        palette, back, look = canvas.palette, canvas.back, look_of(self)
        cols = columns(canvas.width, bars=_bars(look))
        quiet = palette.style(Tone.MUTED, back)
        tone = Tone.BRIGHT if canvas.cursor else Tone.TEXT
        main = palette.style(
            tone if terminal.live else Tone.MUTED, back, bold=canvas.cursor
        )
        ago = self.age_words(entry, self.now_ms)
        number = sign("~", look) if terminal.stale else str(terminal.number)
        command = shorten_command(terminal.command.text, cols.command)
        pieces = [
            piece(f"{number:<{NUMBER}} ", quiet),
            *_cell(piece(command, main), cols.command + GAP),
            *_cell(_owner(terminal, cols.owner, quiet), cols.owner + GAP),
        ]
        if cols.thread:
            title = piece(cut(terminal.title, cols.thread), quiet)
            pieces += _cell(title, cols.thread + GAP)
        if cols.cwd:
            where = piece(shorten_path(terminal.cwd, cols.cwd), quiet)
            pieces += _cell(where, cols.cwd + GAP)
        pieces.append(piece(f"{ago:>{AGE}}", quiet))
        pieces += self._figures(terminal, palette, back)
        if cols.minute:
            minute = piece(bars_of(terminal.shares).rjust(cols.minute), quiet)
            pieces += [piece("  ", quiet), minute]
        if cols.last:
            last = terminal.last or ("silent" if terminal.live else "")
            pieces += [piece("  ", quiet), piece(cut(last, cols.last), quiet)]
        return line(pieces, (), canvas.width, palette.back(back))

    @staticmethod
    def _figures(terminal: TerminalRow, palette: Palette, back: Back) -> list[Segment]:
        text, quiet = palette.style(Tone.TEXT, back), palette.style(Tone.MUTED, back)
        if terminal.live:
            known = text if terminal.cpu != "—" else quiet
            return [
                piece(f"{terminal.cpu:>{CPU}}", known),
                piece(f"{terminal.memory:>{MEMORY}}", known),
            ]
        words = f"{terminal.left} left over" if terminal.left else terminal.state
        loud = terminal.failed or bool(terminal.left)
        style = palette.style(Tone.FAIL, back) if loud else quiet
        return [piece(f"{words:>{CPU + MEMORY}}", style)]


def _owner(row: TerminalRow, room: int, style: Any) -> Segment:
    path = row.path
    if len(path) > room:
        path = shorten_path(path, room)
    return piece(path, style)


def _cell(content: Segment, width: int) -> list[Segment]:
    blank = width - width_of([content])
    return [content, piece(" " * max(0, blank), content.style)]


class TerminalTable(Pane[TerminalRow]):
    """The pane. Posts Selected("terminals", key)."""

    NAME: ClassVar[str] = "terminals"
    TITLE: ClassVar[str] = "Terminals"

    DEFAULT_CSS = """
    TerminalTable { height: auto; max-height: 50%; }
    TerminalTable TableRows { height: auto; max-height: 100%; min-height: 1; }
    """

    class Entered(Selected):
        """Enter on a row: its output, as large as the screen."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._view = TerminalsView()
        self.head = TableHead()

    def compose(self) -> ComposeResult:
        """Title, names, rows."""
        yield self.title_line
        yield self.head
        yield self.rows

    def make_rows(self) -> TableRows:
        """The list."""
        return TableRows()

    def show(self, view: TerminalsView) -> None:
        """Draw these."""
        if view is not self._view:
            self._view = view
            self.rebuild()

    def build(self) -> list[Entry[Any]]:
        """The terminals, or a sentence."""
        view = self._view
        trees = f" in {view.threads} thread{'' if view.threads == 1 else 's'}"
        ended = len(view.rows) - view.live
        words = f"{view.live}{trees}" if view.live else ""
        if ended:
            words += f"{' · ' if words else ''}{ended} ended"
        self.title_line.detail = words
        quiet = "last known" if view.stale and view.live else "all threads"
        self.title_line.end = (Bit(quiet, Tone.MUTED),)
        self.head.display = bool(view.rows)
        if not view.rows:
            return sentences(
                (Bit("No background terminals running.", Tone.MUTED),),
                (
                    Bit(
                        "A command that goes on after its turn is listed here.",
                        Tone.MUTED,
                    ),
                ),
            )
        return [Entry(row.key, row, 1) for row in view.rows]

    @property
    def chosen(self) -> TerminalRow | None:
        """The row under the cursor."""
        key = self.rows.cursor_key
        return next((row for row in self._view.rows if row.key == key), None)

    def choose(self, key: str) -> None:
        """Enter."""
        self.post_message(self.Entered(self.NAME, key))
