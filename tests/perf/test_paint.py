"""The stopwatch of the benches: it sees what is painted and leaves nothing behind."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.perf import fleets
from tests.perf.paint import first_paint

ENV = {"PATH": os.environ["PATH"]}


def _sh(script: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", script)


def test_a_needle_is_seen_through_escape_sequences(tmp_path: Path) -> None:
    painted = first_paint(
        _sh("printf 'x\\033[31mtask-\\033[0m00007'; exec sleep 600"),
        fleets.NEEDLE,
        env=ENV,
        cwd=tmp_path,
    )
    assert painted.output.endswith(b"00007")
    assert painted.first_byte_ms is not None
    assert painted.needle_ms is not None
    assert painted.needle_ms >= painted.first_byte_ms


def test_a_program_that_asks_its_terminal_is_answered(tmp_path: Path) -> None:
    script = (
        "import os,tty; tty.setraw(0); os.write(1, b'\\x1b[c');"
        "os.write(1, b'heard' if os.read(0, 99) == b'\\x1b[?62;22c' else b'wrong')"
    )
    painted = first_paint(
        (sys.executable, "-c", script), re.compile(b"heard"), env=ENV, cwd=tmp_path
    )
    assert painted.needle_ms is not None, painted.output


def test_nothing_stays_of_what_never_paints(tmp_path: Path) -> None:
    mark = f"60{os.getpid()}"
    painted = first_paint(
        _sh(f"trap '' TERM; sleep {mark} & printf no; exec sleep {mark}"),
        fleets.NEEDLE,
        env=ENV,
        cwd=tmp_path,
        limit=0.5,
    )
    assert painted.needle_ms is None
    assert painted.output == b"no"
    seen = (p.info["cmdline"] or () for p in psutil.process_iter(["cmdline"]))
    left = [cmdline for cmdline in seen if mark in cmdline]
    assert not left


def test_a_fleet_has_ids_in_time_order(tmp_path: Path) -> None:
    ids = [fleets.thread_id(number) for number in range(300)]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7.*", own) for own in ids)
    fleets.make_codex_home(tmp_path / "home", tmp_path, 3)
    assert len(list(tmp_path.rglob("rollout-*.jsonl"))) == 3
