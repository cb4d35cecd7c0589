"""When a letter is a decision: the arming guard of a review card.

Owns the rule; does not own the card's look, the keyboard or a clock: every input
brings its time in ms, on one clock that may start anywhere. Invariant: a decision
comes out only for a letter that the review offers, pressed in a card the user
focused himself, drawn as it is asked now, at rest for half a second and then drawn
as armed before, its answer on screen, and with no other input within 50 ms on either
side; a broad one only by the same letter a second time, under the same rule, while its
strip is on screen.
A key that neither answers nor moves belongs to words for somewhere else: rest begins
anew, so that the rest of them does not answer.

A press is therefore never answered at once: it is `Pending` until the 50 ms after
it have passed in silence, and any input in between takes it back. A program that was
stopped for a while reads what was typed meanwhile as if it were typed now. So times
alone prove nothing: a letter needs a card that was drawn as armed before, and a silence
before it, as after it, that somebody listened to. `tick` listens; when to call it says
`listens_at`. A silence nobody was there for begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from state.dataclass import dataclass
from state.model import Decision

ARM_MS = 500
"""How long a card (or a strip) must have been at rest before a letter counts."""

QUIET_MS = 50
"""How long no other key may have been pressed before and after a letter."""

LATE_MS = 10
"""How long after the end of a silence one may hear of it and still have listened."""

PROMPT_MS = 60
"""How long after its half second a card is drawn as armed by a program that runs."""

ANEW = 2
"""How often a silence that nobody was there for begins anew"""

SETTLE_MS = 10
"""How long a program that goes on may need to read what was typed while it stood."""

NOT_ARMED = "not armed yet"
OUT_OF_SIGHT = "its answer was out of sight"
TOO_FAST = "too fast after another key"
NOT_A_LETTER = "letters decide"
CLOSED = "taken back"


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing came of it. `word`: why, for the user; "" when nothing was meant."""

    word: str = ""


@dataclass(frozen=True, slots=True)
class StripClosed:
    """The key took an opened strip back and does nothing else."""

    word: str = CLOSED


@dataclass(frozen=True, slots=True)
class Pending:
    """Counts if nothing follows: call `tick` when `listens_at` says."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class OpenStrip:
    """Spell out what this grants and wait for the same letter."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class Decide:
    """The user decided."""

    decision: Decision


Outcome = Ignored | StripClosed | Pending | OpenStrip | Decide


