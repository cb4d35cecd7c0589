"""What reaches a user who looks elsewhere, in the bytes of a real pty: title, bell,
OSC 9, a command of theirs, the status line; and the keys that lead to it and back."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.fake_engine import fake_binary
from tests.fakes import thread_row
from tests.scenario.pty import Terminal
from tests.scenario.script import SCRIPT, Place, a_place
from tests.scenario.test_faults import replies

SECRET = "rm -rf /secretword"
BELL = b"\x07"
WAITS = {"type": "active", "activeFlags": ["waitingOnApproval"]}
WRITE = "import pathlib,sys;pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"
OSC = re.compile(rb"\x1b\][^\x07]*\x07")


@pytest.fixture
def place() -> Iterator[Place]:
    with a_place() as made:
        made.codex_home.mkdir()
        yield made


def script() -> dict[str, Any]:
    """The thread `asks` waits for a decision."""
    turn = {"id": "u", "items": [], "status": "inProgress"}
    begun = {"method": "turn/started", "params": {"threadId": "t-asks", "turn": turn}}
    request = {
        "id": 7,
        "method": "item/commandExecution/requestApproval",
        "params": {
            "threadId": "t-asks",
            "turnId": "u",
            "itemId": "i",
            "startedAtMs": 1,
            "command": SECRET,
            "cwd": "/home/dev",
            "availableDecisions": ["accept", "decline"],
        },
    }
    made = replies(thread_row("t-asks", name="asks", status=WAITS))
    made["on"]["account/read"] += [{"send": begun}, {"send": request}]
    return made


def start(place: Place, *options: str, **environment: str) -> Terminal:
    binary = fake_binary(place.home, script())
    return Terminal(
        (SCRIPT, *options, "--codex-bin", str(binary)),
        env=place.environment(environment),
        cwd=place.home,
    )


def left(terminal: Terminal, words: str) -> None:
    """Wait until these bytes left the program."""
    terminal.wait(lambda: words.encode() in terminal.bytes, repr(words))


def test_who_needs_you_is_called_out_and_found(place: Place) -> None:
    told = place.home / "told"
    command = [sys.executable, "-c", WRITE, str(told)]
    place.own.mkdir(mode=0o700)
    settings = f"[notify]\ncommand = {json.dumps(command)}\n"
    (place.own / "config.toml").write_text(settings)
    with start(place, "--private") as terminal:
        left(terminal, "\x1b]2;▲1 codex-tui\x07")
        left(terminal, "\x1b]9;codex-tui: asks: needs you\x07")
        terminal.wait(lambda: told.exists() and told.read_text(), "their command")
        # From wherever one is to what needs somebody, and back again.
        at = terminal.type("\x1b1.")
        terminal.wait_for(SECRET, since=at)
        at = terminal.type("\x1b,")
        terminal.wait_for("What should Codex do", since=at)
        assert terminal.quit() == 0
        out = terminal.bytes
    before, _, after = out.partition(b"\x1b]2;")
    assert b"\x1b[22;2t" in before and b"\x1b[23;2t" in after, "the title is given back"
    assert BELL in OSC.sub(b"", out)
    assert not [one for one in OSC.findall(out) if SECRET.encode() in one]
    call = json.loads(told.read_text())
    assert call == {
        "kind": "review",
        "thread": "t-asks",
        "name": "asks",
        "agent": False,
        "words": "asks: needs you",
    }


QUIET = "[notify]\ntitle = false\nbell = false\nosc9 = false\n"


def test_switched_off_nothing_leaves(place: Place) -> None:
    place.own.mkdir(mode=0o700)
    (place.own / "config.toml").write_text(QUIET)
    with start(place, "--private") as terminal:
        terminal.wait_for("1 needs you")
        assert terminal.quit() == 0
        out = terminal.bytes
    assert BELL not in OSC.sub(b"", out)
    assert b"\x1b]2;" not in out and b"\x1b]9;" not in out
