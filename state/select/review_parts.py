"""The parts of a review's card that come from its request alone: facts, what is asked
word for word, the fields to fill in, how often the same was asked.

Owns their words. Nothing of what is asked is cut; every path, host, address, argument
and amendment passes `reveal`, all prose `clean`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Set
from functools import lru_cache
from typing import Any

from state.answers import ladder_of_review
from state.forms import NOTE, Field, FieldKind, FormKind, form_of, grant_parts
from state.items import ThreadId
from state.model import Review, ReviewKey, ReviewKind, Thread
from state.select.words import one_line, unwrap_command
from state.strange import (
    COMMAND_KINDS,
    unknown_answers,
    unknown_approval,
    unknown_grants,
)
from state.text import Revealed, clean, reveal
from state.views import FieldView, OptionView
from state.web_address import address_of, host_words

Json = dict[str, Any]
Facts = list[tuple[str, str]]

_QUESTIONS = {
    ReviewKind.COMMAND: "Would you like to run the following command?",
    ReviewKind.EDITS: "Would you like to make the following edits?",
    ReviewKind.PERMISSIONS: "Would you like to grant these permissions?",
    ReviewKind.QUESTION: "The agent asks you:",
    ReviewKind.ELICITATION: "A tool server asks you something.",
    ReviewKind.TOOL_CALL: "This waits for the client that owns the tool.",
    ReviewKind.OTHER: "This waits for the client that owns it.",
}
ONLY_REFUSED = "would go with a yes: so it can only be refused here"
_UNKNOWN = "This request has a form that codex-tui does not know; it answers nothing."


@lru_cache(maxsize=256)
def params_of(text: str) -> Json:
    """A request's params; {} when they are no object."""
    try:
        params = json.loads(text)
    except ValueError:
        return {}
    return params if isinstance(params, dict) else {}


def question_of(review: Review) -> str:
    """The card's first line."""
    params = params_of(review.params)
    if review.host is not None:
        return f"Do you want to approve network access to {reveal(review.host).text}?"
    match review.kind:
        case ReviewKind.COMMAND if params.get("kind") == "writeStdin":
            return "Would you like to send input to the existing terminal?"
        case ReviewKind.COMMAND if params.get("kind") == "humanCommand":
            return "A managed rule wants a person's answer: run the following command?"
        case ReviewKind.COMMAND if params.get("kind", "command") not in COMMAND_KINDS:
            return "The engine asks about the following:"
        case ReviewKind.ELICITATION:
            if _tool(params) is not None:
                return "Would you like to run this tool?"
            server = one_line(str(params.get("serverName") or "A tool server"))
            if params.get("mode") == "openai/userVerification":
                return f"{server} wants a device check that only the Codex app can do."
            said = params.get("message")
            words = clean(said).strip() if isinstance(said, str) else ""
            asks = f"{server} asks you to open an address"
            if params.get("mode") != "url":
                asks = f"{server} asks you"
            return f"{asks}: {words}" if words else f"{asks}."
        case ReviewKind.OTHER if review.method.startswith(("item/", "mcpServer/")):
            return _UNKNOWN
    return _QUESTIONS[review.kind]


def _tool(params: Json) -> Json | None:
    meta = params.get("_meta")
    if isinstance(meta, dict) and meta.get("codex_approval_kind") == "mcp_tool_call":
        return meta
    return None


def facts_of(review: Review) -> Facts:
    """What the request says besides who and where."""
    params = params_of(review.params)
    facts: Facts = []
    environment = params.get("environmentId")
    if isinstance(environment, str) and environment != "local":
        shown = reveal(environment).text
        if review.kind is ReviewKind.ELICITATION:
            # It names who registered the server, not where the server runs.
            facts.append(("from", f"a tool server of the environment {shown}"))
        else:
            facts.append(("where", shown))
    if review.reason:
        facts.append(("why", clean(review.reason)))
    tool = _tool(params)
    if tool is not None:
        facts += _tool_facts(params, tool)
    url = _url(review, params)
    if url:
        host = address_of(url).host
        facts.append(("host", reveal(host).text if host else "not known"))
    if review.kind is ReviewKind.TOOL_CALL:
        facts.append(("tool", reveal(review.display or "").text))
    if review.kind in (ReviewKind.TOOL_CALL, ReviewKind.OTHER):
        facts.append(("method", one_line(review.method)))
    if review.kind is ReviewKind.QUESTION and params.get("isBlocking") is False:
        facts.append(("note", "the agent goes on meanwhile"))
    return facts


def _url(review: Review, params: Json) -> str:
    """The address that is to be opened."""
    url = params.get("url")
    wanted = review.kind is ReviewKind.ELICITATION and params.get("mode") == "url"
    return url if wanted and isinstance(url, str) else ""


