"""What a person filled in on a card, and the answers that come of it.

Owns the values, the cursor among the fields, how long a prefix rule is and whether a
long text is folded. Does not own the keys (`widgets.card_body`), the lines
(`widgets.card_fields`) nor the answers' JSON (`state.answers`). Invariant: `offers`
are exactly what would be sent if their letter were pressed now.
"""

from __future__ import annotations

from typing import NamedTuple

from state.answers import Offer, offers
from state.dataclass import replace
from state.forms import FieldKind, Value, form_of
from state.model import Decision
from state.views import FieldView, OptionView, ReviewCardView

FOLD_ABOVE = 30
"""Lines of a command that are shown as they are."""
HEAD, TAIL = 8, 4
"""Lines of a folded command that stay."""
REFUSING = "dn"
"""Letters that grant nothing: they need not have seen all."""


class Spot(NamedTuple):
    """A place the cursor can stand on: a field, or one of its options."""

    field: FieldView
    option: OptionView | None = None


class CardForm:
    """The state of one card's form; made anew for another question."""

    def __init__(self, view: ReviewCardView) -> None:
        self.view = view
        review = view.review
        form = form_of(review.method, review.params) if view.fields else None
        self.values: dict[str, Value] = form.defaults() if form else {}
        self.cursor = 0
        self.words = view.proposed
        self.unfolded = False
        text = view.command.text if view.command is not None else ""
        lines = text.count("\n") + 1
        self.hidden = lines - HEAD - TAIL if lines > FOLD_ABOVE else 0
        """Lines that a folded command leaves out"""

    @property
    def folded(self) -> bool:
        """Something of what is asked is not drawn."""
        return self.hidden > 0 and not self.unfolded

    # -- the cursor --------------------------------------------------------------

    @property
    def spots(self) -> list[Spot]:
        """Where the cursor can stand, from top to bottom."""
        found: list[Spot] = []
        for field in self.view.fields:
            found += [Spot(field, option) for option in field.options]
            if not field.options:
                found.append(Spot(field))
        return found

    @property
    def spot(self) -> Spot | None:
        """Where it stands."""
        spots = self.spots
        return spots[min(self.cursor, len(spots) - 1)] if spots else None

    def move(self, step: int) -> bool:
        """One up or down; False when there is nowhere to go."""
        to = self.cursor + step
        if not 0 <= to < len(self.spots):
            return False
        self.cursor = to
        return True

    @property
    def writes(self) -> FieldView | None:
        """The field under the cursor, if words are written into it."""
        spot = self.spot
        typed = (FieldKind.TEXT, FieldKind.NUMBER, FieldKind.INTEGER)
        return spot.field if spot is not None and spot.field.kind in typed else None

    def chosen(self, spot: Spot) -> bool:
        """Whether what it stands for is chosen."""
        value = self.values.get(spot.field.key)
        if spot.option is None:
            return value is True
        if isinstance(value, tuple):
            return spot.option.value in value
        return value == spot.option.value

    def toggle(self) -> bool:
        """Choose, or take back, what is under the cursor; False: nothing to choose."""
        spot = self.spot
        if spot is None or self.writes is not None:
            return False
        key, option = spot.field.key, spot.option
        value = self.values.get(key)
        match spot.field.kind:
            case FieldKind.MANY if option is not None:
                had = value if isinstance(value, tuple) else ()
                now = {*had} ^ {option.value}
                order = [o.value for o in spot.field.options]
                self.values[key] = tuple(v for v in order if v in now)
            case FieldKind.ONE if option is not None and value == option.value:
                del self.values[key]
            case FieldKind.ONE if option is not None:
                self.values[key] = option.value
            case _:
                self.values[key] = value is not True
        return True

    def write(self, key: str, text: str) -> None:
        """These words stand in the field now."""
        if text:
            self.values[key] = text
        else:
            self.values.pop(key, None)

    def forget_secrets(self) -> None:
        """What must not outlive the look at this card."""
        for field in self.view.fields:
            if field.secret:
                self.values.pop(field.key, None)

    # -- answers -----------------------------------------------------------------

    def adjust(self, step: int) -> bool:
        """More or fewer words of the prefix; False when there are none."""
        words = min(max(1, self.words + step), len(self.view.ladder))
        changed = words != self.words
        self.words = words
        return changed

    def offers(self) -> tuple[Offer, ...]:
        """All answers as they could be given now."""
        view = self.view
        if view.state or not view.decisions:
            return ()
        words = self.words if view.ladder else None
        made = offers(view.review, self.values, words)
        if view.bulk:
            made = tuple(map(self._together, (o for o in made if _plain(o))))
        if self.folded:
            made = tuple(map(self._seen_first, made))
        return made

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Those that can be given: what the guard may let through."""
        return tuple(o.decision for o in self.offers() if not o.problem)

    def offer_of(self, decision: Decision) -> Offer | None:
        """The offer that this decision is of."""
        return next((o for o in self.offers() if o.decision == decision), None)

    def _seen_first(self, offer: Offer) -> Offer:
        if offer.decision.letter in REFUSING or offer.problem:
            return offer
        return replace(offer, problem=f"v first: {self.hidden} lines are not shown")

    def _together(self, offer: Offer) -> Offer:
        number = len(self.view.bulk) + 1
        decision = replace(
            offer.decision,
            label=f"{offer.decision.label} · all {number} marked",
            broad=True,
            detail=f"The same answer goes to {number} requests that are identical, "
            "each to its own thread; nothing is granted beyond this once.",
        )
        unseen = self.view.unseen
        problem = f"{unseen} of the marked not shown yet: j" if unseen else ""
        return replace(offer, decision=decision, problem=offer.problem or problem)


def _plain(offer: Offer) -> bool:
    """An answer that may be given to several at once: once, or not at all."""
    return offer.decision.letter in ("y", "d") and not offer.decision.broad


def what_is_asked(view: ReviewCardView) -> object:
    """All that must not change under an armed letter. Clocks and counts are not in
    it."""
    files = tuple(
        (f.verb, f.path.text, tuple((x.sign, x.text) for x in f.lines))
        for f in view.files
    )
    return (
        view.review.key,
        view.review.connection,
        view.review.params_hash,
        view.question,
        view.facts,
        view.command,
        view.runs,
        view.runs_title,
        view.warnings,
        view.decisions,
        view.state,
        view.bulk,
        view.unseen,
        files,
    )
