"""Words that mean several: which one is meant, chosen from a list.

Owns the list and its cursor. Does not own what is done with the answer. Invariant: the
list opens on "none of them", so that a key typed ahead chooses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.strip import Strip

from state.dataclass import dataclass
from state.views import Tone
from widgets.dialog import Dialog
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.lines import line, one_line, piece
from widgets.palette import Back, palette_of
from widgets.plain import Plain

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult


@dataclass(frozen=True, slots=True)
class WhichRow:
    """One that could be meant. `aside` tells it from another of the same name."""

    key: str
    words: str
    aside: str = ""


class WhichRows(Drawn, can_focus=True):
    """The rows; the first one is none of them."""

    DEFAULT_CSS = "WhichRows { height: auto; width: 1fr; }"

    def __init__(self, rows: Sequence[WhichRow]) -> None:
        super().__init__()
        self.rows = (WhichRow("", "None of them: leave it as it is"), *rows)
        self.at = 0

    def step(self, step: int) -> None:
        """Move the cursor."""
        self.at = (self.at + step) % len(self.rows)
        self.refresh()

    def get_content_height(self, *_: object) -> int:
        """A line for each row."""
        return len(self.rows)

    def draw_line(self, y: int) -> Strip:
        """A row: number, name, what tells it from the others."""
        if y >= len(self.rows):
            return Strip.blank(self.size.width)
        palette, look = palette_of(self), look_of(self)
        row, here = self.rows[y], y == self.at
        back = Back.CURSOR if here else Back.NONE
        mark = sign("▌", look) if here and not look.plain else (">" if here else " ")
        tone = Tone.TEXT if row.key else Tone.MUTED
        number = f" {y}  " if row.key else "    "
        left = [
            piece(mark, palette.style(Tone.ACCENT, back)),
            piece(number, palette.style(Tone.MUTED, back)),
            piece(one_line(row.words), palette.style(tone, back, bold=here)),
        ]
        right = [piece(f"{one_line(row.aside)} ", palette.style(Tone.MUTED, back))]
        return line(left, right, self.size.width, palette.back(back), gap=2)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row that was clicked."""
        if event.y < len(self.rows):
            self.step(event.y - self.at)


class WhichDialog(Dialog[str]):
    """Answers the key of the row that is meant, or None."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("up down", "move"),
        ("enter", "choose"),
        ("esc", "leave as is"),
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(1)", "down", id="which.down", show=False),
        Binding("up,k", "step(-1)", "up", id="which.up", show=False),
        *(Binding(f"{n}", f"pick({n})", "by number", show=False) for n in range(1, 10)),
    ]

    def __init__(
        self, title: str, sentence: str, rows: Sequence[WhichRow], *, more: int = 0
    ) -> None:
        super().__init__(title)
        self._sentence = sentence
        self._more = more
        self.rows = WhichRows(rows)

    def parts(self) -> ComposeResult:
        """The sentence, then the rows."""
        yield Plain(self._sentence)
        self.rows.add_class("air")
        yield self.rows
        if self._more:
            words = f"{self._more} more: say more of the id or name"
            yield Plain(words, classes="muted air")

    def on_mount(self) -> None:
        """The rows have the focus."""
        super().on_mount()
        self.rows.focus()

    def action_step(self, step: int) -> None:
        """Up and down."""
        self.rows.step(step)

    def action_pick(self, number: int) -> None:
        """By the number of its row; enter still answers."""
        if number < len(self.rows.rows):
            self.rows.step(number - self.rows.at)

    def action_accept(self) -> None:
        """The row under the cursor."""
        self.dismiss(self.rows.rows[self.rows.at].key or None)
