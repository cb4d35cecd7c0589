"""What each thread lost when the engine ended, and one key each to go on.

Owns the rows, their cursor and keys. Does not own what going on does: it calls `act`
with the row's thread. Invariant: nothing happens to a thread without a key of its own
on its row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.strip import Strip

from state.items import ThreadId
from state.views import Tone
from state.views.lost import LossRow
from widgets.dialog import Dialog
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.lines import line, piece, width_of
from widgets.palette import Back, palette_of
from widgets.plain import Plain

if TYPE_CHECKING:
    from textual.app import ComposeResult

MOST_ROWS = 12
LossAct = Literal["go_on", "open", "dismiss", "dismiss_all"]
Act = Callable[[LossAct, ThreadId | None], None]


class LossRows(Drawn, can_focus=True):
    """Title on the left, what was lost on the right; two lines where that is narrow."""

    DEFAULT_CSS = "LossRows { height: auto; width: 1fr; }"

    def __init__(self, rows: Sequence[LossRow]) -> None:
        super().__init__()
        self.rows = tuple(rows)
        self.at = 0

    @property
    def current(self) -> LossRow | None:
        """The row under the cursor."""
        return self.rows[self.at] if self.rows else None

    def show(self, rows: Sequence[LossRow]) -> None:
        """List these; the cursor stays on its thread."""
        key = self.current.thread_id if self.current else None
        ids = [row.thread_id for row in rows]
        self.rows = tuple(rows)
        self.at = ids.index(key) if key in ids else max(0, min(self.at, len(rows) - 1))
        self.refresh(layout=True)

    def step(self, step: int) -> None:
        """Move the cursor."""
        if self.rows:
            self.at = (self.at + step) % len(self.rows)
            self.refresh()

    def get_content_height(self, *_: object) -> int:
        """Two lines for each row."""
        return 2 * max(1, min(len(self.rows), MOST_ROWS))

    def draw_line(self, y: int) -> Strip:
        """The title, and under it what was lost."""
        palette, look, width = palette_of(self), look_of(self), self.size.width
        first = max(0, self.at - MOST_ROWS + 1)
        index, second = divmod(y, 2)
        if first + index >= len(self.rows):
            return Strip.blank(width)
        row, here = self.rows[first + index], first + index == self.at
        back = Back.CURSOR if here else Back.NONE
        bar = sign("▌", look) if here and not look.plain else (">" if here else " ")
        if second:
            bar = " " if look.plain else bar
            words = piece(f"     {row.words}", palette.style(Tone.MUTED, back))
        else:
            words = piece(row.title, palette.style(Tone.TEXT, back, bold=here))
        left = [piece(bar, palette.style(Tone.ACCENT, back))]
        if not second:
            number = f" {first + index + 1:>2}  "
            left.append(piece(number, palette.style(Tone.MUTED, back)))
        more = len(self.rows) - MOST_ROWS
        right = []
        if y == 2 * MOST_ROWS - 1 and first + index + 1 < len(self.rows):
            right = [piece(f"{more} more ", palette.style(Tone.MUTED, back))]
        assert width_of(right) < width
        return line([*left, words], right, width, palette.back(back), gap=2)


class LossDialog(Dialog[None]):
    """The list; `show` redraws it while it is open."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("c", "go on"),
        ("enter", "open"),
        ("x", "leave it"),
        ("X", "leave all"),
        ("esc", "close"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(1)", "down", id="loss.down", show=False),
        Binding("up,k", "step(-1)", "up", id="loss.up", show=False),
        Binding("c", "do('go_on')", "go on", id="loss.go_on", show=False),
        Binding("x,delete", "do('dismiss')", "leave", id="loss.leave", show=False),
        Binding("X", "do('dismiss_all')", "all", id="loss.leave_all", show=False),
    ]

    def __init__(self, rows: Sequence[LossRow], note: str, act: Act) -> None:
        super().__init__("The engine ended", "what each thread lost")
        self._note = note
        self._act = act
        self.rows = LossRows(rows)

    def parts(self) -> ComposeResult:
        """Rows, a sentence."""
        yield self.rows
        yield Plain(self._note, classes="muted air")

    def on_mount(self) -> None:
        """The rows have the focus."""
        super().on_mount()
        self.rows.focus()

    def show(self, rows: Sequence[LossRow]) -> None:
        """Fewer are left."""
        self.rows.show(rows)

    def action_step(self, step: int) -> None:
        """Up and down."""
        self.rows.step(step)

    def action_do(self, doing: LossAct) -> None:
        """An act on the row under the cursor, or on all."""
        row = self.rows.current
        self._act(doing, row.thread_id if row is not None else None)

    def action_accept(self) -> None:
        """Enter opens the thread."""
        self.action_do("open")