def _tool_facts(params: Json, tool: Json) -> Facts:
    name = str(tool.get("tool_name") or "")
    title = one_line(str(tool.get("tool_title") or ""))
    shown = reveal(name).text
    facts = [
        ("server", reveal(str(params.get("serverName") or "")).text),
        ("tool", f"{shown} · {title}" if title and title != shown else shown),
    ]
    description = tool.get("tool_description")
    if isinstance(description, str) and description:
        facts.append(("does", clean(description)))
    notes = tool.get("tool_annotations")
    if isinstance(notes, dict):
        words = [
            word
            for key, word in (
                ("destructiveHint", "may destroy"),
                ("openWorldHint", "reaches outside"),
                ("idempotentHint", "can be repeated"),
            )
            if notes.get(key) is True
        ]
        if words:
            facts.append(("says", "the server says: it " + ", ".join(words)))
    return facts


def asked_text(review: Review) -> tuple[str, Revealed | None]:
    """What is asked word for word, and the sign before it."""
    params = params_of(review.params)
    if review.command is not None:
        script = unwrap_command(review.command).strip()
        return "$", reveal(script, multiline=True)
    if review.kind is ReviewKind.ELICITATION:
        tool = _tool(params)
        if tool is not None:
            return "", _arguments(tool)
        url = params.get("url")
        if isinstance(url, str):
            return "", reveal(url)
        if form_of(review.method, review.params) is None:
            return "", _json(params.get("requestedSchema") or params)
    if review.kind is ReviewKind.TOOL_CALL:
        return "", _json(params.get("arguments"))
    if review.kind is ReviewKind.OTHER:
        return "", _json(params)
    if review.kind is ReviewKind.QUESTION and not form_of(review.method, review.params):
        return "", _json(params.get("questions"))
    return "$", None


def _arguments(tool: Json) -> Revealed | None:
    shown = tool.get("tool_params_display")
    given = tool.get("tool_params")
    names = {}
    if isinstance(shown, list) and isinstance(given, dict):
        named = [p for p in shown if isinstance(p, dict) and "name" in p]
        names = {str(p["name"]): str(p.get("display_name") or p["name"]) for p in named}
    if not isinstance(given, dict) or not given:
        return _json(given) if given else None
    lines = []
    for key, value in given.items():
        words = value if isinstance(value, str) else json.dumps(value)
        name = str(names.get(key, key))
        # A line of a name or value must not look like another argument.
        name = json.dumps(name) if "\n" in name else name
        inner = words.replace("\n", "\n    ")
        lines.append(f"{name}: {inner}")
    return reveal("\n".join(lines), multiline=True)


def _json(value: object) -> Revealed | None:
    if value in (None, {}, []):
        return None
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return reveal(text, multiline=True)


def fields_of(review: Review) -> tuple[FieldView, ...]:
    """What is to be filled in."""
    form = form_of(review.method, review.params)
    if form is None:
        return ()
    door = reveal if form.kind is FormKind.GRANT else clean
    return tuple(
        FieldView(
            key=field.key,
            kind=field.kind,
            title="" if form.kind is FormKind.GRANT else clean(field.title),
            note=_note(field),
            options=tuple(
                OptionView(o.value, str(door(o.label)), clean(o.note).strip())
                for o in field.options
            ),
            required=field.required,
            secret=field.secret,
            beside=field.kind is FieldKind.TEXT
            and field.key.endswith(NOTE)
            and any(f.key == field.key.removesuffix(NOTE) for f in form.fields),
        )
        for field in form.fields
    )


def _note(field: Field) -> str:
    words = [clean(field.note).strip()] if field.note else []
    if field.format:
        words.append(clean(field.format))
    words += [bounds] if (bounds := _bounds(field)) else []
    if field.secret:
        chosen = field.kind is FieldKind.ONE
        words.append("not kept" if chosen else "not shown, not kept")
    return " · ".join(words)


def _bounds(field: Field) -> str:
    """How much, or how many, a field takes."""
    low, high = field.low, field.high
    if field.kind not in (FieldKind.NUMBER, FieldKind.INTEGER):
        low = low if low is not None and low > 0 else None
    if low is None and high is None:
        return ""
    if low is None:
        words = f"at most {high:g}"
    elif high is None:
        words = f"at least {low:g}"
    else:
        words = f"{low:g} to {high:g}"
    match field.kind:
        case FieldKind.TEXT:
            return f"{words} characters"
        case FieldKind.MANY:
            return f"{words} of these"
    return words


