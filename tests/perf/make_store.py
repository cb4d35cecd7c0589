"""A store with many believable threads, made in a second or two.

Owns nothing the program uses: it is the ground that start-up is measured on.
Run as `python -m tests.perf.make_store PATH [N]`.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from state import events as e
from state.db.writer import StoreWriter
from state.items import (
    AgentMessage,
    Command,
    Item,
    ItemBody,
    ItemId,
    ItemStatus,
    Text,
    ThreadId,
    TurnId,
    UserMessage,
)
from state.model import (
    HistoryState,
    Origin,
    Review,
    ReviewKey,
    ReviewKind,
    Sandbox,
    SandboxMode,
    Settings,
    Thread,
    ThreadStatus,
    TokenUsage,
    Turn,
    TurnStatus,
    World,
)

HOME = "/home/dev/.codex"
START_MS = 1_700_000_000_000
PROJECTS = ("payments", "parser", "website", "infra", "notes")
ASKS = (
    "fix the parser cache and add a regression test",
    "why does the nightly build fail on arm64?",
    "rename the config flag everywhere and update the docs",
    "write a migration for the orders table",
    "review the last three commits",
    "speed up the test suite; it takes eleven minutes",
)
WITH_TURNS = 40
"""how many of the newest threads have turns of their own"""


def make_store(path: Path, n: int = 10_000) -> None:
    """Write `n` threads (one in eight is an agent of the one before it) to a new
    store at `path`: mostly unloaded, some idle, three working, two asking."""
    asyncio.run(_make(path, n))


async def _make(path: Path, n: int) -> None:
    def failed(event: e.StoreFailed) -> None:
        raise RuntimeError(event.sentence)

    writer = await StoreWriter.open(
        path, HOME, on_event=failed, now_ms=lambda: START_MS + n * 60_000
    )
    writer.ingest = True
    threads = dict(_threads(n))
    writer.enqueue(World(threads=threads), threads, ())
    await writer.close()


def _threads(n: int) -> Iterator[tuple[ThreadId, Thread]]:
    chance = random.Random(1)
    root: Thread | None = None
    for at in range(n):
        thread_id = ThreadId(f"0192{at:04x}-{at % 65536:04x}-7000-8000-{at:012x}")
        project = chance.choice(PROJECTS)
        thread = Thread(
            thread_id,
            name=f"{project} {at}" if at % 5 == 0 else None,
            preview=f"{chance.choice(ASKS)} ({at})",
            cwd=f"/home/dev/src/{project}",
            source="cli" if at % 3 else "vscode",
            originator="codex-tui",
            model="gpt-6.1-sol",
            model_provider="openai",
            effort="medium",
            created_ms=START_MS + at * 60_000,
            updated_ms=START_MS + at * 60_000 + 5_000,
            archived=at % 11 == 0,
            status=_status(at, n),
            path=f"{HOME}/sessions/2026/01/01/rollout-{thread_id}.jsonl",
            session_id=thread_id,
            branch="main",
            unread=at % 17 == 0,
            origin=Origin.ENGINE,
            seen_ms=START_MS + n * 60_000,
        )
        if at % 8 == 7 and root is not None:
            thread = _agent(thread, root)
        else:
            root = thread
        if at >= n - WITH_TURNS:
            thread = _lively(thread, asks=at >= n - 2)
        yield thread_id, thread


def _status(at: int, n: int) -> ThreadStatus:
    if at >= n - 5:
        return ThreadStatus.ACTIVE
    return ThreadStatus.IDLE if at >= n - 25 else ThreadStatus.NOT_LOADED


def _agent(thread: Thread, root: Thread) -> Thread:
    return Thread(
        thread.id,
        cwd=root.cwd,
        source="subAgent",
        model=root.model,
        created_ms=thread.created_ms,
        updated_ms=thread.updated_ms,
        status=thread.status,
        parent_id=root.id,
        session_id=root.id,
        agent_path="/root/researcher",
        nickname="Singer",
        agent_status="completed",
        origin=Origin.ENGINE,
    )


def _lively(thread: Thread, *, asks: bool) -> Thread:
    from_ms = thread.created_ms
    running = thread.status is ThreadStatus.ACTIVE
    turns = {}
    for number in range(3):
        turn_id = TurnId(f"{thread.id}-turn-{number}")
        last = number == 2 and running
        turns[turn_id] = Turn(
            turn_id,
            TurnStatus.IN_PROGRESS if last else TurnStatus.COMPLETED,
            items=dict(_items(thread.preview, turn_id)),
            started_ms=from_ms + number * 1000,
            completed_ms=None if last else from_ms + number * 1000 + 900,
        )
    settings = Settings(
        model=thread.model,
        effort="medium",
        approval_policy="on-request",
        reviewer="user",
        sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE, writable_roots=(thread.cwd,)),
        cwd=thread.cwd,
    )
    fields = {name: getattr(thread, name) for name in Thread.__dataclass_fields__}
    fields |= {
        "turns": turns,
        "active_turn": list(turns)[-1] if running else None,
        "history": HistoryState.COMPLETE,
        "settings": settings,
        "tokens": TokenUsage(41_000, 30_000, 9_000, 2_000, 400, 12_000, 258_400),
        "reviews": {r.key: r for r in _reviews(thread, list(turns)[-1])}
        if asks
        else {},
    }
    return Thread(**fields)


def _items(ask: str, turn_id: str) -> Iterator[tuple[ItemId, Item]]:
    bodies: tuple[ItemBody, ...] = (
        UserMessage(ask),
        AgentMessage(Text("I will look at the tests first."), "commentary"),
        Command(
            "/bin/bash -lc 'python -m pytest -q'",
            "/home/dev",
            ("python -m pytest -q",),
            Text("." * 70 + "\n" + "12 passed in 3.21s\n"),
            0,
            3_300,
        ),
        AgentMessage(Text("Done. **All twelve tests pass.**"), "final_answer"),
    )
    for number, body in enumerate(bodies):
        item_id = ItemId(f"{turn_id}-{number}")
        yield item_id, Item(item_id, body, ItemStatus.COMPLETED)


def _reviews(thread: Thread, turn_id: TurnId) -> Iterator[Review]:
    yield Review(
        key=ReviewKey("an-engine", thread.id),
        connection=1,
        method="item/commandExecution/requestApproval",
        kind=ReviewKind.COMMAND,
        thread_id=thread.id,
        turn_id=turn_id,
        item_id=None,
        approval_id=None,
        params="{}",
        params_hash="",
        asked_ms=thread.updated_ms,
        command="git push",
        cwd=thread.cwd,
        reason="Needs the network.",
    )


if __name__ == "__main__":
    make_store(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
