"""What stands granted is what was granted, not what was asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from state.controls import Controls, Layer, LayerKind, Rule
from state.dataclass import replace
from state.items import ThreadId
from state.ledger_requests import of_review
from state.model import (
    Decision,
    Review,
    ReviewKey,
    ReviewKind,
    ReviewState,
    Sandbox,
    SandboxMode,
    Settings,
    Thread,
    ThreadStatus,
    World,
)
from state.select.grants import SESSION, grants
from state.select.ledger import facts
from state.select.review import Place, review_card
from state.tree import Forest
from state.views import ReviewCardView

T = ThreadId("t")
ASKED = {
    "network": {"enabled": True},
    "fileSystem": {"read": ["/etc"], "write": ["/opt/a", "/opt/b"]},
}


def permissions(result: dict[str, Any] | None, **changes: Any) -> Review:
    decision = None
    if result is not None:
        decision = Decision("a", "Yes, for this session", json.dumps(result))
    return Review(
        **{
            "key": ReviewKey("epoch", 1),
            "connection": 1,
            "method": "item/permissions/requestApproval",
            "kind": ReviewKind.PERMISSIONS,
            "thread_id": T,
            "turn_id": None,
            "item_id": None,
            "approval_id": None,
            "params": json.dumps({"permissions": ASKED}),
            "params_hash": "h",
            "asked_ms": 1000,
            "display": "read /etc; write /opt/a; write /opt/b; network",
            "state": ReviewState.RESOLVED,
            "resolved_by": "you",
            "decision": decision,
            **changes,
        }
    )


def session(granted: dict[str, Any]) -> dict[str, Any]:
    return {"permissions": granted, "scope": "session"}


def world(review: Review) -> World:
    thread = Thread(T, status=ThreadStatus.IDLE, reviews={review.key: review})
    blank = World()
    engine = replace(blank.engine, epoch="epoch")
    return replace(blank, engine=engine, threads={T: thread})


def card(review: Review) -> ReviewCardView:
    it, forest = world(review), Forest()
    forest.update(it.threads, it.threads)
    return review_card(it, forest, review, Place(), ())


NARROWED = [
    ({"fileSystem": {"write": ["/opt/a"]}}, "write /opt/a"),
    ({"network": {"enabled": True}}, "network"),
    (ASKED, "read /etc; write /opt/a; write /opt/b; network"),
    (
        {
            "fileSystem": {
                "entries": [
                    {"path": {"type": "path", "path": "/x\u202e"}, "access": "write"}
                ]
            }
        },
        "write /x‹U+202E›",
    ),
]


@pytest.mark.parametrize(("granted", "words"), NARROWED)
def test_a_narrowed_grant_is_shown_as_it_was_granted(
    granted: dict[str, Any], words: str
) -> None:
    review = permissions(session(granted))
    (row,) = grants(None, [of_review(review)], world(review))
    assert row.what.text == f"permissions: {words}"
    told = facts(of_review(review), world(review), Forest())
    assert [f.text for f in told if f.label == "granted"] == [words]
    view = card(review)
    assert view.state.endswith(f" Granted: {words}.")
    assert "chosen below" not in "".join(bit.text for bit in view.runs_title)


def test_nothing_granted_is_no_grant() -> None:
    review = permissions({"permissions": {}})
    assert grants(None, [of_review(review)], world(review)) == ()
    view = card(review)
    assert "Granted" not in view.state


USER = "/home/dev/.codex/config.toml"


def controls(*rules: str, **values: Any) -> Controls:
    layer = Layer(LayerKind.USER, USER, values)
    listed = [Rule("/r/default.rules", at, text) for at, text in enumerate(rules, 1)]
    return Controls("/w", "/w", trusted=True, layers=(layer,), rules=tuple(listed))


TOOL = {
    "method": "mcpServer/elicitation/request",
    "kind": ReviewKind.ELICITATION,
    "params": json.dumps({"serverName": "tickets", "_meta": {"tool_name": "danger"}}),
    "display": "Allow it?",
}
COMMAND = {
    "method": "item/commandExecution/requestApproval",
    "kind": ReviewKind.COMMAND,
    "command": "/bin/bash -lc 'make  é'",
}
ALWAYS = {"action": "accept", "_meta": {"persist": "always"}}
AMENDED = {
    "decision": {
        "acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["make", "é"]}
    }
}
HOST = {
    "decision": {
        "applyNetworkPolicyAmendment": {
            "network_policy_amendment": {"host": "h.org", "action": "allow"}
        }
    }
}
BLOCKED = json.loads(json.dumps(HOST).replace("allow", "deny"))
APPROVED = {"tools": {"danger": {"approval_mode": "approve"}}}
RULE = 'prefix_rule(pattern=["make",  "é"], decision="allow")'
AT_HOST = 'network_rule(host="h.org", decision="allow")'
OFF_HOST = 'network_rule(host="h.org", decision="deny")'


@pytest.mark.parametrize(
    ("answer", "kind", "file", "words"),
    [
        (ALWAYS, TOOL, controls(mcp_servers={"tickets": APPROVED}), "tickets: danger"),
        (AMENDED, COMMAND, controls(RULE), "what starts with `make é`"),
        (HOST, COMMAND, controls(AT_HOST), "make é"),
        (BLOCKED, COMMAND, controls(OFF_HOST), "connections to h.org are refused"),
    ],
)
def test_what_was_taken_out_of_a_file_is_still_held_by_the_thread(
    answer: dict[str, Any], kind: dict[str, Any], file: Controls, words: str
) -> None:
    """The engine goes on under it: it must not look taken back."""
    review = permissions(answer, **kind)
    it = world(review)
    (row,) = grants(file, [of_review(review)], it)
    assert row.group != SESSION, "it stands in the file, once"
    (row,) = grants(controls(), [of_review(review)], it)
    assert (row.group, row.edit) == (SESSION, "")
    assert row.what.text.endswith(words)
    assert "in no file any more" in row.back
    assert grants(None, [of_review(review)], it) == (), "the files are not known yet"


def test_the_other_rule_for_a_host_is_not_the_one_that_was_written() -> None:
    for answer, rule in ((HOST, OFF_HOST), (BLOCKED, AT_HOST)):
        review = permissions(answer, **COMMAND)
        rows = grants(controls(rule), [of_review(review)], world(review))
        assert len(rows) == 2, "the file's, and what the thread holds"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": ThreadStatus.NOT_LOADED},
        {"unloaded_ms": 5000},  # and loaded again since
    ],
)
def test_an_unloaded_thread_holds_nothing(changes: dict[str, Any]) -> None:
    review = permissions(session(ASKED), decided_ms=4000)
    it = world(review)
    assert len(grants(None, [of_review(review)], it)) == 1
    gone = replace(it, threads={T: replace(it.threads[T], **changes)})
    assert grants(None, [of_review(review)], gone) == ()


def test_every_way_a_tool_is_approved_for_good_is_listed() -> None:
    given = controls(
        mcp_servers={
            "a.b": {"default_tools_approval_mode": "approve", "tools": "damaged"},
            "c": {"tools": {"d": {"approval_mode": "approve"}, "e": 1, "f": {}}},
            "g": "damaged",
        },
        apps={"h": {"tools": {"i": {"approval_mode": "approve"}}}},
    )
    assert [(row.what.text, row.edit) for row in grants(given, (), World())] == [
        (
            "a.b: every tool that says nothing else runs without asking (approve)",
            'mcp_servers."a.b".default_tools_approval_mode',
        ),
        ("c: d runs without asking (approve)", "mcp_servers.c.tools.d.approval_mode"),
        ("h: i runs without asking (approve)", "apps.h.tools.i.approval_mode"),
    ]


def test_what_does_not_count_is_not_called_standing() -> None:
    given = controls(mcp_servers={"c": APPROVED})
    (layer,) = given.layers
    off = replace(given, layers=(replace(layer, off="the folder is not trusted"),))
    assert len(grants(given, (), World())) == 1
    assert grants(off, (), World()) == ()


def test_a_long_title_leaves_room_for_where_it_lives() -> None:
    review = permissions(session(ASKED))
    it = world(review)
    named = replace(it.threads[T], name="a very long title " * 20)
    (row,) = grants(None, [of_review(review)], replace(it, threads={T: named}))
    assert 10 < len(row.where) <= 32


@pytest.mark.parametrize(
    ("changes", "writes", "network"),
    [
        ({}, "granted: read /etc, write /opt/a, write /opt/b", "on, as granted"),
        ({"resolved_by": "you in another window"}, "write /opt/a", "on, as granted"),
        ({"resolved_by": "another client"}, "unknown", "unknown"),
        ({"key": ReviewKey("an earlier engine", 1)}, "unknown", "unknown"),
    ],
)
def test_a_card_counts_what_was_granted_to_its_thread(
    changes: dict[str, Any], writes: str, network: str
) -> None:
    """What stands beside “without the sandbox” is what the engine enforces."""
    given = permissions(session(ASKED), **changes)
    asked = permissions(
        None,
        key=ReviewKey("epoch", 2),
        state=ReviewState.PENDING,
        resolved_by=None,
        **{**COMMAND, "params": "{}"},
    )
    it, forest = world(given), Forest()
    sandbox = Sandbox(SandboxMode.WORKSPACE_WRITE, network=False)
    settings = Settings(cwd="/w", sandbox=sandbox)
    reviews = {one.key: one for one in (given, asked)}
    thread = replace(it.threads[T], reviews=reviews, settings=settings)
    it = replace(it, threads={T: thread})
    forest.update(it.threads, it.threads)
    rows = {
        name: now for name, _, now in review_card(it, forest, asked, Place(), ()).runs
    }
    if writes == "unknown":
        assert "granted" not in rows["writes"] and rows["network"] == "off"
    else:
        assert rows["writes"].startswith("/w, ") and writes in rows["writes"]
        assert rows["network"] == network


def test_what_waits_is_chosen_below() -> None:
    review = permissions(None, state=ReviewState.PENDING, resolved_by=None)
    view = card(review)
    assert "chosen below" in "".join(bit.text for bit in view.runs_title)
