"""The line at the foot of a card where the words of one field are written.

Owns the field while it is open. It has the focus itself: what is typed here is text,
and no key of it can reach the card's letters. Invariants: it opens only when the user
asks for it; a secret is shown as dots and cannot be copied; nothing is kept here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from state.views import FieldView
from widgets.field import LineField
from widgets.glyphs import look_of
from widgets.plain import Plain

if TYPE_CHECKING:
    from textual.app import ComposeResult


class _Words(LineField):
    """One line of text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", id="cardfield.leave", show=False),
    ]

    def action_leave(self) -> None:
        """Back to the card, as it was."""
        field = self.query_ancestor(CardField)
        field.end(None, back=True)

    def action_copy(self) -> None:
        """A secret stays here."""
        if not self.password:
            super().action_copy()

    def action_cut(self) -> None:
        """A secret stays here."""
        if not self.password:
            super().action_cut()


class CardField(Horizontal):
    """Hidden until `begin`; posts Ended."""

    DEFAULT_CSS = """
    CardField { height: 1; width: 1fr; display: none; padding: 0 2 0 3; }
    CardField.-open { display: block; }
    CardField.-open {
        border-left: round $accent; border-right: round $accent; padding: 0 1;
    }
    CardField > Plain { width: auto; max-width: 50%; height: 1; color: $accent; }
    CardField > Input {
        height: 1; border: none; padding: 0 1; width: 1fr;
        background: $panel; color: $bright;
    }
    CardField > Input:focus { border: none; background: $cursor-row; }
    CardField.-plain.-open { border: none; }
    CardField:ansi Input { text-style: underline; background: transparent; }
    """

    class Ended(Message):
        """The words, or None when it was left as it was. `back`: to the card."""

        def __init__(self, field: FieldView, text: str | None, *, back: bool) -> None:
            super().__init__()
            self.field = field
            self.text = text
            self.back = back

        def __repr__(self) -> str:
            return f"Ended({self.field.key!r})"

    def __init__(self) -> None:
        super().__init__()
        self._label = Plain("")
        self._words = _Words(select_on_focus=False)
        self._field: FieldView | None = None

    def compose(self) -> ComposeResult:
        """Label, words."""
        yield self._label
        yield self._words

    @property
    def open(self) -> bool:
        """Words are being written."""
        return self._field is not None

    def begin(self, field: FieldView, text: str) -> None:
        """Write into this field; the user asked for it."""
        self._field = field
        self.set_class(look_of(self).plain, "-plain")
        self._label.show(f"{field.title or field.key}: ")
        self._words.password = field.secret
        self._words.value = "" if field.secret else text
        self._words.cursor_position = len(self._words.value)
        self.add_class("-open")
        self._words.focus()

    def end(self, text: str | None, *, back: bool) -> None:
        """It is written, or left."""
        field, self._field = self._field, None
        if field is None:
            return
        self._words.value = ""
        self.remove_class("-open")
        self.post_message(self.Ended(field, text, back=back))

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter: back to the card with these words."""
        message.stop()
        self.end(message.value, back=True)

    def on_input_changed(self, message: Input.Changed) -> None:
        """Nobody else's business."""
        message.stop()

    def on_descendant_blur(self, _event: events.DescendantBlur) -> None:
        """The user went elsewhere: what was written is kept, the focus is his."""
        if self._field is not None and self.app.app_focus:
            self.end(self._words.value, back=False)
