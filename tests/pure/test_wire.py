"""The wire's messages become the right events; oracle: messages real engines sent."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.engine.wire.context import WireContext
from state.engine.wire.deltas import DELTAS, decode_delta, read_delta
from state.engine.wire.items import decode_item
from state.engine.wire.notifications import (
    IGNORED,
    KNOWN,
    decode_notification,
)
from state.engine.wire.responses import decode_response
from state.engine.wire.threads import decode_settings, decode_thread
from state.events import (
    ErrorSeen,
    ItemCompleted,
    ItemDelta,
    ItemStarted,
    ReviewAsked,
    ReviewResolved,
    ThreadSeen,
    TurnEnded,
    Unrecognised,
)
from state.items import (
    AgentActivity,
    Command,
    DeltaKind,
    ItemStatus,
    Text,
    Unknown,
    UserMessage,
)
from state.model import ReviewKey, SandboxMode
from tests.recordings import EPOCH, FOLDER, NAMES, events, messages

HERE = WireContext(EPOCH, 1, 7)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_holds_nothing_unrecognised(name: str) -> None:
    found = list(events(name))
    assert found
    strange = [event for event in found if isinstance(event, Unrecognised)]
    assert strange == []
    bodies = [e.item.body for e in found if isinstance(e, ItemStarted | ItemCompleted)]
    assert [body for body in bodies if isinstance(body, Unknown)] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_delta_is_lost_or_changed(name: str) -> None:
    sent: Counter[str] = Counter()
    for direction, _, _, message in messages(FOLDER / f"{name}.jsonl"):
        method = message.get("method", "")
        if direction == "in" and method.startswith("item/") and method in KNOWN:
            delta = message["params"].get("delta")
            if isinstance(delta, str):
                sent[delta] += 1
    got = Counter(e.text for e in events(name) if isinstance(e, ItemDelta))
    assert got == sent


@given(params=anything, method=st.sampled_from(sorted(KNOWN | IGNORED)))
def test_a_broken_message_never_raises(params: object, method: str) -> None:
    message = {"method": method, "params": params}
    for event in decode_notification(message, HERE):
        assert event is not None


@given(raw=st.dictionaries(st.text(), anything))
def test_any_object_becomes_an_item(raw: dict[str, Any]) -> None:
    decode_item(raw)


def test_an_unknown_method_is_kept_whole() -> None:
    message = {"method": "thread/levitated", "params": {"threadId": "t"}}
    (event,) = decode_notification(message, HERE)
    assert isinstance(event, Unrecognised)
    assert event.method == "thread/levitated"
    assert json.loads(event.json) == message


def test_a_known_item_of_a_new_shape_is_kept_whole() -> None:
    raw = {"type": "commandExecution", "id": "i", "command": ["not", "a", "string"]}
    item = decode_item(raw)
    assert isinstance(item.body, Unknown)
    assert json.loads(item.body.json) == raw


def test_a_delta_of_a_new_shape_is_not_taken_for_text() -> None:
    params = {"threadId": "t", "turnId": "u", "itemId": "i", "delta": {"b64": "eA=="}}
    message = {"method": "item/commandExecution/outputDelta", "params": params}
    (event,) = decode_notification(message, HERE)
    assert isinstance(event, Unrecognised)


_fields = st.text(max_size=3) | st.none() | st.integers()
odd_params = st.fixed_dictionaries(
    {"threadId": _fields, "turnId": _fields, "itemId": _fields},
    optional={
        "delta": _fields,
        "summaryIndex": st.integers() | st.none(),
        "contentIndex": st.integers() | st.floats(),
        "more": anything,
    },
)


@given(
    odd_params | anything, st.sampled_from([*sorted(DELTAS), "item/fileChange/delta"])
)
def test_both_readings_of_a_delta_say_the_same(params: Any, method: str) -> None:
    """The quick one may leave a message to the other; it never says another thing."""
    message = {"method": method, "params": params, "emittedAtMs": 1}
    raw = json.dumps(message).encode()
    quick = read_delta(raw)
    if quick is not None:
        assert ItemDelta(*quick) == decode_delta(message)
    assert read_delta(json.dumps({"id": 0, **message}).encode()) is None
    assert read_delta(raw[:-1]) is None


@pytest.mark.parametrize("method", sorted(DELTAS))
def test_a_plain_delta_is_read_quickly(method: str) -> None:
    params = {"threadId": "t", "turnId": "u", "itemId": "i", "delta": "\x1b[31mé 🦀"}
    params |= {"summaryIndex": 3, "contentIndex": 4}  # type: ignore[dict-item]
    message = {"method": method, "params": params}
    quick = read_delta(json.dumps(message, ensure_ascii=False).encode())
    assert quick is not None
    assert ItemDelta(*quick) == decode_delta(message)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 50_000,
        b'{"method":"item/plan/delta","x":' + b"[" * 50_000,
        b'{"method":"item/plan/delta","params":{"threadId":"t","turnId":"u",'
        b'"itemId":"i","delta":"\\ud800"}}',
        b'{"method":"item/plan/delta","params":{"threadId":"t","turnId":"u",'
        b'"itemId":"i","delta":"\xff"}}',
        b"",
    ],
)
def test_what_is_broken_is_left_to_the_careful_reading(raw: bytes) -> None:
    assert read_delta(raw) is None


def test_deltas_keep_their_part() -> None:
    params = {"threadId": "t", "turnId": "u", "itemId": "i", "delta": "\x1b[31mé"}
    message = {
        "method": "item/reasoning/summaryTextDelta",
        "params": {**params, "summaryIndex": 2},
    }
    (event,) = decode_notification(message, HERE)
    assert isinstance(event, ItemDelta)
    assert (event.kind, event.index, event.text) == (
        DeltaKind.SUMMARY,
        2,
        "\x1b[31mé",
    )


def test_commands_end_with_their_exit_codes() -> None:
    codes = set()
    for event in events("b-bgterm"):
        if isinstance(event, ItemCompleted) and isinstance(event.item.body, Command):
            assert event.item.ended
            codes.add(event.item.body.exit_code)
    assert {0, 7, -1} <= codes


def test_a_failed_turn_tells_why() -> None:
    found = list(events("b-errors"))
    codes = {e.error.code for e in found if isinstance(e, ErrorSeen)}
    assert {"usageLimitExceeded", "contextWindowExceeded"} <= codes
    assert "httpConnectionFailed" in codes or "responseStreamDisconnected" in codes
    assert any(e.error for e in found if isinstance(e, TurnEnded))


def test_children_are_told_by_their_parents_activity() -> None:
    started = [
        e.item.body
        for e in events("b-agents-nested-interrupt-root")
        if isinstance(e, ItemCompleted) and isinstance(e.item.body, AgentActivity)
    ]
    assert {a.agent_path for a in started if a.kind == "started"} >= {"/root/a"}


def test_reviews_resolve_by_the_key_they_were_asked_under() -> None:
    found = list(events("a-cmd-approval-parallel"))
    asked = [e.review.key for e in found if isinstance(e, ReviewAsked)]
    resolved = {e.key for e in found if isinstance(e, ReviewResolved)}
    assert ReviewKey(EPOCH, 0) in asked  # 0 is a request id like any other
    assert set(asked) == resolved


def test_absent_facts_erase_nothing() -> None:
    facts = dict(decode_thread({"id": "t", "preview": "p", "path": None}))
    assert facts == {"preview": "p"}
    assert dict(decode_thread({"id": "t", "name": None})) == {"name": None}


def test_a_child_knows_its_place() -> None:
    spawn = {"parent_thread_id": "r", "depth": 1, "agent_path": "/root/a"}
    raw = {
        "id": "c",
        "parentThreadId": "r",
        "agentNickname": "Singer",
        "source": {"subAgent": {"thread_spawn": spawn}},
        "canAcceptDirectInput": False,
    }
    facts = dict(decode_thread(raw))
    assert (facts["agent_path"], facts["parent_id"]) == ("/root/a", "r")
    assert (facts["source"], facts["direct_input"]) == ("subAgent", False)


def test_settings_read_the_same_from_a_start_and_an_update() -> None:
    sandbox = {"type": "workspaceWrite", "writableRoots": ["/w"], "networkAccess": True}
    start = decode_settings(
        {
            "thread": {},
            "model": "m",
            "approvalPolicy": {"granular": {"rules": True, "sandbox_approval": False}},
            "approvalsReviewer": "user",
            "sandbox": sandbox,
            "cwd": "/c",
        }
    )
    update = decode_settings(
        {
            "model": "m",
            "approvalPolicy": {"granular": {"rules": True, "sandbox_approval": False}},
            "approvalsReviewer": "user",
            "sandboxPolicy": sandbox,
            "cwd": "/c",
        }
    )
    assert start == update
    assert start.approval_policy == "granular"
    assert dict(start.granular) == {"rules": True, "sandbox_approval": False}
    assert start.sandbox is not None
    assert start.sandbox.mode is SandboxMode.WORKSPACE_WRITE
    assert start.sandbox.network
    assert start.sandbox.writable_roots == ("/w",)


def test_a_page_of_history_is_ascending() -> None:
    newest_first = [{"id": "2", "status": "completed"}, {"id": "1", "status": "failed"}]
    result = {"data": newest_first, "nextCursor": None}
    (event,) = decode_response("thread/turns/list", {"threadId": "t"}, result, HERE)
    assert [turn.id for turn in event.turns] == ["1", "2"]  # type: ignore[union-attr]
    assert event.complete  # type: ignore[union-attr]


def test_one_strange_row_does_not_hide_a_page() -> None:
    rows = [{"id": "a", "preview": 5}, {"id": "b", "preview": "p"}]
    found = decode_response("thread/list", {"archived": True}, {"data": rows}, HERE)
    assert [e.thread_id for e in found if isinstance(e, ThreadSeen)] == ["b"]
    assert dict(found[0].facts)["archived"] is True  # type: ignore[union-attr]


def test_user_messages_carry_the_send_they_came_from() -> None:
    raw = {
        "type": "userMessage",
        "id": "i",
        "clientId": "c1",
        "content": [{"type": "text", "text": "hi"}, {"type": "image", "url": "u"}],
    }
    assert decode_item(raw).body == UserMessage("hi", ("u",), "c1")


def test_history_keeps_a_running_command_open() -> None:
    raw = {
        "type": "commandExecution",
        "id": "i",
        "command": "sleep 9",
        "status": "inProgress",
    }
    item = decode_item(raw)
    assert item.status is ItemStatus.IN_PROGRESS
    assert isinstance(item.body, Command)
    assert item.body.output == Text("")
    params = {"threadId": "t", "turnId": "u", "item": raw}
    done = {"method": "item/completed", "params": params}
    (event,) = decode_notification(done, HERE)
    assert isinstance(event, ItemCompleted)
    assert event.item.ended
