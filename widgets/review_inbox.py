"""The reviews that wait, over all threads and agents.

Owns how a review's row looks. Does not own the card that answers it. Invariant: a
row shows what is asked, it never answers: enter opens the card, nothing else does.
"""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.strip import Strip

from state.model import ReviewKey
from state.views import Bit, ReviewRow, Tone
from state.words import age
from widgets.glyphs import look_of, sign
from widgets.intents import MarkReview, OpenDenials, OpenQuestion, OpenReview
from widgets.lines import cut, line, piece
from widgets.pane import Pane, PaneRows, sentences
from widgets.rows import Canvas, Entry


class ReviewRows(PaneRows[Any]):
    """The list itself."""

    PANE: ClassVar[str] = "reviews"
    RESTS: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", id="reviews.mark", show=False)
    ]

    def action_mark(self) -> None:
        """Answer it together with others that ask for the same."""
        row = self.cursor_data
        if isinstance(row, ReviewRow) and row.key is not None:
            self.post_message(MarkReview(row.key))
            self.action_step(1)

    def age_words(self, entry: Entry[Any], now_ms: int) -> str:
        """How long it waits."""
        row = entry.data
        if not isinstance(row, ReviewRow) or not row.asked_ms:
            return ""
        return age((now_ms - row.asked_ms) / 1000)

    def draw_row(self, entry: Entry[Any], row: int, canvas: Canvas) -> Strip:
        """A review's first or second line."""
        review: ReviewRow = entry.data
        palette, back = canvas.palette, canvas.back
        quiet = palette.style(Tone.MUTED, back)
        if row == 1:
            left = [piece(f"  {review.what}", quiet)]
            return line(left, [piece(" ")], canvas.width, palette.back(back), gap=0)
        needs = review.tone is Tone.NEED
        bold = needs or canvas.cursor
        tone = Tone.BRIGHT if bold else Tone.TEXT
        look = look_of(self)
        status = f"{sign(review.glyph, look)} "
        if look.plain:
            status = "needs you: " if needs else ""
        mark = piece("[x] " if review.marked else "", palette.style(Tone.ACCENT, back))
        left = [
            piece(
                status,
                palette.style(review.tone, back),
            ),
            mark,
            piece(review.kind, palette.style(tone, back, bold=bold)),
        ]
        who = [piece(f" {review.who}" if review.who else "", quiet)]
        if review.what and entry.lines == 1:
            # What is asked outranks who asks.
            who = [*cut(who, max(12, canvas.width // 4))]
            left += [*who, piece(f"  {review.what}", quiet)]
        else:
            left += who
        ago = self.age_words(entry, self.now_ms)
        ends = palette.style(
            Tone.AUTO if review.tone is Tone.AUTO else Tone.MUTED, back
        )
        return line(left, [piece(f"{ago} ", ends)], canvas.width, palette.back(back))


class ReviewInbox(Pane[ReviewRow]):
    """The pane. Posts OpenReview, OpenQuestion, OpenDenials, Selected."""

    NAME: ClassVar[str] = "reviews"
    TITLE: ClassVar[str] = "Reviews"

    def __init__(
        self,
        reviews: tuple[ReviewRow, ...] = (),
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._reviews = reviews

    def make_rows(self) -> ReviewRows:
        """The list."""
        return ReviewRows()

    def show(self, reviews: tuple[ReviewRow, ...]) -> None:
        """Draw these."""
        if reviews is not self._reviews:
            self._reviews = reviews
            self.rebuild()

    def select(self, key: ReviewKey) -> bool:
        """Put the cursor on this review's row."""
        return self.rows.select(self.row_key(key))

    def build(self) -> list[Entry[Any]]:
        """The reviews, or a sentence."""
        rows = self._reviews
        waiting = sum(1 for r in rows if r.tone is Tone.NEED)
        self.title_line.detail = str(waiting) if waiting else ""
        entries: list[Entry[Any]] = [
            Entry(self._key_of(r), r, 2 if r.what and not self.rows.short else 1)
            for r in rows
        ]
        if waiting:
            return entries
        nothing = sentences((Bit("Nothing waits for you.", Tone.MUTED),))
        return [*nothing, *entries]

    def choose(self, key: str) -> None:
        """Open the review's card."""
        for row in self._reviews:
            if self._key_of(row) != key:
                continue
            if row.denials:
                self.post_message(OpenDenials())
            elif row.place is None:
                self.post_message(OpenReview(row.key))
            else:
                thread_id, turn_id, item_id = row.place
                self.post_message(OpenQuestion(thread_id, (turn_id, item_id)))

    def _key_of(self, row: ReviewRow) -> str:
        if row.denials:
            return "denied"
        return self.row_key(row.key) if row.place is None else " ".join(row.place)

    @staticmethod
    def row_key(key: ReviewKey | None) -> str:
        """The key of a review's row; the line of auto-reviews has its own."""
        return "auto" if key is None else f"{key.epoch} {key.request_id!r}"
