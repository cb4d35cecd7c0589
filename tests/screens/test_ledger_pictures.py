"""The ledger and /approve: empty, busy, hostile, one entry with all that is known."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from state.model import EnginePhase
from tests.screens import control_scripts as cs
from tests.screens import scripts as s
from tests.screens.stage import NOW, Json, connected, engine, keys, stage, told
from tests.screens.test_plain import plain
from tests.snap import SIZES, Size, Snap, sizes
from tui.app import CodexTui

T = "01a1-cache"
low_and_high = pytest.mark.parametrize("size", SIZES[:2], ids=["80x24", "120x40"])
EVIL = "/bin/bash -lc 'rm -rf \u202e[red]~\x1b]0;x\x07\u4e2d\u6587'"


def judged(
    key: str, status: str, command: str, *, ago: int = 60, **review: Any
) -> Json:
    """What auto-review said of a command."""
    action = {"type": "command", "source": "unifiedExec", "cwd": "/home/dev/work"}
    kind = "started" if status == "inProgress" else "completed"
    params: Json = {
        "threadId": T,
        "turnId": "t1",
        "reviewId": key,
        "targetItemId": None,
        "startedAtMs": NOW - ago * 1000,
        "review": {"status": status, **review},
        "action": {**action, "command": command},
    }
    if kind == "completed":
        params["completedAtMs"] = NOW - ago * 1000 + 2400
        params["decisionSource"] = "agent"
    return {"method": f"item/autoApprovalReview/{kind}", "params": params}


def asked(request_id: int, command: str, ago: int) -> Json:
    """A command waits for the user."""
    return {
        "id": request_id,
        "method": "item/commandExecution/requestApproval",
        "params": {
            "kind": "command",
            "threadId": T,
            "turnId": "t1",
            "itemId": f"i{request_id}",
            "startedAtMs": NOW - ago * 1000,
            "reason": "may I?",
            "command": command,
            "cwd": "/home/dev/work",
            "availableDecisions": ["accept", "cancel"],
        },
        "emittedAtMs": NOW - ago * 1000,
    }


def resolved(request_id: int, ago: int) -> Json:
    """Somebody answered."""
    return {
        "method": "serverRequest/resolved",
        "params": {"threadId": T, "requestId": request_id},
        "emittedAtMs": NOW - ago * 1000,
    }


DENIED = judged(
    "r1",
    "denied",
    "/bin/bash -lc 'git push --force'",
    riskLevel="high",
    userAuthorization="low",
    rationale="A force push rewrites history that others have; nobody asked for it.",
)
BUSY = (
    *s.began(T, "t1"),
    asked(0, "/bin/bash -lc 'npm install'", 400),
    resolved(0, 350),
    DENIED,
    judged(
        "r2",
        "approved",
        "/bin/bash -lc 'pip download x'",
        ago=50,
        riskLevel="low",
        userAuthorization="high",
        rationale="Asked for by the user.",
    ),
    judged(
        "r3",
        "denied",
        "/bin/bash -lc 'make'",
        ago=40,
        rationale="Automatic approval review failed: guardian assessment was not "
        "valid JSON",
    ),
    judged("r4", "timedOut", "/bin/bash -lc 'curl x'", ago=30),
    judged("r5", "aborted", "/bin/bash -lc 'ls /root'", ago=20),
    judged("r6", "inProgress", "/bin/bash -lc 'cargo publish'", ago=4),
    judged("r7", "inProgress", "/bin/bash -lc 'docker build .'", ago=3),
    asked(1, "/bin/bash -lc 'touch /etc/x'", 2),
)


def app(
    *more: Json, replies: dict[str, Json] | None = None, theme: str = "ink"
) -> CodexTui:
    thread = s.row(T, "fix the parser cache", 30, "idle")
    script = told(*(s.listed(thread), s.opened(thread), *more))
    return stage(connected(), script, open_thread=T, replies=replies, theme=theme)


@sizes
def test_empty(snap_of: Snap, size: Size) -> None:
    words = ["Nothing was asked yet.", "[everything]"]
    snap_of(app(), size, run_before=keys("H"), must_contain=words)


@sizes
def test_busy(snap_of: Snap, size: Size) -> None:
    words = ["waits for you", "auto-review running", "auto-review failed"]
    snap_of(app(*BUSY), size, run_before=keys("H"), must_contain=words)


@pytest.mark.parametrize("look", ["ink", "paper", "codex-ansi", "plain"])
def test_narrow(snap_of: Snap, look: str) -> None:
    """Who was asked what, who decided and how: in two lines."""
    it = plain(app(*BUSY)) if look == "plain" else app(*BUSY, theme=look)
    words = ["git push --force", "auto-review denied · high risk · fix the parser"]
    snap_of(it, (60, 34), run_before=keys("H"), must_contain=words)


@sizes
def test_one_denial(snap_of: Snap, size: Size) -> None:
    words = ["git push --force", "risk high", "A force push rewrites"]
    act = keys("H", "end", "up")
    snap_of(app(*BUSY), size, run_before=act, must_contain=words)


@sizes
def test_hostile(snap_of: Snap, size: Size) -> None:
    evil = judged("r1", "denied", EVIL, riskLevel=EVIL, rationale=EVIL * 20)
    words = ["U+202E"]
    it = app(*s.began(T, "t1"), evil)
    snap_of(it, size, run_before=keys("H"), must_contain=words)


def test_all_of_an_entry(snap_of: Snap) -> None:
    """v: it has the room of the list; 400 lines, of which none is cut."""
    lines = "\n".join(f"step_{n:03} \u202e --to /home/dev/仕事/{n}" for n in range(400))
    words = ["step_000", "U+202E", "仕事", "v esc the list"]
    it = app(*s.began(T, "t1"), asked(1, lines, 60))
    snap_of(it, (80, 24), run_before=keys("H", "v"), must_contain=words)


@sizes
def test_approve_with_nothing_denied(snap_of: Snap, size: Size) -> None:
    words = ["No recent auto-review denials", "[denials]"]
    act = keys("i", *"/approve", "enter")
    snap_of(app(), size, run_before=act, must_contain=words)


@sizes
def test_approve_asks(snap_of: Snap, size: Size) -> None:
    words = ["Approve one retry of this?", "[Cancel]", "reviewed by you"]
    it = app(*s.began(T, "t1"), DENIED)
    act = keys("i", *"/approve", "enter", "enter")
    snap_of(it, size, run_before=act, must_contain=words)


@sizes
def test_in_the_transcript(snap_of: Snap, size: Size) -> None:
    """Verdicts stand in the turn, each kind in its own words."""
    it = app(*BUSY)
    words = ["Auto-review denied this", "timed out"]
    snap_of(it, size, run_before=keys("2"), must_contain=words)


def test_every_kind(snap_of: Snap) -> None:
    """A line says what was asked, not what the protocol calls it."""
    paths = {"fileSystem": {"write": ["/srv/cache"]}, "network": {"enabled": True}}
    question = {"id": "q", "header": "Q", "question": "Which colour?\nReally?"}
    schema: Json = {"type": "object", "properties": {}}
    form = {"mode": "form", "serverName": "tickets", "requestedSchema": schema}
    host = {"host": "crates.example.org", "protocol": "https"}
    requests: tuple[tuple[str, Json], ...] = (
        ("item/permissions/requestApproval", {"permissions": paths}),
        ("item/tool/requestUserInput", {"questions": [{**question, "options": None}]}),
        ("mcpServer/elicitation/request", {**form, "message": "Who are you?"}),
        ("item/commandExecution/requestApproval", {"networkApprovalContext": host}),
        ("item/fileChange/requestApproval", {"reason": "to fix it"}),
        ("item/tool/call", {"callId": "c", "tool": "lookup", "arguments": {}}),
        ("future/method", {}),
    )
    asking = [
        {**s.asks(method, **{"threadId": T, **params}), "id": number}
        for number, (method, params) in enumerate(requests)
    ]
    words = ["write /srv/cache; network", "Which colour? Really?", "Who are you?"]
    words += [
        "crates.example.org",
        "to fix it",
        "lookup",
        "future/method",
        "waits for its own client",
    ]
    it = app(*s.began(T, "t1"), *asking)
    snap_of(it, (120, 40), run_before=keys("H"), must_contain=words)


def test_nine_that_went_with_their_engine(snap_of: Snap) -> None:
    """Another engine is there: none of them waits, none was answered."""
    thread = s.row(T, "fix the parser cache", 30, "idle")
    asking = [asked(n, f"/bin/bash -lc 'make target-{n}'", 60 + n) for n in range(9)]
    known = told(s.listed(thread), s.opened(thread), *s.began(T, "t1"), *asking)
    another = [engine(EnginePhase.READY, epoch="another", version="0.169.0")]
    it = stage(connected(), known, another, open_thread=T)
    words = ["9 of 9", "make target-8", "ended by the engine's end"]
    snap_of(it, (120, 40), run_before=keys("H"), must_contain=words)


@low_and_high
def test_the_breaker(snap_of: Snap, size: Size) -> None:
    """A turn that the engine stopped after too many denials says so, and what to do."""
    denied = [
        judged(f"r{n}", "denied", "/bin/bash -lc 'git push --force'", riskLevel="high")
        for n in range(3)
    ]
    text = (
        "Automatic approval review rejected too many approval requests for this turn "
        "(3 consecutive, 3 in the last 50 reviews); interrupting the turn."
    )
    warning = {
        "method": "guardianWarning",
        "params": {"threadId": T, "message": text},
    }
    end = s.ended(T, "t1", "interrupted")
    it = app(*s.began(T, "t1"), *denied, warning, *end)
    words = ["Auto-review denied too much", "(3 consecutive, 3 in", "/approve lets"]
    snap_of(it, size, run_before=keys("2"), must_contain=words)


RULES = """# mine
prefix_rule(pattern=["git", "push"], decision="allow")
network_rule(
    host="\u202egro.live",
    decision="allow",
)
"""


def granting() -> dict[str, Json]:
    """Rules on disk and a tool that is approved for good."""
    tools = {"tools": {"danger": {"approval_mode": "approve"}}}
    text = base64.b64encode(RULES.encode()).decode()
    entry = {"fileName": "default.rules", "isFile": True, "isDirectory": False}
    return {
        **cs.controls(user={"mcp_servers": {"labmcp": tools}}),
        "fs/readDirectory": {"entries": [entry]},
        "fs/readFile": {"dataBase64": text},
    }


@sizes
def test_grants(snap_of: Snap, size: Size) -> None:
    words = ["Rules files", "default.rules:3", "U+202E", "labmcp: danger", "x takes it"]
    it = app(replies=granting())
    act = keys("i", *"/grants", "enter", "end")
    snap_of(it, size, run_before=act, must_contain=words)


@sizes
def test_no_grants(snap_of: Snap, size: Size) -> None:
    act = keys("i", *"/grants", "enter")
    words = ["Nothing stands granted."]
    it = app(replies=cs.controls())
    snap_of(it, size, run_before=act, must_contain=words)
