"""What was granted on request and still counts, in the model of the sandbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

from state import events as e
from state.dataclass import replace
from state.items import ItemId, ThreadId, TurnId
from state.model import Sandbox, SandboxMode, Settings, Thread, ThreadStatus, Turn
from state.permissions.assemble import policy_of
from state.permissions.granted import METHOD, Granted, granted
from state.permissions.policy import Access, Host, Layer
from state.reduce import reduce_thread
from state.reviews import (
    Decision,
    Review,
    ReviewKey,
    ReviewKind,
    ReviewState,
)

T, U = ThreadId("t"), TurnId("u")
HOST = Host(home="/home/dev", tmpdir="/var/tmp/dev")
ROOTS = ("/w",)
FILES = {"write": ["/srv/logs"], "read": ["/srv"]}


def review(answer: Any, **more: Any) -> Review:
    """A request for permissions that we answered."""
    found = Review(
        ReviewKey("epoch", 3),
        1,
        METHOD,
        ReviewKind.PERMISSIONS,
        T,
        U,
        ItemId("i"),
        None,
        "{}",
        "",
        10,
        state=ReviewState.RESOLVED,
        decision=Decision("a", "", json.dumps(answer)),
        decided_ms=20,
        resolved_by="you",
    )
    return replace(found, **more)


def thread(one: Review, **more: Any) -> Thread:
    turns = {U: Turn(U)}
    found = Thread(T, status=ThreadStatus.ACTIVE, active_turn=U, turns=turns)
    return replace(found, reviews={one.key: one}, **more)


def holds(one: Thread, epoch: str | None = "epoch") -> list[tuple[str, str, str]]:
    found = granted(one, epoch, ROOTS, HOST)
    return [(x.access.value, x.path, x.layer.value) for x in found.entries]


SESSION = {"permissions": {"fileSystem": FILES}, "scope": "session"}
TURN = {"permissions": {"fileSystem": {"write": ["/srv"]}}, "scope": "turn"}


def test_for_the_session_and_for_the_turn() -> None:
    assert holds(thread(review(SESSION))) == [
        ("read", "/srv", "session grant"),
        ("write", "/srv/logs", "session grant"),
    ]
    assert holds(thread(review(TURN))) == [("write", "/srv", "this turn")]
    later = thread(review(TURN), active_turn=TurnId("v"))
    assert holds(later) == []
    assert holds(replace(later, active_turn=None, status=ThreadStatus.IDLE)) == []
    idle = thread(review(SESSION), active_turn=None, status=ThreadStatus.IDLE)
    assert len(holds(idle)) == 2


@pytest.mark.parametrize(
    "one",
    [
        review({"permissions": {}}),
        review({**SESSION, "strictAutoReview": True}),
        review(SESSION, resolved_by="another client", decision=None),
        review(SESSION, state=ReviewState.PENDING, resolved_by=None),
        review(SESSION, resolved_by="the turn's end"),
        review(SESSION, key=ReviewKey("an earlier engine", 3)),
        review(SESSION, method="item/commandExecution/requestApproval"),
        review(SESSION, decision=Decision("a", "", "no JSON")),
        review([1]),
        review({"permissions": {"fileSystem": {"entries": [1, {"path": 2}]}}}),
    ],
)
def test_what_grants_nothing(one: Review) -> None:
    assert granted(thread(one), "epoch", ROOTS, HOST) == Granted()


def test_it_ends_when_the_thread_is_unloaded() -> None:
    """Also where the same engine loads it again."""
    held = thread(review(SESSION))
    gone = reduce_thread(held, e.ThreadUnloaded(T, 30))
    assert holds(gone) == []
    again = reduce_thread(gone, e.ThreadStatusChanged(T, ThreadStatus.IDLE))
    assert holds(again) == []
    assert holds(held, None) == []


def test_entries_of_every_kind() -> None:
    def entry(path: Any, access: str) -> Any:
        return {"path": path, "access": access}

    entries = [
        entry({"type": "path", "path": "/a/../b"}, "write"),
        entry({"type": "glob_pattern", "pattern": "/w/**/*.key"}, "deny"),
        entry({"type": "special", "value": {"kind": "root"}}, "read"),
        entry({"type": "special", "value": {"kind": "slash_tmp"}}, "write"),
        entry({"type": "special", "value": {"kind": "tmpdir"}}, "write"),
        entry(
            {"type": "special", "value": {"kind": "project_roots", "subpath": "docs"}},
            "write",
        ),
        entry({"type": "special", "value": {"kind": "future"}}, "write"),
    ]
    answer = {"permissions": {"fileSystem": {"entries": entries}}, "scope": "session"}
    assert [(a, p) for a, p, _ in holds(thread(review(answer)))] == [
        ("write", "/b"),
        ("deny", "/w/**/*.key"),
        ("read", "/"),
        ("write", "/tmp"),
        ("write", "/var/tmp/dev"),
        ("write", "/w/docs"),
    ]


def test_the_policy_has_them_with_their_layer() -> None:
    settings = Settings(sandbox=Sandbox(SandboxMode.READ_ONLY), cwd="/w")
    answer = {
        "permissions": {
            "fileSystem": {"write": ["/srv"]},
            "network": {"enabled": True},
        },
        "scope": "session",
    }
    given = granted(thread(review(answer)), "epoch", ROOTS, HOST)
    policy = policy_of(settings, None, HOST, granted=given)
    assert policy is not None
    [entry] = policy.writable
    assert (entry.path, entry.access, entry.layer) == (
        "/srv",
        Access.WRITE,
        Layer.GRANT,
    )
    assert (policy.network, policy.network_layer) == (True, Layer.GRANT)
