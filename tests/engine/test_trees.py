"""Agent trees on real engines: built live, and by a process that was not there,
they are the same, whatever ended, failed, was interrupted or killed meanwhile."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from state.attention import calls_of
from state.commands import Interrupt, ResumeThread, SendTurn, StartThread
from state.events import (
    ItemStarted,
    ReviewAsked,
    TurnEnded,
    TurnStarted,
)
from state.items import AgentActivity, CollabCall, Command, ItemBody, ThreadId
from state.model import ClientId, EnginePhase, TurnStatus, World
from state.notify import Notify
from state.reduce import reduce
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.session_bench import LIMIT, Watch, engine_pid, kill, running
from tests.engine.tree_process import Row, tree_rows
from tui.demo.request import ModelRequest
from tui.demo.steps import (
    Exec,
    Fail,
    FollowUp,
    InterruptAgent,
    Say,
    Spawn,
    Step,
    Usage,
    WaitAgents,
)

CONFIG = """
[features.multi_agent_v2]
max_concurrent_threads_per_session = 12
"""
AN_HOUR = 3_600_000
PROGRAM = Path(sys.executable).with_name("codex-tui")


def script(request: ModelRequest) -> Sequence[Step]:
    """A root that does not wait; agents that end in each way there is."""
    first = request.reply_index == 0
    match request.agent_path, request.user_text.partition(" ")[0]:
        case "/root", "go" if first:
            names = ("done", "broken", "held", "nest", "victim")
            return [Spawn(name, f"be {name}") for name in names]
        case "/root", "stop" if first:
            return [InterruptAgent("victim")]
        case "/root", "again" if first:
            return [FollowUp("held", "go on")]
        case "/root/broken", _:
            return [Fail(400, "invalid_request", "the model broke")]
        case "/root/held" | "/root/victim", _ if request.turn_index == 0 and first:
            return [Exec("sleep 600", yield_ms=900_000)]
        case "/root/nest", _ if first:
            return [Spawn("deep", "be deep", effort="low")]
        case "/root/nest", _:
            return [WaitAgents(AN_HOUR)]
        case "/root/nest/deep", _ if first:
            return [Exec("touch /made", escalate=True, justification="may I?")]
        case path, _:
            return [Say(f"{path} is done"), Usage(100, output_tokens=20)]


STANDING = {
    "/root": "ready",
    "/root/done": "completed",
    "/root/broken": "failed",
    "/root/held": "interrupted",
    "/root/nest": "waits for agents",
    "/root/nest/deep": "needs you",
    "/root/victim": "interrupted",
}


class Live:
    """The world as one window builds it, and how to wait for an agent in it."""

    def __init__(self, watch: Watch, root: ThreadId) -> None:
        self.watch, self.root = watch, root
        self._world, self._at = World(), 0

    @property
    def world(self) -> World:
        for event in self.watch.events[self._at :]:
            self._world = reduce(self._world, event)
        self._at = len(self.watch.events)
        return self._world

    def rows(self) -> list[Row]:
        return tree_rows(self.world, self.root)

    def words(self) -> dict[str, str]:
        """Path -> status."""
        return {row[2]: row[3] for row in self.rows()}

    async def agent(self, path: str) -> ThreadId:
        """The thread of an agent, known by its parent's item."""
        event = await self.watch.until(
            ItemStarted,
            lambda e: (
                isinstance(e.item.body, AgentActivity)
                and e.item.body.agent_path == path
            ),
        )
        assert isinstance(event.item.body, AgentActivity)
        return event.item.body.agent_thread_id

    async def settled(self, words: dict[str, str]) -> list[Row]:
        """The rows when every agent stands as told."""
        try:
            async with asyncio.timeout(LIMIT):
                while self.words() != words:
                    await self.watch.news()
        except TimeoutError:
            raise AssertionError(f"{self.words()} is not {words}") from None
        return self.rows()


