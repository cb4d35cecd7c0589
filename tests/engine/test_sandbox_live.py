"""What the screen says of the sandbox while a turn runs, against what really happens.

The oracles are a file on disk that the running turn writes, and the workspace before
and after a probe.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from state.agents import rootless
from state.commands import SendTurn, StartThread
from state.engine.supervisor import control_socket
from state.events import ItemStarted, SettingsChanged, TurnContextRead, TurnEnded
from state.items import Command, ThreadId
from state.model import ClientId, Sandbox, SandboxMode, World
from state.permissions.reach import Way
from state.permissions.trial import Attempt
from state.select.frame import sandbox_line
from state.select.sandbox import Known, now_of, sandbox_view
from state.store import Store
from state.views import SandboxLine
from tests.engine.harness import Bench, EngineUnderTest, each_engine, need_sandbox
from tests.engine.session_bench import Watch, running
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, FollowUp, Say, Spawn, Step, WaitAgents

WAIT = "while [ ! -e {0} ]; do sleep 0.05; done; echo written > {0}-proof.txt"
ROOT: list[list[Step]] = [
    [Spawn("kid", "Be there.")],
    [WaitAgents(60_000)],
    [Exec(WAIT.format("go"), yield_ms=60_000)],
    [Say("done")],
]
AGAIN: list[list[Step]] = [
    [FollowUp("kid", "Write.")],
    [WaitAgents(60_000)],
    [Say("done")],
]


def script(request: ModelRequest) -> Sequence[Step]:
    """A command that waits for a file, then writes another; then an agent's."""
    match request.user_text:
        case "write":
            steps = ROOT
        case "again":
            steps = AGAIN
        case "rootless":
            steps = [[Exec("echo x > rootless.txt")], [Say("done")]]
        case _ if request.turn_index == 0:
            steps = [[Say("I am there.")]]
        case _:
            steps = [[Exec(WAIT.format("kid"), yield_ms=60_000)], [Say("done")]]
    return steps[min(request.reply_index, len(steps) - 1)]


def line(watch: Watch, path: str | None = None) -> SandboxLine:
    """The bottom line of a thread or agent, from everything that was told so far."""
    held = world(watch)
    tree = tuple(held.threads.values())
    thread = next(one for one in tree if one.agent_path == path)
    return sandbox_line(held, thread, tree=tree)


def world(watch: Watch) -> World:
    store = Store(World())
    store.offer_all(watch.events)
    store.tick(1)
    return store.world


