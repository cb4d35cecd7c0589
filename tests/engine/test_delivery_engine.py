"""Undelivered work on the real engine: looks in its sandbox, a turn, a push.

The oracles are the bare repository's refs and files that planted programs would write.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from state.commands import SendTurn, StartThread
from state.engine.acting import Surroundings
from state.engine.session import EngineSession
from state.events import TurnEnded
from state.git import worktrees
from state.git.planning import Window, all_strays, make_plan, read_repository
from state.git.shell import LookFailed
from state.items import ThreadId
from state.looks import Look, Looker
from state.model import ClientId, EnginePhase
from tests.engine.harness import Bench, EngineUnderTest, each_engine, need_sandbox
from tests.engine.session_bench import options, running, shared
from tests.git.hostile import BRANCH, arm, provoke
from tests.git.repos import Ground
from tests.git.test_pushing import script as program
from tests.snap import screen_text
from tui.app import CodexTui
from tui.demo.request import ModelRequest
from tui.demo.steps import Exec, Say, Step
from tui.production import rollout_events
from tui.services import Remembered, Services

SECONDS = 90.0
COMMIT = (
    "git worktree add -q -b fix/cache ../fix && cd ../fix && echo x > new.txt && "
    "git add new.txt && git -c user.name=A -c user.email=a@b commit -q -m 'add new'"
)


AGAIN = (
    "cd ../fix && echo y > more.txt && git add more.txt && "
    "git -c user.name=A -c user.email=a@b commit -q -m 'add more'"
)


def script(request: ModelRequest) -> Sequence[Step]:
    """A turn that commits in a worktree of its own; the next one commits again."""
    if request.reply_index:
        return [Say("done")]
    return [Exec(AGAIN if "again" in request.user_text else COMMIT)]


@each_engine
def test_a_look_runs_in_the_sandbox_and_starts_nothing(engine: EngineUnderTest) -> None:
    """Of a hostile repository, with the whole plan; and what is tried in a look
    anyway can neither write nor connect."""
    need_sandbox(engine)
    with Bench(engine, script) as bench:
        ground = Ground(bench.home.outside / "ground")
        ran = arm(ground, ground.folder / "ran")
        assert {"fsmonitor", "clean", "gpg"} <= provoke(ground, ran)
        asyncio.run(_look(bench, ground))
        assert [path.name for path in ran.iterdir()] == []


async def _look(bench: Bench, ground: Ground) -> None:
    async with running(bench) as watch:
        look = watch.session.look
        repository, found = await all_strays(look, str(ground.work))
        stray = next(s for s in found if s.branch == BRANCH)
        assert repository.common == str(ground.work / ".git")
        window = Window(look, ground.environment, lambda _path: True)
        plan = await make_plan(window, repository, stray)
        assert plan.refusal == ""
        assert [c.subject for c in plan.commits] == ["a"]
        assert plan.hooks[0].what == "hook pre-push"
        proof = ground.folder / "proof"
        tried = (
            f"touch {proof}; touch /tmp/{ground.folder.parent.parent.name}; "
            "exec 9<>/dev/tcp/127.0.0.1/9; true"
        )
        looked = await look(Look(("/bin/bash", "-c", tried), str(ground.work)))
        assert looked is not None
        assert looked.stderr.count("Read-only file system") == 2, looked
        assert not proof.exists()
        assert "Operation not permitted" in looked.stderr
        gone = await look(Look(("/bin/true",), "/nowhere/at/all"))
        assert gone is not None
        assert gone.error
        plain = Ground(bench.home.outside / "plain")
        await _worktree(look, plain)
        await _ssh(look, plain)


async def _worktree(look: Looker, ground: Ground) -> None:
    """Made and taken away inside the sandbox; a filter that runs on the way can write
    nothing but the worktree's folder and the git folder."""
    proof = ground.folder / "proof"
    (ground.work / ".gitattributes").write_text("first filter=evil\n")
    ground.git(ground.work, "add", ".gitattributes")
    ground.git(ground.work, "commit", "-q", "-m", "attributes")
    ground.git(ground.work, "push", "-q")
    smudge = program(ground.folder / "smudge", f"echo >&2; touch {proof}; cat")
    ground.git(ground.work, "config", "filter.evil.smudge", str(smudge))
    program(ground.work / ".git/hooks/post-checkout", f"touch {proof}")
    place = str(ground.work)
    asked = worktrees.wanted(await read_repository(look, place), place, "fix/it")
    await worktrees.add(look, asked, place)
    tree = Path(asked.path)
    assert ground.git(tree, "branch", "--show-current") == "fix/it"
    assert (tree / "first").read_text() == "x\n"
    assert not proof.exists()
    repository = await read_repository(look, asked.path)
    made = repository.holding(asked.path)
    assert made is not None
    assert (await worktrees.judge(look, repository, made)).keeps == ""
    (tree / "new").write_text("x")
    assert "no commit" in (await worktrees.judge(look, repository, made)).keeps
    with pytest.raises(LookFailed, match="worktree stays"):
        await worktrees.remove(look, repository, made)
    (tree / "new").unlink()
    await worktrees.remove(look, repository, made)
    assert not tree.exists()


