"""Items of a rollout file read like the same items on the wire."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from state.engine.wire.items import decode_item
from state.engine.wire.rollout_items import decode_rollout_item
from state.items import (
    AgentReport,
    CollabCall,
    Command,
    FileDiff,
    ItemStatus,
    Patch,
    Reasoning,
    Sleep,
    Text,
    Unknown,
    UserMessage,
)

ROLLOUT_COMMAND = {
    "type": "CommandExecution",
    "id": "exec-1",
    "process_id": "60484",
    "command": ["/bin/bash", "-lc", "sleep .4;pwd"],
    "cwd": "file:///root/a%20b",
    "parsed_cmd": [{"type": "unknown", "cmd": "sleep .4;pwd"}],
    "source": "unified_exec_startup",
    "status": "completed",
    "aggregated_output": "/root\n",
    "exit_code": 0,
    "duration": {"secs": 1, "nanos": 281262117},
}
WIRE_COMMAND = {
    "type": "commandExecution",
    "id": "exec-1",
    "processId": "60484",
    "command": "/bin/bash -lc 'sleep .4;pwd'",
    "cwd": "/root/a b",
    "commandActions": [{"type": "unknown", "command": "sleep .4;pwd"}],
    "source": "unifiedExecStartup",
    "status": "completed",
    "aggregatedOutput": "/root\n",
    "exitCode": 0,
    "durationMs": 1281,
}


def test_a_command_is_the_same_from_both_sources() -> None:
    assert decode_rollout_item(ROLLOUT_COMMAND) == decode_item(WIRE_COMMAND)
    assert isinstance(decode_item(WIRE_COMMAND).body, Command)


def test_times_stand_beside_the_item() -> None:
    item = decode_rollout_item(ROLLOUT_COMMAND, started_ms=5, completed_ms=6)
    assert (item.started_ms, item.completed_ms) == (5, 6)


def test_edits() -> None:
    raw = {
        "type": "FileChange",
        "id": "i",
        "changes": {
            "/w/new": {"type": "add", "content": "hello\n"},
            "/w/old": {"type": "update", "unified_diff": "@@", "move_path": "/w/x"},
        },
        "status": "declined",
    }
    item = decode_rollout_item(raw)
    assert item.status is ItemStatus.DECLINED
    assert item.body == Patch(
        (
            FileDiff("/w/new", "add", "hello\n"),
            FileDiff("/w/old", "update", "@@", "/w/x"),
        )
    )


def test_messages_and_thoughts() -> None:
    user = {
        "type": "UserMessage",
        "id": "i",
        "client_id": "c",
        "content": [
            {"type": "text", "text": "hi"},
            {"type": "image", "image_url": "data:x"},
            {"type": "local_image", "path": "/p.png"},
        ],
    }
    body = decode_rollout_item(user).body
    assert body == UserMessage("hi", ("data:x", "/p.png"), "c")
    thought = {
        "type": "Reasoning",
        "id": "i",
        "summary_text": ["a", "b"],
        "raw_content": ["c"],
    }
    assert decode_rollout_item(thought).body == Reasoning(
        (Text("a"), Text("b")), (Text("c"),)
    )


def test_collaboration_of_the_first_kind() -> None:
    raw = {
        "type": "CollabAgentToolCall",
        "id": "i",
        "tool": "spawn_agent",
        "status": "in_progress",
        "sender_thread_id": "r",
        "receiver_thread_ids": ["c"],
        "prompt": "do",
        "agents_states": {"c": {"completed": "done"}, "d": "pending_init"},
    }
    item = decode_rollout_item(raw)
    assert item.status is ItemStatus.IN_PROGRESS
    assert isinstance(item.body, CollabCall)
    assert item.body.tool == "spawnAgent"
    assert item.body.reports == (
        AgentReport("c", "completed", "done"),  # type: ignore[arg-type]
        AgentReport("d", "pendingInit"),  # type: ignore[arg-type]
    )


def test_extensions() -> None:
    sleep = {"type": "Extension", "kind": "clock.sleep", "id": "i", "durationMs": 3}
    assert decode_rollout_item(sleep).body == Sleep(3)
    other = {"type": "Extension", "kind": "new.kind", "id": "i"}
    assert isinstance(decode_rollout_item(other).body, Unknown)


KINDS = st.sampled_from(
    [
        "UserMessage",
        "AgentMessage",
        "Reasoning",
        "CommandExecution",
        "FileChange",
        "McpToolCall",
        "CollabAgentToolCall",
        "Extension",
        "ContextCompaction",
        "Telepathy",
    ]
)
FIELDS = st.dictionaries(
    st.sampled_from(["id", "content", "command", "changes", "status", "duration"]),
    st.none() | st.integers() | st.text() | st.lists(st.text()),
)


@given(kind=KINDS, fields=FIELDS)
def test_any_object_becomes_an_item(kind: str, fields: dict[str, Any]) -> None:
    decode_rollout_item({**fields, "type": kind})