def everything(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


@each_engine
def test_the_running_turn_keeps_its_mode(engine: EngineUnderTest) -> None:
    """A second client switches to read-only in mid-turn: the bottom line tells the
    turn apart from the next one, and a real write of this turn proves it right."""
    need_sandbox(engine)
    with Bench(engine, script) as bench:
        asyncio.run(_switch(bench))


async def _switch(bench: Bench) -> None:
    async with running(bench) as watch:
        start = StartThread(
            ClientId("c1"),
            str(bench.workspace),
            "write",
            sandbox="workspace-write",
            trust=True,
        )
        thread_id = await watch.session.send(start)
        command = await watch.until(
            ItemStarted, lambda e: isinstance(e.item.body, Command)
        )
        assert command.thread_id == thread_id
        assert line(watch, "/root/kid").mode == "workspace-write"
        other = await asyncio.to_thread(
            bench.connect, control_socket(bench.home.codex_home).resolve(), "other"
        )
        before = len(watch.events)
        await asyncio.to_thread(
            other.call,
            "thread/settings/update",
            {"threadId": thread_id, "sandboxPolicy": {"type": "readOnly"}},
        )
        await watch.until(SettingsChanged, since=before)
        said = line(watch)
        assert said.mode == "workspace-write"
        assert said.parts[0] == "this turn → read-only from the next"
        assert await _by(watch, thread_id) == "this turn"
        proof = bench.workspace / "go-proof.txt"
        assert not proof.exists()
        (bench.workspace / "go").touch()
        await watch.until(TurnEnded, lambda e: e.thread_id == thread_id)
        assert proof.read_text() == "written\n"
        assert line(watch).mode == "read-only"
        assert await _by(watch, thread_id) == "this thread"
        await _follow_up(bench, watch, thread_id)
        await _without_root(bench, watch)
        await _probe(bench, watch)


async def _by(watch: Watch, thread_id: ThreadId) -> str:
    """Who set the mode, as the inspector says."""
    thread = world(watch).threads[thread_id]
    controls = await watch.session.controls(thread.cwd or "")
    known = Known(now_of(thread))
    return sandbox_view(thread, controls, known, {}).settings[0].set_by


async def _follow_up(bench: Bench, watch: Watch, thread_id: ThreadId) -> None:
    """The thread is read-only now; its agent, asked once more, goes on with what it
    was spawned with, as a file proves. Nobody else says so."""
    before = len(watch.events)
    await watch.session.send(SendTurn(ClientId("c2"), thread_id, "again"))
    told = await watch.until(
        TurnContextRead, lambda e: e.thread_id != thread_id, since=before
    )
    assert told.settings.sandbox is not None
    assert told.settings.sandbox.mode is SandboxMode.WORKSPACE_WRITE
    kid, root = line(watch, "/root/kid"), line(watch)
    assert (kid.level, kid.lead, kid.mode) == (
        "alarm",
        "asked for read-only, in force",
        "workspace-write",
    )
    assert (root.level, root.mode) == ("alarm", "read-only")
    assert root.parts[0] == "/root/kid still has workspace-write"
    (bench.workspace / "kid").touch()
    await watch.until(TurnEnded, lambda e: e.thread_id == thread_id, since=before)
    assert (bench.workspace / "kid-proof.txt").read_text() == "written\n"
    assert line(watch).level == "calm"


async def _without_root(bench: Bench, watch: Watch) -> None:
    """A thread that may write its workspace and has none, as the engine tells it."""
    mark = len(watch.events)
    start = StartThread(
        ClientId("c3"),
        str(bench.workspace),
        "rootless",
        sandbox="workspace-write",
        trust=True,
        roots=(),
    )
    thread_id = await watch.session.send(start)
    told = await watch.until(
        SettingsChanged, lambda e: e.thread_id == thread_id, since=mark
    )
    assert rootless(told.settings), told.settings
    await watch.until(TurnEnded, lambda e: e.thread_id == thread_id, since=mark)
    assert not (bench.workspace / "rootless.txt").exists()


async def _probe(bench: Bench, watch: Watch) -> None:
    """In the engine's own sandbox, with the roots that are asked about; it leaves
    nothing."""
    root = str(bench.workspace)
    writes = Sandbox(SandboxMode.WORKSPACE_WRITE, False, (), True, True)
    before = everything(bench.workspace), everything(bench.home.outside)

    async def tried(way: Way | None, path: str, **under: object) -> bool:
        asked = Attempt(root, way, path, **({"sandbox": writes} | under))  # type: ignore[arg-type]
        found = await watch.session.attempt(asked)
        assert found is not None
        assert found.tried is not None, found
        return found.tried.allowed

    assert await tried(Way.WRITE, f"{root}/new/deeper.txt")
    assert await tried(Way.READ, f"{root}/.git/HEAD")
    assert not await tried(Way.WRITE, f"{root}/.git/HEAD")
    assert not await tried(Way.WRITE, f"{root}/.aws/new")
    assert not await tried(Way.WRITE, str(bench.home.outside / "x"))
    assert not await tried(None, "")
    networked = Sandbox(SandboxMode.READ_ONLY, network=True)
    assert await tried(None, "", sandbox=networked)
    assert not await tried(Way.WRITE, f"{root}/x", sandbox=None, profile=":read-only")
    assert (everything(bench.workspace), everything(bench.home.outside)) == before
    full = Attempt(root, Way.WRITE, "/etc/x", Sandbox(SandboxMode.FULL_ACCESS))
    refused = await watch.session.attempt(full)
    assert refused is not None
    assert refused.tried is None
    assert "outside of any sandbox" in refused.error
    host = await watch.session.surroundings()
    assert host is not None
    assert os.path.isfile(os.path.join(host.engine, "codex"))
    assert host.tmpdir == bench.home.environment().get("TMPDIR", "")
