"""The field of the composer: a text area that keeps every word and knows its keys.

Owns typing, pasting and the keys that mean something there. Does not own sending:
it says what was pressed. Invariants: pasted text is one insertion and holds no
control character; a long one is shown as a sign, which is one thing to the cursor and
to every edit, and `words` has what it stands for; only a `!` that was typed first
makes a shell command.
"""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from rich.text import Text
from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult, Location, Selection

from state.dataclass import dataclass
from state.pastes import LONG as LONG_PASTE
from state.text import clean_delta
from state.views import Tone
from widgets.intents import CopyText
from widgets.palette import palette_of
from widgets.pasted import Pasted

_MENTION = re.compile(r"(?<!\S)@[^\s@]+")
_COMMAND = re.compile(r"/[a-zA-Z-]+")
LONG = 2000
"""Lines longer than this are drawn without highlights."""

Pressed = Literal["send", "tab", "leave", "up", "down"]
KEYS: dict[str, Pressed] = {
    "enter": "send",
    "tab": "tab",
    "escape": "leave",
    "up": "up",
    "down": "down",
}
NEWLINES = frozenset({"ctrl+j", "shift+enter", "alt+enter", "ctrl+enter"})


def from_outside(text: str) -> str:
    """Pasted or stored words, with their line breaks and without controls."""
    return clean_delta(text.replace("\r\n", "\n").replace("\r", "\n"))


