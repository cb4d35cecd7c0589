"""What codex-tui costs when little happens: idle, one streaming answer, large things.

Owns three runs: a still fleet (processor time, bytes to the tty), one answer that
streams (bytes to the tty), and ten thousand threads beside one of twenty thousand
items (memory). The engine is another process, the program runs in a real pty.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from tests.perf.grounds import ground
from tests.perf.load_engine import ITEMS_PER_TURN
from tests.perf.records import REPO, record

MEBIBYTE = 1 << 20
TURNS_PER_PAGE = 10


def idle(seconds: int) -> dict[str, Any]:
    """Nothing happens for a while."""
    with ground(threads=100, loaded=20, probed=False) as run:
        terminal = run.terminal
        cpu, size = terminal.cpu(), len(terminal.output)
        time.sleep(seconds)
        share = (terminal.cpu() - cpu) / seconds
        written = bytes(terminal.output[size:])
    return {
        "seconds": seconds,
        "cpu_percent": share * 100,
        "bytes_to_tty": len(written),
        "written": repr(written[:400]),
    }


def answer(rate: int, seconds: int) -> dict[str, Any]:
    """One answer of prose, code and lists."""
    with ground(threads=100, loaded=20, probed=False) as run:
        terminal, engine = run.terminal, run.engine
        engine.tell(do="prose", rate=rate, seconds=seconds)
        time.sleep(1.0)
        cpu, size, began = terminal.cpu(), len(terminal.output), time.perf_counter()
        time.sleep(seconds - 1.5)
        passed = time.perf_counter() - began
        painted = (len(terminal.output) - size) / passed
        share = (terminal.cpu() - cpu) / passed
        engine.done()
    return {
        "deltas_per_second": rate,
        "tty_kb_per_second": painted / 1000,
        "cpu_percent": share * 100,
    }


def large(threads: int, items: int) -> dict[str, Any]:
    """A large fleet, then all of a large thread read, page by page."""
    with ground(threads=threads, loaded=1, big=items, probed=False) as run:
        terminal, engine = run.terminal, run.engine
        listed = terminal.memory()
        terminal.press(b"2")
        terminal.quiet(0.5)  # The focus moves first: g means something in a list, too.
        pages = items // (ITEMS_PER_TURN * TURNS_PER_PAGE)
        for page in range(2, pages + 1):
            asked = {"method": "thread/turns/list", "times": page, "within": 1.0}
            while True:
                terminal.press(b"g")  # at the top the next older page is asked for
                if engine.do(do="asked", **asked)["done"] >= page:
                    break  # else it came too early: the page before was not drawn yet
            terminal.quiet(0.1)
        terminal.quiet(1.0)
        opened = terminal.memory()
    return {
        "threads": threads,
        "items": items,
        "listed_mib": listed / MEBIBYTE,
        "opened_mib": opened / MEBIBYTE,
    }


def main() -> int:
    """Always exit code 0: the numbers are the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=int, default=60, help="seconds")
    parser.add_argument("--answer", type=int, default=8, help="seconds")
    parser.add_argument("--threads", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--only", choices=("idle", "answer", "large"))
    asked = parser.parse_args()
    facts: dict[str, Any] = {"what": "the quiet figures"}
    if asked.only in (None, "idle"):
        one = facts["idle"] = idle(asked.idle)
        print(
            f"Idle for {asked.idle} s: {one['cpu_percent']:.2f} % of a core (aim: ≤ 1),"
            f" {one['bytes_to_tty']} bytes to the tty (aim: 0)"
        )
    if asked.only in (None, "answer"):
        # A model says about fifty words a second; more shows that it does not grow.
        facts["answers"] = [answer(rate, asked.answer) for rate in (50, 100, 400)]
        for two in facts["answers"]:
            print(
                f"One answer at {two['deltas_per_second']} deltas/s: "
                f"{two['tty_kb_per_second']:.1f} kB/s to the tty (aim: ≤ 20), "
                f"{two['cpu_percent']:.0f} % of a core"
            )
    if asked.only in (None, "large"):
        three = facts["large"] = large(asked.threads, asked.items)
        print(
            f"{asked.threads:,} threads listed: {three['listed_mib']:.0f} MiB; with "
            f"{asked.items:,} items open: {three['opened_mib']:.0f} MiB (aim: ≤ 150)"
        )
    print(f"Samples: {record('quiet', facts).relative_to(REPO)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
