"""What a tree of many agents costs: opening it, and one status change in it.

Owns two figures of our own work, without an engine and without a terminal: the rows of
the whole tree (and its lanes over time) for the first time, and everything from one
published status change to a tree view. Budgets: 100 ms and 5 ms at 650 agents.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from state.events import ThreadStatusChanged
from state.items import ThreadId, TurnId
from state.model import (
    Engine,
    EnginePhase,
    Thread,
    ThreadStatus,
    TokenUsage,
    TurnMark,
    TurnStatus,
    World,
)
from state.store import Published, Store
from tests.perf.records import record
from tui.presenter import Presenter

OPEN_MS, CHANGE_MS = 100.0, 5.0


def tree(agents: int) -> World:
    """A root with agents, five of them below every agent that has any."""
    root = Thread(ThreadId("000000"), name="root", status=ThreadStatus.ACTIVE)
    threads = {root.id: root}
    for n in range(1, agents + 1):
        ended = TurnMark(TurnId(f"t{n}"), TurnStatus.COMPLETED, 1000 + n, 5000 + n)
        agent = Thread(
            ThreadId(f"{n:06d}"),
            parent_id=ThreadId(f"{(n - 1) // 5:06d}"),
            agent_path=f"/root/part_{n}",
            nickname="Singer",
            model="gpt-6.1-sol",
            effort="low",
            status=ThreadStatus.IDLE,
            tokens=TokenUsage(100 * n),
            latest=ended,
        )
        threads[agent.id] = agent
    return World(threads=threads, engine=Engine(EnginePhase.READY, epoch="e"))


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of our own: what other processes take does not count."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def run(agents: int, changes: int) -> dict[str, Any]:
    """The figures for one size."""
    world = tree(agents)
    store = Store(world)
    presenter = Presenter(world, cwd="/")
    presenter.look(thread=ThreadId("000000"))
    opening = timed(presenter.side)
    lanes = timed(presenter.timeline)
    steps: list[Published] = []
    store.subscribe(steps.append)

    def step() -> None:
        store.tick(0)
        presenter.take(steps[-1])
        presenter.side()
        presenter.threads()
        presenter.transcript()

    spent = []
    for n in range(changes):
        one = ThreadId(f"{agents - n % agents:06d}")
        status = ThreadStatus.ACTIVE if n % 2 else ThreadStatus.IDLE
        store.offer(ThreadStatusChanged(one, status))

        spent.append(timed(step))
    return {
        "agents": agents,
        "open_ms": opening,
        "timeline_ms": lanes,
        "change_ms": statistics.median(spent),
        "change_worst_ms": max(spent),
    }


def main() -> int:
    """Print the figures; 1 when a budget is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=650)
    parser.add_argument("--changes", type=int, default=200)
    args = parser.parse_args()
    found = run(args.agents, args.changes)
    record("tree", found)
    for name, figure in found.items():
        print(f"{name:<16} {figure:>8.1f}")
    late = found["open_ms"] > OPEN_MS or found["change_ms"] > CHANGE_MS
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