class ComposerField(TextArea):
    """The text. Grows with it from one row to eight, then scrolls."""

    DEFAULT_CSS = """
    ComposerField {
        height: auto; min-height: 1; max-height: 8; width: 1fr;
        border: none; padding: 0; background: transparent; color: $foreground;
        scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0;
        &:focus { border: none; }
        & .text-area--placeholder { color: $muted; }
        & .text-area--cursor {
            background: $foreground; color: $background; text-style: none;
        }
        & .text-area--selection { background: $cursor-row; color: $foreground; }
        &:ansi {
            & .text-area--placeholder { text-style: dim; }
            & .text-area--cursor { text-style: reverse; }
            & .text-area--selection { text-style: reverse; }
        }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # A terminal's own key stops the program wherever the cursor is; what was
        # typed is taken back as shells do it.
        Binding("ctrl+z", "app.suspend_process", show=False),
        Binding("ctrl+underscore,super+z", "undo", show=False),
    ]

    @dataclass
    class Key(Message):
        """A key with a meaning of its own was pressed."""

        field: ComposerField
        pressed: Pressed

        @property
        def control(self) -> ComposerField:
            """The field."""
            return self.field

    POPUP_KEYS: ClassVar[frozenset[str]] = frozenset({"up", "down"})

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        self.pasted = Pasted()
        super().__init__(
            id=id,
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            highlight_cursor_line=False,
        )
        self.cursor_blink = False
        self.match_cursor_bracket = False
        self.popup_open = False
        self.queues = False
        """whether tab queues what is written"""
        self._shell = False

    @property
    def takes_tab(self) -> bool:
        """Whether tab means something here; else it moves the focus. Asked when it is
        pressed: on a slow link it comes in one piece with the words before it."""
        return bool(self.text.strip()) and (
            self.queues or self.popup_open or _COMMAND.fullmatch(self.text) is not None
        )

    @property
    def words(self) -> str:
        """All that is written, pasted texts whole: what would be sent."""
        return self.pasted.whole(self.text)

    @property
    def kept(self) -> str:
        """The same as a draft keeps it; `load` shows it again as it is now."""
        return self.pasted.kept(self.text)

    @property
    def shell(self) -> bool:
        """Whether this is a command of the user's own: its `!` was typed first."""
        return self._shell and self.document.get_line(0).startswith("!")

    def load(self, text: str) -> None:
        """Show this draft, the cursor at its end. Never a shell command."""
        self._shell = False
        self.pasted.clear()
        with self.prevent(TextArea.Changed):
            self.load_text(self.pasted.shown(text, from_outside))
        self.move_cursor(self.document.end)
        self.refresh(layout=True)

    async def _on_key(self, event: events.Key) -> None:
        key = event.key
        if key in NEWLINES:
            event.stop()
            event.prevent_default()
            self._replace_via_keyboard("\n", *self.selection)
            return
        pressed = KEYS.get(key)
        if pressed is not None and self._wanted(key):
            event.stop()
            event.prevent_default()
            self.post_message(self.Key(self, pressed))
            return
        if pressed is not None:
            return
        if event.character == "!" and not self.text:
            self._shell = True
        await super()._on_key(event)

    def _wanted(self, key: str) -> bool:
        if key in self.POPUP_KEYS:
            return self.popup_open
        return self.takes_tab if key == "tab" else True

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self._insert(event.text)
        self.focus()

    def action_paste(self) -> None:
        """Paste what was copied here."""
        self._insert(self.app.clipboard)

    def _insert(self, text: str) -> None:
        if not self.document.text.strip():
            self._shell = False
        text = from_outside(text)
        if len(text) > LONG_PASTE:
            text = self.pasted.sign(text, self.text)
        result = self._replace_via_keyboard(text, *self.selection)
        if result is not None:
            self.move_cursor(result.end_location)

    def action_copy(self) -> None:
        """Copy the selection; nothing selected: not our key."""
        if not self.selected_text:
            raise SkipAction
        words = self.pasted.whole(self.selected_text)
        self.post_message(CopyText(words, "selection"))

    def action_cut(self) -> None:
        """Copy the selection, or the line, then take it out."""
        start, end = self.selection
        if start == end:
            row = self.cursor_location[0]
            words = self.document.get_line(row)
            done = self._delete_cursor_line()
        else:
            words = self.selected_text
            done = self._delete_via_keyboard(start, end)
        if done is not None and words:
            whole = self.pasted.whole(words)
            self.post_message(CopyText(whole, "selection"))

    # -- signs are one thing -------------------------------------------------------

    def edit(self, edit: Edit) -> EditResult:
        """Whatever touches a part of a sign means the whole of it."""
        if self.pasted:
            top, bottom = edit.top, edit.bottom
            if top == bottom:
                top = bottom = self._outside(top, forward=True)
            else:
                top = self._outside(top, forward=False)
                bottom = self._outside(bottom, forward=True)
            if (top, bottom) != (edit.top, edit.bottom):
                edit = Edit(edit.text, top, bottom, edit.maintain_selection_offset)
        return super().edit(edit)

    def _validate_selection(self, selection: Selection) -> Selection:
        """The cursor steps over a sign, and no selection ends inside of one."""
        selection = super()._validate_selection(selection)
        if not self.pasted:
            return selection
        start, end = selection
        forward = end > self.selection.end
        end = self._outside(end, forward=forward)
        if selection.is_empty:
            return Selection(end, end)
        return Selection(self._outside(start, forward=start > end), end)

    def _outside(self, at: Location, *, forward: bool) -> Location:
        """The place itself, or the edge of the sign that it is inside of."""
        row, column = at
        if not 0 <= row < self.document.line_count:
            return at
        for begin, end in self.pasted.spans(self.document.get_line(row)):
            if begin < column < end:
                return (row, end if forward else begin)
        return at

    def render_line(self, y: int) -> Strip:
        """A row, exactly as wide as the field."""
        strip = super().render_line(y)
        return strip.adjust_cell_length(self.size.width, self.rich_style)

    def get_line(self, line_index: int) -> Text:
        """A line with its mentions and its command in the accent."""
        text = super().get_line(line_index)
        if len(text) > LONG:
            return text
        accent = palette_of(self).style(Tone.ACCENT)
        for span in self.pasted.spans(text.plain):
            text.stylize(accent, *span)
        for match in _MENTION.finditer(text.plain):
            text.stylize(accent, *match.span())
        if line_index == 0 and text.plain[:1] == "/":
            word = text.plain.split(" ", 1)[0]
            if word[1:].replace("-", "").isalpha():
                text.stylize(accent, 0, len(word))
        return text
