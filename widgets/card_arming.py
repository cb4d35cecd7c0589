"""When a card's guard is told what time it is: to be drawn as armed, and to listen.

Owns the two timers of a card. Does not own the guard's rules (`state.guard`) nor what
a key means (`widgets.card_body`). Invariant: a card that is armed by rest is drawn so
at once, however slow the machine is; until it is, no letter of it counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from state import guard as g
from widgets.card_moves import CardMoves
from widgets.intents import ReviewShown

if TYPE_CHECKING:
    from textual.timer import Timer

    from widgets.card_state import CardState


class CardArming(CardMoves):
    """Rests, and listens."""

    class Redrawn(Message):
        """The card may stand otherwise now: armed, or not."""

    _stands: CardState
    _arming: Timer | None = None
    _listening: Timer | None = None

    def state(self) -> CardState:
        """How the card stands now."""
        raise NotImplementedError

    def _act(self, outcome: g.Outcome) -> None:
        raise NotImplementedError

    @property
    def live(self) -> bool:
        """The lines that were drawn last show a letter that counts."""
        return self._stands.live

    def _arm_later(self) -> None:
        """Draw again when the card is armed by rest alone."""
        at = self._guard.arms_at()
        if at is None or not self.is_mounted:
            return
        if self._arming is not None:
            self._arming.stop()
        wait = max(0, at - self._clock(None)) + 10
        self._arming = self.set_timer(wait / 1000, self._armed_now)

    def _armed_now(self) -> None:
        self._arming = None
        self.relayout()
        whole = self._form is not None and not self._form.folded
        rested = self._stands.armed or self._stands.unseen
        if rested and whole and self._view is not None:
            self.post_message(ReviewShown(self._view.review))
        at = self._guard.arms_at()
        # What took long to draw may have got armed meanwhile, and not be drawn so.
        late = self.state().live
        if not self.live and at is not None and (late or at > self._clock(None)):
            self._arm_later()

    def _listen_later(self) -> None:
        """Be there when the silence after the last input should be over."""
        at = self._guard.listens_at()
        if self._listening is not None:
            self._listening.stop()
            self._listening = None
        if at is not None and self.is_mounted:
            wait = max(0, at - self._clock(None)) + 2
            self._listening = self.set_timer(wait / 1000, self._due)

    def _due(self) -> None:
        """The silence is over, unless a key is on its way to us: let it arrive first,
        by the way keys take."""
        self.app.call_later(self.call_later, self.tick)

    def tick(self) -> None:
        """Tell the guard what time it is."""
        outcome = self._guard.tick(self._clock(None))
        if isinstance(outcome, g.Ignored):
            self._listen_later()
        else:
            self._act(outcome)
