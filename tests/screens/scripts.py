"""What an engine would say on the wire in each state that a picture shows.

Owns small scripts in the wire's own JSON; `stage.told` decodes them. Times count back
from `stage.NOW`. Invariant: shapes are the engine's; the contract tests hold them.
"""

from __future__ import annotations

from typing import Any

from tests.screens.stage import CWD, NOW, Json

LISTED = {"sourceKinds": [], "archived": False}
WORKSPACE: Json = {
    "type": "workspaceWrite",
    "writableRoots": [],
    "networkAccess": False,
    "excludeTmpdirEnvVar": False,
    "excludeSlashTmp": False,
}
READ_ONLY: Json = {"type": "readOnly", "networkAccess": False}
FULL_ACCESS: Json = {"type": "dangerFullAccess"}
MINUTE, HOUR, DAY = 60, 3600, 86_400


def row(
    key: str, name: str | None, ago: int, status: str = "notLoaded", **more: Any
) -> Json:
    """A thread as `thread/list` has it. `ago`: seconds since it changed."""
    at = NOW // 1000 - ago
    state: Json = {"type": status}
    if status == "active":
        state["activeFlags"] = []
    thread: Json = {
        "id": key,
        "sessionId": key,
        "preview": "",
        "ephemeral": False,
        "modelProvider": "openai",
        "model": "gpt-6.1-sol",
        "reasoningEffort": "high",
        "createdAt": at - HOUR,
        "updatedAt": at,
        "recencyAt": at,
        "status": state,
        "path": None,
        "cwd": CWD,
        "cliVersion": "0.169.0",
        "originator": "codex-tui",
        "source": "appServer",
        "canAcceptDirectInput": True,
        "parentThreadId": None,
        "name": name,
        "turns": [],
    }
    return {**thread, **more}


def listed(*rows: Json, archived: bool = False) -> Json:
    """A page of the thread list."""
    params = {**LISTED, "archived": archived}
    return {
        "to": "thread/list",
        "params": params,
        "result": {"data": list(rows), "nextCursor": None},
    }


def opened(thread: Json, sandbox: Json = WORKSPACE, **more: Any) -> Json:
    """The reply to a resume: what the thread runs under."""
    result: Json = {
        "thread": thread,
        "model": "gpt-6.1-sol",
        "modelProvider": "openai",
        "cwd": thread["cwd"],
        "runtimeWorkspaceRoots": [thread["cwd"]],
        "approvalPolicy": "on-request",
        "approvalsReviewer": "user",
        "sandbox": sandbox,
        "reasoningEffort": "high",
    }
    params = {"threadId": thread["id"]}
    return {"to": "thread/resume", "params": params, "result": {**result, **more}}


def settings(thread_id: str, sandbox: Json, **more: Any) -> Json:
    """Somebody changed what the thread's next turn runs under."""
    changed: Json = {
        "cwd": CWD,
        "approvalPolicy": "on-request",
        "approvalsReviewer": "user",
        "sandboxPolicy": sandbox,
        "activePermissionProfile": None,
        "model": "gpt-6.1-sol",
        "modelProvider": "openai",
        "effort": "high",
    }
    params = {"threadId": thread_id, "threadSettings": {**changed, **more}}
    return {"method": "thread/settings/updated", "params": params}


def unread(thread_id: str) -> Json:
    """It has something nobody has read."""
    first = {"type": "turn", "turnId": "t0"}
    state = {"firstUnread": first, "revision": "1"}
    params = {"threadId": thread_id, "readState": state}
    return {"method": "thread/readState/changed", "params": params}


def began(thread_id: str, turn_id: str, *, ago: int = 12) -> list[Json]:
    """A turn runs."""
    at = NOW - ago * 1000
    status = {"type": "active", "activeFlags": []}
    turn: Json = {
        "id": turn_id,
        "items": [],
        "status": "inProgress",
        "error": None,
        "startedAt": at // 1000,
    }
    return [
        {
            "method": "thread/status/changed",
            "params": {"threadId": thread_id, "status": status},
            "emittedAtMs": at,
        },
        {
            "method": "turn/started",
            "params": {"threadId": thread_id, "turn": turn},
            "emittedAtMs": at,
        },
    ]


def ended(thread_id: str, turn_id: str, status: str = "completed") -> list[Json]:
    """The turn is over."""
    turn: Json = {"id": turn_id, "items": [], "status": status, "error": None}
    idle = {"type": "idle"}
    return [
        {"method": "turn/completed", "params": {"threadId": thread_id, "turn": turn}},
        {
            "method": "thread/status/changed",
            "params": {"threadId": thread_id, "status": idle},
        },
    ]


