"""The running program in a terminal, when the terminal or the program misbehaves.

The oracles are the bytes that left the pty, the terminal's attributes, the exit code
and the files that are left.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.arch.source import REPO
from tests.engine.fake_engine import fake_binary
from tests.fakes import sandbox, thread_row
from tests.scenario.pty import ESCAPE, LIMIT, Terminal
from tests.scenario.script import SCRIPT, Place, a_place

ENTER_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
SECRET = "the words of a conversation"
READY = "local 0.163.9"
LAST = "\u2603"


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
        "thread/list": [
            {
                "match": {"archived": False, "ancestorThreadId": None},
                "then": [{"reply": listed}],
                "else": [{"reply": {"data": [], "nextCursor": None}}],
            }
        ],
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


def unlike(terminal: Terminal) -> list[str]:
    """What is not as it was: attributes, screen, cursor, mouse, paste."""
    output = terminal.bytes
    pairs = {
        "the screen": (ENTER_SCREEN, LEAVE_SCREEN),
        "the cursor": (b"\x1b[?25l", b"\x1b[?25h"),
        "the keys": (b"\x1b[>", b"\x1b[<u"),
        "the wrap": (b"\x1b[?7l", b"\x1b[?7h"),
    }
    for mode in (b"1000", b"1003", b"1006", b"2004", b"1004"):
        pairs[f"mode {mode.decode()}"] = (b"\x1b[?%bh" % mode, b"\x1b[?%bl" % mode)
    found = [
        name
        for name, (begun, ended) in pairs.items()
        if output.rfind(ended) <= output.rfind(begun)
    ]
    return found + ["the modes"] * (terminal.modes != terminal.before)


def restored(terminal: Terminal) -> None:
    """The terminal is as it was before a program that ended, or is stopped. What that
    wrote last may still be on its way to us."""
    with contextlib.suppress(AssertionError):
        terminal.wait(lambda: not unlike(terminal), "the terminal as it was")
    assert unlike(terminal) == []


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
    "several at once": """
import asyncio
from tui.app import CodexTui as C
def fail_at_once(_app):
    asyncio.get_running_loop().create_task(fail_later())
    fail()
C.action_how_to_quit = fail_at_once
""",
    "leaving": """
from tui.services import Services as C
C.end = fail_later
import os, signal
from tui.app import CodexTui as C
C.action_how_to_quit = lambda _app: os.kill(os.getpid(), signal.SIGHUP)
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
        restored(terminal)


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
        assert terminal.quit() == 0
    (report,) = place.own.glob("crash-*.txt")
    assert SECRET not in report.read_text()


# -- the terminal ----------------------------------------------------------------------


def drafts(place: Place) -> list[str]:
    """What the store on disk holds, read by SQLite itself."""
    path = place.own / "store.db"
    if not path.exists():
        return []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        rows = connection.execute("select text from draft").fetchall()
    connection.close()
    return [text.removesuffix(LAST) for (text,) in rows if text]


def typed(terminal: Terminal, text: str) -> None:
    """Write into the composer of a new thread; returns when it is on screen."""
    terminal.wait_for(READY)
    at = terminal.type("2")
    terminal.wait_for("enter start", since=at)
    # Its last letter stands nowhere else: once it is drawn, all keys were taken.
    terminal.type(text + LAST)
    terminal.wait_for(LAST, since=at)


@pytest.mark.parametrize("kind", ["hang up", "SIGHUP", "SIGTERM"])
def test_hanging_up_ends_it_at_once_and_the_draft_is_on_disk(
    place: Place, kind: str
) -> None:
    with run(place, replies()) as terminal:
        typed(terminal, "do not lose this")
        if kind == "hang up":
            terminal.hang_up()
        else:
            terminal.signal(signal.SIGHUP if kind == "SIGHUP" else signal.SIGTERM)
        assert terminal.process.wait(LIMIT) == 0
        if kind != "hang up":
            restored(terminal)
    assert drafts(place) == ["do not lose this"]
    assert not list(place.own.glob("crash-*"))


# The terminal goes away at the worst moment, twice at once: the last key was taken,
# nothing of what it means was done, and a word for the bottom line is on its way.
WITH_THE_LAST_KEY = """
import os, signal
from state.events import MessageShown
from widgets.composer_field import ComposerField as C
async def on_key(self, event, before=C._on_key):
    await before(self, event)
    if event.character == {last!r}:
        self.app.services.store.offer(MessageShown("on its way"))
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
C._on_key = on_key
"""
BEFORE_THE_SCREEN = """
import os, signal
from tui.app import CodexTui as C
def first(self, before=C.get_default_screen):
    os.kill(os.getpid(), signal.SIGHUP)
    return before(self)
C.get_default_screen = first
"""


def test_hanging_up_with_a_key_just_typed_or_nothing_painted(place: Place) -> None:
    with run(place, replies(), code=WITH_THE_LAST_KEY.format(last=LAST)) as terminal:
        terminal.wait_for(READY)
        at = terminal.type("2")
        terminal.wait_for("enter start", since=at)
        terminal.type(f"do not lose this{LAST}")
        assert terminal.process.wait(LIMIT) == 0
        restored(terminal)
    assert drafts(place) == ["do not lose this"]
    with run(place, replies(), code=BEFORE_THE_SCREEN) as terminal:
        assert terminal.process.wait(LIMIT) == 0
        restored(terminal)
    assert drafts(place) == ["do not lose this"]
    assert not list(place.own.glob("crash-*"))


