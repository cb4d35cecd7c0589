"""The queue of a thread: what waits behind the running turn, and what is kept here.

Owns the rows, their cursor and keys, and the field in which a message is edited. Does
not own what an act does: it calls `act` with the row's key. Invariant: the cursor
stays on its message when the order changes under it; esc never loses an edit
unsaid: the message stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.strip import Strip

from state.dataclass import dataclass
from state.views import Tone
from widgets.composer_field import ComposerField
from widgets.dialog import Dialog, DialogEdge
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.lines import line, one_line, piece
from widgets.palette import Back, palette_of
from widgets.plain import Plain

if TYPE_CHECKING:
    from textual.app import ComposeResult

MOST_ROWS = 12
Doing = Literal["edit", "up", "down", "delete", "hold", "back", "start"]


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One message. `key`: its client id. `held`: kept here, not in the engine.
    `words` are for the row, `text` is what an edit begins with."""

    key: str
    words: str
    text: str
    held: bool = False
    why: str = ""


Act = Callable[[Doing, str, str], None]
"""(what to do, the row's key, the new text of an edit)"""


class QueueRows(Drawn, can_focus=True):
    """The rows."""

    DEFAULT_CSS = "QueueRows { height: auto; width: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[QueueRow] = ()
        self.at = 0

    @property
    def current(self) -> QueueRow | None:
        """The row under the cursor."""
        return self.rows[self.at] if self.rows else None

    def show(self, rows: Sequence[QueueRow]) -> None:
        """List these; the cursor stays on its message."""
        key = self.current.key if self.current else ""
        keys = [row.key for row in rows]
        self.rows = tuple(rows)
        self.at = keys.index(key) if key in keys else min(self.at, len(rows) - 1)
        self.at = max(0, self.at)
        self.refresh(layout=True)

    def step(self, step: int) -> None:
        """Move the cursor."""
        if self.rows:
            self.at = (self.at + step) % len(self.rows)
            self.refresh()

    def get_content_height(self, *_: object) -> int:
        """A line for each row."""
        return max(1, min(len(self.rows), MOST_ROWS))

    def draw_line(self, y: int) -> Strip:
        """A row: number, words, how it stands."""
        palette, look, width = palette_of(self), look_of(self), self.size.width
        if not self.rows:
            words = "Nothing is queued."
            return line([piece(words, palette.style(Tone.MUTED))], (), width)
        first = max(0, self.at - MOST_ROWS + 1)
        if first + y >= len(self.rows):
            return Strip.blank(width)
        row, here = self.rows[first + y], first + y == self.at
        back = Back.CURSOR if here else Back.NONE
        mark = sign("▌", look) if here and not look.plain else (">" if here else " ")
        left = [
            piece(mark, palette.style(Tone.ACCENT, back)),
            piece(f" {first + y + 1:>2}  ", palette.style(Tone.MUTED, back)),
            piece(one_line(row.words), palette.style(Tone.TEXT, back, bold=here)),
        ]
        state = "queued"
        if row.held:
            state = f"held, as {row.why}" if row.why else "held here"
        tone = Tone.NEED if row.held else Tone.MUTED
        right = [piece(f"{one_line(state)} ", palette.style(tone, back))]
        return line(left, right, width, palette.back(back), gap=2)


class QueueDialog(Dialog[None]):
    """The list; `show` redraws it while it is open."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("s", "go on"),
        ("e", "edit"),
        ("x", "delete"),
        ("J K", "order"),
        ("h", "hold"),
        ("U", "all back"),
        ("esc", "close"),
    )
    EDIT_KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "keep these words"),
        ("ctrl+j", "new line"),
        ("esc", "leave as it was"),
    )

    DEFAULT_CSS = """
    QueueDialog ComposerField { display: none; }
    QueueDialog.-editing ComposerField { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(1)", "down", id="queue.down", show=False),
        Binding("up,k", "step(-1)", "up", id="queue.up", show=False),
        Binding("J,ctrl+down", "do('down')", "later", id="queue.later", show=False),
        Binding("K,ctrl+up", "do('up')", "sooner", id="queue.sooner", show=False),
        Binding("e,enter", "edit", "edit", id="queue.edit", show=False),
        Binding("x,delete", "do('delete')", "delete", id="queue.delete", show=False),
        Binding("h", "do('hold')", "hold", id="queue.hold", show=False),
        Binding("U", "do('back')", "put back", id="queue.back", show=False),
        Binding("s", "do('start')", "go on", id="queue.start", show=False),
    ]

    def __init__(
        self, title: str, note: str, rows: Sequence[QueueRow], act: Act
    ) -> None:
        super().__init__("Queue", title)
        self._note = Plain(note, classes="muted air")
        self._act = act
        self._editing = ""
        self.rows = QueueRows()
        self.rows.show(rows)
        self.field = ComposerField()

    def parts(self) -> ComposeResult:
        """Rows, a sentence, the field."""
        yield self.rows
        yield self._note
        yield self.field

    def on_mount(self) -> None:
        """The rows have the focus."""
        super().on_mount()
        self.rows.focus()

    def show(self, rows: Sequence[QueueRow], note: str) -> None:
        """The queue is this now."""
        self.rows.show(rows)
        self._note.show(note)

    def action_step(self, step: int) -> None:
        """Up and down."""
        self.rows.step(step)

    def action_do(self, doing: Doing) -> None:
        """An act on the row under the cursor, or on all."""
        row = self.rows.current
        if row is not None:
            self._act(doing, row.key, "")

    def action_accept(self) -> None:
        """Enter edits."""
        self.action_edit()

    def action_edit(self) -> None:
        """Write the message under the cursor anew."""
        row = self.rows.current
        if row is None:
            return
        self._editing = row.key
        self.field.load(row.text)
        self._edit_mode(on=True)

    def _edit_mode(self, *, on: bool) -> None:
        self.set_class(on, "-editing")
        for edge in self.query(DialogEdge):
            if edge.edge == "bottom":
                edge.keys = self.EDIT_KEYS if on else self.KEYS
                edge.refresh()
        (self.field if on else self.rows).focus()

    def on_composer_field_key(self, message: ComposerField.Key) -> None:
        """Enter keeps the words, esc leaves the message as it was."""
        message.stop()
        if message.pressed == "send":
            text = self.field.words
            if text.strip():
                self._act("edit", self._editing, text)
            self._edit_mode(on=False)
        elif message.pressed == "leave":
            self._edit_mode(on=False)
