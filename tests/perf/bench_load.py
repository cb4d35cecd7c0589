"""The fleet under load: what it costs, how late keys are, and whether all is kept.

Owns two loads, a stream (many threads, an even pace) and a burst (all in a second).
The engine is another process behind a unix socket, the program runs in a real pty.
Invariant: numbers count only for a run whose every text is whole in the store.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from state.db.history import load_thread
from state.items import AgentMessage, ItemId, ThreadId, TurnId
from tests.perf import fleets
from tests.perf.grounds import Ground, ground
from tests.perf.load_engine import numbered, turn_of
from tests.perf.records import REPO, percentile, record

KEY_PAUSE = 0.09
SIGNS = "".join(map(chr, range(0x0531, 0x0557))) + "".join(
    map(chr, range(0x10D0, 0x10F1))
)
"""Letters that nothing else on the screen has: each is typed once"""


def texts(run: Ground, threads: int, count: int) -> Iterator[str]:
    """What is wrong in the store: every thread must hold its `count` deltas."""
    expected = "".join(map(numbered, range(count)))
    for number in range(threads):
        thread_id = ThreadId(fleets.thread_id(number))
        turn_id = TurnId(turn_of(thread_id))
        stored = load_thread(run.store, thread_id, None)
        turn = stored.turns.get(turn_id) if stored else None
        item = turn.items.get(ItemId(f"{turn_id}-1")) if turn else None
        body = item.body if item else None
        text = str(body.text) if isinstance(body, AgentMessage) else None
        if text != expected:
            held = len(text) if text is not None else "no"
            yield f"thread {number} holds {held} of {len(expected)} characters"


def keys(run: Ground, seconds: float) -> list[float]:
    """Letters into the composer for `seconds`; how many ms each took to be seen."""
    took: list[float] = []
    until = time.perf_counter() + seconds
    for sign in SIGNS:
        if time.perf_counter() > until:
            break
        took.append(run.terminal.echo(sign.encode(), sign.encode()) * 1000)
        time.sleep(KEY_PAUSE)
    return took


def stream(threads: int, rate: int, seconds: int) -> dict[str, Any]:
    """`rate` deltas a second in each of `threads` threads, one of them open."""
    with ground(threads=threads, loaded=threads) as run:
        terminal, engine = run.terminal, run.engine
        terminal.press(b"i")
        time.sleep(0.3)
        engine.tell(do="stream", threads=threads, rate=rate, seconds=seconds)
        time.sleep(0.5)
        cpu, began, size = terminal.cpu(), time.perf_counter(), len(terminal.output)
        since = time.monotonic()
        took = keys(run, seconds - 1.5)
        time.sleep(max(0.0, seconds - 1.0 - (time.perf_counter() - began)))
        passed = time.perf_counter() - began
        until = time.monotonic()
        share = (terminal.cpu() - cpu) / passed
        painted = (len(terminal.output) - size) / passed
        sent = engine.done()
        engine.do(do="end")
        terminal.quiet(0.5)
        terminal.leave()
        wrong = list(texts(run, threads, int(sent["done"])))
        lags = [ms for at, ms in json.loads(run.lags.read_text()) if since < at < until]
    return {
        "threads": threads,
        "deltas_per_second": threads * int(sent["done"]) / sent["seconds"],
        "cpu_percent": share * 100,
        "lag_p99_ms": percentile(lags, 0.99),
        "lag_max_ms": max(lags),
        "key_p50_ms": percentile(took, 0.5),
        "key_p99_ms": percentile(took, 0.99),
        "tty_kb_per_second": painted / 1000,
        "wrong": wrong,
        "samples": {"keys_ms": took, "lags_ms": lags},
    }


def burst(threads: int, count: int) -> dict[str, Any]:
    """`count` deltas in one second."""
    with ground(threads=threads, loaded=threads) as run:
        terminal, engine = run.terminal, run.engine
        terminal.press(b"i")
        time.sleep(0.3)
        cpu, size = terminal.cpu(), len(terminal.output)
        sent = engine.do(do="burst", threads=threads, count=count)
        ended = time.perf_counter()
        echo = terminal.echo("Ж".encode(), "Ж".encode())
        # Live again: the key is seen, and the last number of the open thread is.
        last = f"{int(sent['done']) - 1:05d}".encode()
        shown = terminal.wait_for(last, size, 10.0) - ended
        cost = terminal.cpu() - cpu
        engine.do(do="end")
        terminal.quiet(0.5)
        terminal.leave()
        wrong = list(texts(run, threads, int(sent["done"])))
    return {
        "deltas": threads * int(sent["done"]),
        "sent_in_s": sent["seconds"],
        "key_after_ms": echo * 1000,
        "all_shown_after_ms": shown * 1000,
        "cpu_s": cost,
        "wrong": wrong,
    }


def main() -> int:
    """Exit code 1 when a text is not whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=100)
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--burst", type=int, default=20_000)
    parser.add_argument("--only", choices=("stream", "burst"))
    asked = parser.parse_args()
    facts: dict[str, Any] = {"what": "the fleet under load"}
    wrong: list[str] = []
    if asked.only != "burst":
        one = facts["stream"] = stream(asked.threads, asked.rate, asked.seconds)
        wrong += one["wrong"]
        print(
            f"{one['deltas_per_second']:,.0f} deltas/s in {asked.threads} threads: "
            f"{one['cpu_percent']:.0f} % of a core (aim: ≤ 35), loop late p99 "
            f"{one['lag_p99_ms']:.0f} ms (≤ 50), key to screen p50 "
            f"{one['key_p50_ms']:.0f}, p99 {one['key_p99_ms']:.0f} ms (≤ 60), "
            f"{one['tty_kb_per_second']:.1f} kB/s to the tty"
        )
    if asked.only != "stream":
        two = facts["burst"] = burst(asked.threads, asked.burst)
        wrong += two["wrong"]
        print(
            f"{two['deltas']:,} deltas in {two['sent_in_s']:.2f} s: a key is seen "
            f"after {two['key_after_ms']:.0f} ms, the end of the text after "
            f"{two['all_shown_after_ms']:.0f} ms (aim: ≤ 1000)"
        )
    for sentence in wrong:
        print(f"LOST: {sentence}")
    print(f"Samples: {record('load', facts).relative_to(REPO)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
