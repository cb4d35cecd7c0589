"""The keys of a card that decide nothing: scrolling, leaving, filling in, unfolding.

Owns what they do. Does not own the letters nor the guard's rules (`widgets.card_body`
asks it first). Invariant: whatever changes what would be sent tells the guard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Region
from textual.message import Message
from textual.scroll_view import ScrollView

from state.guard import Guard
from state.views import FieldView, ReviewCardView
from widgets.card_form import CardForm
from widgets.card_state import CardLines
from widgets.intents import CopyText, LeaveCard, OpenSource, StepReview, WidenCard

if TYPE_CHECKING:
    from collections.abc import Callable

SCROLLS = frozenset({"up", "down", "pageup", "pagedown", "home", "end"})
MOVES = frozenset({"escape", "j", "k", "o", "v", "c"})
FILLS = frozenset({"space", "enter"})
"""Choose, or write: where there is something to fill in"""


class CardMoves(ScrollView):
    """Scrolls, and fills in."""

    class Edit(Message):
        """Words are to be written into this field, in a place of its own."""

        def __init__(self, field: FieldView, text: str) -> None:
            super().__init__()
            self.field = field
            self.text = text

    _guard: Guard
    _view: ReviewCardView | None
    _form: CardForm | None
    _lines: CardLines
    _clock: Callable[[Message | None], int]
    _stepped = False
    _wide = False

    def relayout(self) -> None:
        """Make the lines again and draw them."""
        raise NotImplementedError

    def _arm_later(self) -> None:
        raise NotImplementedError

    def _refilled(self) -> None:
        """What would be sent is another thing now: it arms anew."""
        if self._form is not None:
            self._guard.changed(self._clock(None), self._form.decisions)
            self._arm_later()
            self.relayout()

    def _move(self, key: str) -> None:
        match key:
            case "escape":
                self.post_message(LeaveCard())
            case "j" | "k":
                self._stepped = True
                self.post_message(StepReview(1 if key == "j" else -1))
            case "o" | "c":
                self._about(key)
            case "v":
                self._show_all()
            case "space" | "enter":
                self._fill(key)
            case "up" | "down" if self._form is not None and self._form.spots:
                step = 1 if key == "down" else -1
                if not self._form.move(step):  # past the last one stand the answers
                    self.scroll_relative(y=step, animate=False)
                    return
                self.relayout()
                self._show_lines(self._lines.cursor_at)
            case "up":
                self.scroll_up(animate=False)
            case "down":
                self.scroll_down(animate=False)
            case "pageup":
                self.scroll_page_up(animate=False)
            case "pagedown":
                self.scroll_page_down(animate=False)
            case "home":
                self.scroll_home(animate=False)
            case _:
                self.scroll_end(animate=False)

    def _about(self, key: str) -> None:
        """To the thread, or what is asked onto the clipboard."""
        view = self._view
        if view is None:
            return
        if key == "o":
            self.post_message(OpenSource(view.review.thread_id))
        elif view.command is not None:
            self.post_message(CopyText(view.command.text, "what is asked"))

    def _show_all(self) -> None:
        """Unfold, and take the whole screen; again: back."""
        form = self._form
        if form is None:
            return
        folded = form.folded
        form.unfolded = folded or not self._wide
        self._widen(on=form.unfolded)
        if form.hidden:
            self._refilled()
        self.relayout()

    def _widen(self, *, on: bool) -> None:
        if on != self._wide:
            self._wide = on
            self.post_message(WidenCard(on))

    def _fill(self, key: str) -> None:
        form = self._form
        if form is None:
            return
        field = form.writes
        if field is not None:
            value = form.values.get(field.key)
            self.post_message(self.Edit(field, value if isinstance(value, str) else ""))
        elif form.toggle():
            self._refilled()
            self._show_lines(self._lines.cursor_at)

    @property
    def sight(self) -> frozenset[str]:
        """The letters whose answers are on screen; of an open strip at least its end,
        all of it where there is room."""
        found = (a for a in self._lines.answers if self._sees(a.top, a.end))
        return frozenset(a.letter for a in found)

    def _sees(self, top: int, end: int) -> bool:
        first, room = self.scroll_offset.y, self.size.height
        return max(top, end - room) >= first and end <= first + room

    def _show_answer(self, letter: str) -> None:
        """All answers, or at least this one."""
        answers = self._lines.answers
        if not answers:
            return
        all_of_them = (answers[0].top, answers[-1].end)
        self._show_lines(all_of_them)
        for one in answers:
            if one.letter == letter and not self._sees(one.top, one.end):
                self._show_lines((one.top, one.end))

    def _show_lines(self, span: tuple[int, int] | None) -> None:
        if span is not None:
            end = span[1]
            top = max(span[0], end - max(1, self.size.height))
            region = Region(0, top, max(1, self.size.width), end - top)
            self.scroll_to_region(region, animate=False)
