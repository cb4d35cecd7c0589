"""`codex-tui reviews` without an engine: every kind, told whole and harmless.

The oracle is what is printed.
"""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from state import events as e
from state.dataclass import replace
from state.engine.errors import EngineLost
from state.home import store_path
from state.model import Review, Thread, World
from state.reduce import reduce
from state.select.review import all_pending
from state.select.words import foreign
from tests.screens.scripts import AUTH, began, listed, row
from tests.screens.stage import told
from tests.screens.test_review_cards_at_worst import EDITS, EVIL, KINDS
from tests.store.helpers import T1, decided, publish, review, seen, writing
from tui import review_report
from tui.place import Place
from tui.review_ledger import Past, lines, past, rows, stored
from tui.services import engine_label

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

    review_report._print(found, Past(), Namespace(json=False, all=True))
    text = capsys.readouterr().out
    assert not [c for c in text if not c.isprintable() and c != "\n"], repr(text)
    for words in TOLD.get(kind, [f"waits for its own client: {OTHERS.get(kind)}"]):
        assert words in text, (words, text)

    review_report._print(found, Past(), Namespace(json=True, all=True))
    (made,) = json.loads(capsys.readouterr().out)
    assert made["ours"] is (kind not in OTHERS)
    raw = json.dumps(made["changes"] if kind == "edits" else made["params"])
    assert json.dumps(EVIL)[1:-1] in raw, "scripts get every character as it came"


def test_what_was_decided_before_is_told_whole(tmp_path: Path) -> None:
    """The ledger, as the screen has it; what waits now is told above it."""
    evil = replace(review(2), command=f"echo {EVIL}" * 100)
    waits = replace(review(3), command="touch waits")
    place = Place(tmp_path, tmp_path)

    async def run() -> None:
        async with writing(store_path(tmp_path)) as window:
            world = publish(window, World(), seen(T1, name="fix it"))
            for one in (review(), evil, waits, review(4)):
                asked = e.ReviewAsked(T1, one)
                world = publish(window, world, asked)
            answer = decided()
            world = publish(window, world, answer)
            await window.commit_now(answer)
            sent = e.ReviewSent(T1, review().key, 60)
            world = publish(window, world, sent)
            publish(window, world, e.ReviewResolved(T1, review().key, 70))

    asyncio.run(run())
    kept = stored(place)
    now = World(threads={T1: Thread(T1, reviews={waits.key: waits})})
    found = past(kept, now)
    assert len(found.entries) == 3
    text = "\n".join(lines(found))
    assert not [c for c in text if not c.isprintable() and c != "\n"], repr(text)
    assert "[you allowed once · " in text and "fix it" in text
    assert "touch waits" not in text
    assert text.count("waited when last heard of") == 2, "it may wait, or be over"
    told = rows(found)
    assert {row["id"] for row in told} == {None}
    assert evil.command in {row["what"] for row in told}, "as it came"
    (done,) = [row for row in told if row["who"] == "you"]
    assert (done["sent"], done["scope"]) == ({"decision": "accept"}, "once")
    moments = [done[f"{name}Ms"] for name in ("asked", "decided", "sent", "confirmed")]
    assert moments == [5, 9, 60, 70], "each as it was, not as it was written"
    assert [row["outcome"] for row in told].count("unknown") == 2


@pytest.mark.parametrize(
    "name", ["", "nonsense", "1", "1-xyz", "\x1b[31m", "-", "1-\n"]
)
def test_a_word_that_is_no_id_is_a_wrong_argument(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_report, "targets", lambda *_: object())
    arguments = Namespace(id=name, accept=True, yes_broad=False)
    assert review_report.review_command(arguments) == 2
    said = capsys.readouterr().err
    assert "is no id of a review; `codex-tui reviews` lists" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("remote", "label"),
    [
        (None, "/home/dev/.codex"),
        ("ws://127.0.0.1:8/x?token=s3cret", "ws://127.0.0.1:8/x"),
        ("wss://me:s3cret@host.example:8/a@b", "wss://host.example:8/a@b"),
        ("unix:///run/a@b.sock", "unix:///run/a@b.sock"),
        ("bogus", "bogus"),
    ],
)
def test_no_secret_of_an_address_is_kept_or_told(
    remote: str | None, label: str
) -> None:
    place = Place(Path("/home/dev/.codex"), Path("/nowhere"))
    assert engine_label(Namespace(remote=remote), place) == label


@pytest.mark.parametrize(
    ("remote", "words"),
    [(None, review_report.NO_ENGINE), ("ws://me:s3cret@h:1", "answers at ws://h:1:")],
)
def test_nobody_there_is_said_of_the_engine_that_was_meant(
    remote: str | None, words: str
) -> None:
    place = Place(Path("/home/dev/.codex"), Path("/nowhere"))
    lost = EngineLost("refused")
    said = review_report._no_engine(lost, Namespace(remote=remote), place)
    assert words in said and "s3cret" not in said
