"""The lines of a card's fields: questions, options, what is filled in.

Owns how they look. Does not own what is filled in (`widgets.card_form`). Invariants:
nothing is cut; a secret is never drawn, not even its length.
"""

from __future__ import annotations

from state.forms import FieldKind
from state.text import reveal
from state.views import FieldView, Tone
from widgets.card_form import CardForm, Spot
from widgets.card_sheet import LABEL, TEXT, Sheet
from widgets.glyphs import sign
from widgets.lines import piece, wrap

MARKS = {
    FieldKind.ONE: ("(•)", "( )"),
    FieldKind.MANY: ("[x]", "[ ]"),
    FieldKind.FLAG: ("[x]", "[ ]"),
}


def fields_lines(sheet: Sheet, form: CardForm, *, focused: bool) -> tuple[int, int]:
    """Draw all fields; the lines of the one under the cursor."""
    at = (0, 0)
    here = form.spot
    for field in form.view.fields:
        if not field.beside:
            sheet.air()
            _title(sheet, field, whole=form.unfolded)
        spots = [Spot(field, option) for option in field.options] or [Spot(field)]
        for spot in spots:
            start = len(sheet.strips)
            _spot(sheet, form, spot, cursor=focused and spot == here)
            if spot == here:
                at = (start, len(sheet.strips))
    return at


def _title(sheet: Sheet, field: FieldView, *, whole: bool) -> None:
    if field.title:
        needed = " · needed" if field.required else ""
        style = sheet.style(Tone.BRIGHT, bold=True)
        sheet.prose(field.title + needed, style, whole=whole)
    if field.note:
        sheet.prose(field.note, sheet.style(Tone.MUTED), whole=whole)


def _spot(sheet: Sheet, form: CardForm, spot: Spot, *, cursor: bool) -> None:
    bar = " "
    if cursor:
        bar = ">" if sheet.look.plain else sign("▌", sheet.look)
    chosen = form.chosen(spot)
    accent = sheet.style(Tone.ACCENT, bold=True)
    lead = [piece(" " * TEXT), piece(f"{bar} ", accent)]
    label, note = _words(form, spot)
    mark = ""
    if spot.field.kind in MARKS:
        on, off = MARKS[spot.field.kind]
        mark = (on if chosen else off) + " "
        if sheet.look.ascii or sheet.look.plain:
            mark = mark.replace("•", "*")
    style = sheet.style(Tone.BRIGHT if cursor or chosen else Tone.TEXT, bold=chosen)
    room = sheet.width - LABEL - len(mark) - 2
    indent = piece(" " * (TEXT + 2 + len(mark)))
    for index, part in enumerate(wrap(label, room)):
        head = [*lead, piece(mark, style)] if index == 0 else [indent]
        sheet.add([*head, piece(part, style)])
    if note:
        sheet.words(note, sheet.style(Tone.MUTED), TEXT + 2 + len(mark))


def _words(form: CardForm, spot: Spot) -> tuple[str, str]:
    field = spot.field
    if spot.option is not None:
        return spot.option.label, spot.option.note
    if field.kind is FieldKind.FLAG:
        return "yes" if form.chosen(spot) else "no", ""
    value = form.values.get(field.key)
    words = value if isinstance(value, str) else ""
    hidden = words and field.secret
    words = "written, not shown" if hidden else reveal(words).text
    start = f"{field.title}: " if field.beside else ""
    return f"{start}{words or '… enter writes'}", ""
