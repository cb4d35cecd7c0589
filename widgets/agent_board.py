"""The agent tree as wide as the screen: one line an agent, with columns; one in detail.

Owns which columns there are at which width and how an agent's facts are laid out. Does
not own the tree's keys (`widgets.agent_tree`). Invariant: name, status, tokens and age
stand at every width; what a column has no room for goes whole, from model to sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip

from state.dataclass import dataclass
from state.views import AgentDetail, AgentRow, AgentTreeView, Bit, Tone
from state.words import age
from widgets.agent_tree import AgentRows, AgentTree
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.lines import bits, cut, line, piece, width_of, wrap
from widgets.palette import Back, palette_of
from widgets.pane import sentences
from widgets.rows import Canvas, Entry

if TYPE_CHECKING:
    from textual.app import ComposeResult

STATUS = 17
LABELS = 10


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells of each column; 0: it is not shown. `doing` takes what is left."""

    name: int
    status: int = STATUS
    model: int = 0
    tokens: int = 6
    sums: int = 0
    age: int = 4
    reviews: int = 4
    terminals: int = 0

    @property
    def right(self) -> int:
        """The cells of the figures, and one to the edge."""
        figures = (self.tokens, self.sums, self.age, self.reviews, self.terminals)
        return sum(cells + 1 for cells in figures if cells) + 1


