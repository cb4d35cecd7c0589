"""Trust on real engines: what it switches on, what new threads get by it, and taking it
back; and a folder behind a symlink, under which an engine by itself runs nothing.

The oracles are the configuration file, files that commands make, and what the engine
does for a plain client.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Sequence
from pathlib import Path

from state.changes import TrustProject
from state.commands import StartThread
from state.controls import Controls
from state.engine.local_disk import LocalDisk
from state.events import SettingsChanged, TurnEnded
from state.model import ClientId, SandboxMode, Settings
from state.permissions.assemble import mode_layer
from state.permissions.policy import Layer
from tests.engine.harness import Bench, EngineUnderTest, each_engine, need_sandbox
from tests.engine.session_bench import Watch, running
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Say, Step
from tui.screens.trusting import brings

MADE = "touch made && echo fine"
READ_ONLY = SandboxMode.READ_ONLY
PLAIN = "sandbox_mode = ", "approval_policy = "


def script(request: ModelRequest) -> Sequence[Step]:
    if request.user_text != "make" or request.reply_index:
        return [Say("heard")]
    return [Exec(MADE)]


async def _start(watch: Watch, cwd: Path, text: str = "hello") -> Settings:
    """A thread that asks for no mode; what it got."""
    mark = len(watch.events)
    start = StartThread(ClientId(uuid.uuid4().hex), str(cwd), text)
    thread_id = await watch.session.send(start)
    assert thread_id is not None, watch.said()
    told = await watch.until(
        SettingsChanged, lambda e: e.thread_id == thread_id, since=mark
    )
    await watch.until(TurnEnded, lambda e: e.thread_id == thread_id, since=mark)
    return told.settings


async def _controls(watch: Watch, cwd: Path) -> Controls:
    found = await watch.session.controls(str(cwd))
    assert found is not None
    assert not found.problem
    return found


async def _trust(watch: Watch, cwd: Path, level: str | None) -> Controls:
    root = (await _controls(watch, cwd)).root
    await watch.session.send(TrustProject(root, level, "said"))
    return await _controls(watch, cwd)


async def _project(bench: Bench, watch: Watch) -> None:
    ws, config = bench.workspace, bench.home.codex_home / "config.toml"
    (ws / ".codex" / "rules").mkdir(parents=True)
    (ws / ".codex" / "config.toml").write_text('approval_policy = "never"\n')
    (ws / ".codex" / "hooks.json").write_text('{"hooks": {}}\n')
    (ws / ".codex" / "rules" / "own.rules").write_text("")
    before = await _trust(watch, ws, None)
    assert not before.trusted
    got = await _start(watch, ws)
    # Read-only was asked for: an engine by itself would trust the project here.
    assert got.sandbox is not None
    assert (got.sandbox.mode, got.approval_policy) == (READ_ONLY, "on-request")
    assert mode_layer(got, before) is Layer.THREAD
    listed = "\n".join(brings(before.root, LocalDisk(), before))
    assert "its settings: .codex/config.toml" in listed
    assert "its hooks: .codex/hooks.json" in listed
    assert "its rules for commands: .codex/rules/ (own.rules)" in listed

    after = await _trust(watch, ws, "trusted")
    assert after.trusted
    assert 'trust_level = "trusted"' in config.read_text()
    got = await _start(watch, ws, "make")
    assert (got.profile, got.approval_policy) == (":workspace", "never")
    assert mode_layer(got, after) is Layer.TRUST
    assert after.value("approval_policy").layer.place == str(ws / ".codex")
    assert (ws / "made").exists()
    (ws / "made").unlink()

    never = await _trust(watch, ws, "untrusted")
    assert (never.trusted, never.distrusted) == (False, True)
    got = await _start(watch, ws)
    assert got.approval_policy == "untrusted"
    forgotten = await _trust(watch, ws, None)
    assert (forgotten.trusted, forgotten.distrusted) == (False, False)
    assert "trust_level" not in config.read_text().partition(str(ws))[2][:60]


async def _linked(bench: Bench, watch: Watch) -> None:
    """A symlink below /tmp, which is a writable root itself: for a plain client no
    command runs; our threads start where it leads."""
    link = Path("/tmp") / f"codex-tui-{uuid.uuid4().hex[:8]}"
    link.symlink_to(bench.workspace)
    try:
        await _trust(watch, bench.workspace, "trusted")
        plain = await asyncio.to_thread(bench.stdio)
        started = await asyncio.to_thread(
            plain.start_thread, link, sandbox="workspace-write", approvalPolicy="never"
        )
        await asyncio.to_thread(plain.start_turn, started, "make")
        await asyncio.to_thread(plain.wait_for, "turn/completed")
        assert not (bench.workspace / "made").exists()
        got = await _start(watch, link, "make")
        assert got.cwd == os.path.realpath(link)
        assert (bench.workspace / "made").exists()
    finally:
        link.unlink()


@each_engine
def test_trust_is_given_and_taken_back(engine: EngineUnderTest) -> None:
    need_sandbox(engine)

    async def work(bench: Bench) -> None:
        path = bench.home.codex_home / "config.toml"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(one for one in lines if not one.startswith(PLAIN)))
        async with running(bench) as watch:
            await _project(bench, watch)
            await _linked(bench, watch)

    with Bench(engine, script) as bench:
        asyncio.run(work(bench))
