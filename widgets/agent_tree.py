"""The agents of a thread as a tree in spawn order.

Owns how an agent's row looks in the pane, its keys and its filter line. Does not own
the tree (`state.tree`) nor what is shown of it (`state.select.agents`): guides and
order come with the rows. Invariant: name and status stand before model, effort and
tokens; what does not fit goes from the right, the tokens last.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.strip import Strip

from state.items import ThreadId
from state.views import AgentRow, AgentTreeView, Bit, Glyph, Tone
from state.words import age
from widgets.filtered import FilteredPane
from widgets.glyphs import look_of, sign
from widgets.intents import (
    FilterAgents,
    FoldAgent,
    HideFinished,
    OpenThread,
    PinAgent,
    Say,
)
from widgets.lines import bits, cut, line, piece, width_of
from widgets.pane import PaneRows, muted, sentences
from widgets.rows import Canvas, Entry

DOWN = str.maketrans({"├": "│", "└": " ", "─": " "})


class AgentRows(PaneRows[Any]):
    """The list itself, with the keys that work on a tree."""

    PANE: ClassVar[str] = "agents"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "fold", "fold", id="agents.fold", show=False),
        Binding("left,h", "inward(-1)", "fold", id="agents.left", show=False),
        Binding("right,l", "inward(1)", "unfold", id="agents.right", show=False),
        Binding("J", "need(1)", "next need", id="agents.need", show=False),
        Binding("K", "need(-1)", "need before", id="agents.unneed", show=False),
        Binding("z", "hide", "hide finished", id="agents.hide", show=False),
        Binding("p", "pin", "pin", id="agents.pin", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.columns = (0, 0)
        """where model and effort begin"""

    # -- keys --------------------------------------------------------------------

    @property
    def agent(self) -> AgentRow | None:
        """The agent under the cursor."""
        data = self.cursor_data
        return data if isinstance(data, AgentRow) else None

    def action_fold(self) -> None:
        """Fold what is below, or show it."""
        agent = self.agent
        if agent is not None and agent.branch:
            self.post_message(FoldAgent(agent.id, not agent.folded))
        elif agent is not None:
            self.post_message(Say(f"{agent.path} has no agents below it."))

    def action_inward(self, step: int) -> None:
        """Left: fold, or go to the parent. Right: unfold, or go to the first child."""
        agent = self.agent
        if agent is None:
            return
        if step > 0:
            if agent.folded:
                self.post_message(FoldAgent(agent.id, fold=False))
            elif agent.branch:
                self.action_step(1)
        elif agent.branch and not agent.folded:
            self.post_message(FoldAgent(agent.id, fold=True))
        else:
            self._to_parent(agent)

    def _to_parent(self, agent: AgentRow) -> None:
        above = None
        for entry in self.entries:
            row = entry.data
            if row is agent:
                break
            if isinstance(row, AgentRow) and len(row.guide) < len(agent.guide):
                above = row
        if above is not None:
            self.select(above.id)

    def action_need(self, step: int) -> None:
        """The next agent that needs somebody, round the end; one that is folded away
        is stopped at where it is folded."""
        rows = [e.data for e in self.entries if isinstance(e.data, AgentRow)]
        at = next((i for i, r in enumerate(rows) if r.id == self.cursor_key), 0)
        for distance in range(1, len(rows) + 1):
            row = rows[(at + step * distance) % len(rows)]
            if row.needs or (row.folded and row.reviews):
                self.select(row.id)
                return
        self.post_message(Say("No agent of this tree needs you."))

    def action_hide(self) -> None:
        """Hide the finished ones, or show them."""
        self.post_message(HideFinished())

    def action_pin(self) -> None:
        """Pin, or unpin."""
        if self.agent is not None:
            self.post_message(PinAgent(self.agent.id))

    # -- drawing -----------------------------------------------------------------

    def measure(self, agents: tuple[AgentRow, ...]) -> None:
        """Columns that fit these agents."""
        name = max((cell_len(_named(a)) for a in agents), default=0) + 4
        model = max((cell_len(a.model) for a in agents), default=0) + 1
        name = max(17, min(name, 28))
        columns = (name, name + max(8, min(model, 18)))
        if columns != self.columns:
            self.columns = columns
            self.refresh()

    def age_words(self, entry: Entry[Any], now_ms: int) -> str:
        """How long it waits."""
        agent = entry.data
        if not isinstance(agent, AgentRow) or agent.detail_ms is None:
            return ""
        return age((now_ms - agent.detail_ms) / 1000)

    def draw_row(self, entry: Entry[Any], row: int, canvas: Canvas) -> Strip:
        """An agent's first or second line."""
        agent: AgentRow = entry.data
        palette, back, look = canvas.palette, canvas.back, look_of(self)
        guide = agent.guide if not look.plain else " " * len(agent.guide)
        if row == 1:
            under = sign(guide.translate(DOWN), look)
            left = [
                piece(f"{under}  ", palette.style(Tone.FAINT, back)),
                *bits(agent.detail, palette, back),
            ]
            if waits := self.age_words(entry, self.now_ms):
                tone = agent.detail[-1].tone if agent.detail else Tone.MUTED
                left.append(piece(f" · {waits}", palette.style(tone, back)))
            return line(left, [piece(" ")], canvas.width, palette.back(back), gap=0)
        status = f"{agent.word} " if look.plain else f"{sign(agent.glyph, look)} "
        left = [
            piece(sign(guide, look), palette.style(Tone.FAINT, back)),
            piece(status, palette.style(agent.tone, back)),
            piece(agent.name, self.name_style(agent, canvas)),
        ]
        if agent.hidden:
            left.append(piece(f" +{agent.hidden}", palette.style(Tone.MUTED, back)))
        right = self._right(agent, canvas)
        left = self._columns(left, agent, canvas, canvas.width - width_of(right) - 1)
        return line(left, right, canvas.width, palette.back(back))

    def name_style(self, agent: AgentRow, canvas: Canvas) -> Any:
        """Who is finished, or only on the way to a found one, steps back."""
        ended = agent.glyph in (Glyph.DONE, Glyph.CLOSED, Glyph.NOT_LOADED)
        tone = Tone.MUTED if ended or not agent.matches else Tone.TEXT
        tone = Tone.BRIGHT if canvas.cursor else tone
        return canvas.palette.style(tone, canvas.back, bold=canvas.cursor)

    def marks(self, agent: AgentRow, canvas: Canvas) -> list[Segment]:
        """The digit it is pinned to, and what is folded away here and cannot wait."""
        palette, back, look = canvas.palette, canvas.back, look_of(self)
        marks = []
        if agent.pin:
            marks.append(piece(f"G{agent.pin} ", palette.style(Tone.ACCENT, back)))
        if agent.folded and agent.reviews:
            asks = "need you " if look.plain else sign("▲", look)
            count = (
                f"{agent.reviews} {asks}" if look.plain else f"{asks}{agent.reviews} "
            )
            marks.append(piece(count, palette.style(Tone.NEED, back)))
        return marks

    def _right(self, agent: AgentRow, canvas: Canvas) -> list[Segment]:
        tone = Tone.TEXT if canvas.cursor else Tone.MUTED
        tokens = agent.sum_tokens if agent.folded else agent.tokens
        style = canvas.palette.style(tone, canvas.back)
        return [*self.marks(agent, canvas), piece(f"{tokens} ", style)]

    def _columns(
        self, left: list[Segment], agent: AgentRow, canvas: Canvas, room: int
    ) -> list[Segment]:
        style = canvas.palette.style(Tone.MUTED, canvas.back)
        for column, text in zip(self.columns, (agent.model, agent.effort), strict=True):
            if not text or column + min(4, cell_len(text)) > room:
                break
            left = cut(left, column - 1)
            left.append(piece(" " * (column - width_of(left)), style))
            left.append(piece(text, style))
        return left


