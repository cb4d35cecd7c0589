"""The lines of a review card: what is asked, in the order a person needs it.

Owns the card's layout: question, who and where and why, the command whole, what it
would run under beside the turn's own sandbox, edits, then the letters. Does not own
arming (`state.guard`) nor keys. Invariant: nothing that is asked or granted is cut;
what is long goes on in the next line. Long prose is folded, so that nobody's words push
what they ask for off the screen.
"""

from __future__ import annotations

import re

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size

from state.answers import CAREFUL
from state.dataclass import replace
from state.model import Decision
from state.views import Bit, Glyph, ReviewCardView, Tone
from state.words import age
from widgets.card_fields import fields_lines
from widgets.card_form import HEAD, TAIL, CardForm
from widgets.card_sheet import LABEL, LEAST, RUN, TEXT, VALUE, Sheet, some
from widgets.card_state import AnswerAt, CardLines, CardState
from widgets.cells.rows import Frame
from widgets.cells.wrap import Piece
from widgets.diff_view import file_rows
from widgets.glyphs import Look, sign
from widgets.lines import bits, fold, line, piece, width_of, wrap
from widgets.palette import Back, Palette


def fitted_lines(
    view: ReviewCardView, state: CardState, size: Size, palette: Palette, look: Look
) -> CardLines:
    """All lines of a card, with less air where that brings all of it on screen: who
    sees what is asked and the answers together need not scroll. What an opened strip
    takes does not count, or everything would move as it opens."""
    closed = replace(state, strip=None)
    for tight in range(LEAST + 1):
        lines = card_lines(view, closed, size.width, palette, look, tight)
        if lines.height <= size.height:
            break
    else:
        tight = 0
    lines = card_lines(view, state, size.width, palette, look, tight)
    if lines.height == size.height:
        return replace(lines, strips=lines.strips[:-1], air=0)
    return lines


def card_lines(
    view: ReviewCardView,
    state: CardState,
    width: int,
    palette: Palette,
    look: Look,
    tight: int = 0,
) -> CardLines:
    """All lines of a card `width` cells wide between its borders."""
    sheet = Sheet(max(20, width), palette, look, tight)
    sheet.air(1)
    form = state.form or CardForm(view)
    sheet.prose(view.question, sheet.style(Tone.BRIGHT, bold=True), whole=form.unfolded)
    _facts(sheet, view, state, form)
    for warning in view.warnings:
        mark = f"{sign('▲', look)} " if not look.plain else "warning: "
        sheet.words(mark + warning, sheet.style(Tone.NEED, bold=True))
    if view.command is not None:
        _command(sheet, view, form)
    elif view.warnings:
        sheet.air()
    _runs(sheet, view)
    _files(sheet, view)
    cursor = None
    if view.fields:
        cursor = fields_lines(sheet, form, focused=state.focused)
    sheet.air(LEAST)
    if view.repeat:
        sheet.words(view.repeat, sheet.style(Tone.NEED))
        sheet.air()
    answers = _letters(sheet, view, state, form)
    sheet.air(LEAST + 1)
    opened = state.strip.letter if state.strip is not None else ""
    strip = next((a[1:] for a in answers if a.letter == opened), None)
    return CardLines(tuple(sheet.strips), strip, cursor, answers)


BLOCK = "b"
"""The letter that refuses for good"""
PROSE = frozenset({"why", "does", "says", "note", "before"})
"""Facts that are words of somebody; the others say what is asked"""


def _facts(
    sheet: Sheet, view: ReviewCardView, state: CardState, form: CardForm
) -> None:
    muted = sheet.style(Tone.MUTED)
    waited = age((state.now_ms - view.review.asked_ms) / 1000)
    asked = "asked just now" if waited == "now" else f"asked {waited} ago"
    waits = view.review.ours and not view.state
    right = [asked, "decides: you"] if waits else [asked]
    sheet.air()
    for label, value in view.facts:
        why = label == "why"
        style = sheet.style(Tone.TEXT, italic=why)
        room = sheet.width - VALUE - 2
        room -= 16 if right and sheet.width > 60 else 0
        text = f"“{value}”" if why else value
        whole = form.unfolded or label not in PROSE
        for index, part in enumerate(some(wrap(text, room), whole=whole)):
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