def columns_for(view: AgentTreeView, width: int) -> Columns:
    """What fits into `width` cells."""
    name = max((cell_len(_name(row)) for row in view.rows), default=0) + 3
    name = max(12, min(name, max(18, width * 3 // 10)))
    if width < 100:
        status = 12 if width < 70 else STATUS
        return Columns(name, status, reviews=4 if any(_r(view)) else 0)
    model = max((cell_len(_model(row)) for row in view.rows), default=0)
    return Columns(
        name,
        model=max(5, min(model, 16 if width < 130 else 26)),
        sums=7 if any(row.sum_tokens for row in view.rows) else 0,
        terminals=5,
    )


def _r(view: AgentTreeView) -> list[bool]:
    return [bool(row.reviews or row.autos) for row in view.rows]


def _name(row: AgentRow) -> str:
    more = f" +{row.hidden}" if row.hidden else ""
    label = f" {row.label}" if row.label else ""
    return f"{row.guide}{row.name}{more}{label}"


def _model(row: AgentRow) -> str:
    return f"{row.model} {row.effort}".strip()


class BoardRows(AgentRows):
    """One line an agent."""

    columns_of: Columns = Columns(20)

    def age_words(self, entry: Entry[Any], now_ms: int) -> str:
        """How old it is."""
        agent = entry.data
        if not isinstance(agent, AgentRow) or agent.since_ms is None:
            return ""
        return age((now_ms - agent.since_ms) / 1000)

    def draw_row(self, entry: Entry[Any], row: int, canvas: Canvas) -> Strip:
        """The columns."""
        agent: AgentRow = entry.data
        palette, back, look = canvas.palette, canvas.back, look_of(self)
        widths, quiet = self.columns_of, palette.style(Tone.MUTED, back)
        guide = " " * len(agent.guide) if look.plain else sign(agent.guide, look)
        glyph = "" if look.plain else f"{sign(agent.glyph, look)} "
        left = [
            piece(guide, palette.style(Tone.FAINT, back)),
            piece(glyph, palette.style(agent.tone, back)),
            piece(agent.name, self.name_style(agent, canvas)),
        ]
        if agent.hidden:
            left.append(piece(f" +{agent.hidden}", quiet))
        if agent.label:
            left.append(piece(f" {agent.label}", quiet))
        left = _to(left, widths.name)
        tone = Tone.MUTED if agent.tone is Tone.FAINT else agent.tone
        left.append(piece(agent.word, palette.style(tone, back)))
        left = _to(left, widths.name + widths.status)
        room = canvas.width - widths.right - widths.name - widths.status
        room -= widths.model + 1 if widths.model else 0
        left.append(piece(agent.activity, quiet))
        left = _to(left, widths.name + widths.status + max(0, room))
        if widths.model:
            left.append(piece(_model(agent), quiet))
        right = self._figures(agent, entry, canvas)
        return line(left, right, canvas.width, palette.back(back))

    def _figures(
        self, agent: AgentRow, entry: Entry[Any], canvas: Canvas
    ) -> list[Segment]:
        palette, back, widths = canvas.palette, canvas.back, self.columns_of
        quiet, text = palette.style(Tone.MUTED, back), palette.style(Tone.TEXT, back)
        asks = str(agent.reviews) if agent.reviews else ""
        asks = asks or (str(agent.autos) if agent.autos else "")
        tone = Tone.NEED if agent.reviews else Tone.AUTO
        figures = (
            (widths.tokens, agent.tokens, text if canvas.cursor else quiet),
            (widths.sums, agent.sum_tokens, quiet),
            (widths.age, self.age_words(entry, self.now_ms), quiet),
            (widths.reviews, asks, palette.style(tone, back)),
            (widths.terminals, str(agent.terminals or ""), quiet),
        )
        pin = f"G{agent.pin} " if agent.pin else ""
        made = [piece(pin, palette.style(Tone.ACCENT, back))] if pin else []
        made += [piece(f"{words:>{n}} ", style) for n, words, style in figures if n]
        return made


def _to(pieces: list[Segment], column: int) -> list[Segment]:
    """Cut or filled up to a column, one blank at its end."""
    kept = cut(pieces, max(0, column - 1))
    return [*kept, piece(" " * max(0, column - width_of(kept)))]


class BoardHead(Drawn):
    """The names of the columns."""

    DEFAULT_CSS = "BoardHead { height: 1; width: 1fr; }"
    columns_of: reactive[Columns] = reactive(Columns(20))

    def draw_line(self, y: int) -> Strip:
        """The row."""
        widths, width = self.columns_of, self.size.width - 2
        style = palette_of(self).style(Tone.MUTED)
        left = _to([piece("agent", style)], widths.name)
        left += _to([piece("state", style)], widths.status)
        room = width - widths.right - widths.name - widths.status
        room -= widths.model + 1 if widths.model else 0
        left += _to([piece("doing", style)], max(0, room))
        if widths.model:
            left.append(piece("model", style))
        figures = (
            (widths.tokens, "tokens"),
            (widths.sums, "in all"),
            (widths.age, "age"),
            (widths.reviews, "asks"),
            (widths.terminals, "terms"),
        )
        right = [piece(f"{words:>{n}} ", style) for n, words in figures if n]
        return Strip.join([Strip([piece("  ")]), line(left, right, width)])


class AgentBoard(AgentTree):
    """The tree with columns."""

    NAME: ClassVar[str] = "agents"
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "open"),
        ("v", "fold"),
        ("z", "hide finished"),
        ("/", "filter"),
        ("J", "next need"),
        ("p", "pin"),
        ("T", "timeline"),
        ("esc", "back"),
    )

    def __init__(self, view: AgentTreeView | None = None) -> None:
        super().__init__(view, id="agent-board")
        self.head = BoardHead()
        self.title_line.styles.display = "block"  # narrow screens, too

    def compose(self) -> ComposeResult:
        """Title, heads, rows, filter."""
        yield self.title_line
        yield self.head
        yield self.rows
        yield self.foot

    def make_rows(self) -> BoardRows:
        """The list."""
        return BoardRows()

    def build(self) -> list[Entry[Any]]:
        """One line each."""
        entries = super().build()
        view, rows = self.view, self.rows
        assert isinstance(rows, BoardRows)
        widths = columns_for(view, max(20, self.size.width - 2))
        if widths != rows.columns_of:
            rows.columns_of = widths
            rows.refresh()
        self.head.columns_of = widths
        self.title_line.title = f"Agents · {view.title}" if view.title else "Agents"
        counts = (
            (view.needs, "need you" if view.needs != 1 else "needs you", Tone.NEED),
            (view.working, "working", Tone.WORK),
            (view.failed, "failed", Tone.FAIL),
        )
        end = [Bit(f"{n} {words}   ", tone) for n, words, tone in counts if n]
        self.title_line.end = (*end, Bit(f"{view.tokens or '0'} tokens", Tone.MUTED))
        if not view.rows:
            return entries
        listed = [Entry(row.id, row) for row in view.rows]
        return listed + (sentences((Bit(view.note, Tone.NEED),)) if view.note else [])


class AgentFacts(Drawn):
    """One agent in words: facts, task, last words."""

    DEFAULT_CSS = "AgentFacts { height: 1fr; width: 1fr; }"
    view: reactive[AgentDetail | None] = reactive[AgentDetail | None](None)

    def draw_line(self, y: int) -> Strip:
        """Line `y` of it."""
        lines = self._lines(self.size.width)
        return lines[y] if y < len(lines) else Strip.blank(self.size.width)

    def _lines(self, width: int) -> list[Strip]:
        view, palette = self.view, palette_of(self)
        if view is None:
            return []
        quiet, bold = palette.style(Tone.MUTED), palette.style(Tone.BRIGHT, bold=True)
        made = [line([piece("  "), piece(view.title, bold)], (), width)]
        for label, value in view.facts:
            left = _to([piece(f"  {label}", quiet)], LABELS + 2)
            made.append(line([*left, *bits(value, palette)], (), width))
        task = view.task or view.task_note
        told = palette.style(Tone.TEXT if view.task else Tone.MUTED)
        said = palette.style(Tone.TEXT)
        parts = [("task", task, told)] if task else []
        parts += [("last said", view.words, said)] if view.words else []
        room = max(8, width - LABELS - 3)
        for label, words, style in parts:
            for n, row in enumerate(wrap(words, room)[:6]):
                left = _to([piece(f"  {label if n == 0 else ''}", quiet)], LABELS + 2)
                made.append(line([*left, piece(row, style)], (), width))
        return [
            strip.adjust_cell_length(width, palette.back(Back.NONE)) for strip in made
        ]
