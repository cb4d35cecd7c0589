"""The composer: where the user writes, to whom, and what a key would do with it.

Owns the box around the field, the meaning of enter and tab there, the popup of
commands. Does not own sending, drafts on disk or the commands themselves. Invariant:
no word is ever lost: the text goes only when `accepted` says that it was recorded,
and only the text that was accepted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.strip import Strip
from textual.widgets import TextArea

from state import pastes
from state.views import Bit, ComposerView, Tone
from state.words import cut
from widgets.box import edge_line
from widgets.composer_field import ComposerField
from widgets.composer_popup import (
    ComposerPopup,
    SlashCommand,
    find,
    matching,
    nearest,
)
from widgets.composer_target import (
    agents_for,
    enter_word,
    half_typed,
    title_bits,
)
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.intents import DraftChanged, LeavePane, RunShell, RunSlash, Say, SendDraft
from widgets.lines import bits, line, one_line, piece, width_of
from widgets.palette import palette_of

if TYPE_CHECKING:
    from textual.app import ComposeResult

_COMMAND = re.compile(r"/([a-zA-Z][a-zA-Z-]*)(?:\s+|$)(.*)", re.DOTALL)
_NOBODY = ComposerView("", "", "none")


class BoxLine(Drawn):
    """The top or bottom line of the composer's box."""

    DEFAULT_CSS = "BoxLine { height: 1; width: 1fr; }"

    def __init__(self, edge: Literal["top", "bottom"]) -> None:
        super().__init__()
        self.edge = edge

    def draw_line(self, y: int) -> Strip:
        """The line."""
        composer = self.query_ancestor(Composer)
        palette, look = palette_of(self), look_of(self)
        live = composer.field.has_focus
        style = palette.style(Tone.ACCENT if live else Tone.FAINT)
        width = self.size.width
        if self.edge == "top":
            words = bits(composer.title_bits(), palette)
            return edge_line("top", (words, ()), width, style, look)
        facts = bits(composer.facts_bits(), palette)
        room = width - 6 - (width_of(facts) + 3 if facts else 0)
        hints = composer.hint_bits()
        while len(hints) > 1 and width_of(bits(sum(hints, ()), palette)) > room:
            hints = hints[:-1]
        left = bits(sum(hints, ()), palette)
        if width_of(left) > room:
            # What enter does outranks what it would run on.
            facts = []
        return edge_line("bottom", (left, facts), width, style, look)


class WaitingLine(Drawn):
    """Above the box: what is queued or held behind the running turn."""

    DEFAULT_CSS = """
    WaitingLine { height: 1; width: 1fr; display: none; }
    WaitingLine.-shown { display: block; }
    """

    def draw_line(self, y: int) -> Strip:
        """The line."""
        waiting = self.query_ancestor(Composer).view.waiting
        words = bits(waiting, palette_of(self))
        return line([piece("  "), *words], (), self.size.width)


class Prompt(Drawn):
    """The sign before the first row: › or, for a command of the user's own, !."""

    DEFAULT_CSS = "Prompt { width: 3; height: 1; }"

    def draw_line(self, y: int) -> Strip:
        """The sign."""
        composer = self.query_ancestor(Composer)
        shell = composer.field.shell
        mark = "!" if shell else sign("›", look_of(self))
        tone = Tone.ACCENT if composer.field.has_focus else Tone.MUTED
        style = palette_of(self).style(Tone.NEED if shell else tone)
        return Strip([piece(f" {mark} ", style)])


class ComposerBox(Horizontal):
    """Sign and words. A type of its own: a rule about the focus within any `Horizontal`
    would style everything below each of them anew whenever the focus moves."""


