"""The answers that can be given to a review as it stands: with what was filled in,
with as many words of a prefix as were chosen.

Owns the JSON of every answer that is made up by the user, and the rule which answers
a request can have at all (`fits`). The fixed ones come with the review. Pure.
Invariants: what is offered is exactly what would be sent; nothing is granted that was
not asked for; a secret stands in `sent` only, never in a decision.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import field
from typing import Any

from state.dataclass import dataclass, replace
from state.form_faults import faults, number_of
from state.forms import (
    NOTE,
    FieldKind,
    Form,
    FormKind,
    Value,
    Values,
    denies,
    form_of,
    grant_parts,
)
from state.lets_in import lets_in
from state.prefix import Ladder, ladder_of
from state.reviews import Decision, Review
from state.strange import known_grants
from state.text import reveal

Json = dict[str, Any]

TELL = "No, and tell the agent what to do differently"
STRICT = "Auto-review checks every later command of this turn before it runs"
CAREFUL = "Careful: "
"""Begins the line that says what else a rule lets in"""
HIDDEN = "[not kept]"
"""Stands for a secret in what is kept"""
_OWN_WORDS = "user_note: "


@dataclass(frozen=True, slots=True)
class Offer:
    """An answer as it could be given now. `problem`: why it cannot be yet.

    `sent`: what leaves when it is not `decision.result`, for it holds a secret."""

    decision: Decision
    problem: str = ""
    sent: str = field(default="", repr=False)


def as_result(value: object) -> str:
    """An answer as JSON text; ASCII, so that no character can be lost on the way."""
    return json.dumps(value, separators=(",", ":"))


def offers(
    review: Review, values: Values, words: int | None = None
) -> tuple[Offer, ...]:
    """All answers, in order. `values`: what is filled in; `words`: how long a prefix
    rule would be, None: as the engine proposes it."""
    form = form_of(review.method, review.params)
    if form is None:
        ladder = ladder_of_review(review)
        return tuple(
            Offer(narrowed(decision, ladder, words))
            if ladder is not None and words is not None and _amendment(decision.result)
            else Offer(decision)
            for decision in review.decisions
        )
    wrong = faults(form, values)
    match form.kind:
        case FormKind.GRANT:
            return _grants(review, values, wrong.get("", ""))
        case FormKind.QUESTIONS:
            yes, rest = "Send these answers", _no_answer()
        case FormKind.SCHEMA:
            yes, rest = "Yes, send this", _no_content()
    kept: dict[str, Value] = {
        key: HIDDEN if key in form.secrets and value else value
        for key, value in values.items()
    }
    problem = _problem(form, wrong)
    sent = "" if problem else as_result(_filled(form, values))
    shown = "" if problem else as_result(_filled(form, kept))
    first = Offer(
        Decision("y", yes, shown), problem, sent="" if sent == shown else sent
    )
    return (first, *map(Offer, rest))


def _problem(form: Form, wrong: dict[str, str]) -> str:
    for one in form.fields:
        if one.key in wrong:
            return f"{reveal(one.title).text} {wrong[one.key]}"
    return wrong.get("", "")


def _no_answer() -> tuple[Decision, ...]:
    none = as_result({"answers": {}})
    return (
        Decision("d", "No answer, go on without it", none),
        Decision("n", "No answer, and tell the agent something else", none),
    )


def _no_content() -> tuple[Decision, ...]:
    return (
        Decision("d", "No, go on without it", as_result({"action": "decline"})),
        Decision("n", TELL, as_result({"action": "cancel"})),
    )


def _filled(form: Form, values: Values) -> Json:
    if form.kind is FormKind.QUESTIONS:
        return {"answers": _answered(form, values)}
    return {"action": "accept", "content": _content(form, values)}


def _answered(form: Form, values: Values) -> Json:
    answers: dict[str, Json] = {}
    for one in form.fields:
        value = values.get(one.key)
        if isinstance(value, str) and value:
            own = one.key.endswith(NOTE) and one.kind is FieldKind.TEXT
            key = one.key.removesuffix(NOTE) if own else one.key
            said = answers.setdefault(key, {"answers": []})["answers"]
            said.append(_OWN_WORDS + value if own else value)
    return answers


def _content(form: Form, values: Values) -> Json:
    content: Json = {}
    for one in form.fields:
        value = values.get(one.key)
        if isinstance(value, tuple):
            content[one.key] = list(value)
        elif isinstance(value, bool):
            content[one.key] = value
        elif value and one.kind in (FieldKind.NUMBER, FieldKind.INTEGER):
            number = number_of(one, value)
            content[one.key] = value if number is None else number
        elif value:
            content[one.key] = value
    return content


# -- permissions -------------------------------------------------------------------


def _grants(review: Review, values: Values, problem: str) -> tuple[Offer, ...]:
    chosen = values.get("grant")
    keys = chosen if isinstance(chosen, tuple) else ()
    permissions = _asked(review)
    parts = [(key, words) for key, words, _ in grant_parts(permissions) if key in keys]
    said = "; ".join(reveal(words).text for _, words in parts) or "nothing"
    granted = granted_of(permissions, keys)
    whole = any(_everywhere(words) for _, words in parts)
    some = len(parts) < len(grant_parts(permissions))
    these = "the chosen permissions" if some else "these permissions"
    turn = f"Every command of this turn gets {said}."
    none = as_result({"permissions": {}})
    return (
        Offer(
            Decision(
                "y",
                f"Yes, grant {these} for this turn",
                as_result({"permissions": granted, "scope": "turn"}),
                broad=whole,
                detail=turn if whole else "",
            ),
            problem,
        ),
        Offer(
            Decision(
                "r",
                f"Yes, grant {these} for this turn, with strict auto-review",
                as_result(
                    {
                        "permissions": granted,
                        "scope": "turn",
                        "strictAutoReview": True,
                    }
                ),
                broad=whole,
                detail=f"{turn} {STRICT}." if whole else STRICT,
            ),
            problem,
        ),
        Offer(
            Decision(
                "a",
                f"Yes, grant {these} for this session",
                as_result({"permissions": granted, "scope": "session"}),
                broad=True,
                detail=f"Every command of this thread gets {said}, until the engine "
                "unloads the thread.",
            ),
            problem,
        ),
        Offer(Decision("d", "No, continue without permissions", none)),
        Offer(Decision("n", TELL, none)),
    )


def _everywhere(words: str) -> bool:
    """Whether this lets a command write anywhere, however the path is spelt."""
    access, _, path = words.partition(" ")
    if access != "write" or not path.startswith(("/", ":root")):
        return False
    steps: list[str] = []
    for step in path.removeprefix(":root").split("/"):
        if step == "..":
            steps = steps[:-1]
        elif step not in ("", ".", "*", "**"):
            steps.append(step)
    return not steps


def _asked(review: Review) -> Json:
    permissions = json.loads(review.params).get("permissions")
    return permissions if isinstance(permissions, dict) else {}


def granted_of(permissions: Json, keys: tuple[str, ...]) -> Json:
    """The profile that grants these parts of what was asked, and no more."""
    parts = grant_parts(permissions)
    if len(keys) == len(parts):
        return known_grants(permissions)
    granted: Json = {}
    asked = permissions.get("fileSystem") or {}
    for key, _, profile in parts:
        if key not in keys:
            continue
        if "network" in profile:
            granted["network"] = profile["network"]
            continue
        files = granted.setdefault("fileSystem", {})
        for name, values in profile["fileSystem"].items():
            files.setdefault(name, []).extend(values)
    files = granted.get("fileSystem")
    if files and "entries" in files:
        files["entries"] += [e for e in asked.get("entries") or () if denies(e)]
        if asked.get("globScanMaxDepth") is not None:
            files["globScanMaxDepth"] = asked["globScanMaxDepth"]
    return granted


# -- prefix rules ------------------------------------------------------------------


def ladder_of_review(review: Review) -> Ladder | None:
    """How a prefix rule for this command could be cut; None: none is offered."""
    for decision in review.decisions:
        words = _amendment(decision.result)
        if words:
            return ladder_of(words, review.display)
    return None


def _amendment(result: str) -> list[str] | None:
    return _amended(json.loads(result))


def _amended(result: object) -> list[str] | None:
    match result:
        case {
            "decision": {
                "acceptWithExecpolicyAmendment": {"execpolicy_amendment": [*words]}
            }
        } if words and all(isinstance(word, str) for word in words):
            return [str(word) for word in words]
    return None


def prefix_decision(words: tuple[str, ...]) -> Decision:
    """The rule that commands which start with these words are not asked about."""
    prefix = reveal(shlex.join(words)).text
    warning = lets_in(words)
    detail = (
        f"Every command that starts with `{prefix}` runs without asking and "
        "outside the sandbox: in this thread at once, in every thread that is started "
        "or loaded later, for good. The rule is written to rules/default.rules in "
        "CODEX_HOME."
    )
    if warning:
        detail = f"{CAREFUL}{reveal(warning).text}.\n{detail}"
    amendment = {"execpolicy_amendment": list(words)}
    return Decision(
        "p",
        f"Yes, and don't ask again for commands that start with `{prefix}`",
        as_result({"decision": {"acceptWithExecpolicyAmendment": amendment}}),
        broad=True,
        detail=detail,
    )


def narrowed(decision: Decision, ladder: Ladder, words: int) -> Decision:
    """The same rule for another number of words."""
    if words == ladder.proposed:
        return decision
    made = prefix_decision(ladder.prefix(words))
    if words > ladder.proposed:
        return made
    *careful, grants = made.detail.split("\n")
    wider = f"Wider than the engine proposes. {grants}"
    return replace(made, detail="\n".join([*careful, wider]))


# -- what may be sent at all -------------------------------------------------------


def fits(review: Review, result: str) -> bool:
    """Whether this is an answer that could be made to this request."""
    try:
        given = json.loads(result)
        if any(json.loads(d.result) == given for d in review.decisions):
            return True
        words = _amended(given)
        if words is not None:
            ladder = ladder_of_review(review)
            return ladder is not None and ladder.prefix(len(words)) == tuple(words)
        form = form_of(review.method, review.params)
        if form is None or not isinstance(given, dict):
            return False
        values = _values_of(review, form, given)
        if form.kind is FormKind.GRANT:
            made = (json.loads(o.decision.result) for o in _grants(review, values, ""))
            return given in list(made) and bool(values["grant"])
        if faults(form, values):
            return False
        return bool(_filled(form, values) == given)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def kept_of(review: Review, result: str) -> str:
    """The same answer without its secrets, as it may be written down."""
    form = form_of(review.method, review.params)
    if form is None or not form.secrets:
        return result
    values = _values_of(review, form, json.loads(result))
    kept: dict[str, Value] = {
        key: HIDDEN if key in form.secrets and value else value
        for key, value in values.items()
    }
    return as_result(_filled(form, kept))


def _values_of(review: Review, form: Form, result: Json) -> dict[str, Value]:
    """What was filled in when this is the answer."""
    match form.kind:
        case FormKind.GRANT:
            return {"grant": _chosen(_asked(review), result["permissions"])}
        case FormKind.QUESTIONS:
            values: dict[str, Value] = {}
            for key, answer in result["answers"].items():
                for said in answer["answers"]:
                    own = said.startswith(_OWN_WORDS)
                    name = key + NOTE if own else key
                    values[name] = said.removeprefix(_OWN_WORDS) if own else said
            return values
        case FormKind.SCHEMA:
            return {k: _value(v) for k, v in (result.get("content") or {}).items()}


def _value(value: Any) -> Value:
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    return value if isinstance(value, bool | str) else repr(value)


def _chosen(asked: Json, granted: Json) -> tuple[str, ...]:
    files = granted.get("fileSystem") or {}
    keys = []
    for key, _, profile in grant_parts(asked):
        if "network" in profile:
            has = bool((granted.get("network") or {}).get("enabled"))
        else:
            ((name, (value,)),) = profile["fileSystem"].items()
            has = value in (files.get(name) or ())
        keys += [key] if has else []
    return tuple(keys)
