"""The running program in a terminal, when the terminal or the program misbehaves.

The oracles are the bytes that left the pty, the terminal's attributes, the exit code
and the files that are left.
"""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.arch.source import REPO
from tests.engine.fake_engine import fake_binary
from tests.fakes import sandbox, thread_row
from tests.scenario.pty import ESCAPE, Terminal
from tests.scenario.script import SCRIPT, Place, a_place

ENTER_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
SECRET = "the words of a conversation"
READY = "local 0.163.9"


@pytest.fixture
def place() -> Iterator[Place]:
    with a_place() as made:
        made.codex_home.mkdir()
        yield made


def replies(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A script for the fake engine: these threads; `more` by method, _ for /."""
    listed = {"data": list(rows), "nextCursor": None}
    opened = {
        "thread": rows[0] if rows else thread_row("t"),
        "model": "mock",
        "cwd": "/home/dev",
        "approvalPolicy": "on-request",
        "approvalsReviewer": "user",
        "sandbox": sandbox(),
    }
    account = {"account": None, "requiresOpenaiAuth": False}
    on: dict[str, Any] = {
        "account/read": [{"reply": account}],
        "thread/list": [{"reply": listed}],
        "thread/loaded/list": [{"reply": {"data": [row["id"] for row in rows]}}],
        "thread/resume": [{"reply": opened}],
        "thread/read": [{"reply": {"thread": opened["thread"]}}],
        "*": [{"reply": {"data": [], "nextCursor": None}}],
    }
    on |= {name.replace("_", "/"): actions for name, actions in more.items()}
    return {"on": on}


def run(
    place: Place,
    script: dict[str, Any],
    *,
    code: str = "",
    size: tuple[int, int] = (120, 40),
    cwd: Path | None = None,
    **environment: str,
) -> Terminal:
    """`codex-tui` on a fake engine in a pty; `code` runs in it before the start."""
    binary = fake_binary(place.home, script)
    options = ("--private", "--codex-bin", str(binary))
    start = f"{code}\nimport sys\nfrom tui.cli import main\nsys.exit(main())"
    command = (sys.executable, "-c", start) if code else (SCRIPT,)
    return Terminal(
        (*command, *options),
        env=place.environment({"PYTHONPATH": str(REPO), **environment}),
        cwd=cwd or place.home,
        size=size,
    )


def restored(terminal: Terminal, output: bytes) -> None:
    """The terminal is as it was: attributes, screen, cursor, mouse, paste."""
    assert terminal.modes == terminal.before
    assert output.rfind(LEAVE_SCREEN) > output.rfind(ENTER_SCREEN)
    assert output.rfind(b"\x1b[?25h") > output.rfind(b"\x1b[?25l")
    for mode in (b"1000", b"1003", b"1006", b"2004", b"1004"):
        on, off = b"\x1b[?%bh" % mode, b"\x1b[?%bl" % mode
        assert output.rfind(off) > output.rfind(on), mode
    assert output.rfind(b"\x1b[<u") > output.rfind(b"\x1b[>")
    assert output.rfind(b"\x1b[?7h") > output.rfind(b"\x1b[?7l")


# -- a crash of ours -------------------------------------------------------------------

INJECT = """
import asyncio
SECRET = {secret!r}
def fail(*_args, **_more):
    conversation = SECRET
    raise KeyError(SECRET)
async def fail_later(*_args, **_more):
    fail()
{patch}
"""
CRASHES = {
    "a key": "from tui.app import CodexTui as C; C.action_how_to_quit = fail",
    "drawing": """
from widgets.status_bar import StatusBar as C
before = C.render_line
C.render_line = lambda s, y: fail() if s.message else before(s, y)
""",
    "a timer": "from tui.app import CodexTui as C; C._tell_time = fail",
    "mounting": "from tui.screens.fleet import FleetScreen as C; C.on_mount = fail",
    "composing": "from tui.screens.fleet import FleetScreen as C; C.compose = fail",
    "beginning": "from tui.services import Services as C; C.begin = fail_later",
    "wiring": "import tui.run; tui.run.build = fail",
    "markup": """
from rich.errors import MarkupError
from tui.app import CodexTui as C
def fail_in_markup(_app):
    raise MarkupError(SECRET)
C.action_how_to_quit = fail_in_markup
""",
    "the keyboard": """
from textual._xterm_parser import XTermParser as C
before = C.feed
C.feed = lambda s, text: fail() if "\\x03" in text else before(s, text)
""",
}
EARLY = ("mounting", "composing", "beginning", "wiring", "a timer")


@pytest.mark.parametrize("where", CRASHES)
def test_a_crash_leaves_a_sentence_and_a_report_and_no_content(
    place: Place, where: str
) -> None:
    code = INJECT.format(secret=SECRET, patch=CRASHES[where])
    with run(place, replies(), code=code) as terminal:
        if where not in EARLY:
            terminal.wait_for(READY)
            terminal.type("\x03")
        assert terminal.wait_exit() == 70
        output = terminal.bytes
    (report,) = place.own.glob("crash-*.txt")
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text()
    assert SECRET not in text
    assert "in fail" in text and "Error" in text and "textual" in text
    said = ESCAPE.sub(b"", output.rpartition(LEAVE_SCREEN)[2]).decode()
    lines = [line for line in said.split("\r\n") if line]
    assert len(lines) == 1, said
    assert str(report) in lines[0]
    assert SECRET.encode() not in output
    assert b"Traceback" not in output


def test_after_a_crash_the_terminal_is_as_it_was(place: Place) -> None:
    code = INJECT.format(secret=SECRET, patch=CRASHES["a key"])
    with run(place, replies(), code=code) as terminal:
        terminal.wait_for(READY)
        assert terminal.modes != terminal.before
        terminal.type("\x03")
        terminal.process.wait()
        terminal.wait(lambda: "crash-" in terminal.words(), "the sentence")
        restored(terminal, terminal.bytes)


def test_a_fault_beside_the_screen_is_reported_and_the_screen_goes_on(
    place: Place,
) -> None:
    patch = """
from state.engine.live import Live as C
C.learn = fail_later
"""
    code = INJECT.format(secret=SECRET, patch=patch)
    with run(place, replies(), code=code) as terminal:
        terminal.wait_for("a report is in")
        terminal.type("\x11")
        assert terminal.wait_exit() == 0
    (report,) = place.own.glob("crash-*.txt")
    assert SECRET not in report.read_text()