def item(thread_id: str, turn_id: str, *, done: bool = True, **body: Any) -> Json:
    """An item starts or is complete."""
    at = "completedAtMs" if done else "startedAtMs"
    params = {"threadId": thread_id, "turnId": turn_id, "item": body, at: NOW - 9000}
    return {"method": f"item/{'completed' if done else 'started'}", "params": params}


def said(text: str, key: str = "u1") -> Json:
    """The user's words, as an item."""
    content = [{"type": "text", "text": text, "text_elements": []}]
    return {"type": "userMessage", "id": key, "clientId": None, "content": content}


def answer(text: str, key: str = "a1") -> Json:
    """The agent's words."""
    return {"type": "agentMessage", "id": key, "text": text, "phase": "final_answer"}


def ran(command: str, output: str = "", key: str = "c1", **more: Any) -> Json:
    """A command that has run."""
    body: Json = {
        "type": "commandExecution",
        "id": key,
        "command": f"/bin/bash -lc {command!r}" if "'" not in command else command,
        "cwd": CWD,
        "processId": None,
        "source": "agent",
        "status": "completed",
        "commandActions": [],
        "aggregatedOutput": output,
        "exitCode": 0,
        "durationMs": 412,
    }
    return {**body, **more}


def asks_command(
    thread_id: str, turn_id: str, item_id: str, command: str, **more: Any
) -> Json:
    """The engine asks whether a command may run outside the sandbox."""
    params: Json = {
        "kind": "command",
        "threadId": thread_id,
        "turnId": turn_id,
        "itemId": item_id,
        "startedAtMs": NOW - 5 * MINUTE * 1000,
        "environmentId": "local",
        "reason": None,
        "command": command,
        "cwd": CWD,
        "commandActions": [],
        "proposedExecpolicyAmendment": None,
        "availableDecisions": ["accept", "cancel"],
    }
    method = "item/commandExecution/requestApproval"
    at = {"emittedAtMs": params["startedAtMs"]}
    return {"id": 7, "method": method, "params": {**params, **more}, **at}


def asks(method: str, **params: Any) -> Json:
    """Any request of the thread AUTH."""
    at = NOW - 2 * MINUTE * 1000
    base: Json = {
        "threadId": AUTH,
        "turnId": "t1",
        "itemId": "c9",
        "startedAtMs": at,
    }
    return {
        "id": 7,
        "method": method,
        "params": {**base, **params},
        "emittedAtMs": at,
    }


# -- a whole fleet ----------------------------------------------------------------

PORT, AUTH = "01a1-port", "01a1-auth"


ROWS = (
    row("01a1-notes", "tidy the release notes", HOUR, "idle"),
    row("01a1-docs", "docs pass", 2 * HOUR, "idle", cwd="/home/dev/src/handbook"),
    row("01a1-text", "upgrade textual", 3 * DAY),
)
"""Threads that rest"""


def fleet() -> list[Json]:
    """A dozen more threads: one asks, two work, some rest, most sleep."""
    auth = row(AUTH, "review the auth middleware", 5 * MINUTE, "idle")
    port = row(PORT, "port to arm64", 20, "idle", cwd="/home/dev/src/toolchain")
    notes = row("01a1-notes", "tidy the release notes", HOUR, "idle")
    rest = [
        row("01a1-bench", "bench the tokenizer", 4 * MINUTE, "idle"),
        row("01a1-docs", "docs pass", 2 * HOUR, "idle", cwd="/home/dev/src/handbook"),
        row("01a1-cold", "speed up the cold start", 5 * HOUR, "idle"),
        row("01a1-text", "upgrade textual", 3 * DAY),
        row("01a1-colour", "colour audit", 5 * DAY, cwd="/home/dev/src/handbook"),
        row("01a1-hooks", "first sketch of hooks", 15 * DAY),
    ]
    asked = ["cargo", "update", "-p", "criterion"]
    return [
        listed(auth, port, notes, *rest),
        listed(row("01a1-old", "spike: sqlite store", 40 * DAY), archived=True),
        opened(auth),
        opened(port),
        unread("01a1-cold"),
        unread("01a1-docs"),
        *began(PORT, "p1", ago=70),
        item(PORT, "p1", done=False, **ran("make -j4 arm64", status="inProgress")),
        *began(AUTH, "t1", ago=5 * MINUTE),
        item(AUTH, "t1", **said("Review the auth middleware, then bump criterion.")),
        asks_command(
            AUTH,
            "t1",
            "c9",
            "/bin/bash -lc 'cargo update -p criterion --precise 0.5.1'",
            reason="The lock file pins criterion 0.4, which does not build here. "
            "Updating it needs the registry.",
            proposedExecpolicyAmendment=asked,
            availableDecisions=[
                "accept",
                {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": asked}},
                "cancel",
            ],
        ),
    ]
