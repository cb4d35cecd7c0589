"""The inside of a review card: it has the focus and takes the keys.

Owns scrolling and the way of a key to the guard. Does not own the rules of arming
(`state.guard`) nor the lines (`widgets.card_lines`). Invariants: every key that is
not a movement is swallowed; a decision is posted only when the guard says so, with
the very review that is on screen; nothing here moves the focus.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from state import guard as g
from state.dataclass import replace
from state.model import Decision, ReviewKey
from state.views import FieldView, ReviewCardView
from widgets.card_arming import CardArming
from widgets.card_form import CardForm, what_is_asked
from widgets.card_lines import fitted_lines
from widgets.card_moves import FILLS, MOVES, SCROLLS
from widgets.card_state import CardLines, CardState, Refusal
from widgets.drawn import Grounded
from widgets.glyphs import look_of
from widgets.intents import Decide, Say
from widgets.palette import palette_of

Clock = Callable[[Message | None], int]
"""When a message came, or (None) now: ms on one monotonic clock."""

KEPT = 20
"""Forms that stay filled in while other cards are looked at"""
PASSED = frozenset({"tab", "shift+tab"})
ROOM = Size(24, 4)
"""With less of it a card cannot be read, and arms not"""
REFUSED = "{0} did not count: {1} · press it again"
CAPITAL = "a capital · caps lock?"
ANOTHER = "what is asked changed"
SMALL = "Too small to read: make the window larger to decide."


def message_ms(message: Message | None) -> int:
    """The time Textual gives every message: when it was read, not when handled."""
    return int((Message() if message is None else message).time * 1000)


class CardBody(Grounded, CardArming, can_focus=True):
    """The card's inside: it has the focus and takes the keys."""

    DEFAULT_CSS = """
    CardBody {
        height: auto; width: 1fr;
        overflow-x: hidden; scrollbar-size-vertical: 1;
    }
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._form: CardForm | None = None
        self._kept: dict[tuple[ReviewKey, str], CardForm] = {}
        self._wide = False
        self._roomy = True
        self._most = 1
        self._guard = g.Guard()
        self._view: ReviewCardView | None = None
        self._asked: object = None
        self._lines = CardLines(())
        self._stands = CardState()
        """How it was drawn last"""
        self._refused: Refusal | None = None
        self._by_user = False
        self._held = False
        """It was to be armed when a dialog came over it, or the window was left"""
        self._stepped = False
        self._now_ms = 0
        self.telling = False
        """It was decided to tell the agent something: keys are not for the card"""

    # -- what is shown -----------------------------------------------------------

    @property
    def guard(self) -> g.Guard:
        """The guard, for tests and for the look."""
        return self._guard

    def state(self) -> CardState:
        """How the card stands now."""
        at = self._clock(None)
        decidable = self._view is not None and not self._view.state and self._roomy
        rested, sight = decidable and self._guard.armed(at), self.sight
        strip = self._guard.strip
        read = strip is not None and strip.letter in sight
        return CardState(
            armed=rested and bool(sight),
            unseen=rested and not sight,
            focused=self.has_focus,
            strip=strip,
            strip_armed=read and self._guard.strip_armed(at),
            now_ms=self._now_ms,
            form=self._form,
            below=self._below,
            refused=self._refused,
        )

    @property
    def _below(self) -> bool:
        return self.scroll_offset.y + self.size.height < self._lines.height

    @property
    def stands(self) -> CardState:
        """How it was drawn last: what surrounds it must not say more."""
        return replace(self._stands, below=self._below, focused=self.has_focus)

    @property
    def shown(self) -> ReviewCardView | None:
        """What is drawn."""
        return self._view

    def show(self, view: ReviewCardView | None) -> None:
        """Draw this. Another review, or another question, is not armed."""
        if view is self._view:
            return
        old, self._view = self._view, view
        asked = None if view is None else what_is_asked(view)
        same = old and view and old.review.key == view.review.key
        if asked != self._asked:
            self._asked = asked
            self.telling = False
            at = self._clock(None)
            pending = self._guard.pending if same else None
            letter = pending.decision.letter if pending is not None else ""
            self._refused = Refusal(letter, ANOTHER) if letter else None
            self._form = self._form_for(view, old)
            self._guard.changed(at, self._form.decisions if self._form else ())
            if self.has_focus and not same:
                self._guard.focused(at, by_user=self._stepped)
                self.scroll_to(y=0, animate=False)
            self._stepped = False
            self._arm_later()
        if self._form is not None and view is not None:
            self._form.view = view
        if not same:
            self._held = False
            self._widen(on=False)
        self.relayout()

    def _form_for(
        self, view: ReviewCardView | None, old: ReviewCardView | None
    ) -> CardForm | None:
        """The form of what is asked now; what was filled in stays for the same, also
        while the card is closed, but for its secrets."""
        if old is not None and self._form is not None:
            if view is None or view.review.key != old.review.key:
                self._form.forget_secrets()
            name = (old.review.key, old.review.params_hash)
            self._kept = dict([*self._kept.items(), (name, self._form)][-KEPT:])
        if view is None:
            return None
        form = self._kept.get((view.review.key, view.review.params_hash))
        if form is None:
            return CardForm(view)
        form.view = view
        return form

    def set_clock(self, now_ms: int) -> None:
        """It is `now_ms`: ages are drawn again, arming does not notice."""
        if now_ms // 1000 != self._now_ms // 1000:
            self._now_ms = now_ms
            self.relayout()

    def relayout(self) -> None:
        """Make the lines again and draw them."""
        if not self.is_mounted or self._view is None:
            self._stands = CardState()
            return
        width = self.scrollable_content_region.width or self.size.width
        before = len(self._lines.strips)
        self._stands = state = self.state()
        room = Size(width, self._most)
        self._lines = fitted_lines(
            self._view, state, room, palette_of(self), look_of(self)
        )
        size = Size(width, len(self._lines.strips))
        if size != self.virtual_size:
            self.virtual_size = size
        self.refresh(layout=before != len(self._lines.strips))
        self.post_message(self.Redrawn())

    def fit(self, rows: int) -> None:
        """It may be this high."""
        self.styles.max_height = rows
        if rows != self._most:
            self._most = rows
            self.relayout()

    def on_resize(self) -> None:
        """Another width: other lines. What nobody could read arms anew."""
        roomy = self.size.height >= ROOM.height and self.size.width >= ROOM.width
        if roomy is not self._roomy:
            self._roomy = roomy
            self._refilled()
        self.relayout()
        if self._refused is not None and self._refused.why == g.OUT_OF_SIGHT:
            self._show_answer(self._refused.letter)  # the words took a row from it

    def render_line(self, y: int) -> Strip:
        """A line; drawing it is what arming waits for."""
        at = y + self.scroll_offset.y
        width = self.size.width
        if at >= len(self._lines.strips):
            return Strip.blank(width, self.ground)
        arms = self._guard.arms_at()
        self._guard.drawn(self._clock(None), letters=self.sight, armed=self.live)
        if self._guard.arms_at() != arms:
            self._arm_later()
        strip = self._lines.strips[at].adjust_cell_length(width)
        return strip.apply_style(self.ground)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The border says whether there is more below, and whether letters count."""
        super().watch_scroll_y(old_value, new_value)
        state = self.state()
        if (state.live, state.unseen) != (self._stands.live, self._stands.unseen):
            self.relayout()
        else:
            self.post_message(self.Redrawn())

    # -- focus -------------------------------------------------------------------

    def focus(self, scroll_visible: bool = True) -> CardBody:
        """Focus because the user asked for it; Textual's own choices do not come
        this way, and do not arm."""
        self._by_user = True
        if self.has_focus:
            self._guard.focused(self._clock(None), by_user=True)
            self._arm_later()
        super().focus(scroll_visible)
        return self

    def on_focus(self, event: events.Focus) -> None:
        """The half second begins, if the user wanted this."""
        by_user = self._by_user or self._held
        self._guard.focused(self._clock(event), by_user=by_user)
        self._by_user = self._held = False
        self._arm_later()
        self.relayout()

    def on_blur(self) -> None:
        """Not armed any more. When the window lost the focus, the card has it again,
        and arms anew, as the user comes back."""
        away = not self.app.app_focus
        self._held = away and self._guard.arms_at() is not None
        self._by_user = self.telling = False
        self._refused = None
        self._guard.blurred()
        self.relayout()

    def covered(self) -> None:
        """A dialog or a board lies over the card: what is typed there is not for it."""
        held = self._guard.arms_at() is not None
        self.on_blur()
        self._held = held

    def uncovered(self) -> None:
        """It is seen again: who goes on typing is not looking yet."""
        if self.has_focus:
            self._guard.focused(self._clock(None), by_user=self._held)
            self._arm_later()
            self.relayout()
        self._held = False

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A click focuses, arms after its rest, and never decides."""
        at = self._clock(event)
        self._act(self._guard.clicked(at))
        if not self._guard.armed(at):
            self._guard.focused(at, by_user=True)
            self._arm_later()

    # -- keys --------------------------------------------------------------------

    def write(self, field: FieldView, text: str) -> bool:
        """These words stand in a field now; False: the field is not there any more."""
        form = self._form
        if form is None or all(f.key != field.key for f in form.view.fields):
            return False
        form.write(field.key, text)
        self._refilled()
        return True

    async def _on_key(self, event: events.Key) -> None:
        key, at = event.key, self._clock(event)
        self._refused = None
        if key.startswith("ctrl+") or key in PASSED:
            outcome = self._guard.moved(at)
            if isinstance(outcome, g.StripClosed):
                event.stop()
                event.prevent_default()
                self._act(outcome)
            self._listen_later()
            return
        event.stop()
        event.prevent_default()
        form = self._form
        if key in ("left", "right") and form is not None and self._cuts(form):
            form.adjust(1 if key == "right" else -1)
            self._act(self._guard.adjusted(at, form.decisions))
            self._show_strip()
            return
        if key in SCROLLS or key in MOVES or (key in FILLS and form and form.spots):
            outcome = self._guard.moved(at)
            self._act(outcome)
            if not isinstance(outcome, g.StripClosed):
                self._move(key)
            return
        if not self._roomy:
            self.post_message(Say(SMALL))
            return
        # With alt or another key held down a letter is another key.
        letter = key if key == event.character else ""
        self._say_problem(letter)
        outcome = self._guard.key(letter, at)
        self._refuse(event.character or "", outcome)
        self._act(outcome)

    def _refuse(self, character: str, outcome: g.Outcome) -> None:
        """An answer that did not count must be seen where one looks for its effect,
        until something else is done."""
        offered = self._form.decisions if self._form is not None else ()
        letter = character.lower()
        if letter not in {decision.letter for decision in offered}:
            return
        if isinstance(outcome, g.Ignored) and outcome.word:
            why = outcome.word if letter == character else CAPITAL
            self._refused = Refusal(letter, why)
            if why == g.OUT_OF_SIGHT:
                self._show_answer(letter)

    def _cuts(self, form: CardForm) -> bool:
        """Whether an opened strip holds a rule whose words can be chosen."""
        strip = self._guard.strip
        return strip is not None and strip.letter == "p" and len(form.view.ladder) > 1

    def _say_problem(self, letter: str) -> None:
        """Why this letter sends nothing."""
        for offer in self._form.offers() if self._form is not None else ():
            if offer.decision.letter == letter and offer.problem:
                self.post_message(Say(offer.problem))

    async def _on_paste(self, event: events.Paste) -> None:
        self._refused = None
        event.stop()
        event.prevent_default()
        self._act(self._guard.pasted(self._clock(event)))

    def _act(self, outcome: g.Outcome) -> None:
        self._listen_later()
        match outcome:
            case g.Ignored(word):
                refused = self._refused
                if refused is not None:
                    word = REFUSED.format(*refused)
                if word:
                    self.post_message(Say(word))
                self._arm_later()
            case g.StripClosed(word):
                self.post_message(Say(word))
                self._arm_later()
            case g.Pending():
                pass
            case g.OpenStrip():
                self._show_strip()
                self._arm_later()
            case g.Decide(decision):
                self._decide(decision)
        self.relayout()

    def _decide(self, decision: Decision) -> None:
        view, form = self._view, self._form
        offer = form.offer_of(decision) if form is not None else None
        if view is None or form is None or offer is None:
            return
        self.telling = decision.letter == "n"
        self.post_message(Decide(view.review, decision, offer.sent, view.bulk))
        form.forget_secrets()

    def _show_strip(self) -> None:
        """Bring the strip on screen: it counts only when it was drawn."""
        self.relayout()
        self._show_lines(self._lines.strip_at)
        # A card that fitted until now scrolls only once it is laid out anew.
        self.call_after_refresh(self._strip_shown)

    def _strip_shown(self) -> None:
        self._show_lines(self._lines.strip_at)
