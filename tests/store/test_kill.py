"""kill -9 at any moment: what was acknowledged is there, and the file is sound."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from state.db.history import drafts, load_world
from state.model import ClientId, ReviewKey, ReviewState
from tests.store.helpers import T1

ROOT = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("CODEX_TUI_KILL_ROUNDS", "25"))


def acknowledged_before_kill(path: Path, name: str, lines: int) -> list[list[str]]:
    """Run a victim, kill it after it acknowledged `lines` things (and whatever it
    did while the signal was on its way); all complete lines of its pipe."""
    victim = subprocess.Popen(
        [sys.executable, "-m", "tests.store.victim", str(path), name],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert victim.stdout is not None
    seen = [victim.stdout.readline() for _ in range(lines)]
    victim.send_signal(signal.SIGKILL)
    seen += victim.stdout.readlines()
    assert victim.wait() == -signal.SIGKILL
    victim.stdout.close()
    return [line.decode().split() for line in seen if line.endswith(b"\n")]


def test_what_was_acknowledged_outlives_kill_9(store: Path) -> None:
    chance = random.Random(7)
    told: dict[str, list[str]] = {"decision": [], "send": []}
    for at in range(ROUNDS):
        lines = acknowledged_before_kill(store, str(at), chance.randrange(1, 40))
        last_draft = 0
        for kind, word in lines:
            if kind == "draft":
                last_draft = int(word)
            else:
                told[kind].append(word)
        thread = load_world(store)[T1]
        assert [s for s in told["send"] if ClientId(s) not in thread.sends] == []
        for request in told["decision"]:
            found = thread.reviews[ReviewKey("e1", request)]
            assert found.state is ReviewState.DECIDED, request
            assert found.decision is not None
        kept = {d.key: int(d.text.split()[1]) for d in drafts(store)}
        assert kept.get(f"key-{at}", 0) >= last_draft
    db = sqlite3.connect(store)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    db.close()
