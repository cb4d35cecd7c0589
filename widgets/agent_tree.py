"""The agents of a thread as a tree in spawn order.

Owns how an agent's row looks. Does not own the tree (`state.tree`): guides and order
come with the rows. Invariant: name and status stand before model, effort and tokens;
what does not fit goes from the right, the tokens last.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from state.items import ThreadId
from state.views import AgentRow, Bit, Glyph, Tone
from widgets.glyphs import look_of, sign
from widgets.intents import OpenThread
from widgets.lines import bits, cut, line, piece, width_of
from widgets.pane import Pane, PaneRows, sentences
from widgets.rows import Canvas, Entry

_DOWN = str.maketrans({"├": "│", "└": " ", "─": " "})


class AgentRows(PaneRows[Any]):
    """The list itself."""

    PANE: ClassVar[str] = "agents"

    def __init__(self) -> None:
        super().__init__()
        self.columns = (0, 0)
        """where model and effort begin"""

    def measure(self, agents: tuple[AgentRow, ...]) -> None:
        """Columns that fit these agents."""
        name = max((cell_len(a.guide + a.name) for a in agents), default=0) + 4
        model = max((cell_len(a.model) for a in agents), default=0) + 1
        name = max(17, min(name, 28))
        columns = (name, name + max(8, min(model, 18)))
        if columns != self.columns:
            self.columns = columns
            self.refresh()

    def draw_row(self, entry: Entry[Any], row: int, canvas: Canvas) -> Strip:
        """An agent's first or second line."""
        agent: AgentRow = entry.data
        palette, back, look = canvas.palette, canvas.back, look_of(self)
        plain = look.plain
        guide = agent.guide if not plain else " " * len(agent.guide)
        if row == 1:
            under = sign(guide.translate(_DOWN), look)
            left = [
                piece(f"{under}  ", palette.style(Tone.FAINT, back)),
                *bits(agent.detail, palette, back),
            ]
            return line(left, [piece(" ")], canvas.width, palette.back(back), gap=0)
        status = f"{agent.word} " if plain else f"{sign(agent.glyph, look)} "
        left = [
            piece(sign(guide, look), palette.style(Tone.FAINT, back)),
            piece(status, palette.style(agent.tone, back)),
            piece(agent.name, self._name_style(agent, canvas)),
        ]
        tone = Tone.TEXT if canvas.cursor else Tone.MUTED
        right = [piece(f"{agent.tokens} ", palette.style(tone, back))]
        left = self._columns(left, agent, canvas)
        return line(left, right, canvas.width, palette.back(back))

    def _name_style(self, agent: AgentRow, canvas: Canvas) -> Any:
        ended = agent.glyph in (Glyph.DONE, Glyph.CLOSED, Glyph.NOT_LOADED)
        tone = Tone.MUTED if ended else Tone.TEXT
        tone = Tone.BRIGHT if canvas.cursor else tone
        return canvas.palette.style(tone, canvas.back, bold=canvas.cursor)

    def _columns(
        self, left: list[Segment], agent: AgentRow, canvas: Canvas
    ) -> list[Segment]:
        style = canvas.palette.style(Tone.MUTED, canvas.back)
        room = canvas.width - cell_len(agent.tokens) - 2
        for column, text in zip(self.columns, (agent.model, agent.effort), strict=True):
            if not text or column + min(4, cell_len(text)) > room:
                break
            left = cut(left, column - 1)
            left.append(piece(" " * (column - width_of(left)), style))
            left.append(piece(text, style))
        return left


class AgentTree(Pane[AgentRow]):
    """The pane. Posts OpenThread, Selected("agents", thread id)."""

    NAME: ClassVar[str] = "agents"
    TITLE: ClassVar[str] = "Agents"

    def __init__(
        self,
        agents: tuple[AgentRow, ...] = (),
        tokens: str = "",
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._agents = agents
        self._tokens = tokens

    def make_rows(self) -> AgentRows:
        """The list."""
        return AgentRows()

    def show(self, agents: tuple[AgentRow, ...], tokens: str = "") -> None:
        """Draw these; `tokens`: what they used together, in words."""
        if agents is not self._agents or tokens != self._tokens:
            self._agents, self._tokens = agents, tokens
            self.rebuild()

    def build(self) -> list[Entry[Any]]:
        """The agents, or a sentence."""
        assert isinstance(self.rows, AgentRows)
        agents = self._agents
        self.title_line.detail = str(len(agents)) if agents else ""
        self.title_line.end = (Bit(self._tokens, Tone.MUTED),) if self._tokens else ()
        self.rows.measure(agents)
        entries: list[Entry[Any]] = [
            Entry(a.id, a, 2 if a.detail and not self.rows.short else 1) for a in agents
        ]
        if not agents:
            return sentences((Bit("No thread is open.", Tone.MUTED),))
        if len(agents) == 1:
            entries += sentences((Bit("Only /root so far.", Tone.MUTED),))
        return entries

    def choose(self, key: str) -> None:
        """Open the agent."""
        self.post_message(OpenThread(ThreadId(key)))
