"""What a terminal may do to us, and what we leave it like."""

from __future__ import annotations

import os
import re
import signal
import time

import psutil  # type: ignore[import-untyped]
import pytest

from tests.engine.harness import EngineUnderTest, each_engine
from tests.scenario.tmux import ended, until
from tests.scenario.tmux_desk import PROGRAM, Desk, enter_field, write

DRAFT = "kept when the line drops"


def given_back(output: bytes) -> bool:
    """The first screen, and no mode of ours on it."""
    _, left, after = output.rpartition(b"\x1b[?1049l")
    modes = [(b"?%bh" % m, b"?%bl" % m) for m in (b"1000", b"1003", b"1006", b"2004")]
    return (
        bool(left)
        and b"\x1b[?1049h" not in after
        and all(
            output.rfind(b"\x1b[" + off) > output.rfind(b"\x1b[" + on)
            for on, off in [*modes, (b"?25l", b"?25h")]
        )
    )


@each_engine
@pytest.mark.parametrize("by", ["signal", "hangup"])
def test_a_dropped_line_keeps_the_draft(engine: EngineUnderTest, by: str) -> None:
    with Desk(engine) as desk:
        # Below a shell, whose terminal it has to give back.
        window = desk.tmux.open(
            ("sh", "-c", f"stty -a > before; '{PROGRAM}'; stty -a > after; exec cat"),
            cwd=desk.workspace,
        )
        window.wait_for(f"● local {engine.version}")
        (own,) = [
            child
            for child in psutil.Process(window.pid).children(recursive=True)
            if PROGRAM in child.cmdline()
        ]
        enter_field(window)
        window.type(DRAFT)
        window.wait_for(f"› {DRAFT}")
        until(lambda: DRAFT in desk.drafts(), "the draft on disk")
        if by == "signal":
            own.send_signal(signal.SIGHUP)
            after = desk.workspace / "after"
            until(after.exists, "the shell after us")
            until(lambda: not window.full_screen, "the first screen")
            until(lambda: b"rows" in after.read_bytes(), "the terminal's settings")
            assert after.read_bytes() == (desk.workspace / "before").read_bytes()
            until(lambda: given_back(window.bytes), "all modes of the terminal")
        else:
            window.close()
        until(lambda: ended(own), "the end of codex-tui")
        assert desk.engines()
        desk.open().wait_for(f"› {DRAFT}")


@each_engine
def test_a_shrinking_terminal_ends_nothing(engine: EngineUnderTest) -> None:
    with Desk(engine) as desk:
        window = desk.ready()
        enter_field(window)
        write(window, "stream please")
        window.wait_for("alphaword")
        for size in ((20, 5), (3, 2), (81, 24), (20, 5)):
            window.resize(*size)
            wide = f"{size[0]}x{size[1]}"
            until(lambda wide=wide: window.size == wide, wide)  # type: ignore[misc]
        desk.release("stream")
        window.resize(120, 40)
        window.wait_for("alphaword", "betaword is last.", "to /root")
        assert window.exit_code is None


BAD_LOOKS = {
    "no-color": {"NO_COLOR": "1"},
    "dumb": {"TERM": "dumb", "COLORTERM": ""},
    "unknown": {"TERM": "nobody-knows", "COLORTERM": ""},
    "latin-1": {"LC_ALL": "en_US.ISO-8859-1", "LANG": "en_US.ISO-8859-1"},
    "posix": {"LC_ALL": "POSIX", "LANG": "C", "PYTHONUTF8": "0"},
}


def colours(painted: bytes) -> set[bytes]:
    """The foregrounds and backgrounds that are no shade of grey."""
    found = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", painted)
    return {b";".join(rgb) for rgb in found if len(set(rgb)) > 1}


@each_engine
@pytest.mark.parametrize("look", BAD_LOOKS)
def test_a_poor_terminal_gets_a_screen(engine: EngineUnderTest, look: str) -> None:
    with Desk(engine) as desk:
        window = desk.open(env=BAD_LOOKS[look])
        window.wait_for("codex-tui", f"local {engine.version}")
        window.press("i")
        window.wait_gone("i write")
        window.type("hello")
        window.wait_for("hello")
        window.press("Enter")
        window.wait_for("heard hello.")
        if look == "no-color":
            assert colours(window.bytes) == set()
        window.press("C-q")
        assert window.wait_exit() == 0


@each_engine
def test_the_folder_we_start_in_shadows_nothing(engine: EngineUnderTest) -> None:
    with Desk(engine) as desk:
        for name in ("state", "widgets", "tui"):
            package = desk.workspace / name
            package.mkdir()
            (package / "__init__.py").write_text(
                "raise SystemExit('the folder was imported')\n", encoding="utf-8"
            )
        window = desk.open(env={"PYTHONPATH": os.pathsep})
        window.wait_for(f"● local {engine.version}")


@each_engine
@pytest.mark.soak
def test_windows_come_and_go(engine: EngineUnderTest) -> None:
    """Leaving at any moment of a start ends the process."""
    with Desk(engine) as desk:
        window = desk.ready()
        enter_field(window)
        write(window, "remember me")
        window.wait_for("heard remember me.")
        for number in range(30):
            again = desk.open()
            again.wait_for("remember me")
            time.sleep(0.03 * (number % 10))  # not to wait for anything: to vary
            again.press("C-q")
            assert again.wait_exit() == 0
