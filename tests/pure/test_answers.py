"""Answers that a user makes up: exactly what was filled in, never more than was asked,
and no secret where it could be kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.answers import HIDDEN, Offer, fits, kept_of, offers
from state.engine.wire.requests import decode_request
from state.events import ReviewAsked
from state.forms import FieldKind, Value, form_of
from state.model import Review

QUESTIONS: Any = {
    "questions": [
        {
            "id": "color",
            "question": "Which color?",
            "isOther": True,
            "options": [
                {"label": "Red", "description": "w"},
                {"label": "Blue", "description": "c"},
            ],
        },
        {"id": "why", "question": "Why?", "options": None},
        {"id": "key", "question": "The key?", "isSecret": True, "options": None},
    ]
}
SCHEMA: Any = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "title": "Name", "minLength": 2, "maxLength": 5},
        "mail": {"type": "string", "format": "email"},
        "day": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "site": {"type": "string", "format": "uri"},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "share": {"type": "number", "default": 0.5},
        "ok": {"type": "boolean", "default": True},
        "level": {"type": "string", "enum": ["a", "b"], "enumNames": ["Low", "High"]},
        "size": {"type": "string", "oneOf": [{"const": "s", "title": "Small"}]},
        "tags": {"type": "array", "items": {"enum": ["x", "y"]}, "maxItems": 1},
        "api_key": {"type": "string"},
    },
    "required": ["name"],
}
FILES: Any = {
    "read": ["/r"],
    "write": ["/w", "/x"],
    "entries": [
        {"path": {"type": "path", "path": "/r"}, "access": "read"},
        {"path": {"type": "path", "path": "/w"}, "access": "write"},
        {"path": {"type": "path", "path": "/x"}, "access": "write"},
        {"path": {"type": "path", "path": "/x/secret"}, "access": "deny"},
    ],
}
GRANT: Any = {"permissions": {"network": {"enabled": True}, "fileSystem": FILES}}
EVERY = ("entry 0", "entry 1", "entry 2", "network")


def asked(method: str, **params: Any) -> Review:
    params = {"threadId": "t", "turnId": "u", "itemId": "i", **params}
    event = decode_request({"id": 0, "method": method, "params": params}, "e", 1, 0)
    assert isinstance(event, ReviewAsked)
    return event.review


def questions() -> Review:
    return asked("item/tool/requestUserInput", **QUESTIONS)


def form(schema: Any = SCHEMA, **more: Any) -> Review:
    given = {"serverName": "s", "mode": "form", "message": "Who?", **more}
    return asked("mcpServer/elicitation/request", **given, requestedSchema=schema)


def grant() -> Review:
    return asked("item/permissions/requestApproval", cwd="/c", **GRANT)


def command(proposed: list[str], shown: str) -> Review:
    amendment = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": proposed}}
    return asked(
        "item/commandExecution/requestApproval",
        kind="command",
        command=f"/bin/bash -lc '{shown}'",
        commandActions=[{"type": "unknown", "command": shown}],
        proposedExecpolicyAmendment=proposed,
        availableDecisions=["accept", amendment, "cancel"],
    )


def by_letter(made: tuple[Offer, ...]) -> dict[str, Offer]:
    return {offer.decision.letter: offer for offer in made}


def result(review: Review, letter: str, **values: Value) -> Any:
    offer = by_letter(offers(review, values))[letter]
    assert not offer.problem, offer.problem
    text = offer.sent or offer.decision.result
    assert fits(review, text)
    return json.loads(text)


# -- questions ---------------------------------------------------------------------


def test_an_option_and_own_words() -> None:
    values: dict[str, Value] = {"color": "Blue", "color/note": "dark", "why/note": "x"}
    assert result(questions(), "y", **values) == {
        "answers": {
            "color": {"answers": ["Blue", "user_note: dark"]},
            "why": {"answers": ["user_note: x"]},
        }
    }
    none: Any = {"answers": {}}
    assert result(questions(), "d") == result(questions(), "n") == none


def test_nothing_filled_in_is_not_sent() -> None:
    offer = by_letter(offers(questions(), {}))["y"]
    assert offer.problem == "nothing is answered yet"
    assert "y" not in {d.letter for d in questions().decisions}


def test_a_secret_stands_only_in_what_is_sent() -> None:
    review = questions()
    offer = by_letter(offers(review, {"key/note": "hunter2"}))["y"]
    assert "hunter2" not in repr(offer)
    assert json.loads(offer.sent)["answers"]["key"]["answers"] == ["user_note: hunter2"]
    kept = json.loads(offer.decision.result)["answers"]["key"]["answers"]
    assert kept == [f"user_note: {HIDDEN}"]
    assert kept_of(review, offer.sent) == offer.decision.result
    assert fits(review, offer.sent)


def test_a_field_that_is_called_a_secret_is_one() -> None:
    review = form()
    offer = by_letter(offers(review, {"name": "bob", "api_key": "sk"}))["y"]
    assert json.loads(offer.sent)["content"]["api_key"] == "sk"
    assert json.loads(offer.decision.result)["content"]["api_key"] == HIDDEN
    assert kept_of(review, offer.sent) == offer.decision.result


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        *((key, True) for key in ("password", "password2", "db_password_old", "pwd")),
        *((key, True) for key in ("userPassword", "passwordConfirm", "Pass phrase")),
        *((key, True) for key in ("apiKey", "access-key", "PIN", "otp", "auth_token")),
        *((key, True) for key in ("clientSecret", "CVV", "2fa", "passcode", "pass")),
        *((key, False) for key in ("name", "compass", "passenger", "passport", "pins")),
        *((key, False) for key in ("author", "spinner", "monkey", "keyboard")),
    ],
)
def test_which_fields_are_secrets_by_their_name(key: str, secret: bool) -> None:
    schema = {"type": "object", "properties": {key: {"type": "string"}}}
    review = form(schema)
    made = form_of(review.method, review.params)
    assert made is not None and (made.fields[0].secret is secret)


def test_the_choice_of_a_secret_question_is_not_kept() -> None:
    options = [{"label": "Red"}, {"label": "Blue", "description": None}]
    one = {"id": "q", "question": "?", "isSecret": True, "options": options}
    review = asked("item/tool/requestUserInput", questions=[one])
    made = form_of(review.method, review.params)
    assert made is not None and [o.note for o in made.fields[0].options] == ["", ""]
    offer = by_letter(offers(review, {"q": "Blue"}))["y"]
    assert json.loads(offer.sent)["answers"]["q"]["answers"] == ["Blue"]
    assert "Blue" not in offer.decision.result
    assert kept_of(review, offer.sent) == offer.decision.result


# -- forms by schema ---------------------------------------------------------------


def test_a_form_goes_back_with_the_types_of_its_schema() -> None:
    values: dict[str, Value] = {
        "name": "bob",
        "age": "42",
        "share": "0.25",
        "ok": False,
        "level": "b",
        "tags": ("y",),
    }
    content = {**values, "age": 42, "share": 0.25, "tags": ["y"]}
    assert result(form(), "y", **values) == {"action": "accept", "content": content}
    assert result(form(), "d") == {"action": "decline"}
    assert result(form(), "n") == {"action": "cancel"}


def test_defaults_are_filled_in() -> None:
    made = form_of(form().method, form().params)
    assert made is not None
    assert made.defaults() == {"share": "0.5", "ok": True, "tags": ()}
    labels = {o.value: o.label for f in made.fields for o in f.options}
    assert labels["b"] == "High" and labels["s"] == "Small"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "Name is needed"),
        ({"name": "b"}, "Name needs at least 2 characters"),
        ({"name": "bobbob"}, "Name takes at most 5 characters"),
        ({"name": "bob", "mail": "nobody"}, "mail is no e-mail address"),
        ({"name": "bob", "day": "tomorrow"}, "day is not written as 2026-01-31"),
        ({"name": "bob", "day": "20260131"}, "day is not written as 2026-01-31"),
        ({"name": "bob", "day": "2026-02-30"}, "day is not written as 2026-01-31"),
        ({"name": "bob", "at": "9"}, "at is not written as 2026-01-31T09:00:00Z"),
        ({"name": "bob", "at": "2026-01-31"}, "at is not written as"),
        ({"name": "bob", "at": "2026-01-31T09:00:00"}, "at is not written as"),
        ({"name": "bob", "at": "2026-01-31T25:00:00Z"}, "at is not written as"),
        ({"name": "bob", "site": "https://a b"}, "site is no address"),
        ({"name": "bob", "age": "1_0"}, "age is no whole number"),
        ({"name": "bob", "age": "\u0664\u0662"}, "age is no whole number"),
        ({"name": "bob", "share": "1_0.5"}, "share is no number"),
        ({"name": "bob", "site": "here"}, "site is no address with a scheme"),
        ({"name": "bob", "age": "1.5"}, "age is no whole number"),
        ({"name": "bob", "age": "-1"}, "age must be 0 or more"),
        ({"name": "bob", "age": "151"}, "age must be 150 or less"),
        ({"name": "bob", "share": "nan"}, "share is no number"),
        ({"name": "bob", "level": "c"}, "level is none of the options"),
        ({"name": "bob", "tags": ("x", "y")}, "tags takes at most 1"),
        ({"name": "bob", "tags": ("z",)}, "tags is none of the options"),
        ({"name": "bob", "ok": "yes"}, "ok is neither yes nor no"),
        ({"name": True}, "Name has another shape"),
    ],
)
def test_what_is_wrong_is_said_and_not_offered(
    values: dict[str, Value], problem: str
) -> None:
    offer = by_letter(offers(form(), values))["y"]
    assert offer.problem.startswith(problem)
    assert offer.decision.result == offer.sent == ""


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "object"}}},
        {"type": "object", "properties": {"a": {"type": "string", "enum": []}}},
        {
            "type": "object",
            "properties": {
                "a": {
                    "type": "string",
                    "oneOf": [
                        {"const": "x", "title": "Keep all"},
                        {"const": "x", "title": "Delete all"},
                    ],
                }
            },
        },
        {"type": "object", "properties": {}, "required": ["a"]},
        {"type": "object", "properties": {"a": 5}},
        {"type": "array"},
        None,
        7,
    ],
)
def test_half_a_form_is_none(schema: Any) -> None:
    review = form(schema)
    assert form_of(review.method, review.params) is None
    assert [d.letter for d in review.decisions] == ["d", "n"]


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
PARTS = st.sampled_from([*SCHEMA["properties"]])


@given(JSONS, JSONS)
def test_any_params_make_a_form_or_none(one: Any, other: Any) -> None:
    for method, params in (
        ("item/tool/requestUserInput", {"questions": one}),
        ("item/tool/requestUserInput", {"questions": [one, other]}),
        ("mcpServer/elicitation/request", {"mode": "form", "requestedSchema": one}),
        ("item/permissions/requestApproval", {"permissions": one}),
        ("item/permissions/requestApproval", {"permissions": {"fileSystem": one}}),
    ):
        review = asked(method, serverName="s", **params)
        assert "n" in {d.letter for d in review.decisions} or not review.ours
        assert not fits(review, json.dumps(other)) or other in (
            {"answers": {}},
            {"permissions": {}},
        )


@given(st.dictionaries(PARTS, st.text() | st.booleans() | st.tuples(st.text())))
def test_what_is_offered_fits_and_nothing_else_is_sent(
    values: dict[str, Value],
) -> None:
    review = form()
    for offer in offers(review, values):
        assert offer.problem or fits(review, offer.sent or offer.decision.result)


# -- permissions -------------------------------------------------------------------


def test_permissions_can_be_narrowed() -> None:
    entry = FILES["entries"]
    narrow = result(grant(), "y", grant=("entry 1",))
    assert narrow == {
        "permissions": {"fileSystem": {"entries": [entry[1], entry[3]]}},
        "scope": "turn",
    }
    assert result(grant(), "a", grant=("network",)) == {
        "permissions": {"network": {"enabled": True}},
        "scope": "session",
    }
    assert result(grant(), "r", grant=EVERY) == {
        "permissions": GRANT["permissions"],
        "scope": "turn",
        "strictAutoReview": True,
    }


def test_no_grant_is_strict_for_a_session() -> None:
    """The engine grants nothing then, without a word."""
    for chosen in (EVERY, ("network",), ("entry 0", "entry 2")):
        for offer in offers(grant(), {"grant": chosen}):
            given_ = json.loads(offer.decision.result)
            assert not (given_.get("strictAutoReview") and given_["scope"] == "session")
    trap = {**GRANT, "scope": "session", "strictAutoReview": True}
    assert not fits(grant(), json.dumps(trap))


def test_nothing_chosen_grants_nothing() -> None:
    made = by_letter(offers(grant(), {"grant": ()}))
    assert all(made[letter].problem == "nothing is chosen" for letter in "yra")
    assert not made["d"].problem


@pytest.mark.parametrize("path", ["/", ":root", "//", "/.", "/usr/..", "/**"])
def test_everything_is_a_broad_grant(path: str) -> None:
    place: Any = {"type": "path", "path": path}
    if path == ":root":
        place = {"type": "special", "value": {"kind": "root"}}
    entry = {"path": place, "access": "write"}
    review = asked(
        "item/permissions/requestApproval",
        permissions={"fileSystem": {"entries": [entry]}},
    )
    assert {d.letter for d in review.decisions if d.broad} == {"y", "r", "a"}


@given(st.sets(st.sampled_from(EVERY)), JSONS)
def test_no_grant_is_more_than_was_asked(chosen: set[str], other: Any) -> None:
    keys = tuple(key for key in EVERY if key in chosen)
    for offer in offers(grant(), {"grant": keys}):
        given_ = json.loads(offer.decision.result)["permissions"]
        files = given_.get("fileSystem", {})
        assert all(entry in FILES["entries"] for entry in files.get("entries", ()))
        for name in ("read", "write"):
            assert set(files.get(name) or ()) <= set(FILES[name])
    wider = {"permissions": {"fileSystem": {"write": ["/"]}}, "scope": "turn"}
    assert not fits(grant(), json.dumps(wider))
    assert not fits(grant(), json.dumps({"permissions": other, "scope": "turn"})) or (
        other == {}
    )


@pytest.mark.parametrize("path", ["/srv", "/srv/../home", "/.ssh", "/rootless"])
def test_a_folder_is_not_everything(path: str) -> None:
    entry = {"path": {"type": "path", "path": path}, "access": "write"}
    review = asked(
        "item/permissions/requestApproval",
        permissions={"fileSystem": {"entries": [entry]}},
    )
    assert {d.letter for d in review.decisions if d.broad} == {"a"}


# -- prefix rules ------------------------------------------------------------------


def amended(review: Review, words: int) -> Any:
    offer = by_letter(offers(review, {}, words))["p"]
    assert fits(review, offer.decision.result)
    decision = json.loads(offer.decision.result)["decision"]
    return decision["acceptWithExecpolicyAmendment"]["execpolicy_amendment"]


def test_a_prefix_can_have_more_and_fewer_words() -> None:
    review = command(["cargo", "update"], "cargo update -p criterion")
    assert amended(review, 2) == ["cargo", "update"]
    assert amended(review, 4) == ["cargo", "update", "-p", "criterion"]
    assert amended(review, 1) == ["cargo"]
    assert amended(review, 0) == ["cargo"]
    wide = by_letter(offers(review, {}, 1))["p"].decision
    assert wide.broad and "\nWider than the engine proposes." in wide.detail
    assert "starts with `cargo`" in wide.detail


def test_an_interpreter_is_called_out() -> None:
    review = command(["python3", "x.py"], "python3 x.py")
    file = by_letter(offers(review, {}))["p"].decision
    assert "Careful: python3 runs whatever x.py holds then" in file.detail
    plain = command(["ls", "-l"], "ls -l")
    assert "Careful" not in by_letter(offers(plain, {}))["p"].decision.detail
    wide = by_letter(offers(review, {}, 1))["p"].decision
    assert "Careful: python3 is an interpreter" in wide.detail


def test_no_other_words_are_sent() -> None:
    review = command(["cargo", "update"], "cargo update -p criterion")
    for words in (["rm"], [], ["cargo", "install"], ["cargo", "update", "x"]):
        amendment = {"execpolicy_amendment": words}
        sent = {"decision": {"acceptWithExecpolicyAmendment": amendment}}
        assert not fits(review, json.dumps(sent)), words
    bare = asked("item/commandExecution/requestApproval", kind="command", command="ls")
    amendment = {"execpolicy_amendment": ["ls"]}
    sent = {"decision": {"acceptWithExecpolicyAmendment": amendment}}
    assert not fits(bare, json.dumps(sent))


def test_hidden_characters_are_drawn_in_what_is_granted() -> None:
    review = command(["echo", "\u202eevil"], "echo x")
    offer = by_letter(offers(review, {}))["p"].decision
    assert "\u202e" not in offer.label + offer.detail
    assert "U+202E" in offer.label
    assert amended(review, 2) == ["echo", "\u202eevil"], "and goes back as it came"


def test_fields_have_the_kinds_of_their_schema() -> None:
    made = form_of(form().method, form().params)
    assert made is not None
    kinds = {field.key: field.kind for field in made.fields}
    assert kinds["ok"] is FieldKind.FLAG
    assert kinds["tags"] is FieldKind.MANY
    assert kinds["size"] is kinds["level"] is FieldKind.ONE
