"""What stands granted is what was granted, not what was asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from state.dataclass import replace
from state.items import ThreadId
from state.ledger_requests import of_review
from state.model import (
    Decision,
    Review,
    ReviewKey,
    ReviewKind,
    ReviewState,
    Thread,
    ThreadStatus,
    World,
)
from state.select.grants import grants
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


def test_what_waits_is_chosen_below() -> None:
    review = permissions(None, state=ReviewState.PENDING, resolved_by=None)
    view = card(review)
    assert "chosen below" in "".join(bit.text for bit in view.runs_title)
