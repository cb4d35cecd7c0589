"""Dialogs: a box over a dimmed page, with a question and ways to answer it.

Owns the box, its keys, rows of choices, and the general question `Ask`. Does not
own what an answer does. Invariants: esc always leaves without an answer; a question
opens on its harmless answer; nothing is answered by time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from rich.segment import Segment
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.strip import Strip

from state.dataclass import dataclass
from state.views import Tone
from widgets.box import edge_line
from widgets.drawn import Drawn
from widgets.glyphs import look_of
from widgets.lines import line, piece, width_of
from widgets.palette import palette_of
from widgets.plain import Plain

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.widget import Widget

R = TypeVar("R")

LABEL = 16
"""Cells of the labels of a form."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to answer. `danger`: drawn as such."""

    value: str
    label: str
    danger: bool = False


class DialogEdge(Drawn):
    """The box's top or bottom line."""

    DEFAULT_CSS = "DialogEdge { height: 1; width: 1fr; background: $surface; }"

    def __init__(
        self,
        edge: Literal["top", "bottom"],
        title: str = "",
        aside: str = "",
        keys: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__()
        self.edge = edge
        self.title = title
        self.aside = aside
        self.keys = tuple(keys)

    def draw_line(self, y: int) -> Strip:
        """The line."""
        palette, look = palette_of(self), look_of(self)
        muted = palette.style(Tone.MUTED)
        left: list[Segment] = []
        right: list[Segment] = []
        if self.title:
            left = [piece(self.title, palette.style(Tone.BRIGHT, bold=True))]
        if self.aside:
            right = [piece(self.aside, muted)]
        for key, label in self.keys:
            hint = [
                piece("   " if left else "", muted),
                piece(key, palette.style(Tone.ACCENT)),
                piece(f" {label}", muted),
            ]
            if width_of([*left, *hint]) > self.size.width - 8:
                break
            left += hint
        style = palette.style(Tone.ACCENT)
        return edge_line(self.edge, (left, right), self.size.width, style, look)


class Segments(Drawn, can_focus=True):
    """A row of choices, the chosen one in [ ] and bold. Posts Changed."""

    DEFAULT_CSS = "Segments { height: 1; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "before", id="segments.left", show=False),
        Binding("right,l,space", "step(1)", "after", id="segments.right", show=False),
        *(Binding(f"{n}", f"pick({n})", "by number", show=False) for n in range(1, 10)),
    ]

    index: reactive[int] = reactive(0)

    class Changed(Message):
        """Another one is chosen."""

        def __init__(self, segments: Segments) -> None:
            super().__init__()
            self.segments = segments

        @property
        def control(self) -> Segments:
            """The row."""
            return self.segments

    def __init__(
        self,
        choices: Sequence[Choice],
        value: str | None = None,
        *,
        label: str = "",
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.choices = tuple(choices)
        self.label = label
        values = [choice.value for choice in self.choices]
        start = values.index(value) if value in values else 0
        self.set_reactive(Segments.index, start)

    @property
    def value(self) -> str:
        """The chosen value."""
        return self.choices[self.index].value

    def _pieces(self) -> list[list[Segment]]:
        palette = palette_of(self)
        live = self.has_focus
        parts = []
        plain = look_of(self).plain
        for index, choice in enumerate(self.choices):
            label = f"{index + 1} {choice.label}" if plain else choice.label
            if index != self.index:
                tone = Tone.FAIL if choice.danger else Tone.MUTED
                parts.append([piece(f" {label} ", palette.style(tone))])
                continue
            mark = palette.style(Tone.ACCENT if live else Tone.FAINT, bold=True)
            tone = Tone.FAIL if choice.danger else Tone.BRIGHT
            words = piece(label, palette.style(tone, bold=True))
            parts.append([piece("[", mark), words, piece("]", mark)])
        return parts

    def draw_line(self, y: int) -> Strip:
        """The row."""
        palette = palette_of(self)
        tone = Tone.ACCENT if self.has_focus else Tone.TEXT
        pieces = []
        if self.label:
            pieces.append(piece(f"{self.label:<{LABEL}}", palette.style(tone)))
        for part in self._pieces():
            pieces += [*part, piece(" ")]
        return line(pieces, (), self.size.width)

    def action_step(self, step: int) -> None:
        """Choose the one beside it."""
        self.choose((self.index + step) % len(self.choices))

    def action_pick(self, number: int) -> None:
        """Choose by number, as plain mode shows them; enter still answers."""
        if number <= len(self.choices):
            self.choose(number - 1)

    def choose(self, index: int) -> None:
        """Choose this one."""
        if index != self.index:
            self.index = index
            self.post_message(self.Changed(self))

    def on_click(self, event: events.Click) -> None:
        """Choose the one that was clicked."""
        at = LABEL if self.label else 0
        for index, part in enumerate(self._pieces()):
            end = at + width_of(part) + 1
            if at <= event.x < end:
                self.choose(index)
                return
            at = end

    def on_focus(self) -> None:
        """Brackets in the accent."""
        self.refresh()

    def on_blur(self) -> None:
        """Brackets at rest."""
        self.refresh()


class Dialog(ModalScreen[R | None]):
    """A box over the page. Subclasses give `parts` and call `answer`."""

    TITLE_WORDS: ClassVar[str] = ""
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "choose"),
        ("esc", "leave as is"),
    )

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 66%; }
    Dialog > .box {
        width: 100%; max-width: 96; height: auto; max-height: 100%;
        margin: 0 2; background: $surface;
    }
    Dialog .body {
        height: auto; width: 1fr; padding: 1 2; background: $surface;
        border-left: round $accent; border-right: round $accent;
    }
    Dialog.-plain .body { border: none; }
    Dialog .muted { color: $muted; }
    Dialog .bright { color: $bright; text-style: bold; }
    Dialog .need { color: $warning; }
    Dialog .fail { color: $error; }
    Dialog .air { margin-top: 1; }
    Dialog Input {
        height: 1; border: none; padding: 0 1; width: 1fr;
        background: $panel; color: $bright;
    }
    Dialog Input:focus { border: none; background: $cursor-row; }
    Dialog Input .input--placeholder { color: $muted; }
    Dialog .labelled { height: 1; width: 1fr; }
    Dialog .labelled Plain { width: 16; height: 1; }
    Dialog:ansi { background: transparent; }
    Dialog:ansi .muted { text-style: dim; }
    Dialog:ansi Input { text-style: underline; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", id="dialog.leave", show=False),
        Binding("down", "app.focus_next", "next", id="dialog.next", show=False),
        Binding("up", "app.focus_previous", "back", id="dialog.back", show=False),
        Binding("enter", "accept", "choose", id="dialog.accept", show=False),
    ]

    def __init__(self, title: str, aside: str = "") -> None:
        super().__init__()
        self._heading = title
        self._aside = aside
        self._left = False

    def parts(self) -> ComposeResult:
        """What stands in the box."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(classes="box"):
            yield DialogEdge("top", self._heading, self._aside)
            with VerticalScroll(classes="body", can_focus=False):
                yield from self.parts()
            yield DialogEdge("bottom", keys=self.KEYS)

    def on_mount(self) -> None:
        """Take the look of the app; the body scrolls when it does not fit."""
        self.set_class(look_of(self).plain, "-plain")
        self._fit()

    def on_resize(self) -> None:
        """Another height."""
        self._fit()

    def _fit(self) -> None:
        for body in self.query(".body"):
            body.styles.max_height = max(3, self.app.size.height - 4)

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """Once: a second enter of the same burst would close the page below."""
        if self._left:
            return AwaitComplete()
        self._left = True
        return super().dismiss(result)

    def action_leave(self) -> None:
        """Without an answer."""
        self.dismiss(None)

    def action_accept(self) -> None:
        """Enter."""
        raise NotImplementedError


class Ask(Dialog[str]):
    """A question with sentences and a row of choices; answers the value, or None.

    The first choice is the one enter takes at once: make it the harmless one.
    """

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("left right", "move"),
        ("enter", "choose"),
        ("esc", "leave as is"),
    )

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        choices: Sequence[Choice],
        *,
        aside: str = "",
    ) -> None:
        super().__init__(title, aside)
        self._lines = tuple(lines)
        self.segments = Segments(choices)

    def parts(self) -> ComposeResult:
        """Sentences, then choices."""
        for text in self._lines:
            yield Plain(text)
        self.segments.add_class("air")
        yield self.segments

    def on_mount(self) -> None:
        """The choices have the focus."""
        super().on_mount()
        self.segments.focus()

    def action_accept(self) -> None:
        """The chosen one."""
        self.dismiss(self.segments.value)


def labelled(label: str, control: Widget) -> Widget:
    """A form's row: words, then a field."""
    return Horizontal(Plain(label), control, classes="labelled")
