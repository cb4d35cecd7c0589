"""A command that was allowed to leave the sandbox is not said to be blocked by it."""

from __future__ import annotations

from typing import Any

import pytest

from state.events import ReviewDecided, ReviewResolved
from state.items import ThreadId
from state.model import World
from state.reduce import reduce
from state.select.blocked import left_out
from state.select.transcript import TranscriptBuilder
from state.tree import Forest
from state.views import CommandCell
from tests.screens.scripts import AUTH, asks_command, began, listed, opened, ran, row
from tests.screens.scripts import item as told_item
from tests.screens.stage import Json, told
from tests.screens.test_ledger_pictures import judged

BLOCKED = "curl: (6) Could not resolve host: example.org"
T = ThreadId(AUTH)


def world(*more: Json) -> World:
    thread = row(AUTH, "auth", 60, "idle")
    made = World()
    for event in told(listed(thread), opened(thread), *began(AUTH, "t1"), *more):
        made = reduce(made, event)
    return made


def out(made: World) -> tuple[str, ...]:
    thread = made.threads[T]
    return left_out(thread, next(iter(thread.turns.values())))


def asked(made: World, letter: str) -> World:
    """Answered with this letter."""
    (review,) = made.threads[T].reviews.values()
    decision = next(d for d in review.decisions if d.letter == letter)
    made = reduce(made, ReviewDecided(T, review.key, decision, 1))
    return reduce(made, ReviewResolved(T, review.key, 2))


@pytest.mark.parametrize(
    ("letter", "more", "left"),
    [
        ("y", {"reason": "I need it"}, ("c1",)),
        ("d", {"reason": "I need it"}, ()),
        ("y", {}, ()),  # the request does not tell
        ("y", {"reason": "x", "additionalPermissions": {"network": None}}, ()),
    ],
)
def test_what_you_allowed(
    letter: str, more: dict[str, Any], left: tuple[str, ...]
) -> None:
    given = {"reason": None, **more}
    made = asked(world(asks_command(AUTH, "t1", "c1", "curl x", **given)), letter)
    assert out(made) == left


def test_what_auto_review_allowed() -> None:
    allowed, denied = (
        judged(f"r{name}", status, "/bin/bash -lc 'curl x'")
        for name, status in (("1", "approved"), ("2", "denied"))
    )
    for number, one in enumerate((allowed, denied)):
        one["params"] |= {"threadId": AUTH, "targetItemId": f"c{number}"}
    failed = [
        told_item(
            AUTH, "t1", **ran("curl x", BLOCKED, key, exitCode=6, status="failed")
        )
        for key in ("c0", "c1")
    ]
    made = world(*failed, allowed, denied)
    assert out(made) == ("c0",)
    forest = Forest()
    forest.update(made.threads, made.threads)
    view = TranscriptBuilder(forest).view(made, made.threads[T], loading=False)
    notes = [c.body.note for c in view.cells if isinstance(c.body, CommandCell)]
    assert notes[0] == "" and "sandbox blocked the connection" in notes[1]