@pytest.mark.soak
def test_hanging_up_at_random_moments_behind_keys() -> None:
    """Whatever was pressed, whenever the terminal goes: out, mostly within a second
    (this is the one test that measures it), and no report."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance, took = random.Random(seed), []
    for at in range(200):
        with a_place() as place, run(place, replies()) as terminal:
            place.codex_home.mkdir()
            where = f"seed {seed}, round {at}"
            if chance.random() < 0.8:
                terminal.wait_for(READY)
                terminal.type(chance.choice(PRESSED))
            time.sleep(chance.choice((0, 0.02, 0.3)) * chance.random())
            how = chance.choice(("hang up", "SIGHUP", "SIGTERM"))
            if how == "hang up":
                terminal.hang_up()
            else:
                terminal.signal(signal.SIGHUP if how == "SIGHUP" else signal.SIGTERM)
            began = time.monotonic()
            # Before Python is there, the signal itself ends it.
            assert terminal.process.wait(LIMIT) in (
                0,
                -signal.SIGHUP,
                -signal.SIGTERM,
            ), where
            took.append(time.monotonic() - began)
            assert not list(place.own.glob("crash-*")), where
    assert sorted(took)[len(took) // 2] < 1, f"seed {seed}: {sorted(took)}"


PRESSED = (
    "2",
    "2abc",
    "2abc\r",
    "2/he",
    "?",
    "\x10",
    "n",
    "P",
    "T",
    "H",
    "a",
    "aa",
    "/x",
)


def test_control_z_gives_the_terminal_back_and_takes_it_again(place: Place) -> None:
    with run(place, replies()) as terminal:
        terminal.wait_for(READY)
        within = terminal.modes
        for how in ("ctrl+z", "ctrl+z while writing", "SIGTSTP"):
            if how == "ctrl+z":
                terminal.type("\x1a")
            elif how == "ctrl+z while writing":
                terminal.type("i\x1a")
            else:
                terminal.signal(signal.SIGTSTP)
            terminal.wait(terminal.stopped, "stopped")
            restored(terminal)
            at = len(terminal.bytes)
            terminal.signal(signal.SIGCONT)
            terminal.wait_for(READY, since=at)
            terminal.wait(lambda: terminal.modes == within, "raw again")
            assert ENTER_SCREEN in terminal.bytes[at:]
            if how == "ctrl+z while writing":
                terminal.type("\x1b")
        # Stopped by force, with no moment to give anything back.
        terminal.signal(signal.SIGSTOP)
        terminal.wait(terminal.stopped, "stopped")
        at = len(terminal.bytes)
        terminal.signal(signal.SIGCONT)
        terminal.wait_for(READY, since=at)
        # One reader of keys, not two: every letter comes once and in order.
        typed(terminal, "abcdefghijklmnopqrstuvwxyz")
        terminal.type("\x11")
        terminal.wait(lambda: terminal.process.poll() is not None, "the end")
        restored(terminal)
    assert drafts(place) == ["abcdefghijklmnopqrstuvwxyz"]


def stream(count: int) -> list[dict[str, Any]]:
    """An answer in pieces."""
    delta = {"threadId": "t", "turnId": "u", "itemId": "m"}
    turn = {"id": "u", "items": [], "status": "inProgress"}
    begun = {
        "method": "turn/started",
        "params": {"threadId": "t", "turn": turn},
    }
    pieces = [
        {
            "send": {
                "method": "item/agentMessage/delta",
                "params": {**delta, "delta": f"word{number}\n\n"},
            }
        }
        for number in range(count)
    ]
    return [{"send": begun}, *pieces]


def test_twenty_by_five_and_back_while_an_answer_streams(place: Place) -> None:
    row = thread_row("t", name="streaming", status={"type": "idle"})
    script = replies(row)
    account = script["on"]["account/read"]
    script["on"]["thread/resume"] = [*script["on"]["thread/resume"], *stream(300)]
    assert account
    with run(place, script) as terminal:
        terminal.wait_for("streaming")
        terminal.type("\x1b")
        terminal.type("1\r")
        terminal.wait_for("word")
        for size in ((20, 5), (1, 1), (400, 3), (3, 200), (20, 5), (120, 40)):
            at = len(terminal.bytes)
            terminal.resize(*size)
            terminal.rest(at)
        # No key asks for the end: it was followed all the time.
        terminal.type("\x1b2")
        terminal.wait_for("word299", since=at)
        assert terminal.quit() == 0


def test_a_terminal_without_utf8_gets_what_it_can_show(place: Place) -> None:
    row = thread_row("t", name="caf\u00e9 \u4e2d\u6587 \U0001f600", preview="p")
    with run(
        place,
        replies(row),
        LANG="en_US.ISO-8859-1",
        PYTHONIOENCODING="iso-8859-1",
        PYTHONUTF8="0",
    ) as terminal:
        terminal.wait(lambda: b"caf\xe9 ???? ??" in terminal.bytes, "the name")
        assert all(byte < 0x80 or byte >= 0xA0 for byte in terminal.bytes)
        assert b"\\u" not in terminal.bytes
        # A key of such a terminal is no UTF-8.
        at = terminal.type("2")
        terminal.wait_for("enter start", since=at)
        os.write(terminal.master, b"caf\xe9 au lait")
        terminal.wait_for("au lait", since=at)
        assert terminal.quit() == 0


def test_the_working_folder_goes_away(place: Place) -> None:
    folder = place.home / "gone"
    folder.mkdir()
    with run(place, replies(), cwd=folder) as terminal:
        terminal.wait_for(READY)
        shutil.rmtree(folder)
        typed(terminal, "still here")
        assert terminal.quit() == 0
    assert drafts(place) == ["still here"]
    folder.mkdir()
    remove = f"import os; os.rmdir({str(folder)!r})"
    with run(place, replies(), code=remove, cwd=folder) as terminal:
        assert terminal.wait_exit() == 2
        said = terminal.words().strip()
    assert said == "The working folder does not exist; use --cd DIR."
