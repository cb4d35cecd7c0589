"""The card a review is decided in: a box that shows whether it is armed.

Owns the box. Does not own its inside (`widgets.card_body`), nor what a decision does.
Invariant: heavy and amber only while a letter would count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from textual.containers import Vertical
from textual.strip import Strip

from state.views import Bit, ReviewCardView, Tone
from widgets.box import edge_line
from widgets.card_arming import CardArming
from widgets.card_body import CardBody, Clock, message_ms
from widgets.card_field import CardField
from widgets.card_lines import bottom_hints
from widgets.card_moves import CardMoves
from widgets.card_state import CardState
from widgets.drawn import Drawn
from widgets.glyphs import look_of, sign
from widgets.intents import Say
from widgets.lines import Pieces, bits
from widgets.palette import palette_of

if TYPE_CHECKING:
    from textual.app import ComposeResult


def _place(view: ReviewCardView) -> str:
    """Which one of those that wait; a decided one is in no row of them."""
    return f"Review {view.index} of {view.total}" if view.index else "Review"


class CardEdge(Drawn):
    """The card's top or bottom line."""

    DEFAULT_CSS = "CardEdge { height: 1; width: 1fr; }"

    def __init__(self, edge: Literal["top", "bottom"]) -> None:
        super().__init__()
        self.edge = edge

    def draw_line(self, y: int) -> Strip:
        """The line."""
        card = self.query_ancestor(ReviewCard)
        state, view = card.body.stands, card.view
        palette, look = palette_of(self), look_of(self)
        tone = Tone.NEED if state.armed else Tone.FAINT
        style = palette.style(tone)
        if view is None:
            return Strip.blank(self.size.width)
        if self.edge == "bottom":
            words = bits(bottom_hints(state), palette)
            given: tuple[Pieces, Pieces] = (words, ())
        else:
            given = (
                bits(self._title(view), palette),
                bits(_arming(state, view), palette),
            )
        return edge_line(
            self.edge, given, self.size.width, style, look, heavy=state.armed
        )

    def _title(self, view: ReviewCardView) -> tuple[Bit, ...]:
        look = look_of(self)
        mark = "" if look.plain else f"{sign('▲', look)} "
        return (
            Bit(mark, Tone.NEED),
            Bit(_place(view), Tone.BRIGHT, bold=True),
            Bit(f" · {view.review.kind.value}", Tone.MUTED),
        )


def _arming(state: CardState, view: ReviewCardView) -> tuple[Bit, ...]:
    if view.state or not view.decisions:
        return ()
    refused = state.refused
    if state.armed:
        armed = Bit("armed", Tone.NEED, bold=True)
        if refused is not None and state.live:
            again = f"press {refused.letter} again"
            return (armed, Bit(": ", Tone.MUTED), Bit(again, Tone.BRIGHT, bold=True))
        if refused is None:
            return (armed, Bit(": letters decide", Tone.MUTED))
    if refused is not None:
        words = f"{refused.letter} did not count: {refused.why}"
        return (Bit(words, Tone.NEED, bold=True),)
    if state.unseen:
        return (Bit("not armed · answers below", Tone.MUTED),)
    return (Bit("not armed yet" if state.focused else "not armed", Tone.MUTED),)


class ReviewCard(Vertical):
    """The card. Posts Decide, StepReview, LeaveCard, OpenSource, Say.

    Set `view`; call `focus` only when the user asked for the card: that is what
    arms it. `set_clock` takes ms since the epoch, for ages only.
    """

    DEFAULT_CSS = """
    ReviewCard { height: 1fr; width: 1fr; margin: 0 1; }
    ReviewCard > CardBody {
        border-left: round $faint; border-right: round $faint;
    }
    ReviewCard.-armed > CardBody {
        border-left: heavy $warning; border-right: heavy $warning;
    }
    ReviewCard.-plain > CardBody, ReviewCard.-ascii > CardBody { border: none; }
    """

    ARMED: ClassVar[str] = "-armed"

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002
        clock: Clock = message_ms,
    ) -> None:
        super().__init__(id=id)
        self.body = CardBody(clock)
        self.field = CardField()
        self.edges = (CardEdge("top"), CardEdge("bottom"))

    def compose(self) -> ComposeResult:
        """Edge, body, edge."""
        yield self.edges[0]
        yield self.body
        yield self.field
        yield self.edges[1]

    def on_mount(self) -> None:
        """Take the look of the app."""
        look = look_of(self)
        self.set_class(look.plain, "-plain")
        self.set_class(look.ascii, "-ascii")
        self.body.relayout()

    def on_resize(self) -> None:
        """The body scrolls when it and its edges do not fit."""
        self._fit()

    def _fit(self) -> None:
        used = 3 if self.field.open else 2
        self.body.fit(max(1, self.size.height - used))

    @property
    def view(self) -> ReviewCardView | None:
        """What is asked."""
        return self.body.shown

    @view.setter
    def view(self, view: ReviewCardView | None) -> None:
        if view is self.body.shown:
            return
        self.body.show(view)
        self.refresh_edges()

    def set_clock(self, now_ms: int) -> None:
        """It is `now_ms`."""
        self.body.set_clock(now_ms)

    def focus(self, scroll_visible: bool = True) -> ReviewCard:
        """The user asked for this card."""
        self.body.focus(scroll_visible)
        return self

    # -- words of a field ----------------------------------------------------------

    def on_card_moves_edit(self, message: CardMoves.Edit) -> None:
        """The user wants to write: the words get a place and the focus of their own,
        so that no key of theirs can reach the card."""
        message.stop()
        self.field.begin(message.field, message.text)
        self._fit()

    def on_card_field_ended(self, message: CardField.Ended) -> None:
        """Written, or left: the card takes the words, and arms anew."""
        message.stop()
        self._fit()
        if message.text is not None and not self.body.write(
            message.field, message.text
        ):
            self.post_message(Say("What is asked has changed; that was not taken."))
        if message.back:
            self.body.focus()

    def on_card_arming_redrawn(self, message: CardArming.Redrawn) -> None:
        """The borders follow the guard."""
        message.stop()
        self.refresh_edges()

    def refresh_edges(self) -> None:
        """Draw the borders as the guard stands."""
        if self.is_mounted:
            self.set_class(self.body.stands.armed, self.ARMED)
            for edge in self.edges:
                edge.refresh()
