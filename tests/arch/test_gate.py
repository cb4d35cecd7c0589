"""What `.ci/run` does, with an npm and a make that only write down what they are asked.

Owns: which engine is installed, what a newer one may cost, how the gate ends.
Invariant: no registry is asked.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from state.dataclass import dataclass
from state.engine.installed import TESTED
from tests.arch.source import REPO

FAKE_NPM = """#!/bin/sh
echo "npm $*" >> "$LOG"
case $1 in
  view) [ -n "$NEWEST" ] && echo "$NEWEST" ;;
  install)
    case " $HAS " in *" ${9##*@} "*) ;; *) exit 1 ;; esac
    bin="$3/node_modules/@openai/codex-x/vendor/x/bin"
    mkdir -p "$bin" && : > "$bin/codex" && chmod +x "$bin/codex" ;;
esac
"""
FAKE_MAKE = """#!/bin/sh
with="${CODEX_TUI_TEST_CODEX:-the wheel} required $CODEX_TUI_REQUIRE_ENGINE"
echo "make $* with $with" >> "$LOG"
echo x >> "$LOG.runs"
[ -f "$LOG.says" ] && cat "$LOG.says" && rm "$LOG.says"
eval "exit \\$(echo $EXITS | cut -d' ' -f$(wc -l < "$LOG.runs"))"
"""
PIN = "0.171.0"


@dataclass(frozen=True, slots=True)
class Ran:
    """One run: its exit code, all it printed, what it asked npm and make, in order."""

    code: int
    said: str
    asked: list[str]


def _gate(
    folder: Path,
    *,
    has: str = PIN,
    newest: str = PIN,
    exits: str = "0 0 0",
    says: str = "",
) -> Ran:
    """`exits` and `says`: how each make ends, and what the first one prints."""
    (folder / ".ci").mkdir()
    shutil.copy(REPO / ".ci" / "run", folder / ".ci" / "run")
    (folder / "engines.txt").write_text(f"# which\n\n@openai/codex@{PIN}\n")
    tools = folder / "tools"
    tools.mkdir()
    for name, text in (("npm", FAKE_NPM), ("make", FAKE_MAKE), ("tmux", "#!/bin/sh\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    log = folder / "log"
    (folder / "log.says").write_text(says)
    told = {"LOG": str(log), "HAS": has, "NEWEST": newest, "EXITS": exits}
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [folder / ".ci" / "run"],
        env={**os.environ, **told, "PATH": path, "CODEX_TUI_TEST_CODEX": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    asked = [re.sub(r"/\S*/npm/", "npm/", line) for line in log.read_text().split("\n")]
    return Ran(done.returncode, done.stdout + done.stderr, asked[:-1])


def _installs(ran: Ran) -> list[str]:
    return [line.split()[-1] for line in ran.asked if line.startswith("npm install")]


def _makes(ran: Ran) -> list[str]:
    return [line for line in ran.asked if line.startswith("make")]


def _program(version: str) -> str:
    return f"npm/{version}/node_modules/@openai/codex-x/vendor/x/bin/codex"


TEST = "make test PYTEST_ARGS=--tb=short -rfE with"


def test_the_gate_tests_the_engine_that_is_pinned(tmp_path: Path) -> None:
    """Whatever was published since."""
    ran = _gate(tmp_path)
    assert ran.code == 0, ran.said
    assert _installs(ran) == [f"@openai/codex@{PIN}"]
    assert _makes(ran) == [f"{TEST} {_program(PIN)} required 1"]
    assert "For information" not in ran.said


def test_without_npms_engine_the_wheel_alone_is_tested(tmp_path: Path) -> None:
    """A registry that does not have it, or does not answer, is no failure of ours."""
    ran = _gate(tmp_path, has="", newest="")
    assert ran.code == 0, ran.said
    assert _makes(ran) == [f"{TEST} the wheel required 1"]
    assert f"npm did not give @openai/codex@{PIN}" in ran.said


def test_a_newer_engine_is_tried_after_the_gate_and_cannot_fail_it(
    tmp_path: Path,
) -> None:
    """Its contract tests say what to look at before it is named in engines.txt."""
    ran = _gate(tmp_path, has=f"{PIN} 0.180.1", newest="0.180.1", exits="0 1")
    assert ran.code == 0, ran.said
    assert _installs(ran) == [f"@openai/codex@{PIN}", "@openai/codex@0.180.1"]
    gate, tried = _makes(ran)
    assert gate == f"{TEST} {_program(PIN)} required 1"
    assert "TESTS=tests/engine/test_contract.py" in tried
    assert "-k 0.180.1" in tried
    assert _program("0.180.1") in tried
    assert "The contract tests do not pass with 0.180.1. The gate passed" in ran.said


def test_a_newer_engine_that_fits_or_is_not_to_be_had_is_said(tmp_path: Path) -> None:
    fits, missing = tmp_path / "fits", tmp_path / "missing"
    for folder in (fits, missing):
        folder.mkdir()
    ran = _gate(fits, has=f"{PIN} 0.172.0", newest="0.172.0")
    assert (ran.code, "name 0.172.0 in engines.txt" in ran.said) == (0, True)
    ran = _gate(missing, newest="0.172.0")
    assert (ran.code, "could not be installed" in ran.said) == (0, True)
    assert len(_makes(ran)) == 1


def test_an_older_or_an_odd_newest_version_is_passed_over(tmp_path: Path) -> None:
    for number, newest in enumerate(("0.99.0", "0.180.0-alpha.1", "none $(id)")):
        folder = tmp_path / str(number)
        folder.mkdir()
        ran = _gate(folder, newest=newest)
        assert (ran.code, len(_makes(ran))) == (0, 1), ran.said
        assert "For information" not in ran.said


def test_what_fails_runs_once_more_and_must_pass_then(tmp_path: Path) -> None:
    """A gate that failed asks about nothing newer."""
    again, failed = tmp_path / "again", tmp_path / "failed"
    for folder in (again, failed):
        folder.mkdir()
    ran = _gate(again, exits="2 0")
    assert (ran.code, len(_makes(ran))) == (0, 2), ran.said
    assert "JOBS=0" in _makes(ran)[1]
    assert "--last-failed" in _makes(ran)[1]
    ran = _gate(failed, newest="0.180.1", exits="2 2 0")
    assert (ran.code, len(_makes(ran))) == (2, 2), ran.said
    assert not any(line.startswith("npm view") for line in ran.asked)


FAILURE = """...F..
==== FAILURES ====
E   not within 60 s: 'a word'
==== short test summary info ====
FAILED tests/x.py::test_y - not within
"""


def test_the_end_says_why_it_failed_at_first(tmp_path: Path) -> None:
    """Of a long output only the end may be kept."""
    ran = _gate(tmp_path, exits="2 0", says=FAILURE)
    begun, _, end = ran.said.partition("-- The first time --")
    assert FAILURE in begun
    assert "what failed once more (1)" in begun
    assert end.startswith("\n" + FAILURE.partition("\n")[2])
    assert "All of them passed the second time." in end


def test_what_is_broken_does_not_run_once_more(tmp_path: Path) -> None:
    """One test after another, a whole suite takes far longer than it may."""
    ran = _gate(tmp_path, exits="2 0", says="FAILED tests/x.py::test_y\n" * 41)
    assert (ran.code, len(_makes(ran))) == (1, 1), ran.said
    assert "41 tests failed: they are not run once more." in ran.said


def test_the_pin_is_one_name_and_one_version() -> None:
    """Like constraints.txt: no range, no tag that moves, no place."""
    lines = (REPO / "engines.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) == 1
    assert re.fullmatch(r"@openai/codex@\d+\.\d+\.\d+", pins[0])


def test_the_versions_we_call_tested_are_the_pinned_ones() -> None:
    """What doctor and the README say of versions is what the gate does."""
    pins = re.findall(
        r"^(?:@openai/codex@|openai-codex-cli-bin==)(\d+\.\d+)",
        (REPO / "constraints.txt").read_text() + (REPO / "engines.txt").read_text(),
        re.MULTILINE,
    )
    assert tuple(pins) == TESTED
    readme = " ".join((REPO / "README.md").read_text().split())
    assert f"`codex` {TESTED[0]} along" in readme
    assert f"{TESTED[0]} and {TESTED[-1]} are tested" in readme