def _command(sheet: Sheet, view: ReviewCardView, form: CardForm) -> None:
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

    padded = sheet.tight == 0
    if padded:
        block([])
    first = True
    sources = view.command.text.split("\n")
    for index, source in enumerate(sources):
        if form.folded and HEAD <= index < len(sources) - TAIL:
            if index == HEAD:
                words = f"    … {form.hidden} more lines · v shows all"
                block([piece(words, sheet.style(Tone.NEED, back, bold=True))])
            continue
        for part in fold(source, room - 6):
            lead = f"  {view.lead:<2}" if first else "    "
            block([piece(lead, sheet.style(Tone.MUTED, back)), piece(part, strong)])
            first = False
    if padded:
        block([])
    sheet.air()


def _runs(sheet: Sheet, view: ReviewCardView) -> None:
    if not view.runs_title and not view.runs:
        return
    muted = sheet.style(Tone.MUTED)
    beside = any(now for _, _, now in view.runs)
    wide = beside and sheet.width >= 72
    column = max(40, int(sheet.width * 0.58)) if wide else sheet.width - 2
    title = [piece("  "), *bits(view.runs_title, sheet.palette)]
    head = [piece("in this turn’s sandbox", muted)] if wide else []
    if wide and width_of(title) + 2 <= column:
        sheet.add([*title, piece(" " * (column - width_of(title))), *head])
    else:
        for pieces in _broken(title[1:], sheet.width - TEXT - 2):
            sheet.add([piece(" " * TEXT), *pieces])
        if head:
            sheet.add([piece(" " * column), *head])
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


def _broken(pieces: list[Segment], room: int) -> list[list[Segment]]:
    """Pieces as lines of at most `room` cells, broken between words."""
    rows: list[list[Segment]] = [[]]
    for one in pieces:
        for word in words_of(one.text):
            full = width_of(rows[-1]) + width_of([piece(word.rstrip())]) > room
            if full and rows[-1]:
                rows.append([])
            rows[-1].append(piece(word, one.style))
    return rows


def words_of(text: str) -> list[str]:
    """A text in words, each with the blanks behind it."""
    return re.findall(r"\S+\s*|\s+", text)


def _files(sheet: Sheet, view: ReviewCardView) -> None:
    frame = Frame(sheet.palette, sheet.width, sheet.look)
    glyph = Piece(sign(Glyph.NEED, sheet.look), sheet.style(Tone.NEED))
    for file in view.files:
        sheet.air()
        rows = file_rows(file, frame, glyph, unfolded=True)
        sheet.strips += [row.strip.adjust_cell_length(sheet.width) for row in rows]