async def fresh(bench: Bench, root: ThreadId, expected: list[Row]) -> list[Row]:
    """The same tree as a process reads it that knows nothing."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.engine.tree_process",
        str(bench.engine.path),
        bench.engine.version,
        str(bench.home.codex_home),
        str(bench.home.tui_home / "fresh"),
        root,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=bench.home.environment(),
    )
    out, _ = await process.communicate(json.dumps(expected).encode())
    rows: list[Row] = json.loads(out)
    return rows


async def turn(watch: Watch, root: ThreadId, text: str) -> None:
    mark = len(watch.events)
    await watch.session.send(SendTurn(ClientId(f"c-{text}"), root, text))
    await watch.until(TurnEnded, lambda e: e.thread_id == root, since=mark)


@each_engine
def test_a_tree_is_the_same_live_and_rebuilt(engine: EngineUnderTest) -> None:
    with Bench(engine, script, config=CONFIG) as bench:
        asyncio.run(_play(bench))


async def _play(bench: Bench) -> None:
    async with running(bench) as watch:
        root = await watch.session.send(
            StartThread(ClientId("c"), str(bench.workspace), "go")
        )
        assert root is not None, watch.said()
        live = Live(watch, root)
        held, victim = await live.agent("/root/held"), await live.agent("/root/victim")
        await _all_under_way(watch, live)

        # Interrupted by its user: its parent is told nothing. By its parent: it is.
        await watch.session.send(Interrupt(held))
        end = await watch.until(TurnEnded, lambda e: e.thread_id == held)
        assert end.status is TurnStatus.INTERRUPTED
        asleep = Notify(agents=True)
        calls = calls_of(live.world, live.world, [end], asleep)
        assert calls == (), "an interrupted agent is no finished one"
        await turn(watch, root, "stop")
        await watch.until(TurnEnded, lambda e: e.thread_id == victim)

        rows = await live.settled(STANDING)
        assert [row[2] for row in rows] == list(STANDING), "spawn order, deep in nest"
        assert all(row[9] and "ciphertext" in row[11] for row in rows[1:])
        assert rows[5][5] == "low", "the effort it was spawned with"
        assert await fresh(bench, root, rows) == rows

        await _after_a_kill(bench, watch, live, held)


async def _all_under_way(watch: Watch, live: Live) -> None:
    """Each agent has come as far as it comes by itself."""
    for path in ("/root/held", "/root/victim"):
        await _works_at(watch, await live.agent(path), Command)
    for path in ("/root/done", "/root/broken"):
        await _ended(watch, await live.agent(path))
    deep = await live.agent("/root/nest/deep")
    await watch.until(ReviewAsked, lambda e: e.thread_id == deep)
    await _works_at(watch, await live.agent("/root/nest"), CollabCall)


async def _works_at(watch: Watch, thread_id: ThreadId, kind: type[ItemBody]) -> None:
    await watch.until(
        ItemStarted,
        lambda e: e.thread_id == thread_id and isinstance(e.item.body, kind),
    )


async def _ended(watch: Watch, thread_id: ThreadId, since: int = 0) -> None:
    await watch.until(TurnEnded, lambda e: e.thread_id == thread_id, since=since)


def _on_the_command_line(bench: Bench, rows: list[Row]) -> None:
    """Without a store, and no agent loaded: the engine knows the tree all the same."""
    empty = bench.home.root / "no-store"
    env = {**bench.home.environment(), "CODEX_TUI_HOME": str(empty)}
    ids = [rows[0][0], rows[-1][0], rows[3][0], None]
    for words in ids:
        arguments = ("tree", "--json", *([words] if words else []))
        ran = subprocess.run(
            (PROGRAM, *arguments),
            cwd=bench.home.outside,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ran.returncode == 0, ran.stderr
        told = json.loads(ran.stdout)
        assert [(one["id"], one["path"], one["state"]) for one in told] == [
            (row[0], row[2], row[3]) for row in rows
        ], words
        assert [f"{one['spawnTurn']} {one['spawnItem']}" for one in told[1:]] == [
            row[9] for row in rows[1:]
        ]


async def _after_a_kill(bench: Bench, watch: Watch, live: Live, held: ThreadId) -> None:
    """The engine dies under it; the next message brings an interrupted agent back."""
    root, mark = live.root, len(watch.events)
    kill(engine_pid(watch))
    await watch.phase(EnginePhase.READY, since=mark)
    cut_off = {"/root/nest": "interrupted", "/root/nest/deep": "interrupted"}
    standing = {**STANDING, **cut_off}
    rows = await live.settled(standing)
    assert await fresh(bench, root, rows) == rows
    await asyncio.to_thread(_on_the_command_line, bench, rows)

    await watch.session.send(ResumeThread(root, acknowledged=True))
    mark = len(watch.events)
    await turn(watch, root, "again")
    await watch.until(TurnStarted, lambda e: e.thread_id == held, since=mark)
    await watch.until(TurnEnded, lambda e: e.thread_id == held, since=mark)
    rows = await live.settled({**standing, "/root": "ready", "/root/held": "completed"})
    assert await fresh(bench, root, rows) == rows
