"""kill -9 of a window that decides: no answer ever left that is not in the ledger.

The oracle is the log of the (fake) engine: what reached it, byte for byte.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from state.db.ledger import read_ledger
from tests.engine.deciders import Life
from tests.engine.fake_engine import fake_binary, short_folder
from tests.engine.test_session_faults import ASK, script

ROOT = Path(__file__).parents[2]
ROUNDS = 4
ASKED = 60


def requests() -> list[dict[str, Any]]:
    """Every second one can only be refused."""
    return [
        {
            **ASK,
            "id": number,
            "params": {
                **ASK["params"],
                "itemId": f"i{number}",
                "command": f"echo {number}",
                "availableDecisions": ["accept" if number % 2 else "cancel"],
            },
        }
        for number in range(ASKED)
    ]


@contextmanager
def deciders() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.engine.deciders"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        yield process
        process.kill()


def reached(log: Path) -> dict[int, Any]:
    """The answers that the engine got, by request."""
    lines = log.read_bytes().splitlines() if log.exists() else []
    messages = [json.loads(line) for line in lines]
    return {m["id"]: m["result"] for m in messages if "result" in m}


def lost_by(parent: subprocess.Popen[str], build: str, at: int) -> list[str]:
    """One window's life until the engine has `at` answers; what the ledger misses."""
    assert parent.stdin is not None and parent.stdout is not None
    with short_folder() as folder:
        fake_binary(folder, script(*requests()))
        path, log = folder / "store.db", folder / "log"
        parent.stdin.write(Life(build, str(folder), str(path)).line)
        parent.stdin.flush()
        pid = int(parent.stdout.readline())
        waiting = threading.Event()
        for _ in range(6_000):
            if len(reached(log)) >= at:
                break
            waiting.wait(0.005)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        waiting.wait(0.05)  # What is in the pipe has left, too.
        got = reached(log)
        assert len(got) >= at, "the window did not answer"
        with closing(sqlite3.connect(path)) as db:
            rows = db.execute("SELECT request_id, body FROM decision").fetchall()
        kept = {json.loads(key): json.loads(body)["result"] for key, body in rows}
        entries = {e.what: e for e in read_ledger(path)}
        wrong = [
            f"{number}: {result} is not in the ledger"
            for number, result in got.items()
            if number not in kept or json.loads(kept[number]) != result
        ]
        if build == "faithful" and not wrong:
            for number in got:
                entry = entries[f"echo {number}"]
                assert entry.who == "you" and entry.at.decided is not None
                assert json.loads(entry.sent) == got[number]
        return wrong


@pytest.mark.parametrize("build", ["faithful", "hasty"])
def test_what_left_is_in_the_ledger(build: str) -> None:
    chance = random.Random(5)
    with deciders() as parent:
        lost = [
            line
            for _ in range(ROUNDS)
            for line in lost_by(parent, build, chance.randrange(1, ASKED - 15))
        ]
    assert bool(lost) == (build == "hasty"), lost