async def _ssh(look: Looker, ground: Ground) -> None:
    """ssh's own settings are read in the sandbox, and none of their programs asked."""
    proof = ground.folder / "asked"
    (ground.home / ".ssh").mkdir()
    asks = f'Match exec "touch {proof}"\n  ProxyCommand nc %h\n'
    (ground.home / ".ssh/config").write_text(asks)
    ground.git(ground.work, "remote", "set-url", "origin", "git@h:o/r.git")
    ground.commit(ground.work, "b")
    repository, (stray, *_) = await all_strays(look, str(ground.work))
    own = f"{ground.home}/.ssh"
    window = Window(look, ground.environment, lambda _path: False, ssh=own)
    plan = await make_plan(window, repository, stray)
    found = [p.what for p in plan.programs]
    assert found == ["ssh", "Match exec", "ProxyCommand"]
    assert not proof.exists()


@each_engine
def test_committed_flagged_pushed(engine: EngineUnderTest) -> None:
    """A turn commits while no window is open, the next one in sight; neither is
    plainly done; /push names the planted hook, which does not run; then the bare
    repository has the commits and the flag is gone."""
    need_sandbox(engine)
    with Bench(engine, script) as bench:
        asyncio.run(_journey(bench))


async def _journey(bench: Bench) -> None:
    remote, ran = bench.home.outside / "remote.git", bench.home.outside / "ran"
    environment = bench.home.environment()
    git = shutil.which("git") or "git"

    async def run(place: Path, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            git, *words, cwd=place, env=environment, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        return out.decode().strip()

    await run(bench.workspace, "clone", "-q", "--bare", ".", str(remote))
    await run(bench.workspace, "remote", "add", "origin", str(remote))
    await run(bench.workspace, "fetch", "-q")
    await run(bench.workspace, "config", "core.hooksPath", ".husky")
    since_ms = int(time.time() * 1000)
    made = await _without_a_window(bench)
    around = Surroundings(read_rollout=rollout_events)
    app = CodexTui(
        Services(
            engine=EngineSession(shared(bench), options(bench, around=around)),
            cwd=str(bench.workspace),
            codex_home=str(bench.home.codex_home),
            environment=environment,
            remembered=Remembered(view={"delivery": since_ms}),
            still=True,
        )
    )
    async with app.run_test(size=(120, 40)) as pilot:
        services = app.services
        await until(pilot, lambda: ready(app))
        await until(pilot, lambda: flagged(app, made))
        app.fleet.open_thread(made)
        sees = "Work not delivered: 1 commit on fix/cache (worktree fix)"
        await until(pilot, lambda: sees in screen_text(app))
        await services.bridge.act(SendTurn(ClientId("c2"), made, "again"))
        sees = "Work not delivered: 2 commits on fix/cache (worktree fix)"
        await until(pilot, lambda: sees in screen_text(app))
        fix = bench.workspace.parent / "fix"
        head = await run(fix, "rev-parse", "HEAD")
        program(fix / ".husky/pre-push", f"touch {ran}")
        await app.fleet.action_do("push")
        await until(pilot, lambda: "second key" in screen_text(app))
        await until(pilot, lambda: ".husky/pre-push" in screen_text(app))
        await pilot.press("enter")
        assert await run(remote, "branch", "--list", "fix/cache") == ""
        await press(pilot, "N", "once more")
        await press(pilot, "N", "Pushed 2 commits of fix/cache to origin")
        assert await run(remote, "rev-parse", "refs/heads/fix/cache") == head
        assert not ran.exists()
        await until(pilot, lambda: not flagged(app, made))


async def _without_a_window(bench: Bench) -> ThreadId:
    """A turn that begins and ends with nobody there but a plain connection."""
    async with running(bench) as watch:
        start = StartThread(
            ClientId("c1"),
            str(bench.workspace),
            "commit it",
            sandbox="danger-full-access",
            approval_policy="never",
            trust=True,
        )
        made = await watch.session.send(start)
        assert made is not None
        await watch.until(TurnEnded, lambda event: event.thread_id == made)
        return made


async def press(pilot: Pilot[Any], key: str, words: str) -> None:
    """Press it until it counts: a key that comes too soon only says so."""
    try:
        async with asyncio.timeout(SECONDS):
            while words not in screen_text(pilot.app):
                if "pushing" not in screen_text(pilot.app):
                    await pilot.press(key)
                await pilot.pause(0.2)
    except TimeoutError:
        raise AssertionError(screen_text(pilot.app)) from None


async def until(pilot: Pilot[Any], true: Callable[[], object]) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            while not true():
                await pilot.pause(0.02)
    except TimeoutError:
        raise AssertionError(screen_text(pilot.app)) from None


def ready(app: CodexTui) -> bool:
    try:
        store = app.services.bridge.store
    except RuntimeError:
        return False
    return store.world.engine.phase is EnginePhase.READY


def flagged(app: CodexTui, thread_id: ThreadId) -> bool:
    thread = app.services.bridge.store.world.threads.get(thread_id)
    return thread is not None and bool(thread.undelivered)
