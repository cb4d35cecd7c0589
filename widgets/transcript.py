"""The transcript: a thread's cells, line by line, however many there are.

Owns keys, mouse, the selection and what is repainted. Does not own what a cell looks
like (`widgets.cells`), which lines are on screen (`widgets.transcript_viewport`) nor
what the thread says (`state.select`). Posts intents only. Invariant: a screen line
is repainted only when it differs from what stands there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from state.views import EventCell, NoticeCell, Tone, TranscriptView
from widgets.cells import render as cells
from widgets.cells.lines import Clock
from widgets.cells.rows import Frame, Row
from widgets.differing import differing
from widgets.drawn import Grounded
from widgets.glyphs import look_of
from widgets.intents import (
    CopyText,
    ExplainCell,
    FoldChanged,
    LoadOlder,
    OpenDenials,
    OpenThread,
    Say,
    TranscriptSized,
)
from widgets.palette import palette_of
from widgets.transcript_layout import Anchor
from widgets.transcript_rows import Key
from widgets.transcript_select import Picked, highlighted
from widgets.transcript_viewport import Viewport

if TYPE_CHECKING:
    from textual import events
    from textual.selection import Selection


def _key(keys: str, action: str, words: str, name: str) -> Binding:
    return Binding(keys, action, words, id=f"transcript.{name}", show=False)


class Transcript(Grounded, ScrollView, can_focus=True):
    """Shows `view`. Give it the time with `set_clock`: it has no timer of its own."""

    DEFAULT_CSS = """
    Transcript {
        height: 1fr; width: 1fr;
        overflow-x: hidden; overflow-y: scroll; scrollbar-size: 0 0;
    }
    """
    BINDING_GROUP_TITLE = "Thread"
    BINDINGS: ClassVar[list[BindingType]] = [
        _key("up,k", "move(-1)", "Line up", "up"),
        _key("down,j", "move(1)", "Line down", "down"),
        _key("pageup", "page(-1)", "Page up", "page_up"),
        _key("pagedown,space", "page(1)", "Page down", "page_down"),
        _key("home,g", "home", "Beginning", "home"),
        _key("end,G", "end", "End", "end"),
        _key("left_square_bracket", "turn(-1)", "Turn before", "turn_before"),
        _key("right_square_bracket", "turn(1)", "Turn after", "turn_after"),
        _key("K,shift+up", "mark(-1)", "Cell before", "cell_before"),
        _key("J,shift+down", "mark(1)", "Cell after", "cell_after"),
        _key("v", "fold", "Fold or unfold", "fold"),
        _key("enter", "open", "Open the cell's agent or denial", "open"),
        _key("y", "copy", "Copy the selection", "copy"),
        _key("ctrl+c", "copy_selected", "Copy the selection", "copy_selected"),
        _key("c", "copy_cell", "Copy the cell", "copy_cell"),
        _key("w", "explain", "Why it was blocked", "explain"),
    ]

    view: var[TranscriptView] = var(TranscriptView(), init=False)

    def __init__(
        self,
        view: TranscriptView | None = None,
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        view = view or TranscriptView()
        self.port = Viewport(view)
        self.set_reactive(Transcript.view, view)
        self.painted = 0
        """lines refreshed so far, for tests"""
        self._asked: Key | None = None
        self._moving = False
        self._screen: list[tuple[Row, bool]] = []

    # -- what is given

    def set_clock(self, now_ms: int | None, frame: int | None = None) -> None:
        """It is `now_ms`; the spinner is at step `frame` (None: it stands still)."""
        self.port.set_clock(Clock(now_ms, frame))
        self._paint()

    def watch_view(self, old: TranscriptView, new: TranscriptView) -> None:
        """Other cells, the same lines on screen."""
        if old.thread_id != new.thread_id:
            self._asked = None
        self.port.show(new)
        self._sync()

    def notify_style_update(self) -> None:
        """The theme may be another one."""
        super().notify_style_update()
        if self.is_mounted:
            self.on_resize()
            self.refresh()

    def on_resize(self) -> None:
        """Another size."""
        if self.size.width and self.size.height:
            frame = Frame(palette_of(self), self.size.width, look_of(self))
            first = self.port.frame is None
            self.port.resize(frame, self.size.height)
            self._sync()
            if first:
                self.post_message(TranscriptSized())

    def _sync(self) -> None:
        """Tell Textual where the viewport is, and repaint."""
        port = self.port
        if not port.ready:
            return
        if port.lost and self.is_mounted and self in self.screen.selections:
            self.screen.clear_selection()
        port.lost = False
        total = max(port.layout.total, port.height)
        # Not through the reactive: that would lay out the whole screen.
        self.set_reactive(Widget.virtual_size, Size(self.size.width, total))
        self._moving = True
        self.scroll_target_y = self.scroll_y = port.top
        self._moving = False
        self._paint()
        self._ask_older()

    def _ask_older(self) -> None:
        view = self.view
        first = view.cells[0].key if view.cells else None
        if view.thread_id and view.older and self.port.at_top and self._asked != first:
            self._asked = first
            self.post_message(LoadOlder(view.thread_id))

    # -- scrolling

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Somebody scrolled: the wheel, or a selection dragged over the edge."""
        rows = round(new_value) - round(old_value)
        # Nobody did while the size is another than the one that was laid out: then
        # Textual fits the position into what is left, and our own resize follows.
        if rows and not self._moving and self._laid_out:
            self.action_move(rows)

    @property
    def _laid_out(self) -> bool:
        frame, size = self.port.frame, self.size
        if frame is None or not self.port.ready:
            return False
        return (frame.width, self.port.height) == (size.width, size.height)

    def action_move(self, rows: int) -> None:
        """Scroll by lines."""
        if self.port.ready:
            self.port.scroll_by(rows)
            self._sync()

    def action_page(self, pages: int) -> None:
        """Scroll by a screen, two lines kept."""
        self.action_move(pages * max(1, self.size.height - 2))

    def action_home(self) -> None:
        """To the first line that is held."""
        self.port.jump(Anchor(0, 0))
        self._sync()

    def action_end(self) -> None:
        """To the end, and stay there."""
        self.port.jump(self.port.anchor, follow=True)
        self._sync()

    def action_turn(self, step: int) -> None:
        """To the turn before or after."""
        self.port.turn(step)
        self._sync()

    # -- places

    @property
    def place(self) -> tuple[Key, int] | None:
        """The cell at the top and the line in it, to come back to with `go_to`;
        None while the end is followed."""
        at, rows = self.port.anchor, self.view.cells
        if self.port.follow or at.cell >= len(rows):
            return None
        return rows[at.cell].key, at.line

    def go_to(self, key: Key, line: int = 0) -> bool:
        """Put a cell at the top and make it the current one. False: not held."""
        for index, cell in enumerate(self.view.cells):
            if cell.key == key:
                self.port.mark(index)
                self.port.jump(Anchor(index, line))
                self._sync()
                return True
        return False

    # -- cells

    def unfold(self, keys: Iterable[Key]) -> None:
        """Unfold these, as they were once. Posts nothing."""
        self.port.unfold(keys)
        self._sync()

    def action_mark(self, step: int) -> None:
        """Make the cell before or after the current one so; the first time that one,
        as nothing has shown yet where the current one is."""
        index = self.port.current()
        if index is not None:
            step = step if self.port.stands_out(index) else 0
            self.port.mark(index + step, reveal=True)
            self._sync()

    def action_fold(self) -> None:
        """Fold or unfold the current cell."""
        index = self.port.current()
        if index is None or not self.port.folds(index):
            self.post_message(Say("Nothing here is folded."))
        else:
            self._toggle(index)

    def action_open(self) -> None:
        """Show the agent that the current cell is about, or the denial."""
        index = self.port.current()
        body = None if index is None else self.view.cells[index].body
        if isinstance(body, EventCell) and body.opens is not None:
            self.post_message(OpenThread(body.opens))
        elif isinstance(body, NoticeCell) and body.denial and self.view.thread_id:
            self.post_message(OpenDenials(self.view.thread_id, body.denial))
        else:
            self.post_message(
                Say("enter opens an agent or a denial; this cell is about none.")
            )

    def _toggle(self, index: int) -> None:
        key = self.view.cells[index].key
        unfolded = self.port.toggle(index)
        self._sync()
        if self.view.thread_id:
            self.post_message(FoldChanged(self.view.thread_id, key, unfolded))

    def on_click(self, event: events.Click) -> None:
        """Make the cell the current one; a folded row unfolds."""
        at = self.port.cell_at(event.y) if self.port.ready else None
        if at is None or self.text_selection is not None:
            return
        self.port.mark(at.cell)
        if self.port.row(at).fold and self.port.folds(at.cell):
            self._toggle(at.cell)
        else:
            self._paint()

    # -- clipboard

    def action_copy(self) -> None:
        """Copy the selected text, or say that nothing is selected."""
        try:
            self.action_copy_selected()
        except SkipAction:
            self.post_message(Say("Nothing is selected. c copies this cell."))

    def action_copy_selected(self) -> None:
        """Copy the selected text; without one the key means something else."""
        text = self.screen.get_selected_text()
        if not text:
            raise SkipAction
        self.post_message(CopyText(text, "selection"))

    def action_copy_cell(self) -> None:
        """Copy the source of the current cell."""
        index = self.port.current()
        text = "" if index is None else cells.source(self.view.cells[index].body)
        if text:
            self.post_message(CopyText(text, "cell"))

    def action_explain(self) -> None:
        """Ask who stopped the command of the current cell."""
        index = self.port.current()
        if index is not None and self.view.thread_id:
            key = self.view.cells[index].key
            self.post_message(ExplainCell(self.view.thread_id, key))

    @property
    def allow_select(self) -> bool:
        """Text can be selected although this scrolls."""
        return True

    def _picked(self, selection: Selection) -> Picked:
        top = self.port.top - self.port.shift
        return Picked(selection, top, top + self.size.height)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The source under the selection: no glyphs, guides or line numbers, and no
        line break where we only wrapped."""
        if not self.port.ready:
            return None
        picked, layout = self._picked(selection), self.port.layout
        out, join = [], ""
        at = layout.locate(picked.first + self.port.shift)
        for y in range(picked.first, picked.last + 1):
            row = self.port.row(at)
            out += [join, row.source(*picked.span(y, row))]
            join = row.join
            at = layout.walk(at, 1)
        return "".join(out), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw it."""
        self.refresh()

    # -- drawing

    def _paint(self) -> None:
        """Refresh the lines that differ from what is on screen."""
        # What is told while the program is being left finds no screen any more.
        if not self.port.ready or not self.is_mounted or not self.is_attached:
            return
        old, self._screen = self._screen, self.port.lines(bar=self.has_focus)
        moved = len(old) != len(self._screen)
        width = self.size.width
        for y, new in enumerate(self._screen):
            start, end = 0, width
            if not moved:
                (was, bar), (row, now) = old[y], new
                if bar == now:
                    if was is row:
                        continue
                    if not self.text_selection:
                        start, end = differing(was.strip, row.strip)
            if start < end:
                self.painted += 1
                self.refresh(Region(start, y, end - start, 1))

    def on_focus(self) -> None:
        """Show which cell the keys mean."""
        self._paint()

    def on_blur(self) -> None:
        """Hide it."""
        self._paint()

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        frame, base = self.port.frame, self.ground
        if frame is None or y >= len(self._screen):
            return Strip.blank(self.size.width, base)
        content_y = self.port.top + y - self.port.shift
        row, bar = self._screen[y]
        strip = row.strip
        selection = self.text_selection
        if selection is not None and row.text:
            strip = highlighted(row, self._picked(selection), content_y, frame)
        if bar:
            sign = frame.piece(frame.sign("▌"), Tone.ACCENT)
            strip = Strip.join([Strip([Segment(*sign)]), strip.crop(1)])
        # Pieces of one style are one piece: each costs forty bytes on the wire.
        strip = strip.apply_style(base).simplify()
        return strip.apply_offsets(0, content_y)
