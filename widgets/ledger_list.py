"""The list of the ledger, and the facts of one entry below it.

Owns their drawing. Posts what every list posts. Invariant: the list shows who decided
and how in words, never by colour alone; facts wrap and are never cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import reactive
from textual.strip import Strip

from state.views import Bit, Fact, GrantRow, LedgerRow, LedgerView, Tone
from state.words import age
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.lines import line, piece, wrap
from widgets.palette import palette_of
from widgets.pane import AIR, PaneRows, sentences, words
from widgets.rows import Canvas, Entry

if TYPE_CHECKING:
    from textual.geometry import Size

LABEL = 12
KIND = 12
OWNER = 24
WIDE = 110
"""From here on a line says who asked, too"""
NEAR = 60
"""So many rows before the end more are wanted: a page down may not stop there"""
ROOM = 100
"""Below this a row has two lines"""


class LedgerList(PaneRows[LedgerRow]):
    """One line an entry; two where what was asked, who decided and how, and who asked
    would not stand in one."""

    _view = LedgerView()

    def show(self, view: LedgerView) -> None:
        """List these, or say why there is nothing."""
        self._view = view
        self._list()

    def on_resize(self) -> None:
        """A row has as many lines as it needs."""
        super().on_resize()
        self._list()

    def _list(self) -> None:
        view = self._view
        if not view.rows:
            self.set_entries(sentences(*view.empty))
            return
        lines = 2 if 0 < self.size.width < ROOM else 1
        self.set_entries([Entry(row.key, row, lines) for row in view.rows])

    @property
    def near_the_end(self) -> bool:
        """The cursor comes to the last of the rows that were made, and more match."""
        rows = self._view.rows
        if len(rows) == self._view.found:
            return False
        return self.cursor_key in {row.key for row in rows[-NEAR:]}

    def age_words(self, entry: Entry[LedgerRow], now_ms: int) -> str:
        """How long ago it was asked."""
        if not isinstance(entry.data, LedgerRow):
            return ""
        return age((now_ms - entry.data.asked_ms) / 1000)

    def draw_row(self, entry: Entry[LedgerRow], row: int, canvas: Canvas) -> Strip:
        """Sign, kind, what, who asked; how it ended, and when it was asked."""
        found, palette, back = entry.data, canvas.palette, canvas.back
        look = look_of(self)
        muted = palette.style(Tone.MUTED, back)
        style = palette.style(found.tone, back)
        glyph = "" if look.plain else f"{sign(found.glyph, look)} "
        when = piece(f"  {self.age_words(entry, self.now_ms):>3} ", muted)
        if row == 1:
            indent = " " * (len(glyph) or 2)
            ended = [piece(f"{indent}{found.how}", style)]
            if found.owner:
                ended.append(piece(f" · {found.owner}", muted))
            return line(ended, (), canvas.width)
        right = [when] if entry.lines == 2 else [piece(found.how, style), when]
        left = [
            piece(glyph, style),
            piece(f"{found.kind:<{KIND}.{KIND}}", palette.style(Tone.TEXT, back)),
        ]
        if canvas.width >= WIDE:
            left.append(piece(f"{found.owner:<{OWNER}.{OWNER}} ", muted))
        left.append(piece(found.what, palette.style(Tone.BRIGHT, back)))
        return line(left, right, canvas.width, gap=2)


class GrantList(PaneRows[GrantRow]):
    """What was granted for longer than once, by where it lives."""

    def show(self, rows: tuple[GrantRow, ...], *, known: bool) -> None:
        """List these under headings, or say that there is nothing."""
        entries: list[Entry[GrantRow]] = []
        group = ""
        for row in rows:
            if row.group != group:
                entries += [AIR] if entries else []
                entries.append(words(Bit(row.group, Tone.BRIGHT, bold=True)))
                group = row.group
            entries.append(Entry(row.key, row))
        if not rows:
            text = "Nothing stands granted." if known else "Asking the engine."
            entries = sentences((Bit(text),))
        self.set_entries(entries)

    def draw_row(self, entry: Entry[GrantRow], row: int, canvas: Canvas) -> Strip:
        """What is granted, and where it lives."""
        grant, palette, back = entry.data, canvas.palette, canvas.back
        left = [piece(f"  {grant.what.text}", palette.style(Tone.BRIGHT, back))]
        right = [piece(f"{grant.where}  ", palette.style(Tone.MUTED, back))]
        return line(left, right, canvas.width, gap=2)


class Facts(Drawn, can_focus=False):
    """Labelled texts, wrapped."""

    DEFAULT_CSS = "Facts { height: auto; width: 1fr; }"

    view: reactive[tuple[Fact, ...]] = reactive[tuple[Fact, ...]]((), layout=True)

    def _rows(self, width: int) -> list[tuple[str, str, Tone]]:
        room = max(10, width - LABEL - 4)
        rows = []
        for fact in self.view:
            for at, text in enumerate(wrap(fact.text, room)):
                rows.append((fact.label if at == 0 else "", text, fact.tone))
        return rows

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as they wrap to."""
        del container, viewport
        return len(self._rows(width))

    def draw_line(self, y: int) -> Strip:
        """A row."""
        width, palette = self.size.width, palette_of(self)
        rows = self._rows(width)
        if y >= len(rows):
            return line((), (), width)
        label, text, tone = rows[y]
        cells = [
            piece(f"  {label:<{LABEL}}", palette.style(Tone.MUTED)),
            piece(text, palette.style(tone)),
        ]
        return line(cells, (), width)