def _named(agent: AgentRow) -> str:
    more = f" +{agent.hidden}" if agent.hidden else ""
    return f"{agent.guide}{agent.name}{more}"


class AgentTree(FilteredPane[AgentRow]):
    """The pane. Posts OpenThread, Selected("agents", thread id) and what the tree's
    keys mean."""

    NAME: ClassVar[str] = "agents"
    TITLE: ClassVar[str] = "Agents"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="agents.filter", show=False),
        Binding("escape", "clear_filter", "clear", id="agents.clear", show=False),
    ]
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("a", "whole screen"),
        ("/", "filter"),
        ("v", "fold"),
    )

    def __init__(
        self,
        view: AgentTreeView | None = None,
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.view = view or AgentTreeView()
        self._followed: tuple[str, ...] = ()

    def make_rows(self) -> AgentRows:
        """The list."""
        return AgentRows()

    def show(self, view: AgentTreeView) -> None:
        """Draw this tree."""
        if view is not self.view:
            self.view = view
            self.rebuild()

    def rebuild(self) -> None:
        """List the tree in hand."""
        super().rebuild()
        if self.is_mounted:
            self._catch_up()

    @property
    def agent(self) -> ThreadId | None:
        """Who is under the cursor."""
        key = self.rows.cursor_key
        return ThreadId(key) if key is not None else None

    def follow(self, *keys: ThreadId) -> None:
        """Put the cursor on the first of these that is listed: an agent that was
        opened, then those above it, for it may be folded away."""
        self._followed = keys
        self._catch_up()

    def _catch_up(self) -> None:
        # Before there are rows to choose from, nobody can be followed.
        if self._followed and self.rows.cursor_key is not None:
            followed, self._followed = self._followed, ()
            any(self.rows.select(key) for key in followed)

    def build(self) -> list[Entry[Any]]:
        """The agents, or a sentence."""
        view, rows = self.view, self.rows
        assert isinstance(rows, AgentRows)
        self.title_line.detail = str(view.total) if view.total else ""
        self.title_line.end = (Bit(view.tokens, Tone.MUTED),) if view.tokens else ()
        rows.measure(view.rows)
        if view.root is None:
            return sentences((muted("No thread is open."),))
        if not view.rows:
            return self._nothing()
        entries: list[Entry[Any]] = [
            Entry(a.id, a, 2 if a.detail and not rows.short else 1) for a in view.rows
        ]
        if view.note:
            entries += sentences((Bit(view.note, Tone.NEED),))
        elif view.total == 1:
            entries += sentences((muted("Only /root so far."),))
        return entries

    def _nothing(self) -> list[Entry[Any]]:
        if self.view.filter:
            return sentences(
                (Bit(f"No agent matches “{self.view.filter}”."),),
                (),
                (Bit("esc", Tone.ACCENT), muted(" clears")),
            )
        return sentences(
            (Bit("All agents here are finished."),),
            (),
            (Bit("z", Tone.ACCENT), muted(" shows them")),
        )

    def filtered(self, text: str) -> FilterAgents:
        """Show who matches, and the way to them."""
        return FilterAgents(text)

    def remark(self) -> str:
        """How many are not shown."""
        hidden = self.view.hidden
        return f"{hidden} finished hidden" if hidden else ""

    def choose(self, key: str) -> None:
        """Open the agent."""
        self.post_message(OpenThread(ThreadId(key)))