class Composer(Vertical):
    """The box. Posts DraftChanged, SendDraft, RunSlash, RunShell, LeavePane, Say.

    Set `view` to where the words would go; `load` shows a stored draft; `accepted`
    takes out what was recorded.
    """

    DEFAULT_CSS = """
    Composer { height: auto; width: 1fr; margin: 0 1; }
    Composer > ComposerBox {
        height: auto; min-height: 1;
        border-left: round $faint; border-right: round $faint;
        padding: 0 1 0 0;
    }
    Composer:focus-within > ComposerBox {
        border-left: round $accent; border-right: round $accent;
    }
    Composer.-ascii > ComposerBox {
        border-left: ascii $faint; border-right: ascii $faint;
    }
    Composer.-plain > ComposerBox { border: none; }
    """

    def __init__(
        self,
        commands: Sequence[SlashCommand] = (),
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._commands = tuple(commands)
        self._view = _NOBODY
        self._dismissed = ""
        self._shown: tuple[object, ...] = ()
        self.field = ComposerField()
        self.popup = ComposerPopup()
        self.prompt = Prompt()
        self.lines = (BoxLine("top"), BoxLine("bottom"))
        self.waiting = WaitingLine()

    def compose(self) -> ComposeResult:
        """Popup over all, then the box."""
        yield self.popup
        yield self.waiting
        yield self.lines[0]
        with ComposerBox():
            yield self.prompt
            yield self.field
        yield self.lines[1]

    def on_mount(self) -> None:
        """Take the look of the app."""
        look = look_of(self)
        self.set_class(look.ascii, "-ascii")
        self.set_class(look.plain, "-plain")

    # -- what is shown -----------------------------------------------------------

    @property
    def view(self) -> ComposerView:
        """Where the words would go."""
        return self._view

    @view.setter
    def view(self, view: ComposerView) -> None:
        if view is self._view:
            return
        self._view = view
        hint = f"message {view.target}"
        if view.action == "start":
            hint = "write a message"
        self.field.placeholder = Content(one_line(cut(hint, 60)))
        self._refresh_box()

    @property
    def text(self) -> str:
        """All that is written, pasted texts whole."""
        return self.field.words

    @property
    def kept(self) -> str:
        """The same as a draft keeps it; `load` takes it."""
        return self.field.kept

    def load(self, text: str) -> None:
        """Show a stored draft. Posts nothing."""
        self.field.load(text)
        self._refresh_box()

    def accepted(self, text: str) -> None:
        """`text` was recorded: take it out. Words typed since then stay."""
        now = self.field.words
        if now.startswith(text):
            rest = pastes.after(self.field.kept, len(text))
            self.field.load(rest.removeprefix("\n"))
            self._refresh_box()
            self.post_message(DraftChanged(self._view.target, self.field.kept))

    def focus(self, scroll_visible: bool = True) -> Composer:
        """Focus the field."""
        self.field.focus(scroll_visible)
        return self

    def title_bits(self) -> tuple[Bit, ...]:
        """To whom."""
        view = self._view
        title = title_bits(view, self.field.text)
        if view.full_access:
            mark = sign("■", look_of(self)).strip()
            words = f"  {mark} FULL ACCESS" if mark else "  FULL ACCESS"
            title = (*title, Bit(words, Tone.FAIL, bold=True))
        return title

    def facts_bits(self) -> tuple[Bit, ...]:
        """What it would run on."""
        return (Bit(self._view.facts, Tone.MUTED),) if self._view.facts else ()

    def hint_bits(self) -> list[tuple[Bit, ...]]:
        """What the keys would do, most needed first."""
        view = self._view
        if self.field.shell:
            return [_hint("enter", "runs it yourself, outside the sandbox")]
        if view.blocked:
            return [(Bit(view.blocked, Tone.MUTED),)]
        if not self.field.has_focus:
            return [_hint("i", "write")]
        hints = [_hint("enter", enter_word(view, self.field.text))]
        if view.action == "steer":
            hints.append(_hint("  tab", "queue"))
        return [*hints, _hint("  ctrl+j", "new line"), _hint("  /", "commands")]

    def _refresh_box(self, *, focus: bool = False) -> None:
        """Draw what is around the words, if it shows something else now: most keys
        change no more than the words. `focus`: it moved."""
        view = self._view
        self.field.queues = view.action == "steer"
        self.waiting.set_class(bool(view.waiting), "-shown")
        around = (self.title_bits(), self.facts_bits(), self.hint_bits())
        shown = (*around, self.field.shell, view.waiting)
        if focus or shown != self._shown:
            self._shown = shown
            for part in (*self.lines, self.prompt, self.waiting):
                part.refresh()

    # -- what happens ------------------------------------------------------------

    def on_text_area_changed(self, message: TextArea.Changed) -> None:
        """Words changed: keep them, look for commands."""
        message.stop()
        text = self.field.text
        if text != self._dismissed:
            self._dismissed = ""
        self._find()
        self._refresh_box()
        self.post_message(DraftChanged(self._view.target, self.field.kept))

    def on_descendant_focus(self) -> None:
        """The box is live."""
        self._refresh_box(focus=True)

    def on_descendant_blur(self) -> None:
        """The box rests."""
        self._show([])
        self._refresh_box(focus=True)

    def _before(self) -> str:
        """What stands before the cursor in its line."""
        row, column = self.field.cursor_location
        return self.field.document.get_line(row)[:column]

    def _find(self) -> None:
        text = self.field.text
        typed = half_typed(self._before())
        if typed is not None and not self._dismissed and not self.field.shell:
            self._show(agents_for(typed, self._view))
            return
        if len(text) > 40 or self._dismissed or not re.fullmatch(r"/[a-zA-Z-]*", text):
            self._show([])
            return
        self._show(matching(self._commands, text[1:]))

    def _show(self, found: list[SlashCommand]) -> None:
        self.popup.show(found)
        self.field.popup_open = self.popup.shown

    def on_composer_field_key(self, message: ComposerField.Key) -> None:
        """One of the field's own keys."""
        message.stop()
        match message.pressed:
            case "up":
                self.popup.step(-1)
            case "down":
                self.popup.step(1)
            case "leave":
                self._leave()
            case "tab":
                self._tab()
            case "send":
                self._enter()

    def on_composer_popup_picked(self, message: ComposerPopup.Picked) -> None:
        """A command was clicked: write it."""
        message.stop()
        self._complete(message.command)
        self.field.focus()

    def _leave(self) -> None:
        if self.popup.shown:
            self._dismissed = self.field.text
            self._show([])
        elif not self.field.selection.is_empty:
            self.field.move_cursor(self.field.selection.end)
        else:
            self.post_message(LeavePane())

    def _tab(self) -> None:
        self._find()  # The words may have come in one piece with this key.
        if self.popup.picked is not None:
            self._complete(self.popup.picked)
        elif self.field.queues and self.field.text.strip():
            text = self.field.words
            self.post_message(SendDraft(self._view.target, text, "queue"))

    def _complete(self, command: SlashCommand) -> None:
        field = self.field
        if command.sign == "@":
            row, column = field.cursor_location
            start = column - len(half_typed(self._before()) or "")
            field.replace(f"{command.name} ", (row, start), (row, column))
            self._show([])
            return
        text = f"/{command.name} "
        field.replace(text, field.document.start, field.document.end)
        field.move_cursor(field.document.end)
        self._show([])

    def _enter(self) -> None:
        picked, text = self.popup.picked, self.field.text
        if picked is not None and picked.sign == "@":
            if half_typed(self._before()) != picked.name:
                self._complete(picked)
                return
            picked = None
        if picked is not None and find(self._commands, text[1:]) is None:
            if picked.needs_args:
                self._complete(picked)
                return
            self._complete(picked)
            text = f"/{picked.name}"
        self._show([])
        if not text.strip():
            return
        words = self.field.words
        if self.field.shell:
            command = words[1:].strip()
            if command:
                self.post_message(RunShell(self._view.target, command, words))
            return
        match = _COMMAND.fullmatch(text)
        if match is not None:
            args = self.field.pasted.whole(match[2]).strip()
            self._command(match[1], args, words)
        elif self._view.action == "none":
            self.post_message(
                Say(self._view.blocked or "Nothing is open to send it to.")
            )
        else:
            self.post_message(SendDraft(self._view.target, words, "send"))

    def _command(self, name: str, args: str, text: str) -> None:
        command = find(self._commands, name.lower())
        if command is not None:
            self.post_message(RunSlash(command.name, args, text))
            return
        near = [f"/{one}" for one in nearest(self._commands, name)]
        meant = f" Nearest: {', '.join(near)}." if near else ""
        send = " A space before it sends it as words."
        self.post_message(Say(f"There is no command /{name}.{meant}{send}"))


def _hint(key: str, word: str) -> tuple[Bit, ...]:
    return (Bit(key, Tone.ACCENT), Bit(f" {word}", Tone.MUTED))
