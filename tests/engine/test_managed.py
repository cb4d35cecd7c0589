"""An administrator's limits on real engines: what they put in force is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

from state.approvals import in_force, reviewer_of
from state.commands import ForkThread, StartThread
from state.engine.port import Defaults
from state.events import SandboxRefused, SettingsChanged, TurnEnded
from state.items import ThreadId
from state.model import ClientId, SandboxMode
from state.select.sandbox import Known, sandbox_view
from state.store import Store
from state.usual import defaults_of, under_limits
from tests.engine.harness import Bench, EngineUnderTest, each_engine
from tests.engine.review_bench import managed
from tests.engine.session_bench import Watch, running
from tui.demo.steps import Say

ONLY_READ = """allowed_sandbox_modes = ["read-only"]
allowed_approval_policies = ["untrusted", "on-request"]
allowed_approvals_reviewers = ["auto_review"]
"""


async def _refused(watch: Watch, command: StartThread | ForkThread) -> ThreadId:
    """It asks for workspace-write; read-only is put in force, and that is an alarm."""
    mark = len(watch.events)
    thread_id = await watch.session.send(command)
    assert thread_id is not None, watch.said()
    told = await watch.until(
        SettingsChanged, lambda e: e.thread_id == thread_id, since=mark
    )
    assert told.settings.sandbox is not None
    assert told.settings.sandbox.mode is SandboxMode.READ_ONLY
    alarm = await watch.until(
        SandboxRefused, lambda e: e.thread_id == thread_id, since=mark
    )
    assert alarm.asked is SandboxMode.WORKSPACE_WRITE
    await _by(watch, thread_id, "managed")
    return thread_id


async def _by(watch: Watch, thread_id: ThreadId, layer: str) -> None:
    """Who set the mode, as the inspector says."""
    store = Store()
    store.offer_all(watch.events)
    store.tick(0)
    thread = store.world.threads[thread_id]
    controls = await watch.session.controls(thread.cwd or "")
    known = Known(thread.settings)
    rows = sandbox_view(thread, controls, known, {thread_id: thread}).settings
    assert rows[0].label == "sandbox"
    assert rows[0].set_by == layer, rows[0]


async def _said_of_new_threads(watch: Watch, bench: Bench, known: Defaults) -> None:
    """What /approvals says of new threads is what one gets, not what the file says:
    the engine falls back, for each setting that is not allowed."""
    config = bench.home.codex_home / "config.toml"
    text = config.read_text()
    never = 'approval_policy = "never"'
    config.write_text(text.replace('approval_policy = "on-request"', never))
    assert never in config.read_text()
    mark = len(watch.events)
    plain = await watch.session.send(StartThread(ClientId("d"), known.cwd, "hello"))
    told = await watch.until(
        SettingsChanged, lambda e: e.thread_id == plain, since=mark
    )
    controls = await watch.session.controls(str(bench.workspace))
    assert controls is not None
    usual = defaults_of(controls)
    assert (usual.approval_policy, reviewer_of(usual)) == ("never", "user")
    force = in_force(under_limits(usual, controls))
    assert in_force(told.settings) == force
    assert force == ("untrusted", "auto_review", ":read-only", ())


@each_engine
def test_a_mode_that_is_not_allowed_rings_for_a_start_and_a_fork(
    engine: EngineUnderTest, tmp_path: Path
) -> None:
    administered = managed(engine, tmp_path, ONLY_READ)

    async def work(bench: Bench) -> None:
        async with running(bench) as watch:
            found = await watch.session.defaults(str(bench.workspace))
            assert found is not None and found.limits.sandboxes == ("read-only",)
            first = await _refused(
                watch,
                StartThread(
                    ClientId("c"),
                    str(bench.workspace),
                    "hello",
                    sandbox="workspace-write",
                    trust=True,
                ),
            )
            await watch.until(TurnEnded)
            copy = await _refused(watch, ForkThread(first, sandbox="workspace-write"))
            assert copy != first
            named = await watch.session.send(ForkThread(first, profile=":workspace"))
            assert named not in (None, first), watch.said()
            alarm = await watch.until(SandboxRefused, lambda e: e.thread_id == named)
            assert alarm.asked == "profile :workspace"
            await _said_of_new_threads(watch, bench, found)

    with Bench(administered, lambda _request: [Say("heard")]) as bench:
        asyncio.run(work(bench))
