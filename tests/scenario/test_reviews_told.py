"""`codex-tui reviews` without an engine: every kind, told whole and harmless.

The oracle is what is printed.
"""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

import pytest

from state.model import Review, Thread, World
from state.reduce import reduce
from state.select.review import all_pending
from state.select.words import foreign
from tests.screens.scripts import AUTH, began, listed, row
from tests.screens.stage import told
from tests.screens.test_review_cards_at_worst import EDITS, EVIL, KINDS
from tui import review_report

TOLD = {
    "command": ["$ step_000", "step_399", "--accept", "does not say which"],
    "extra": ["step_399", "writes: /home/dev", "reads: /r/", "network: on"],
    "connection": ["approve network access to", "--session --yes-broad"],
    "input": ["send input to the existing terminal?", "step_399"],
    "person": ["wants a person", "step_399"],
    "edits": ["add /home/dev/", "step_399", "--session --yes-broad"],
    "permissions": ["/srv/039", "network", "exactly this, besides the sandbox"],
    "questions": ["step_399", "in the window          Yes, with", "--decline"],
    "form": ["asks you", "in the window          Yes, with", "--decline"],
    "address": ["to open an address", "https://", "--accept"],
    "tool": ["run this tool?", "step_399", "--always --yes-broad"],
}
OTHERS = {"owned": "tool call", "unknown": "other"}


class Visited:
    """A visit to an engine that asks for one thing."""

    def __init__(self, world: World) -> None:
        self.world = world

    def waiting(self) -> list[tuple[Thread, Review]]:
        return all_pending(self.world.threads.values())

    def others(self) -> list[tuple[Thread, Review]]:
        threads = self.world.threads.values()
        return [(thread, review) for thread in threads for review in foreign(thread)]

    def name(self, review: Review) -> str:
        return f"{review.key.request_id}-0"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_told_whole(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    thread = row(AUTH, "auth", 60, "idle")
    world = World()
    for event in told(listed(thread), *began(AUTH, "t1"), EDITS, KINDS[kind]):
        world = reduce(world, event)
    found: Any = Visited(world)

    review_report._print(found, [], Namespace(json=False, all=True))
    text = capsys.readouterr().out
    assert not [c for c in text if not c.isprintable() and c != "\n"], repr(text)
    for words in TOLD.get(kind, [f"waits for its own client: {OTHERS.get(kind)}"]):
        assert words in text, (words, text)

    review_report._print(found, [], Namespace(json=True, all=True))
    (made,) = json.loads(capsys.readouterr().out)
    assert made["ours"] is (kind not in OTHERS)
    raw = json.dumps(made["changes"] if kind == "edits" else made["params"])
    assert json.dumps(EVIL)[1:-1] in raw, "scripts get every character as it came"
