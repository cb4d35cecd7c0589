"""What a request wants to be filled in: questions, a form by schema, permissions.

Owns the shapes and how they are read from a request's params. Does not own what is
wrong with a set of values (`state.form_faults`) nor which answer is made of them
(`state.answers`). Pure.
Invariants: whatever the params hold, no exception leaves; a form that cannot be shown
whole is no form (None), for half a form must not be answerable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from state.dataclass import dataclass
from state.pattern import late_pattern
from state.strange import unknown_approval

Json = dict[str, Any]
Value = str | bool | tuple[str, ...]
"""Text, numbers as typed, the chosen option's value; a flag; several options"""
Values = Mapping[str, Value]


class FieldKind(StrEnum):
    """How a field is filled in."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"
    ONE = "one"
    MANY = "many"


class FormKind(StrEnum):
    """What is made of the values."""

    QUESTIONS = "questions"
    SCHEMA = "schema"
    GRANT = "grant"


@dataclass(frozen=True, slots=True)
class Option:
    """One of several. `value` goes back on the wire, `label` is shown."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in. `key` names it in the answer.

    `low` and `high`: of a number its bounds, of a text its length, of several options
    how many. `secret`: never shown, never kept."""

    key: str
    kind: FieldKind
    title: str
    note: str = ""
    options: tuple[Option, ...] = ()
    required: bool = False
    secret: bool = False
    default: Value | None = None
    low: float | None = None
    high: float | None = None
    format: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """All there is to fill in, in the request's order."""

    kind: FormKind
    fields: tuple[Field, ...]

    def defaults(self) -> dict[str, Value]:
        """What stands in it before anybody touched it."""
        return {f.key: f.default for f in self.fields if f.default is not None}

    @property
    def secrets(self) -> frozenset[str]:
        """The keys whose values are never kept."""
        return frozenset(f.key for f in self.fields if f.secret)


NOTE = "/note"
"""Ends the key of the field for own words beside the options of a question"""

_HIDDEN = late_pattern(
    r"pass[ _-]?(word|wd|phrase|code|key)|passwd|pwd|secret|token|credential|cvv|cvc"
    r"|(api|access|private|secret|signing|encryption|license)[ _-]?key|\botp\b|bearer"
    r"|(?<![a-z])(pass|pin|otp|auth|2fa|mfa)(?![a-z])",
    re.IGNORECASE,
)
_NATIVE_FORMS = ("form", "openai/form", "openaiForm")


@lru_cache(maxsize=256)
def form_of(method: str, params: str) -> Form | None:
    """The form of a request, `params` as JSON text; None: nothing to fill in, or
    nothing that we can show whole."""
    try:
        given = json.loads(params)
        match method:
            case "item/tool/requestUserInput":
                return _questions(given)
            case "mcpServer/elicitation/request":
                return _schema(given)
            case "item/permissions/requestApproval":
                return _grant(given)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return None


# -- questions ---------------------------------------------------------------------


def _questions(params: Json) -> Form | None:
    fields: list[Field] = []
    for asked in params["questions"]:
        key, options = str(asked["id"]), asked.get("options") or []
        title = str(asked.get("question") or asked.get("header") or key)
        secret = asked.get("isSecret") not in (None, False)
        if not options:
            fields.append(Field(key + NOTE, FieldKind.TEXT, title, secret=secret))
            continue
        given = [
            Option(str(o["label"]), str(o["label"]), str(o.get("description") or ""))
            for o in options
        ]
        shown = _distinct(given)
        fields.append(Field(key, FieldKind.ONE, title, options=shown, secret=secret))
        if asked.get("isOther"):
            words = "in your own words"
            fields.append(Field(key + NOTE, FieldKind.TEXT, words, secret=secret))
    if not fields or len({f.key for f in fields}) < len(fields):
        return None
    return Form(FormKind.QUESTIONS, tuple(fields))


# -- a form by schema --------------------------------------------------------------


def _schema(params: Json) -> Form | None:
    if params.get("mode") not in _NATIVE_FORMS or is_tool_approval(params):
        return None
    if unknown_approval(params.get("_meta")):
        return None
    schema = params["requestedSchema"]
    properties = schema["properties"]
    required = schema.get("required") or []
    if schema.get("type") != "object" or set(required) - properties.keys():
        return None
    fields = [
        _property(str(key), value, required=key in required)
        for key, value in properties.items()
    ]
    if any(field is None for field in fields):
        return None
    return Form(FormKind.SCHEMA, tuple(f for f in fields if f is not None))


def is_tool_approval(params: Json) -> bool:
    """Whether an elicitation is the engine's own question before an MCP tool runs."""
    meta = params.get("_meta")
    return (
        isinstance(meta, dict)
        and meta.get("codex_approval_kind") == "mcp_tool_call"
        and params.get("mode") == "form"
        and not (params.get("requestedSchema") or {}).get("properties")
    )


