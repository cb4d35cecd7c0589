"""Starting lean: what a command line call may load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.arch.source import REPO

LEAN = (
    *(("--help",), ("--version",), ("threads",), ("threads", "--json"), ("doctor",)),
    *(
        ("reviews",),
        ("review", f"0-{0:012}", "--accept"),
        ("status", "--short"),
        ("tree",),
    ),
    *(
        ("terminals",),
        ("stop", "1", "--yes"),
        ("send", "/root", "hi"),
        ("interrupt", "a"),
    ),
)
LEAN_MODULES = 600
"""Modules after `--help`; Python itself has about a hundred. Not a time: it is the
same on every machine."""

SCRIPT = """
import sys
from tui.cli import main
try:
    code = main()
except SystemExit as exit:
    code = exit.code
ui = sorted({n.split(".")[0] for n in sys.modules} & {"textual", "rich"})
print("\\n@", code, ui, len(sys.modules), file=sys.stderr)
"""


def _run(arguments: tuple[str, ...], home: Path) -> tuple[str, int]:
    """What of Textual and Rich was loaded, and how many modules in all."""
    ran = subprocess.run(
        (sys.executable, "-c", SCRIPT, *arguments),
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "CODEX_HOME": str(home),
            "CODEX_TUI_HOME": str(home / "own"),
            "CODEX_TUI_CODEX_BIN": "/bin/false",
            "LANG": "C.UTF-8",
        },
    )
    last = ran.stderr.splitlines()[-1] if ran.stderr else ""
    assert last.startswith("@ "), ran.stderr
    code, _, rest = last[2:].partition(" ")
    loaded, _, count = rest.rpartition(" ")
    assert code != "2", f"usage error of {arguments}: {ran.stderr}"
    return loaded, int(count)


@pytest.mark.parametrize("arguments", LEAN, ids=" ".join)
def test_a_subcommand_loads_no_screen_library(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    """Textual costs half a second; `threads` in a status line must not pay it."""
    loaded, _ = _run(arguments, tmp_path)
    assert loaded == "[]"


def test_help_loads_next_to_nothing(tmp_path: Path) -> None:
    """The command line imports its parts when they are asked for."""
    _, count = _run(("--help",), tmp_path)
    assert count < LEAN_MODULES
