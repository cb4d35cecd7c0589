"""Every kind of card with what is worst about it: hidden characters, escape sequences
and markup in each field, wide characters in paths, four hundred lines of what is asked.

The oracle is the screen itself: what hides is drawn, what is long says how much more
there is and is not accepted unread.
"""

from __future__ import annotations

import pytest

from tests.screens.scripts import AUTH, asks, item
from tests.screens.stage import Json, card
from tests.screens.test_review_cards import CJK, COMMAND, ELICIT, command, world
from tests.snap import Snap

EVIL = "\u202egnp\u200b [/b]\x1b[31m\x1b]0;x\x07"
LINES = "\n".join(f"step_{n:03} {EVIL if n == 1 else '設定'}" for n in range(400))
ROOT = f"{CJK}/{EVIL}"


def _extra() -> Json:
    extra = {
        "network": {"enabled": True},
        "fileSystem": {"read": [f"/r/{EVIL}"], "write": [ROOT]},
    }
    return command(LINES, cwd=ROOT, reason=EVIL, additionalPermissions=extra)


def _connection() -> Json:
    host = f"例え.example{EVIL}"
    rule = {"host": host, "action": "allow"}
    return asks(
        COMMAND,
        kind="command",
        itemId="network#local#https#x#443#x",
        reason=EVIL,
        networkApprovalContext={"host": host, "protocol": EVIL},
        availableDecisions=[
            "accept",
            "acceptForSession",
            {"applyNetworkPolicyAmendment": {"network_policy_amendment": rule}},
            "cancel",
        ],
    )


def _permissions() -> Json:
    paths = [f"/srv/{n:03}{f'/{EVIL}' if n == 1 else CJK}" for n in range(40)]
    entries = [
        {"path": {"type": "path", "path": path}, "access": "write"} for path in paths
    ]
    return asks(
        "item/permissions/requestApproval",
        cwd=ROOT,
        reason=EVIL,
        permissions={"network": {"enabled": True}, "fileSystem": {"entries": entries}},
    )


def _questions() -> Json:
    options = [
        {"label": f"{n} {EVIL if n == 1 else CJK}", "description": EVIL}
        for n in range(40)
    ]
    asked = {"id": "q", "header": EVIL, "question": LINES, "options": options}
    return asks("item/tool/requestUserInput", questions=[asked], isBlocking=True)


def _form() -> Json:
    schema = {
        "type": "object",
        "properties": {
            f"name{EVIL}": {"type": "string", "title": EVIL, "description": CJK},
            "level": {"type": "string", "enum": [EVIL, CJK, *map(str, range(40))]},
        },
    }
    return asks(
        ELICIT,
        mode="form",
        serverName=EVIL,
        message=f"{EVIL} {CJK}",
        requestedSchema=schema,
        _meta=None,
    )


def _address() -> Json:
    return asks(
        ELICIT,
        mode="url",
        serverName=EVIL,
        message=LINES,
        url=f"https://例え.example/{EVIL}?" + "x" * 900,
        elicitationId="e1",
    )


def _tool() -> Json:
    meta = {
        "codex_approval_kind": "mcp_tool_call",
        "persist": ["session", "always"],
        "tool_name": f"drop{EVIL}",
        "tool_title": EVIL,
        "tool_description": CJK,
        "tool_params": {f"table{EVIL}": CJK, "script": LINES},
    }
    empty: Json = {"type": "object", "properties": {}}
    return asks(
        ELICIT,
        mode="form",
        serverName=EVIL,
        message=EVIL,
        requestedSchema=empty,
        _meta=meta,
    )


KINDS: dict[str, Json] = {
    "command": command(LINES, cwd=ROOT, reason=LINES),
    "extra": _extra(),
    "connection": _connection(),
    "input": command(LINES, kind="writeStdin", approvalId="c2", reason=EVIL),
    "person": command(LINES, kind="humanCommand", approvalId="a", reason=EVIL),
    "edits": asks("item/fileChange/requestApproval", itemId="f1", reason=EVIL),
    "permissions": _permissions(),
    "questions": _questions(),
    "form": _form(),
    "address": _address(),
    "tool": _tool(),
    "owned": asks("item/tool/call", callId="c", tool=EVIL, arguments={"x": LINES}),
    "unknown": asks(f"future/{EVIL}", text=LINES, path=ROOT),
}

EDITS = item(
    AUTH,
    "t1",
    done=False,
    type="fileChange",
    id="f1",
    status="inProgress",
    changes=[
        {"path": f"/home/dev/{CJK}/{EVIL}.py", "kind": {"type": "add"}, "diff": LINES}
    ],
)


ASKED = {
    "command": "$ step_000",
    "extra": "$ step_000",
    "connection": "例え.example‹U+202E›",
    "input": "$ step_000",
    "person": "$ step_000",
    "edits": "Wants to add",
    "permissions": "[x] write /srv/000/home",
    "questions": "( ) 1 gnp [/b]",
    "form": "( ) gnp [/b]",
    "address": "https://例え.example/‹U+202E›",
    "tool": "script: step_000",
    "owned": "step_000",
    "unknown": "step_000",
}
"""What nobody's words may push off the screen"""
PROSE = frozenset({"questions", "form", "address", "owned"})
"""Kinds whose hidden characters are in prose, where they are dropped"""


@pytest.mark.parametrize("kind", KINDS)
def test_worst(snap_of: Snap, kind: str) -> None:
    more = (EDITS,) if kind == "edits" else ()
    drawn = "gnp" if kind in PROSE else "‹U+202E›gnp‹U+200B›"
    app = world(KINDS[kind], more=more)
    snap_of(app, (120, 40), run_before=card(), must_contain=[ASKED[kind], drawn])
