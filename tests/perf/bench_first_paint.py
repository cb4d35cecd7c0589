"""First useful paint with a large fleet: codex-tui, a ten-line Textual app and the
official list, side by side in one run.

Owns the rounds, the medians and the record of a run. "Useful" is the first thread
title that leaves the pty at 120x40. The programs take turns, so that a slow moment
of the machine meets all of them. Raw samples go to `bench/` with commit and machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from state.home import store_path
from tests.engine.harness import engines
from tests.perf import fleets, records
from tests.perf.paint import Painted, first_paint
from tests.perf.records import REPO
from tests.perf.stores import make_store

CACHE = REPO / ".cache" / "bench"
OURS, LEAST, OFFICIAL = "codex-tui", "ten-line Textual app", "codex agents --no-daemon"
AIMS = ((LEAST, 1.5), (OFFICIAL, 0.3))


@dataclass(frozen=True, slots=True)
class Program:
    """What is run, where, and with which environment."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path


def official() -> Path | None:
    """The newest engine found that has `agents --no-daemon`."""
    found = None
    for engine in sorted(engines(), key=lambda e: _numbers(e.version)):
        shown = subprocess.run(
            (engine.path, "agents", "--help"), capture_output=True, text=True
        )
        found = engine.path if "--no-daemon" in shown.stdout else found
    return found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def prepare(count: int, codex: Path | None) -> dict[str, Program]:
    """Make homes, index and store anew, and name the programs."""
    shutil.rmtree(CACHE, ignore_errors=True)
    workspace, home, own = CACHE / "workspace", CACHE / "codex-home", CACHE / "own"
    workspace.mkdir(parents=True)
    own.mkdir(mode=0o700)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(CACHE),
        "LANG": "C.UTF-8",
        "CODEX_HOME": str(home),
        "CODEX_TUI_HOME": str(own),
    }
    print(f"Making a fleet of {count:,} threads …", flush=True)
    fleets.make_codex_home(home, workspace, count)
    make_store(store_path(own), home, workspace, count)
    scripts = Path(sys.executable).parent
    programs = {
        LEAST: Program((sys.executable, "-m", "tests.perf.ten_lines"), env, REPO),
        OURS: Program((str(scripts / "codex-tui"), "--private"), env, workspace),
    }
    if codex is None:
        print("No codex with `agents --no-daemon` found: the official list is left out")
        print("(name one in CODEX_TUI_TEST_CODEX).")
        return programs
    listed = fleets.index(codex, env, workspace)
    if listed != count:
        raise SystemExit(f"The engine lists {listed} of {count} threads.")
    programs[OFFICIAL] = Program((str(codex), "agents", "--no-daemon"), env, workspace)
    ours = programs[OURS]
    with_codex = {**env, "CODEX_TUI_CODEX_BIN": str(codex)}
    programs[OURS] = Program(ours.command, with_codex, workspace)
    return programs


def measure(programs: Mapping[str, Program], rounds: int) -> dict[str, list[Painted]]:
    """All programs in turn, one warm-up and then `rounds` that count."""
    samples: dict[str, list[Painted]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, program in programs.items():
            painted = first_paint(
                program.command, fleets.NEEDLE, env=program.env, cwd=program.cwd
            )
            if number:
                samples[name].append(painted)
    return samples


def report(samples: Mapping[str, list[Painted]]) -> dict[str, float | None]:
    """Print medians and ratios; the medians in ms."""
    medians: dict[str, float | None] = {}
    for name, painted in samples.items():
        times = [p.needle_ms for p in painted if p.needle_ms is not None]
        medians[name] = statistics.median(times) if times else None
        if times:
            spread = f"{min(times):.0f} to {max(times):.0f}"
            missing = len(painted) - len(times)
            never = f", {missing} never painted" if missing else ""
            print(f"{name:26} {medians[name]:7.0f} ms  ({spread}{never})")
        else:
            tail = painted[-1].output[-300:] if painted else b""
            print(f"{name:26} never painted a title; its last bytes: {tail!r}")
    ours = medians.get(OURS)
    for other, aim in AIMS:
        theirs = medians.get(other)
        if ours and theirs:
            print(f"codex-tui / {other}: {ours / theirs:.2f} (aim: ≤ {aim})")
    return medians


def record(
    samples: Mapping[str, list[Painted]],
    medians: Mapping[str, float | None],
    count: int,
) -> Path:
    """Write the run to `bench/`."""
    return records.record(
        "first-paint",
        {
            "what": "first useful paint, ms",
            "threads": count,
            "engines": [engine.version for engine in engines()],
            "medians_ms": medians,
            "samples_ms": {
                name: [[p.first_byte_ms, p.needle_ms] for p in painted]
                for name, painted in samples.items()
            },
        },
    )


def main() -> int:
    """Exit code 1 when codex-tui never painted a title."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    try:
        programs = prepare(options.threads, official())
        samples = measure(programs, options.rounds)
    finally:
        shutil.rmtree(CACHE, ignore_errors=True)
    medians = report(samples)
    print(f"Samples: {record(samples, medians, options.threads).relative_to(REPO)}")
    return 0 if medians[OURS] is not None else 1


if __name__ == "__main__":
    sys.exit(main())
