"""A host app with one transcript, and cells to fill it with."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.message import Message

from state.diff import DiffLine
from state.items import ItemId, ThreadId, TurnId
from state.output import OutputText
from state.text import reveal
from state.views import (
    AnswerCell,
    Bit,
    Cell,
    CellBody,
    CommandCell,
    EventCell,
    FileView,
    Glyph,
    LiveLine,
    NoticeCell,
    PatchCell,
    PlanCell,
    SaidCell,
    ThoughtCell,
    Tone,
    TranscriptView,
    TurnRule,
)
from widgets.cells.rows import Frame
from widgets.intents import Intent
from widgets.palette import OWN_VARIABLES, Palette, derived_variables
from widgets.transcript import Transcript

NOW = 1_800_000_000_000


def palette() -> Palette:
    """Some palette, without an app."""
    names = ("background", "foreground", "surface", "panel")
    base = dict.fromkeys((*names, "accent", "warning", "success"), "#8090a0")
    base |= dict.fromkeys(("error", "secondary", "primary"), "#a06050")
    own = derived_variables(None)
    assert set(own) == set(OWN_VARIABLES)
    return Palette(tuple((base | own).items()))


def frame(width: int = 80) -> Frame:
    """A frame for drawing cells without an app."""
    return Frame(palette(), width)


def command(
    text: str, output: str = "", *, failed: bool = False, live: bool = False
) -> CommandCell:
    """A command cell."""
    glyph, tone = (Glyph.FAILED, Tone.FAIL) if failed else (Glyph.DONE, Tone.MUTED)
    right = (Bit("exit 1", Tone.FAIL),) if failed else ()
    return CommandCell(
        glyph,
        tone,
        "Ran",
        reveal(text, multiline=True),
        (*right, Bit("4.1s", Tone.MUTED)),
        OutputText(output),
        live=live,
    )


def patch(lines: int = 4) -> PatchCell:
    """An edit of one file."""
    rows = tuple(DiffLine("+", n, f"line {n}") for n in range(1, lines + 1))
    file = FileView("Edited", reveal("src/cache.rs"), lines, 0, rows)
    return PatchCell(Glyph.DONE, Tone.MUTED, (file,))


def every_kind(text: str) -> list[CellBody]:
    """A cell of each kind with `text` in every place that takes any."""
    shown = reveal(text, multiline=True)
    return [
        SaidCell(text, (text,), "queued"),
        AnswerCell(text),
        AnswerCell(f"- {text}\n\n> {text}\n\n```rust\n{text}\n```\n"),
        AnswerCell(f"| a | b |\n|---|--:|\n| {text} | x |\n\n# {text}\n"),
        ThoughtCell(text),
        PlanCell(text, (("completed", text), ("inProgress", text), ("pending", text))),
        CommandCell(
            Glyph.FAILED,
            Tone.FAIL,
            "Ran",
            shown,
            (Bit("exit 1", Tone.FAIL),),
            OutputText("\n".join([text] * 5)),
            note=text,
        ),
        PatchCell(
            Glyph.DONE,
            Tone.MUTED,
            (FileView("Edited", shown, 1, 1, (DiffLine("+", 7, text),)),),
            text,
        ),
        EventCell(Glyph.WORK, Tone.WORK, "Started", text, (Bit("x"),), text),
        NoticeCell(Tone.NEED, Glyph.NEED, text, text),
        TurnRule(7, NOW - 240_000, text),
    ]


def cells(*bodies: CellBody, start: int = 0) -> tuple[Cell, ...]:
    """Cells with keys by number."""
    return tuple(
        Cell((TurnId("turn"), ItemId(f"item-{n}")), 1, body)
        for n, body in enumerate(bodies, start)
    )


def talk(count: int, *, start: int = 0) -> tuple[Cell, ...]:
    """Cells of one to three rows, each naming its number."""
    return cells(
        *(
            command(f"step {n}", "out") if n % 3 else SaidCell(f"word {n} " + "x " * 40)
            for n in range(start, start + count)
        ),
        start=start,
    )


def view(
    rows: tuple[Cell, ...], *, live: LiveLine | None = None, older: bool = False
) -> TranscriptView:
    """A view of thread "thread"."""
    return TranscriptView(ThreadId("thread"), cells=rows, live=live, older=older)


class Host(App[None]):
    """One transcript; every intent is kept."""

    def __init__(self, shown: TranscriptView) -> None:
        super().__init__()
        self.shown = shown
        self.intents: list[Intent] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return derived_variables(None)

    def compose(self) -> ComposeResult:
        yield Transcript(self.shown)

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    def keep(self, message: Message) -> None:
        """A message hook; it is called once for every widget a message passes."""
        if isinstance(message, Intent) and not any(
            message is known for known in self.intents
        ):
            self.intents.append(message)

    def lines(self) -> list[str]:
        """The lines of the screen, right-stripped."""
        widget = self.transcript
        return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]

    def text(self) -> list[str]:
        """The lines without the bar of the current cell."""
        return [line.replace("▌", " ").rstrip() for line in self.lines()]
