"""The lines of a review card: what is asked, in the order a person needs it.

Owns the card's layout: question, who and where and why, the command whole, what it
would run under beside the turn's own sandbox, edits, then the letters. Does not own
arming (`state.guard`) nor keys. Invariant: nothing that is asked or granted is cut;
what is long goes on in the next line.
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from state.dataclass import dataclass
from state.model import Decision
from state.views import Bit, Glyph, ReviewCardView, Tone
from state.words import age
from widgets.cells.rows import Frame
from widgets.cells.wrap import Piece
from widgets.diff_view import file_rows
from widgets.glyphs import Look, sign
from widgets.lines import bits, fold, line, piece, width_of, wrap
from widgets.palette import Back, Palette

TEXT, VALUE, RUN, LABEL = 2, 10, 14, 7
"""Columns: words, values of facts, values of the run, labels of letters."""


@dataclass(frozen=True, slots=True)
class CardState:
    """What the card must show besides its read model."""

    armed: bool = False
    focused: bool = False
    strip: Decision | None = None
    strip_armed: bool = False
    now_ms: int = 0


@dataclass(frozen=True, slots=True)
class CardLines:
    """The drawn lines; `strip_at`: the lines of the open strip, if any."""

    strips: tuple[Strip, ...]
    strip_at: tuple[int, int] | None = None


class _Sheet:
    """Collects lines of one width."""

    def __init__(self, width: int, palette: Palette, look: Look) -> None:
        self.width, self.palette, self.look = width, palette, look
        self.strips: list[Strip] = []
        self.blank = Strip.blank(width)

    def style(
        self,
        tone: Tone = Tone.TEXT,
        back: Back = Back.NONE,
        *,
        bold: bool = False,
        italic: bool = False,
    ) -> Style:
        return self.palette.style(tone, back, bold=bold, italic=italic)

    def air(self) -> None:
        """One empty row, never two."""
        if not self.strips or self.strips[-1] is not self.blank:
            self.strips.append(self.blank)

    def add(self, left: list[Segment], right: list[Segment] | None = None) -> None:
        end = [*right, piece("  ")] if right else []
        self.strips.append(line(left, end, self.width, gap=2))

    def words(self, text: str, style: Style, column: int = TEXT, end: int = 2) -> None:
        """A text, wrapped."""
        for part in wrap(text, self.width - column - end):
            self.add([piece(" " * column), piece(part, style)])


def card_lines(
    view: ReviewCardView, state: CardState, width: int, palette: Palette, look: Look
) -> CardLines:
    """All lines of a card `width` cells wide between its borders."""
    sheet = _Sheet(max(20, width), palette, look)
    sheet.air()
    sheet.words(view.question, sheet.style(Tone.BRIGHT, bold=True))
    _facts(sheet, view, state)
    for warning in view.warnings:
        mark = f"{sign('▲', look)} " if not look.plain else "warning: "
        sheet.words(mark + warning, sheet.style(Tone.NEED, bold=True))
    if view.command is not None:
        _command(sheet, view)
    _runs(sheet, view)
    _files(sheet, view)
    sheet.air()
    span = _letters(sheet, view, state)
    sheet.air()
    return CardLines(tuple(sheet.strips), span)


def _facts(sheet: _Sheet, view: ReviewCardView, state: CardState) -> None:
    muted = sheet.style(Tone.MUTED)
    waited = age((state.now_ms - view.review.asked_ms) / 1000)
    asked = "asked just now" if waited == "now" else f"asked {waited} ago"
    right = [asked, "decides: you"] if view.review.ours else [asked]
    sheet.air()
    for label, value in view.facts:
        why = label == "why"
        style = sheet.style(Tone.TEXT, italic=why)
        room = sheet.width - VALUE - 2
        room -= 16 if right and sheet.width > 60 else 0
        text = f"“{value}”" if why else value
        for index, part in enumerate(wrap(text, room)):
            name = label if index == 0 else ""
            left = [piece(f"  {name:<{VALUE - TEXT}}", muted)]
            if label == "agent" and index == 0:
                head, dot, rest = part.partition(" · ")
                left.append(piece(head, sheet.style(Tone.BRIGHT, bold=True)))
                left.append(piece(dot + rest, muted))
            else:
                left.append(piece(part, style))
            end = [piece(right.pop(0), muted)] if right else None
            sheet.add(left, end)
    if right:
        sheet.add([piece(f"  {' · '.join(right)}", muted)])
    sheet.air()


def _command(sheet: _Sheet, view: ReviewCardView) -> None:
    assert view.command is not None
    for warning in view.command.warnings:
        mark = f"{sign('▲', sheet.look)} " if not sheet.look.plain else "warning: "
        sheet.words(mark + warning, sheet.style(Tone.NEED, bold=True))
    back = Back.SURFACE
    fill = sheet.palette.back(back)
    strong = sheet.style(Tone.BRIGHT, back, bold=True)
    room = sheet.width - 4

    def block(pieces: list[Segment]) -> None:
        body = line(pieces, (), room, fill)
        sheet.add([piece("  "), *body])

    block([])
    first = True
    for source in view.command.text.split("\n"):
        for part in fold(source, room - 6):
            lead = "  $ " if first else "    "
            block([piece(lead, sheet.style(Tone.MUTED, back)), piece(part, strong)])
            first = False
    block([])
    sheet.air()


def _runs(sheet: _Sheet, view: ReviewCardView) -> None:
    if not view.runs_title and not view.runs:
        return
    muted = sheet.style(Tone.MUTED)
    beside = any(now for _, _, now in view.runs)
    wide = beside and sheet.width >= 72
    column = max(40, int(sheet.width * 0.58)) if wide else sheet.width - 2
    title = [piece("  "), *bits(view.runs_title, sheet.palette)]
    if wide:
        pad = piece(" " * max(2, column - width_of(title)))
        sheet.add([*title, pad, piece("in this turn’s sandbox", muted)])
    else:
        sheet.add(title)
    for label, value, now in view.runs:
        lefts = wrap(value, column - RUN - 2)
        rights = wrap(now, sheet.width - column - 2) if wide and now else []
        for index in range(max(len(lefts), len(rights))):
            name = label if index == 0 else ""
            left = [
                piece(f"    {name:<{RUN - 4}}", muted),
                piece(lefts[index] if index < len(lefts) else "", sheet.style()),
            ]
            if index < len(rights):
                left.append(piece(" " * max(1, column - width_of(left))))
                left.append(piece(rights[index], muted))
            sheet.add(left)
        if beside and not wide and now:
            sheet.words(f"this turn’s sandbox: {now}", muted, RUN)


def _files(sheet: _Sheet, view: ReviewCardView) -> None:
    frame = Frame(sheet.palette, sheet.width, sheet.look)
    glyph = Piece(sign(Glyph.NEED, sheet.look), sheet.style(Tone.NEED))
    for file in view.files:
        sheet.air()
        rows = file_rows(file, frame, glyph, unfolded=True)
        sheet.strips += [row.strip.adjust_cell_length(sheet.width) for row in rows]


def _letters(
    sheet: _Sheet, view: ReviewCardView, state: CardState
) -> tuple[int, int] | None:
    if view.state:
        sheet.words(view.state, sheet.style(Tone.BRIGHT, bold=True))
        return None
    span = None
    for decision in view.decisions:
        if state.strip is not None and state.strip.letter == decision.letter:
            start = len(sheet.strips)
            _strip(sheet, decision, state)
            span = (start, len(sheet.strips))
            continue
        key = Tone.ACCENT if state.armed else Tone.MUTED
        words = Tone.TEXT if state.armed else Tone.MUTED
        left = [
            piece("    "),
            piece(decision.letter, sheet.style(key, bold=state.armed)),
            piece("  "),
        ]
        right = [piece(decision.detail, sheet.style(Tone.MUTED))]
        room = sheet.width - LABEL - 2
        if width_of(right) + width_of([piece(decision.label)]) + 4 > room:
            right = []
        for index, part in enumerate(wrap(decision.label, room)):
            lead = left if index == 0 else [piece(" " * LABEL)]
            sheet.add([*lead, piece(part, sheet.style(words))], right)
            right = []
    return span


def _strip(sheet: _Sheet, decision: Decision, state: CardState) -> None:
    back = Back.NEED_SOFT
    fill = sheet.palette.back(back)
    bar = ">" if sheet.look.plain else sign("▌", sheet.look)
    room = sheet.width - 2

    def row(*pieces: Segment) -> None:
        lead = piece(bar, sheet.style(Tone.NEED, back))
        sheet.add([piece(" "), *line([lead, *pieces], (), room, fill), piece(" ")])

    letter = sheet.style(Tone.NEED, back, bold=True)
    strong = sheet.style(Tone.BRIGHT, back, bold=True)
    text, muted = sheet.style(Tone.TEXT, back), sheet.style(Tone.MUTED, back)
    indent = piece(" " * (LABEL - 2), fill)
    for index, part in enumerate(wrap(decision.label, room - LABEL - 1)):
        first = [piece("  ", fill), piece(decision.letter, letter), piece("  ", fill)]
        row(*(first if index == 0 else [indent]), piece(part, strong))
    grants = decision.detail or "This grants more than this once."
    for part in wrap(grants, room - LABEL - 1):
        row(indent, piece(part, text))
    ready = letter if state.strip_armed else muted
    again = strong if state.strip_armed else muted
    row(
        indent,
        piece(decision.letter, ready),
        piece(" again to grant it", again),
        piece("    any other key takes it back", muted),
    )


def bottom_hints(state: CardState) -> tuple[Bit, ...]:
    """What the other keys do."""
    if not state.focused:
        return (Bit("r", Tone.ACCENT), Bit(" review", Tone.MUTED))
    hints = (("esc", "leave"), ("j k", "next, previous"), ("o", "thread"))
    parts: list[Bit] = []
    for index, (key, label) in enumerate(hints):
        parts.append(Bit(("   " if index else "") + key, Tone.ACCENT))
        parts.append(Bit(f" {label}", Tone.MUTED))
    return tuple(parts)
