"""What must be mended before a form can be sent, in words for the user.

Owns the checks of values against their fields. Does not own the fields
(`state.forms`). Pure. Invariant: values of any shape give a sentence, no exception.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from math import isfinite
from urllib.parse import urlsplit

from state.forms import Field, FieldKind, Form, FormKind, Value, Values

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    rf"{_DAY.pattern}[Tt][0-9:]{{8}}(\.[0-9]+)?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})"
)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""As a person writes one: Python takes `1_000`, `nan` and other digits, too."""


def faults(form: Form, values: Values) -> dict[str, str]:
    """What must be mended before the form can be sent: a sentence for a field's key;
    under "" what concerns the whole."""
    found = {
        field.key: fault
        for field in form.fields
        if (fault := _fault(field, values.get(field.key)))
    }
    if form.kind is FormKind.QUESTIONS and not any(_given(v) for v in values.values()):
        found[""] = "nothing is answered yet"
    if form.kind is FormKind.GRANT and not values.get("grant"):
        found[""] = "nothing is chosen"
    return found


def _given(value: Value | None) -> bool:
    return value is not None and value not in ("", ())


def _fault(field: Field, value: Value | None) -> str:
    if field.kind is FieldKind.FLAG:
        return "" if isinstance(value, bool | None) else "is neither yes nor no"
    if not _given(value):
        few = field.kind is FieldKind.MANY and (field.low or 0) > 0
        return "is needed" if field.required or (few and value is not None) else ""
    match field.kind, value:
        case FieldKind.TEXT, str():
            return _text_fault(field, value)
        case ((FieldKind.NUMBER | FieldKind.INTEGER), str()):
            return _number_fault(field, value)
        case FieldKind.ONE, str():
            known = any(option.value == value for option in field.options)
            return "" if known else "is none of the options"
        case FieldKind.MANY, tuple():
            return _many_fault(field, value)
    return "has another shape"


def _text_fault(field: Field, text: str) -> str:
    if field.low is not None and len(text) < field.low:
        return f"needs at least {field.low:g} characters"
    if field.high is not None and len(text) > field.high:
        return f"takes at most {field.high:g} characters"
    try:
        match field.format:
            case "email" if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
                return "is no e-mail address"
            case "uri" if not urlsplit(text).scheme:
                return "is no address with a scheme, as https://…"
            case "uri" if re.search(r"[\s<>\"]", text):
                return "is no address: it has blanks or signs that none has"
            case "date" if _DAY.fullmatch(text):
                date.fromisoformat(text)
            case "date-time" if _MOMENT.fullmatch(text):
                datetime.fromisoformat(text.upper())
            case "date" | "date-time":
                raise ValueError(text)
    except ValueError:
        example = "2026-01-31" if field.format == "date" else "2026-01-31T09:00:00Z"
        return f"is not written as {example}"
    return ""


def number_of(field: Field, text: str) -> int | float | None:
    """The number that was typed; None when it is none."""
    if not _NUMBER.fullmatch(text.strip()):
        return None
    try:
        if field.kind is FieldKind.INTEGER:
            return int(text)
        number = float(text)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _number_fault(field: Field, text: str) -> str:
    number = number_of(field, text)
    if number is None:
        whole = field.kind is FieldKind.INTEGER
        return "is no whole number" if whole else "is no number"
    if field.low is not None and number < field.low:
        return f"must be {field.low:g} or more"
    if field.high is not None and number > field.high:
        return f"must be {field.high:g} or less"
    return ""


def _many_fault(field: Field, chosen: tuple[str, ...]) -> str:
    known = {option.value for option in field.options}
    if len(set(chosen)) < len(chosen) or set(chosen) - known:
        return "is none of the options"
    if field.low is not None and len(chosen) < field.low:
        return f"needs at least {field.low:g}"
    if field.high is not None and len(chosen) > field.high:
        return f"takes at most {field.high:g}"
    return ""