class Guard:
    """The state of one card. Not armed, and deciding nothing, when made."""

    def __init__(self, decisions: Sequence[Decision] = ()) -> None:
        self._decisions = tuple(decisions)
        self._focused = False
        self._drawn = False
        self._rest_ms: int | None = None
        """since when nothing about the card changed"""
        self._seen_ms: int | None = None
        """since when it (or its open strip) is drawn as armed"""
        self._key_ms: int | None = None
        """the last input of any kind"""
        self._due_ms: int | None = None
        """when the silence after that input will be over"""
        self._sight: dict[str, int] = {}
        """the letters whose answers are on screen, and since when they may be read"""
        self._anew = 0
        """how often that silence began anew: nobody was there when it should be over"""
        self._calm_ms: int | None = None
        """when it was over; nothing that was read later was typed in it"""
        self._pending: Pending | None = None
        self._strip: Decision | None = None
        self._strip_drawn = False
        self._strip_ms: int | None = None

    # -- what the card may show ------------------------------------------------

    @property
    def strip(self) -> Decision | None:
        """The broad answer that is spelled out now."""
        return self._strip

    @property
    def pending(self) -> Pending | None:
        """The press that is waiting for its silence."""
        return self._pending

    def armed(self, at: int) -> bool:
        """Whether a letter would count at `at`."""
        return self._drawn and self._rested(self._rest_ms, at)

    def strip_armed(self, at: int) -> bool:
        """Whether the letter would count again, in an opened strip."""
        return self._strip_drawn and self._rested(self._strip_ms, at)

    def arms_at(self) -> int | None:
        """When the card (or its open strip) will be armed if nothing happens; None:
        not by waiting."""
        if not self._focused or self._rest_ms is None:
            return None
        if self._strip is not None and self._strip_ms is not None:
            return max(self._rest_ms, self._strip_ms) + ARM_MS
        return self._rest_ms + ARM_MS

    def listens_at(self) -> int | None:
        """When `tick` is to be called, if nothing happens; None: not at all."""
        if self._due_ms is None and self._calm_ms is not None and self._pending:
            return self._calm_ms + SETTLE_MS + 1
        return self._due_ms

    # -- what happens to it ----------------------------------------------------

    def focused(self, at: int, *, by_user: bool) -> None:
        """The card has the focus. `by_user` False (it arrived, the app moved the
        focus): it will not arm until the user focuses it."""
        self._calm(at)
        self._focused = by_user

    def blurred(self) -> None:
        """The focus went elsewhere."""
        self._focused = False
        self._withdraw()

    def changed(self, at: int, decisions: Sequence[Decision]) -> None:
        """What is asked is another thing now. Not for clocks."""
        self._decisions = tuple(decisions)
        self._drawn = False
        self._sight = {}
        self._calm(at)

    def adjusted(self, at: int, decisions: Sequence[Decision]) -> Outcome:
        """A key in the opened strip changed what it grants: it must be read anew."""
        self._touch(at)
        strip, self._decisions = self._strip, tuple(decisions)
        grant = None if strip is None else self._offered(strip.letter)
        if grant is None:
            self._close()
            return StripClosed()
        self._strip, self._strip_drawn, self._strip_ms = grant, False, at
        # Its row in the card says so, too, and is read anew when the strip is closed.
        self._rest_ms, self._seen_ms = at, None
        return Ignored()

    def drawn(self, at: int, *, letters: Iterable[str], armed: bool = False) -> None:
        """The card, as it is now, was drawn; called for every drawing. `letters`: those
        whose answers, or whose open strip, are on screen with it. `armed`: as one whose
        letters count, or whose strip's letter does."""
        # Whoever turned a wheel may have typed before he saw what it brought.
        self._sight = {one: self._sight.get(one, at + QUIET_MS) for one in letters}
        if not self._drawn:
            self._drawn = True
            self._rest_ms = None if self._rest_ms is None else max(self._rest_ms, at)
        strip = self._strip
        if strip is not None and not self._strip_drawn and strip.letter in self._sight:
            self._strip_drawn = True
            self._strip_ms = max(self._strip_ms or at, at)
        due = self.arms_at()
        if armed and self._seen_ms is None and due is not None and self._ready(at):
            # A program that stood still may draw before it reads what was typed.
            late = at - due > PROMPT_MS
            self._seen_ms = at + (QUIET_MS if late else SETTLE_MS)

    def key(self, letter: str, at: int) -> Outcome:
        """A key that might be a decision."""
        decision = self._offered(letter)
        strip = self._strip
        if decision is None or (strip is not None and strip.letter != letter):
            return self.other_key(at)
        quiet = self._quiet(at)
        ready = self._ready(at) and self._seen(at)
        sighted = self._sighted(letter, at)
        self._touch(at)
        if not ready or not sighted:
            self._restart(at)
            hidden = self._drawn and letter not in self._sight
            return Ignored(OUT_OF_SIGHT if hidden else NOT_ARMED)
        if not quiet:
            return Ignored(TOO_FAST)
        self._pending = Pending(decision)
        return self._pending

    def other_key(self, at: int) -> Outcome:
        """Any other key: enter, digits, letters that are not offered."""
        armed = self.armed(at)
        outcome = self.moved(at)
        self._restart(at)
        if isinstance(outcome, StripClosed):
            return outcome
        return Ignored(NOT_A_LETTER if armed else NOT_ARMED)

    def moved(self, at: int) -> Outcome:
        """A key that scrolls or leaves: it needs no word."""
        self._touch(at)
        if self._strip is not None:
            self._close()
            return StripClosed()
        if not self.armed(at):
            self._restart(at)
        return Ignored()

    def pasted(self, at: int) -> Outcome:
        """Pasted text: never a decision."""
        return self.other_key(at)

    def clicked(self, at: int) -> Outcome:
        """A mouse button: never a decision."""
        return self.moved(at)

    def tick(self, at: int) -> Outcome:
        """It is `at`, and no other input is on its way: somebody listens."""
        if self._due_ms is not None:
            if at < self._due_ms:
                return Ignored()
            if not self._missed(self._due_ms, at):
                self._due_ms, self._calm_ms = None, at
            return Ignored()
        pending = self._pending
        if pending is None or not self._quiet(at):
            return Ignored()
        if self._missed((self._calm_ms or at) + SETTLE_MS + 1, at):
            return Ignored()  # What was typed since is not read yet.
        self._pending = None
        if not self._focused or not self._drawn:
            return Ignored()
        decision = pending.decision
        if decision.broad and self._strip is None:
            self._strip = decision
            self._strip_drawn = False
            self._strip_ms = at
            self._seen_ms = None
            return OpenStrip(decision)
        self.blurred()
        return Decide(decision)

    # -- parts ----------------------------------------------------------------

    def _offered(self, letter: str) -> Decision | None:
        if len(letter) != 1 or not letter.isalpha():
            return None
        return next((d for d in self._decisions if d.letter == letter), None)

    def _rested(self, since: int | None, at: int) -> bool:
        return self._focused and since is not None and at - since >= ARM_MS

    def _ready(self, at: int) -> bool:
        return self.armed(at) and (self._strip is None or self.strip_armed(at))

    def _seen(self, at: int) -> bool:
        return self._seen_ms is not None and at > self._seen_ms

    def _sighted(self, letter: str, at: int) -> bool:
        """Whoever pressed it could read what it answers."""
        return letter in self._sight and at > self._sight[letter]

    def _quiet(self, at: int) -> bool:
        """Since the last key a silence was listened to, and what was typed in it would
        have been read by now; or there was no key."""
        if self._key_ms is None:
            return True
        return self._calm_ms is not None and at - self._calm_ms > SETTLE_MS

    def _missed(self, due: int, at: int) -> bool:
        """Nobody was there when it was `due`: the silence begins anew, but not for
        ever where all comes late."""
        if at - due <= LATE_MS or self._anew >= ANEW:
            return False
        self._due_ms, self._calm_ms, self._anew = (
            at + QUIET_MS + 1,
            None,
            self._anew + 1,
        )
        return True

    def _touch(self, at: int) -> None:
        """An input came: it takes back the press before it."""
        self._key_ms = at if self._key_ms is None else max(at, self._key_ms)
        self._due_ms, self._anew = self._key_ms + QUIET_MS + 1, 0
        self._calm_ms = None
        self._pending = None

    def _restart(self, at: int) -> None:
        """A swallowed key: who types ahead is not looking. Rest begins anew."""
        self._seen_ms = None
        if self._strip is not None:
            self._strip_ms = at
        elif self._rest_ms is not None:
            self._rest_ms = max(at, self._rest_ms)

    def _calm(self, at: int) -> None:
        """Rest begins, and is longer than any silence."""
        self._rest_ms = at
        self._key_ms = self._due_ms = self._calm_ms = None
        self._withdraw()

    def _withdraw(self) -> None:
        self._pending = None
        self._close()

    def _close(self) -> None:
        self._strip = None
        self._strip_drawn = False
        self._strip_ms = None
        self._seen_ms = None