def _property(key: str, schema: Json, *, required: bool) -> Field | None:
    title, note = str(schema.get("title") or key), str(schema.get("description") or "")
    default, kind = schema.get("default"), schema.get("type")
    common: Json = {"title": title, "note": note, "required": required}
    match kind:
        case "boolean":
            flag = default if isinstance(default, bool) else False
            return Field(key, FieldKind.FLAG, default=flag, **common)
        case "number" | "integer":
            number = _number(default)
            return Field(
                key,
                FieldKind(kind),
                default=None if number is None else _number_text(number),
                low=_number(schema.get("minimum")),
                high=_number(schema.get("maximum")),
                **common,
            )
        case "array":
            options = _options(schema["items"])
            chosen = default if isinstance(default, list) else []
            known = {option.value for option in options}
            return Field(
                key,
                FieldKind.MANY,
                options=options,
                default=tuple(str(c) for c in chosen if c in known),
                low=_number(schema.get("minItems")),
                high=_number(schema.get("maxItems")),
                **common,
            )
        case "string" if "enum" in schema or "oneOf" in schema:
            options = _options(schema)
            known = {option.value for option in options}
            text = default if isinstance(default, str) and default in known else None
            return Field(key, FieldKind.ONE, options=options, default=text, **common)
        case "string":
            return Field(
                key,
                FieldKind.TEXT,
                secret=bool(_HIDDEN.search(f"{key} {title}")),
                default=default if isinstance(default, str) else None,
                low=_number(schema.get("minLength")),
                high=_number(schema.get("maxLength")),
                format=str(schema.get("format") or ""),
                **common,
            )
    return None


def _options(schema: Json) -> tuple[Option, ...]:
    titled = schema.get("oneOf") or schema.get("anyOf")
    if titled:
        pairs = [(str(o["const"]), str(o.get("title", o["const"]))) for o in titled]
    else:
        values = [str(value) for value in schema["enum"]]
        names = schema.get("enumNames")
        same = isinstance(names, list) and len(names) == len(values)
        shown = [str(name) for name in names] if same and names else values
        pairs = list(zip(values, shown, strict=True))
    if not pairs:
        raise ValueError("nothing to choose from")
    return _distinct([Option(value, label) for value, label in pairs])


def _distinct(options: list[Option]) -> tuple[Option, ...]:
    """One of each; of two that read otherwise and send the same nobody could tell
    which is chosen."""
    found: dict[str, Option] = {}
    for option in options:
        if found.setdefault(option.value, option).label != option.label:
            raise ValueError("two options are sent as the same")
    return tuple(found.values())


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return None


def _number_text(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


# -- permissions -------------------------------------------------------------------


def _grant(params: Json) -> Form | None:
    parts = grant_parts(params["permissions"])
    options = tuple(Option(key, words) for key, words, _ in parts)
    if not options:
        return None
    every = tuple(option.value for option in options)
    field = Field("grant", FieldKind.MANY, "grant", options=options, default=every)
    return Form(FormKind.GRANT, (field,))


def grant_parts(permissions: Json) -> list[tuple[str, str, Json]]:
    """Each thing that is asked for: (key, words, the profile that grants just that)."""
    parts: list[tuple[str, str, Json]] = []
    files = permissions.get("fileSystem")
    if isinstance(files, dict):
        entries = files.get("entries")
        if isinstance(entries, list) and entries:
            for index, entry in enumerate(entries):
                if not denies(entry):  # what is forbidden always goes along
                    profile = {"fileSystem": {"entries": [entry]}}
                    parts.append((f"entry {index}", entry_words(entry), profile))
        else:
            for access in ("read", "write"):
                given = files.get(access)
                paths = given if isinstance(given, list) else []
                for path in dict.fromkeys(p for p in paths if isinstance(p, str)):
                    words = f"{access} {path}"
                    parts.append((words, words, {"fileSystem": {access: [path]}}))
    network = permissions.get("network")
    if isinstance(network, dict) and network.get("enabled"):
        parts.append(("network", "network", {"network": {"enabled": True}}))
    return parts


def granted_words(result: str) -> str:
    """What an answer to a request for permissions grants, raw; "" when nothing."""
    try:
        answer = json.loads(result)
    except ValueError:
        return ""
    given = answer.get("permissions") if isinstance(answer, dict) else None
    parts = grant_parts(given) if isinstance(given, dict) else []
    return "; ".join(words for _, words, _ in parts)


def denies(entry: object) -> bool:
    """Whether an entry takes away instead of granting."""
    return isinstance(entry, dict) and entry.get("access") == "deny"


def entry_words(entry: object) -> str:
    """An entry of a permission profile, as `write /p`."""
    if isinstance(entry, dict):
        access, path = entry.get("access"), entry.get("path")
        if isinstance(path, dict):
            name = path.get("path") or path.get("pattern") or special(path.get("value"))
            return f"{access} {name}"
    return json.dumps(entry)


def special(value: object) -> str:
    """A special path in words: `:root`, `:project_roots/docs`."""
    if isinstance(value, dict) and isinstance(value.get("kind"), str):
        name = str(value.get("path") or f":{value['kind']}")
        below = value.get("subpath")
        return f"{name}/{below}" if isinstance(below, str) and below else name
    return json.dumps(value)
