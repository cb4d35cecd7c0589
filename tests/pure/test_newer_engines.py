"""An engine newer than any we tested: what it says anew is named, never guessed at.

Recorded conversations are told again with words that nobody knows. The oracle: nothing
raises, what is unknown is called so, and no yes is offered to what is not understood.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from state import events as e
from state.answers import fits
from state.approvals import SMART
from state.controls import Controls, Feature, Layer, LayerKind, Value
from state.dataclass import replace
from state.engine.wire.context import WireContext
from state.engine.wire.items import decode_item
from state.engine.wire.notifications import decode_notification
from state.engine.wire.requests import decode_request
from state.engine.wire.responses import decode_response
from state.engine.wire.threads import decode_settings, decode_turn
from state.items import ItemStatus, ThreadId
from state.model import (
    AutoReview,
    Engine,
    EnginePhase,
    Review,
    Settings,
    Thread,
    TurnError,
    World,
)
from state.permissions.verdict import Answer, Approvals
from state.reduce import reduce
from state.reduce.judged import verdict
from state.select.experimental import HERE, STAGES, experimental_view, smart_change
from state.select.failures import MEANING, failure_words
from state.select.frame import asks, sandbox_mode
from state.select.ledger import facts, how, live_entries
from state.select.review_parts import (
    ONLY_REFUSED,
    facts_of,
    hidden_words,
    question_of,
)
from state.strange import unknown_grants
from tests.recordings import EPOCH, FOLDER, NAMES, messages
from tui.presenter import Presenter

NEW = "futureWord"
READY = e.EngineChanged(Engine(EnginePhase.READY, epoch=EPOCH, version="9.0.0"))
WORDS = (
    *(
        "type",
        "status",
        "kind",
        "source",
        "mode",
        "phase",
        "action",
        "tool",
        "delivery",
    ),
    *("riskLevel", "userAuthorization", "approvalsReviewer", "approvalPolicy"),
    *("codexErrorInfo", "networkAccess", "availableDecisions", "activeFlags"),
    *("protocol", "access", "decisionSource"),
)
"""Keys whose values are words of the protocol."""
COMMAND = "item/commandExecution/requestApproval"
ASKED: dict[str, Any] = {
    "threadId": "t",
    "turnId": "u",
    "itemId": "i",
    "command": "touch /x",
    "commandActions": [{"type": "unknown", "command": "touch /x"}],
    "cwd": "/w",
    "proposedExecpolicyAmendment": ["touch"],
    "availableDecisions": [
        "accept",
        {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch"]}},
        "cancel",
    ],
}


def _anew(value: Any, word: str, new: Any) -> Any:
    """With `new` wherever `word` has a value of its own."""
    if isinstance(value, dict):
        return {
            key: new
            if key == word and isinstance(inner, str | list)
            else _anew(inner, word, new)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_anew(inner, word, new) for inner in value]
    return value


def _told(name: str, word: str, new: Any) -> Iterator[e.Event]:
    """A recording as that engine would tell it."""
    asked: dict[object, tuple[str, Any]] = {}
    for direction, _, at_ms, message in messages(FOLDER / f"{name}.jsonl"):
        here = WireContext(EPOCH, 1, at_ms)
        if direction == "out":
            if "method" in message:
                sent = message["method"], message.get("params") or {}
                asked[message.get("id")] = sent
            continue
        told = {
            key: _anew(value, word, new) if key in ("params", "result") else value
            for key, value in message.items()
        }
        if "method" not in told:
            if told.get("id") in asked and isinstance(told.get("result"), dict):
                yield from decode_response(*asked[told["id"]], told["result"], here)
        elif "id" in told:
            yield decode_request(told, EPOCH, 1, at_ms)
        else:
            yield from decode_notification(told, here)


def _look_everywhere(world: World) -> None:
    shown = Presenter(world, cwd="/w")
    whole = (shown.header, shown.threads, shown.side, shown.terminals, shown.banner)
    open_one = (shown.transcript, shown.status, shown.composer, shown.tree)
    made: list[object] = [view() for view in whole]
    for thread in world.threads.values():
        shown.look(thread=thread.id)
        made += [view() for view in open_one]
        made += [shown.timeline(), shown.agent(thread.id)]
        for key in thread.reviews:
            shown.look(review=key)
            made.append(shown.card())
    for entry in live_entries(world.threads.values()).values():
        made += [how(entry), facts(entry, world, shown.forest)]
    assert made


@pytest.mark.parametrize("word", WORDS)
def test_a_word_nobody_knows_breaks_nothing(word: str) -> None:
    """Every screen, over a third of the recordings each, in one shape each."""
    shapes: tuple[Any, ...] = (NEW, [NEW], {NEW: 1}, None)
    turn = WORDS.index(word)
    for number, name in enumerate(NAMES[turn % 3 :: 3], turn):
        world = reduce(World(), READY)
        for event in _told(name, word, shapes[number % len(shapes)]):
            world = reduce(world, event)
        _look_everywhere(world)


# -- requests ----------------------------------------------------------------------


def _review(method: str, params: dict[str, Any]) -> Review:
    event = decode_request({"method": method, "id": 0, "params": params}, EPOCH, 1, 0)
    assert isinstance(event, e.ReviewAsked)
    return event.review


def test_an_unknown_request_waits_for_its_owner() -> None:
    review = _review("item/teleport/requestApproval", ASKED)
    assert (review.ours, review.decisions) == (False, ())
    assert not fits(review, '{"decision":"accept"}')
    assert ("method", "item/teleport/requestApproval") in facts_of(review)
    foreign = _review("clock/ask", ASKED)
    assert question_of(foreign) == "This waits for the client that owns it."


def test_a_command_of_an_unknown_kind_can_only_be_refused() -> None:
    """What a yes would do is not known; a no runs nothing."""
    review = _review(COMMAND, {**ASKED, "kind": "remote\x1bKind"})
    assert [d.letter for d in review.decisions] == ["d", "n"]
    for word in ("accept", "acceptForSession", *ASKED["availableDecisions"]):
        given = json.dumps({"decision": word})
        assert fits(review, given) is (word == "cancel")
    assert question_of(review) == "The engine asks about the following:"
    (warning,) = hidden_words(review)
    assert "only be refused" in warning
    assert "\x1b" not in warning
    known = _review(COMMAND, {**ASKED, "kind": "command"})
    assert [d.letter for d in known.decisions] == ["y", "a", "p", "d", "n"]
    assert hidden_words(known) == []


def test_an_unknown_answer_is_named_and_not_offered() -> None:
    more = ["acceptForever", {"acceptFor": {"days": 3}}, 5, {}]
    offered = [*ASKED["availableDecisions"], *more]
    review = _review(COMMAND, {**ASKED, "availableDecisions": offered})
    assert [d.letter for d in review.decisions] == ["y", "a", "p", "d", "n"]
    first, second = hidden_words(review)
    assert "“acceptForever”" in first
    assert "“acceptFor”" in second
    assert not fits(review, '{"decision":"acceptForever"}')


def test_permissions_of_a_new_kind_are_named() -> None:
    """A yes would give them unseen, or not at all: it is said which."""
    files = {"write": ["/p"], "exec\x1b": ["/p"], "globScanMaxDepth": 3, "new": None}
    asked = {"fileSystem": files, "network": {"enabled": True}, "gpu": {}, "tpm": [1]}
    both = ["“fileSystem.exec”", "“tpm”"]
    command = _review(COMMAND, {**ASKED, "additionalPermissions": asked})
    alone = _review("item/permissions/requestApproval", {**ASKED, "permissions": asked})
    assert [d.letter for d in command.decisions] == ["d", "n"]
    for review, fate in ((command, ONLY_REFUSED), (alone, "is not granted here")):
        said = hidden_words(review)
        assert len(said) == len(both)
        assert all(w in s and fate in s for w, s in zip(both, said, strict=True))
    for decision in alone.decisions:
        assert "tpm" not in decision.result
        assert "exec" not in decision.result
    assert unknown_grants("all of it") == ()


@pytest.mark.parametrize("mode", ["form", "url"])
def test_an_approval_of_a_new_kind_can_only_be_refused(mode: str) -> None:
    """It comes as the question of a tool server, with a form that asks nothing."""
    form = {"type": "object", "properties": {}}
    asked: dict[str, Any] = {"threadId": "t", "serverName": "s", "message": "Allow it?"}
    asked["mode"] = mode
    asked |= {"requestedSchema": form, "url": "https://example.org/x"}
    method = "mcpServer/elicitation/request"
    for kind, letters in (("mcp_tool_call", "y"), ("browse", "dn"), (7, "dn")):
        meta = {"codex_approval_kind": kind}
        review = _review(method, {**asked, "_meta": meta})
        offered = "".join(d.letter for d in review.decisions)
        assert offered == letters or (letters == "y" and offered.startswith("y"))
        assert bool(hidden_words(review)) is (letters == "dn")
        yes = ('{"action":"accept","content":{}}', '{"action":"accept"}')
        assert any(fits(review, result) for result in yes) is (letters == "y")


def test_where_a_tool_server_is_from_is_not_where_it_runs() -> None:
    asked = {"threadId": "t", "serverName": "s", "mode": "form", "message": "Who?"}
    method = "mcpServer/elicitation/request"
    for environment, fact in (
        ("box\u202e", [("from", "a tool server of the environment box‹U+202E›")]),
        ("local", []),
        (None, []),
        (7, []),
    ):
        review = _review(method, {**asked, "environmentId": environment})
        assert facts_of(review) == fact
    assert ("where", "box") in facts_of(
        _review(COMMAND, {**ASKED, "environmentId": "box"})
    )


# -- words -------------------------------------------------------------------------


def test_a_failure_of_an_unknown_code_is_named() -> None:
    words, detail = failure_words(TurnError("Stopped", "quantum\x1bPolicy", "more"))
    assert words == "Stopped. The engine calls it “quantumPolicy”, a word unknown here."
    assert detail == "more"
    assert failure_words(TurnError("", None)) == ("The turn failed.", "")
    assert failure_words(TurnError("Ran out.", "contextWindowExceeded"))[0] == (
        "Ran out."
    )
    bio, _ = failure_words(TurnError("Not this", "bioPolicy"))
    assert bio == f"Not this. {MEANING['bioPolicy']}"


def test_what_a_provider_tells_of_a_stopped_action_is_kept() -> None:
    told = {"message": "m", "codexErrorInfo": "misalignmentPolicyViolation"}
    why = {"misalignment": {"detailedExplanation": "It sent mail.", "errorType": "x"}}
    turn = {"id": "u", "status": "failed", "error": {**told, **why}}
    error = decode_turn(turn).error
    assert error is not None
    assert (error.code, error.details) == (told["codexErrorInfo"], "It sent mail.")
    for odd in ("text", {"detailedExplanation": 5}, None):
        error = decode_turn({**turn, "error": {**told, "misalignment": odd}}).error
        assert error is not None
        assert error.details is None


def test_who_is_asked_is_unknown_rather_than_you() -> None:
    """The bottom line says who answers: a reviewer that is new is not the user."""
    usual = Settings(approval_policy="on-request")
    for reviewer, words, answer in (
        (None, "asks you", Answer.ASKS_YOU),
        ("user", "asks you", Answer.ASKS_YOU),
        ("auto_review", "asks auto-review", Answer.ASKS_AUTO),
        ("guardian_subagent", "asks auto-review", Answer.ASKS_AUTO),
        ("panel\x1b", "asks panel‹U+001B›", Answer.ASKS_ANOTHER),
    ):
        assert asks(replace(usual, reviewer=reviewer)) == words
        assert Approvals("on-request", {}, reviewer).asks is answer
    assert Approvals("untrusted", {}, "panel").asks is Answer.ASKS_YOU
    assert asks(Settings(approval_policy="by-vote")) == "approvals by-vote"


def test_a_sandbox_of_an_unknown_kind_is_unknown() -> None:
    raw = {"sandboxPolicy": {"type": "vault"}, "approvalPolicy": {"panel": {}}}
    settings = decode_settings({**raw, "cwd": "/w", "model": "m"})
    assert settings.sandbox is None
    for network, known in (("enabled", True), (False, True), ("by-list", False)):
        policy = {"type": "workspaceWrite", "networkAccess": network}
        told = decode_settings({**raw, "sandboxPolicy": policy})
        assert (told.sandbox is not None) is known
    assert sandbox_mode(settings)[1] == "sandbox unknown"
    assert asks(settings) == ""


@pytest.mark.parametrize("kind", ["commandExecution", "fileChange", "mcpToolCall"])
def test_an_item_that_ended_oddly_is_not_done(kind: str) -> None:
    raw: dict[str, Any] = {
        "type": kind,
        "id": "i",
        "status": "vetoed",
        "command": "ls",
        "cwd": "/w",
    }
    raw |= {"changes": [], "server": "s", "tool": "t", "arguments": {}}
    assert decode_item(raw).status is ItemStatus.UNKNOWN
    assert decode_item(raw, ended=False).status is ItemStatus.IN_PROGRESS
    assert decode_item({**raw, "status": "completed"}).status is ItemStatus.COMPLETED


def test_an_auto_review_that_ended_oddly_is_told() -> None:
    auto = AutoReview("r", None, None, "escalated", "{}", "command", "extreme")
    notice = verdict(auto)
    assert notice is not None
    assert "“escalated”, which is not known here · risk extreme" in notice.text
    assert verdict(replace(auto, status="unseen")) is None
    assert verdict(replace(auto, status="inProgress")) is None


def test_experimental_shows_unknown_stages_and_reviewers() -> None:
    user = Layer(LayerKind.USER, "/c/config.toml")
    controls = Controls(
        "/w",
        "/w",
        trusted=True,
        values={"approvals_reviewer": Value("panel", user)},
        features=(
            Feature("warp", "orbital", enabled=False, default=False),
            Feature("tui_x", "beta", False, False, "Line", "Use /statusline."),
            Feature("tui_y", "stable", True, True),
        ),
    )
    current = SMART.wanted
    here = Settings(approval_policy=current.policy, reviewer=current.reviewer)
    thread = Thread(ThreadId("t"), settings=replace(here, profile=current.sandbox))
    view = experimental_view(thread, controls, {HERE: False})
    (title,) = [g.title for g in view.groups if "warp" in [r.name for r in g.rows]]
    assert title not in dict(STAGES).values()
    assert "stage orbital" in str(view.groups)
    rows = {row.key: row for group in view.groups for row in group.rows}
    assert rows["tui_x"].words == "of the official TUI: Use /statusline. (tui_x)"
    assert rows["tui_y"].words == "of the official TUI"
    said = " ".join(bit.text for line in view.sentences for bit in line)
    assert "then panel" in said
    assert "now: panel" in smart_change(thread, controls, on=False).note