def hidden_words(review: Review) -> list[str]:
    """A warning for each kind of unseen character in the paths, hosts and names that
    stand beside what is asked word for word, for what a host does not say, and for
    what of the request is not known here."""
    params = params_of(review.params)
    places = [review.cwd, review.host, params.get("serverName")]
    for name in ("permissions", "additionalPermissions"):
        asked = params.get(name)
        if isinstance(asked, dict):
            places += [words for _, words, _ in grant_parts(asked)]
    found = reveal(" ".join(one for one in places if isinstance(one, str))).warnings
    hidden = [f"In a path or name: {kind[:1].lower()}{kind[1:]}" for kind in found]
    url = _url(review, params)
    odd = address_of(url).warnings if url else host_words(review.host or "")
    return [*_news(review, params), *hidden, *(reveal(words).text for words in odd)]


def _news(review: Review, params: Json) -> list[str]:
    """What a newer engine asks or would take that this program does not know."""
    grants = [
        *((name, "is not granted here") for name in _more(params, "permissions")),
        *((name, ONLY_REFUSED) for name in _more(params, "additionalPermissions")),
    ]
    more = [
        f"It asks for something that codex-tui does not know, “{name}”, which {fate}."
        for name, fate in grants
    ]
    if approval := unknown_approval(params.get("_meta")):
        named = one_line(approval)
        more.append(
            f"An approval of a kind that codex-tui does not know, “{named}”: it can "
            "only be refused here."
        )
    if review.kind is not ReviewKind.COMMAND:
        return more
    found = [
        f"The engine would also take “{one_line(name)}”, an answer that codex-tui does "
        "not know."
        for name in unknown_answers(params.get("availableDecisions"))
    ]
    kind = params.get("kind", "command")
    if kind not in COMMAND_KINDS:
        named = one_line(str(kind))
        found = [
            f"A kind of request that codex-tui does not know, “{named}”: it can only "
            "be refused here."
        ]
    return more + found


def _more(params: Json, name: str) -> list[str]:
    return [one_line(grant) for grant in unknown_grants(params.get(name))]


def ladder_words(review: Review) -> tuple[tuple[str, ...], int]:
    """The words a prefix rule may be cut to, and how many the engine proposes."""
    ladder = ladder_of_review(review) if review.command is not None else None
    if ladder is None:
        return (), 0
    return tuple(reveal(word).text for word in ladder.words), ladder.proposed


# -- the same, again and again -----------------------------------------------------


@lru_cache(maxsize=4096)
def _likeness(kind: ReviewKind, method: str, params: str) -> str:
    given = params_of(params)
    meta = given.get("_meta") if isinstance(given.get("_meta"), dict) else {}
    assert isinstance(meta, dict)
    parts = [
        given.get(name)
        for name in (
            *("kind", "command", "cwd", "networkApprovalContext"),
            *("additionalPermissions", "permissions", "availableDecisions"),
            *("serverName", "mode", "message", "requestedSchema", "url"),
            *("tool", "namespace", "arguments", "questions", "grantRoot"),
        )
    ]
    tool = [meta.get(name) for name in ("tool_name", "tool_params")]
    return json.dumps([kind, method, parts, tool], sort_keys=True)


def likeness(review: Review, thread: Thread) -> str:
    """Two reviews with the same likeness ask for the same thing; who asks, when and
    why is not in it. "" for what is like nothing else."""
    if not review.ours or review.method == "":
        return ""
    made = _likeness(review.kind, review.method, review.params)
    if review.kind is not ReviewKind.EDITS:
        return made
    turn = thread.turns.get(review.turn_id) if review.turn_id else None
    item = turn.items.get(review.item_id) if turn and review.item_id else None
    changes = getattr(item.body, "changes", None) if item is not None else None
    return f"{made} {changes!r}" if changes else ""


def request_likeness(review: Review) -> str:
    """The same, by the request alone: edits are not told apart by it."""
    return _likeness(review.kind, review.method, review.params)


def repeats(review: Review) -> bool:
    """Whether it is of a kind that may be asked again and again."""
    return review.ours and review.kind not in (ReviewKind.EDITS, ReviewKind.QUESTION)


def repeat_words(
    review: Review,
    threads: Iterable[Thread],
    stored: Set[tuple[ThreadId, ReviewKey]] = frozenset(),
) -> str:
    """`Asked 6 times`, and the answer that would end that; "" for less than 3.
    `stored`: those that the store has."""
    if not repeats(review):
        return ""
    own = request_likeness(review)
    here = {
        (thread.id, other.key)
        for thread in threads
        for other in thread.reviews.values()
        if other.kind is review.kind and request_likeness(other) == own
    }
    times = len(here | stored)
    if times < 3:
        return ""
    rule = {
        "p": "p writes a rule that ends this everywhere",
        "a": "a ends it in this thread",
    }
    letters = {decision.letter for decision in review.decisions}
    ends = [words for letter, words in rule.items() if letter in letters]
    return (
        f"Asked {times} times: {', '.join(ends)}." if ends else f"Asked {times} times."
    )