def _letters(
    sheet: Sheet, view: ReviewCardView, state: CardState, form: CardForm
) -> tuple[AnswerAt, ...]:
    if view.state:
        sheet.words(view.state, sheet.style(Tone.BRIGHT, bold=True))
    found: list[AnswerAt] = []
    for offer in form.offers():
        decision, start = offer.decision, len(sheet.strips)
        if state.strip is not None and state.strip.letter == decision.letter:
            _strip(sheet, decision, state, form)
            found.append(AnswerAt(decision.letter, start, len(sheet.strips)))
            continue
        live = state.armed and not offer.problem
        key = Tone.ACCENT if live else Tone.MUTED
        words = Tone.TEXT if live else Tone.MUTED
        left = [
            piece("    "),
            piece(decision.letter, sheet.style(key, bold=live)),
            piece("  "),
        ]
        missed = "" if offer.problem else _missed(decision, state)
        aside = missed or offer.problem or decision.detail.replace("\n", " ")
        tone = Tone.NEED if offer.problem or missed else Tone.MUTED
        right = [piece(aside, sheet.style(tone))]
        room = sheet.width - LABEL - 2
        if width_of(right) + width_of([piece(decision.label)]) + 4 > room:
            right = []
        below = offer.problem if not right else ""
        aside = "" if right or below or decision.broad else decision.detail
        for index, part in enumerate(wrap(decision.label, room)):
            lead = left if index == 0 else [piece(" " * LABEL)]
            sheet.add([*lead, piece(part, sheet.style(words))], right)
            right = []
        if below:
            sheet.words(below, sheet.style(Tone.NEED), LABEL)
        if aside:
            sheet.words(aside, sheet.style(Tone.MUTED), LABEL)
        found.append(AnswerAt(decision.letter, start, len(sheet.strips)))
    return tuple(found)


def _missed(decision: Decision, state: CardState) -> str:
    """Beside a letter that was pressed and did not count: why, then what to do."""
    refused = state.refused
    if refused is None or refused.letter != decision.letter:
        return ""
    if state.live:
        return f"press {refused.letter} again"
    return f"did not count: {refused.why}"


def _strip(sheet: Sheet, decision: Decision, state: CardState, form: CardForm) -> None:
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
    cut = decision.letter == "p" and form.view.ladder
    if cut:
        for pieces in ladder_rows(form, room - LABEL - 1, strong, muted):
            row(indent, *pieces)
    grants = decision.detail or "This grants more than this once."
    for source in grants.split("\n"):
        tone = letter if source.startswith(CAREFUL) else text
        for part in wrap(source, room - LABEL - 1):
            row(indent, piece(part, tone))
    ready = letter if state.strip_armed else muted
    again = strong if state.strip_armed else muted
    does = "block it" if decision.letter == BLOCK else "grant it"
    row(
        indent,
        piece(decision.letter, ready),
        piece(f" again to {does}", again),
        piece("    any other key takes it back", muted),
    )
    if cut and len(form.view.ladder) > 1:
        keys = (piece("left right", letter), piece(" fewer, more words", muted))
        row(indent, *keys)


def ladder_rows(
    form: CardForm, room: int, strong: Style, muted: Style
) -> list[list[Segment]]:
    """The words of the rule, one by one: those it holds in brackets."""
    rows: list[list[Segment]] = [[]]
    for index, word in enumerate(form.view.ladder):
        held = index < form.words
        text = f"[{word}]" if held else f" {word} "
        for part in fold(text, room):
            if width_of(rows[-1]) + width_of([piece(part)]) + 1 > room:
                rows.append([])
            rows[-1] += [piece(part, strong if held else muted), piece(" ", muted)]
    return rows


def bottom_hints(state: CardState) -> tuple[Bit, ...]:
    """What the other keys do."""
    if not state.focused:
        return (Bit("r", Tone.ACCENT), Bit(" review", Tone.MUTED))
    around = [("j k", "next, previous"), ("o", "thread")]
    if state.form is not None and state.form.spots:
        fill = "write" if state.form.writes is not None else "choose"
        key = "enter" if state.form.writes is not None else "space"
        around = [("up down", "move"), (key, fill), ("j k", "next")]
    if state.below and state.strip is None:
        # Whoever does not see the letters must not think there are none.
        answers = state.form is not None and state.form.view.decisions
        what = "answers" if answers else "more"
        around = [*around[:-1], ("end", f"{what} below")]
    hints = [("esc", "leave"), *around, ("v", "all")]
    parts: list[Bit] = []
    for index, (key, label) in enumerate(hints):
        parts.append(Bit(("   " if index else "") + key, Tone.ACCENT))
        parts.append(Bit(f" {label}", Tone.MUTED))
    return tuple(parts)
