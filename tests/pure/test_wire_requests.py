"""Every request of an engine becomes one review with exactly the right answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.engine.wire.requests import (
    FOREIGN_REQUESTS,
    KNOWN_REQUESTS,
    decode_request,
    matches,
)
from state.events import ReviewAsked, Unrecognised
from state.model import Review, ReviewKey, ReviewKind
from tests.recordings import NAMES, events

PREFIX = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch", "/x"]}}
COMMAND: dict[str, Any] = {
    "kind": "command",
    "threadId": "t",
    "turnId": "u",
    "itemId": "i",
    "startedAtMs": 9,
    "reason": "why",
    "command": "/bin/bash -lc 'touch /x'",
    "cwd": "/w",
    "commandActions": [{"type": "unknown", "command": "touch /x"}],
    "proposedExecpolicyAmendment": ["touch", "/x"],
    "availableDecisions": ["accept", PREFIX, "cancel"],
}


def review(method: str, params: object, request_id: int = 0) -> Review:
    message = {"method": method, "id": request_id, "params": params}
    asked = decode_request(message, "e", 3, 7)
    assert isinstance(asked, ReviewAsked)
    return asked.review


def command(**changes: object) -> Review:
    return review("item/commandExecution/requestApproval", {**COMMAND, **changes})


def answers(found: Review) -> dict[str, Any]:
    return {d.letter: json.loads(d.result) for d in found.decisions}


def test_a_plain_command() -> None:
    found = command()
    assert found.kind is ReviewKind.COMMAND
    assert (found.command, found.display) == (COMMAND["command"], "touch /x")
    assert (found.asked_ms, found.key) == (9, ReviewKey("e", 0))
    assert answers(found) == {
        "y": {"decision": "accept"},
        "a": {"decision": "acceptForSession"},
        "p": {"decision": PREFIX},
        "d": {"decision": "decline"},
        "n": {"decision": "cancel"},
    }
    assert [d.letter for d in found.decisions] == ["y", "a", "p", "d", "n"]
    assert {d.letter for d in found.decisions if d.broad} == {"a", "p"}
    assert all(d.detail for d in found.decisions if d.broad)


def test_an_amendment_goes_back_byte_for_byte() -> None:
    words = ["/bin/bash", "-lc", "echo '\u202e\x1b[2J' > \"f\""]
    offer = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": words}}
    found = command(availableDecisions=["accept", offer, "cancel"])
    assert answers(found)["p"] == {"decision": offer}


@pytest.mark.parametrize(
    ("changes", "letters"),
    [
        ({"proposedExecpolicyAmendment": None, "availableDecisions": None}, "ydn"),
        (
            {
                "additionalPermissions": {"network": {"enabled": True}},
                "availableDecisions": ["accept", "cancel"],
            },
            "ydn",
        ),
        (
            {
                "kind": "writeStdin",
                "approvalId": "call",
                "proposedExecpolicyAmendment": None,
                "availableDecisions": ["accept", "cancel"],
            },
            "ydn",
        ),
        (
            {
                "kind": "humanCommand",
                "proposedExecpolicyAmendment": None,
                "availableDecisions": ["accept", "decline", "cancel"],
            },
            "ydn",
        ),
        ({"availableDecisions": ["accept", "cancel", {"new": 1}, 4]}, "yadn"),
        ({"availableDecisions": ["cancel"]}, "dn"),
    ],
)
def test_nothing_is_offered_that_is_not_honoured(
    changes: dict[str, object], letters: str
) -> None:
    assert "".join(d.letter for d in command(**changes).decisions) == letters


def test_a_connection() -> None:
    rule = {"host": "one.invalid", "action": "allow"}
    offer = {"applyNetworkPolicyAmendment": {"network_policy_amendment": rule}}
    params = {
        "kind": "command",
        "threadId": "t",
        "turnId": "u",
        "itemId": "network#local#http#one.invalid#80#x",
        "networkApprovalContext": {"host": "one.invalid", "protocol": "http"},
        "availableDecisions": ["accept", "acceptForSession", offer, "cancel"],
    }
    found = review("item/commandExecution/requestApproval", params)
    assert (found.host, found.command) == ("one.invalid", None)
    assert answers(found)["p"] == {"decision": offer}
    assert [d.letter for d in found.decisions] == ["y", "a", "p", "d", "n"]
    assert all("one.invalid" in d.detail for d in found.decisions if d.broad)


@pytest.mark.parametrize(
    ("proposed", "letters"),
    [
        ([("one.invalid", "allow"), ("one.invalid", "deny")], "yapdbn"),
        ([("one.invalid", "allow")], "yapdn"),
        ([("other.invalid", "deny")], "yapdn"),
        ([("one.invalid", "deny"), ("one.invalid", "deny")], "yapdbn"),
        (7, "yapdn"),
        ([None, "deny"], "yapdn"),
    ],
)
def test_a_host_is_blocked_where_the_request_proposes_it(
    proposed: Any, letters: str
) -> None:
    rules = proposed
    if isinstance(proposed, list) and isinstance(proposed[0], tuple):
        rules = [{"host": host, "action": action} for host, action in proposed]
    allow = {"host": "one.invalid", "action": "allow"}
    offer = {"applyNetworkPolicyAmendment": {"network_policy_amendment": allow}}
    params = {
        "kind": "command",
        "threadId": "t",
        "turnId": "u",
        "itemId": "network#local#http#one.invalid#80#x",
        "networkApprovalContext": {"host": "one.invalid", "protocol": "http"},
        "proposedNetworkPolicyAmendments": rules,
        "availableDecisions": ["accept", "acceptForSession", offer, "cancel"],
    }
    found = review("item/commandExecution/requestApproval", params)
    assert "".join(d.letter for d in found.decisions) == letters
    if "b" in letters:
        (block,) = (d for d in found.decisions if d.letter == "b")
        deny = {"host": "one.invalid", "action": "deny"}
        sent = {"applyNetworkPolicyAmendment": {"network_policy_amendment": deny}}
        assert answers(found)["b"] == {"decision": sent} and block.broad
        assert "one.invalid are refused without asking" in block.detail
        assert "rules/default.rules" in block.detail and "/grants" in block.detail


def test_edits() -> None:
    params = {"threadId": "t", "turnId": "u", "itemId": "i", "startedAtMs": 1}
    found = review("item/fileChange/requestApproval", params)
    assert found.kind is ReviewKind.EDITS
    assert [d.letter for d in found.decisions] == ["y", "a", "d", "n"]
    rooted = review("item/fileChange/requestApproval", {**params, "grantRoot": "/"})
    assert rooted.decisions == ()


def test_permissions_grant_what_was_asked_and_no_more() -> None:
    files = {
        "read": None,
        "write": ["/p"],
        "entries": [{"path": {"type": "path", "path": "/p"}, "access": "write"}],
    }
    params = {
        "threadId": "t",
        "turnId": "u",
        "itemId": "i",
        "cwd": "/w",
        "permissions": {"network": None, "fileSystem": files},
    }
    found = review("item/permissions/requestApproval", params)
    assert found.display == "write /p"
    granted = {"permissions": {"fileSystem": files}}
    assert answers(found) == {
        "y": {**granted, "scope": "turn"},
        "r": {**granted, "scope": "turn", "strictAutoReview": True},
        "a": {**granted, "scope": "session"},
        "d": {"permissions": {}},
        "n": {"permissions": {}},
    }


def test_the_approval_of_an_mcp_tool() -> None:
    params = {
        "threadId": "t",
        "turnId": "u",
        "serverName": "s",
        "mode": "form",
        "message": "Allow it?",
        "requestedSchema": {"type": "object", "properties": {}},
        "_meta": {
            "codex_approval_kind": "mcp_tool_call",
            "persist": ["session", "always"],
            "tool_name": "danger",
        },
    }
    found = review("mcpServer/elicitation/request", params)
    assert [d.letter for d in found.decisions] == ["y", "a", "p", "d", "n"]
    assert answers(found)["n"] == {"action": "cancel"}
    assert answers(found)["a"]["_meta"] == {"persist": "session"}
    form = {**params, "_meta": None}
    plain = review("mcpServer/elicitation/request", form)
    assert answers(plain) == {
        "y": {"action": "accept", "content": {}},
        "d": {"action": "decline"},
        "n": {"action": "cancel"},
    }


@pytest.mark.parametrize(
    "method", ["item/tool/call", "currentTime/read", "future/method"]
)
def test_what_is_not_ours_is_only_shown(method: str) -> None:
    params = {"threadId": "t", "turnId": "u", "callId": "c", "tool": "lookup"}
    found = review(method, params)
    assert not found.ours
    assert found.decisions == ()


def test_a_request_without_a_thread_is_counted() -> None:
    message = {"method": "attestation/generate", "id": 1, "params": {}}
    assert isinstance(decode_request(message, "e", 1, 0), Unrecognised)


@given(
    method=st.sampled_from(sorted(KNOWN_REQUESTS | FOREIGN_REQUESTS)),
    params=st.dictionaries(
        st.sampled_from([*COMMAND, "permissions", "_meta", "mode", "requestedSchema"]),
        st.none() | st.text() | st.integers() | st.lists(st.text()),
    ),
)
def test_any_request_of_a_thread_is_shown(method: str, params: dict[str, Any]) -> None:
    found = review(method, {**params, "threadId": "t"})
    assert json.loads(found.params) == {**params, "threadId": "t"}


@pytest.mark.parametrize(
    "changes",
    [
        {"key": ReviewKey("other", 0)},
        {"key": ReviewKey("e", 1)},
        {"connection": 4},
        {"method": "item/fileChange/requestApproval"},
        {"thread_id": "x"},
        {"turn_id": "x"},
        {"item_id": "x"},
        {"approval_id": "x"},
        {"params_hash": "x"},
    ],
)
def test_a_decision_is_bound_to_the_very_request(changes: dict[str, Any]) -> None:
    found = command()
    assert matches(found, found)
    assert not matches(replace(found, **changes), found)


def test_the_order_of_keys_does_not_rebind() -> None:
    backwards = dict(reversed(COMMAND.items()))
    method = "item/commandExecution/requestApproval"
    assert matches(command(), review(method, backwards))
    assert not matches(command(), command(reason="another"))


@pytest.mark.parametrize("name", NAMES)
def test_recorded_reviews_offer_only_what_the_engine_proposed(name: str) -> None:
    free = {"accept", "acceptForSession", "decline", "cancel"}
    for event in events(name):
        if not isinstance(event, ReviewAsked):
            continue
        params = json.loads(event.review.params)
        listed = params.get("availableDecisions", [])
        for rule in params.get("proposedNetworkPolicyAmendments", []):
            amendment = {"network_policy_amendment": rule}
            listed = [*listed, {"applyNetworkPolicyAmendment": amendment}]
        for decision in event.review.decisions:
            result = json.loads(decision.result)
            if isinstance(result.get("decision"), dict):
                assert result["decision"] in listed
            elif "decision" in result:
                assert result["decision"] in free
