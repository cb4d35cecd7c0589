"""`codex-tui tree`, as installed: from the store alone, and beside a running engine."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from state.db.writer import StoreWriter
from state.store import Store
from tests.scenario.script import NOWHERE, Place, a_place, harmless
from tests.screens.stage import NOW, connected
from tests.screens.test_agents import ROOT, six


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A store that a window of an earlier day has left; no engine runs."""
    with a_place() as made:
        asyncio.run(_written(made))
        yield made


async def _written(place: Place) -> None:
    store = Store()
    store.offer_all([*connected(), *six()])
    store.tick(NOW)
    writer = await StoreWriter.open(
        place.own / "store.db",
        str(place.codex_home),
        on_event=lambda event: None,
        now_ms=lambda: NOW,
    )
    writer.ingest = True
    writer.enqueue(store.world, store.world.threads, ())
    assert await writer.close()


def tree(place: Place, *arguments: str) -> tuple[int, str, str]:
    ran = place.run("tree", *arguments, CODEX_TUI_CODEX_BIN=NOWHERE)
    out, err = ran.stdout.decode(), ran.stderr.decode()
    harmless(ran.stdout)
    harmless(ran.stderr)
    return ran.returncode, out, err


def test_the_tree_as_last_known(place: Place) -> None:
    code, out, _ = tree(place)
    assert code == 0
    title, *rows = out.splitlines()
    assert title == "fix the parser cache · 5 agents · 72k tokens, as last known"
    assert [row.split()[0] for row in rows] == ["/root", "├", "│", "├", "├", "└"]
    assert "last known" in rows[0]
    assert "completed" in rows[2]
    assert "interrupted" in rows[4]
    assert "failed" in rows[5]
    assert "context window exceeded" in rows[5]


@pytest.mark.parametrize("words", [ROOT, "fix the parser", "01a1-r", "01a4"])
def test_a_thread_by_its_names(place: Place, words: str) -> None:
    code, out, _ = tree(place, words, "--json")
    assert code == 0
    agents = json.loads(out)
    assert [agent["path"] for agent in agents] == [
        "/root",
        "/root/researcher",
        "/root/researcher/indexer",
        "/root/tester",
        "/root/docs",
        "/root/porter",
    ]
    assert [agent["state"] for agent in agents][2:] == [
        "completed",
        "last known",
        "interrupted",
        "failed",
    ]
    assert (agents[1]["model"], agents[1]["effort"]) == ("gpt-6-luna", "medium")
    assert agents[1]["tokensWithAgents"] == 15_400
    assert agents[1]["spawnItem"] == "spawn-01a2"
    assert "ciphertext" in agents[1]["taskNote"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nobody", "There is no thread “nobody”"),
        ("01a", "There is no thread"),
        ("01a1-rooted", "There is no thread"),
        ("/root/nobody", "There is no agent /root/nobody"),
        ("/root/No", "small letters, digits and _"),
    ],
)
def test_what_is_not_there_is_said(place: Place, words: str, said: str) -> None:
    code, out, err = tree(place, words)
    assert (code, out) == (2, "")
    assert said in err


def test_over_time_as_text(place: Place) -> None:
    code, out, _ = tree(place, "--timeline")
    assert code == 0
    lines = out.splitlines()
    assert "20m" in lines[0] and "as last known" in lines[0]
    docs = next(line for line in lines if "docs" in line)
    assert "█◌" in docs.replace(" ", "") and "┄" in docs
    assert "─" in next(line for line in lines if "/root" in line)
    assert max(map(len, lines)) <= 100


def test_over_time_as_a_picture_for_oneself(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "tree.svg"
    code, out, err = tree(place, "--timeline", "--svg", "--out", str(path))
    assert (code, out) == (0, "")
    assert str(path) in err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    picture = ElementTree.fromstring(path.read_text("utf-8"))
    words = " ".join(picture.itertext())
    assert "researcher" in words
    assert "as last known" in words


def test_wrong_arguments_are_said(place: Place, tmp_path: Path) -> None:
    assert tree(place, "--svg")[0] == 2
    assert tree(place, "--timeline", "--json")[0] == 2
    assert tree(place, "--timeline", "--svg", "--text")[0] == 2
    lost = tree(place, "--timeline", "--out", str(tmp_path / "no" / "folder"))
    assert lost[0] == 4
    assert "cannot be written" in lost[2]


def test_no_screen_library_is_imported(place: Place) -> None:
    ran = place.run(
        "tree", "--timeline", PYTHONPROFILEIMPORTTIME="1", CODEX_TUI_CODEX_BIN=NOWHERE
    )
    names = {line.rpartition(b"|")[2].strip() for line in ran.stderr.splitlines()}
    assert b"tui.tree" in names
    assert not names & {b"textual", b"rich"}


def test_nothing_known_is_no_engine() -> None:
    with a_place() as empty:
        ran = empty.run("tree", CODEX_TUI_CODEX_BIN=NOWHERE)
    assert ran.returncode == 3
    assert b"No threads are known here yet." in ran.stderr
