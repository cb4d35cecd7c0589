"""What the screen says of the sandbox while a turn runs, against what really happens.

The oracles are a file on disk that the running turn writes, and the workspace before
and after a probe.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from state.commands import StartThread
from state.engine.supervisor import control_socket
from state.events import SettingsChanged, TurnEnded, TurnStarted
from state.model import ClientId, Sandbox, SandboxMode, World
from state.permissions.reach import Way
from state.permissions.trial import Attempt
from state.select.frame import sandbox_line
from state.store import Store
from state.views import SandboxLine
from tests.engine.harness import Bench, EngineUnderTest, each_engine, need_sandbox
from tests.engine.session_bench import Watch, running
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Say, Step

WAIT = "while [ ! -e go ]; do sleep 0.05; done; echo written > proof.txt"


def script(request: ModelRequest) -> Sequence[Step]:
    """A command that waits for a file, then writes another."""
    if request.reply_index == 0:
        return [Exec(WAIT, yield_ms=60_000)]
    return [Say("done")]


def line(watch: Watch) -> SandboxLine:
    """The bottom line of the thread, from everything that was told so far."""
    store = Store(World())
    store.offer_all(watch.events)
    store.tick(1)
    thread = next(t for t in store.world.threads.values() if t.settings is not None)
    return sandbox_line(store.world, thread)


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
        await watch.until(TurnStarted)
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
        proof = bench.workspace / "proof.txt"
        assert not proof.exists()
        (bench.workspace / "go").touch()
        await watch.until(TurnEnded)
        assert proof.read_text() == "written\n"
        assert line(watch).mode == "read-only"
        await _probe(bench, watch)


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
