"""Plans and pushes against a real bare repository; what a look must never start.

The oracles are the bare repository's refs and files that programs would write.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from state.dataclass import replace
from state.git.planning import DETACHED, NO_REMOTE, Window, all_strays, make_plan
from state.git.pushing import command, find, folders, forge, pull_request, push
from state.pushes import PushPlan, PushResult, Reach
from tests.git.repos import Ground


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


class Desk:
    """Plans and pushes as the board does, with an agent that can write `reach`."""

    def __init__(self, ground: Ground, *reach: Path, began_s: int = 0) -> None:
        self.ground = ground
        self.reach = tuple(str(path) for path in reach)
        self.window = Window(
            ground.look,
            ground.environment,
            self.writable,
            began_s=began_s,
            ssh=f"{ground.home}/.ssh",
        )
        self.told: list[str] = []

    def writable(self, path: str) -> bool:
        return any(path == r or path.startswith(f"{r}/") for r in self.reach)

    def plan(self, branch: str = "main", place: Path | None = None) -> PushPlan:
        return asyncio.run(self._plan(branch, place or self.ground.work))

    async def _plan(self, branch: str, place: Path) -> PushPlan:
        repository, found = await all_strays(self.ground.look, str(place))
        stray = next(s for s in found if s.branch == branch)
        plan = await make_plan(self.window, repository, stray)
        kept, dropped = folders(self.ground.environment, self.writable)
        return replace(plan, git=find("git", kept), folders=kept, dropped=dropped)

    def push(self, plan: PushPlan, *, hooks: bool = True) -> PushResult:
        environment = self.ground.environment
        return asyncio.run(push(plan, environment, self.told.append, hooks=hooks))


# -- plans ---------------------------------------------------------------------------


def test_what_goes_where(ground: Ground) -> None:
    ground.commit(ground.work, "a")
    head = ground.commit(ground.work, "ünï.txt")
    (ground.work / "new").write_text("x")
    (ground.work / "first").write_text("changed")
    plan = Desk(ground).plan()
    assert (plan.remote, plan.urls) == ("origin", (str(ground.remote),))
    assert (plan.target, plan.stray.head) == ("refs/heads/main", head)
    assert [c.subject for c in plan.commits] == ["add ünï.txt", "add a"]
    assert (plan.number, plan.behind, plan.uncommitted) == (2, 0, 2)
    assert [(f.kind, f.path) for f in plan.files] == [("A", "a"), ("A", "ünï.txt")]
    assert [p.what for p in plan.programs] == ["receiving repository"]
    assert plan.grave(hooks=True) == ()


def test_a_detached_head_and_no_remote_are_refused(ground: Ground) -> None:
    probe = ground.folder / "probe"
    ground.git(ground.work, "worktree", "add", "-q", "--detach", str(probe))
    ground.commit(probe, "c")
    assert Desk(ground).plan("", probe).refusal == DETACHED
    window = Desk(ground).window

    async def without() -> str:
        repository, (stray,) = await all_strays(ground.look, str(ground.work))
        bare = replace(repository, remotes=())
        return (await make_plan(window, bare, stray)).refusal

    assert asyncio.run(without()) == NO_REMOTE


def test_the_remote_git_would_take(ground: Ground) -> None:
    ground.commit(ground.work, "a")
    ground.git(ground.work, "remote", "add", "fork", "git@github.com:me/it.git")
    assert Desk(ground).plan().remote == "origin"
    ground.git(ground.work, "config", "remote.pushDefault", "fork")
    plan = Desk(ground).plan()
    assert (plan.remote, plan.url) == ("fork", "git@github.com:me/it.git")
    assert [p.what for p in plan.programs] == ["ssh"]


def test_addresses_that_are_bent(ground: Ground) -> None:
    ground.commit(ground.work, "a")
    config = ground.work / ".git/config"
    evil = "https://evil.example/"
    ground.git(
        ground.work, "remote", "set-url", "origin", "https://good.example/it.git"
    )
    ground.git(
        ground.work, "config", f"url.{evil}.pushInsteadOf", "https://good.example/"
    )
    plan = Desk(ground, config).plan()
    assert plan.url == f"{evil}it.git"
    (setting,) = plan.settings
    assert (setting.key, setting.value) == (
        f"url.{evil}.pushinsteadof",
        "https://good.example/",
    )
    assert setting.reach is Reach.AGENT
    assert setting in plan.grave(hooks=False)
    assert Desk(ground).plan().grave(hooks=True) == ()


PROGRAMS = {
    "core.sshCommand": ("git@h:o/r.git", "ssh", "/opt/s -x"),
    "core.askPass": ("https://h/o/r.git", "password prompt", "/opt/ask"),
    "credential.helper": ("https://h/o/r.git", "credential helper", "!/opt/c"),
    "core.gitProxy": ("git://h/o/r.git", "proxy command", "/opt/proxy"),
    "remote.origin.receivepack": ("/srv/r.git", "receiving program", "/opt/rp"),
    "remote.origin.vcs": ("x", "remote helper", "evil"),
}


@pytest.mark.parametrize("key", PROGRAMS)
def test_programs_of_the_configuration(ground: Ground, key: str) -> None:
    """One that stands in a file the agent can write needs a second key, whatever it
    is; the user's own does not."""
    url, what, command_ = PROGRAMS[key]
    ground.commit(ground.work, "a")
    ground.git(ground.work, "config", "remote.origin.url", url)
    ground.git(ground.work, "config", key, command_)
    for reach, wanted in (((), Reach.YOURS), ((ground.work / ".git",), Reach.AGENT)):
        plan = Desk(ground, *reach).plan()
        found = [p for p in plan.programs if p.what == what]
        assert [p.reach for p in found] == [wanted], plan.programs
        assert command_.removeprefix("!") in found[0].command
        assert not found[0].hook
        assert bool(plan.grave(hooks=False)) is bool(reach)


def test_an_address_that_is_a_command(ground: Ground) -> None:
    ground.commit(ground.work, "a")
    ground.git(ground.work, "remote", "set-url", "origin", "ext::sh -c evil% %S")
    plan = Desk(ground).plan()
    (program,) = plan.programs
    assert (program.what, program.reach) == ("remote helper", Reach.UNKNOWN)
    assert plan.grave(hooks=False) == (program,)


def test_signing(ground: Ground) -> None:
    ground.commit(ground.work, "a")
    ground.git(ground.work, "config", "push.gpgSign", "if-asked")
    ground.git(ground.work, "config", "gpg.program", "./evil")
    plan = Desk(ground, ground.work / ".git").plan()
    assert [p.what for p in plan.programs] == [
        "receiving repository",
        "signing program",
    ]
    assert plan.programs[1].reach is Reach.AGENT


# -- hooks ---------------------------------------------------------------------------


def husky(ground: Ground, ran: Path) -> None:
    """As husky sets it up; the agent wrote .husky/pre-push."""
    script(ground.work / ".husky/_/pre-push", 'exec sh "$(dirname "$0")/../pre-push"')
    script(ground.work / ".husky/pre-push", f"echo ran >> '{ran}'")
    ground.git(ground.work, "config", "core.hooksPath", ".husky/_")


def test_a_planted_hook_is_named_and_does_not_run_without_hooks(ground: Ground) -> None:
    ran = ground.folder / "ran"
    husky(ground, ran)
    head = ground.commit(ground.work, "a")
    desk = Desk(ground, ground.work)
    plan = desk.plan()
    hooks = [(p.what, p.path, p.reach) for p in plan.hooks]
    assert hooks == [
        ("hook pre-push", str(ground.work / ".husky/_/pre-push"), Reach.AGENT),
        ("hook pre-push", str(ground.work / ".husky/pre-push"), Reach.AGENT),
    ]
    assert "echo ran" in plan.hooks[1].text
    assert len(plan.grave(hooks=True)) == 2
    assert plan.grave(hooks=False) == ()
    result = desk.push(plan, hooks=False)
    assert result.ok, result.raw
    assert ground.has(head, "main")
    assert not ran.exists()


def test_hooks_run_when_they_are_to_run(ground: Ground) -> None:
    ran = ground.folder / "ran"
    husky(ground, ran)
    ground.commit(ground.work, "a")
    desk = Desk(ground, ground.work)
    assert desk.push(desk.plan()).ok
    assert ran.read_text() == "ran\n"


def test_a_hook_out_of_reach_may_start_the_project(ground: Ground) -> None:
    script(ground.work / ".git/hooks/pre-push", "npm test")
    script(ground.work / ".git/hooks/reference-transaction", "exit 0")
    ground.commit(ground.work, "a")
    (ours, other) = Desk(ground, ground.work / "src").plan().hooks
    assert (ours.reach, other.what) == (Reach.YOURS, "hook reference-transaction")
    desk = Desk(ground)
    desk.window = replace(desk.window, writable=lambda p: p.endswith("/work/x"))
    assert [p.reach for p in desk.plan().hooks] == [Reach.PROJECT] * 2


def test_a_hook_that_changed_since_the_thread_began(ground: Ground) -> None:
    script(ground.work / ".git/hooks/pre-push", "exit 0")
    ground.commit(ground.work, "a")
    now = int(time.time())
    assert Desk(ground, began_s=now + 60).plan().hooks[0].changed is False
    plan = Desk(ground, began_s=now - 60).plan()
    assert plan.hooks[0].changed is True
    assert plan.grave(hooks=True) == plan.hooks


def test_what_changed_after_it_was_shown(ground: Ground) -> None:
    """The same plan once more is the same; another hook or commit is not."""
    hook = script(ground.work / ".git/hooks/pre-push", "exit 0")
    ground.commit(ground.work, "a")
    desk = Desk(ground)
    shown = desk.plan()
    assert shown.same(desk.plan())
    script(hook, "exit 1")
    changed = desk.plan()
    assert not shown.same(changed)
    ground.commit(ground.work, "b")
    assert not changed.same(desk.plan())


def test_the_hooks_of_a_remote_that_is_a_folder_here(ground: Ground) -> None:
    script(ground.remote / "hooks/pre-receive", "exit 0")
    ground.commit(ground.work, "a")
    plan = Desk(ground, ground.remote).plan()
    assert [(p.what, p.reach) for p in plan.programs] == [
        ("receiving repository", Reach.AGENT),
        ("hook pre-receive of the remote", Reach.AGENT),
    ]
    assert len(plan.grave(hooks=False)) == 2


# -- pushes --------------------------------------------------------------------------


def test_a_branch_of_a_worktree_goes(ground: Ground) -> None:
    fix = ground.folder / "fix"
    ground.git(ground.work, "worktree", "add", "-q", "-b", "fix/cache", str(fix))
    ground.commit(fix, "a")
    head = ground.commit(fix, "b")
    desk = Desk(ground)
    plan = desk.plan("fix/cache")
    assert plan.place == str(fix)
    result = desk.push(plan)
    assert (result.ok, result.summary) == (True, "[new branch]")
    assert ground.has(head, "fix/cache")
    assert any(line.startswith("Done") for line in desk.told)
    assert asyncio.run(all_strays(ground.look, str(fix)))[1] == ()


def test_only_what_was_shown_goes(ground: Ground) -> None:
    """A commit made after the plan, and tags, stay here."""
    shown = ground.commit(ground.work, "a")
    desk = Desk(ground)
    plan = desk.plan()
    ground.git(ground.work, "tag", "-a", "-m", "t", "v1")
    ground.git(ground.work, "config", "push.followTags", "true")
    ground.commit(ground.work, "later")
    assert desk.push(plan).ok
    assert ground.has(shown, "main")
    assert ground.git(ground.remote, "tag") == ""


def test_diverged_is_rejected_and_never_forced(ground: Ground) -> None:
    other = ground.folder / "other"
    ground.git(ground.folder, "clone", "-q", str(ground.remote), str(other))
    theirs = ground.commit(other, "theirs")
    ground.git(other, "push", "-q", "origin", "HEAD:main")
    ground.commit(ground.work, "ours")
    ground.git(ground.work, "config", "remote.origin.push", "+refs/heads/*")
    desk = Desk(ground)
    result = desk.push(desk.plan())
    assert result.fault is not None
    assert (result.ok, result.fault.kind) == (False, "behind")
    assert ground.has(theirs, "main")
    ground.git(ground.work, "fetch", "-q")
    assert desk.plan().behind == 1


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("remote.git/hooks/pre-receive", "declined"),
        ("work/.git/hooks/pre-push", "hook"),
    ],
)
def test_a_hook_that_rejects(ground: Ground, where: str, kind: str) -> None:
    script(ground.folder / where, "echo Connection refused: no friday pushes; exit 1")
    ground.commit(ground.work, "a")
    desk = Desk(ground)
    result = desk.push(desk.plan())
    assert result.fault is not None
    assert (result.ok, result.fault.kind) == (False, kind)
    assert "no friday pushes" in result.raw


@pytest.mark.parametrize(
    ("url", "kind"),
    [("/nowhere/it.git", "no-remote"), ("ssh://localhost:1/it.git", "network")],
)
def test_a_remote_that_is_not_there(ground: Ground, url: str, kind: str) -> None:
    ground.commit(ground.work, "a")
    ground.git(ground.work, "remote", "set-url", "origin", url)
    ssh = script(
        ground.home / "ssh",
        "echo ssh: connect to host: Connection refused >&2; exit 255",
    )
    ground.git(ground.work, "config", "core.sshCommand", str(ssh))
    desk = Desk(ground)
    result = desk.push(desk.plan())
    assert result.fault is not None
    assert (result.code, result.fault.kind) == (128, kind), result.raw


def test_a_push_that_is_given_up_ends_all_it_started(ground: Ground) -> None:
    """What it said until then was told while it ran."""
    pid = ground.folder / "pid"
    hook = f"echo step one; sleep 600 & echo $! > '{pid}'; wait"
    script(ground.work / ".git/hooks/pre-push", hook)
    ground.commit(ground.work, "a")
    desk = Desk(ground)
    plan = desk.plan()

    async def give_up() -> None:
        task = asyncio.create_task(
            push(plan, ground.environment, desk.told.append, hooks=True)
        )
        async with asyncio.timeout(90):
            while not (pid.exists() and pid.read_text().strip()):
                await asyncio.sleep(0.01)
            while "step one" not in desk.told:
                await asyncio.sleep(0.01)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    state = Path(f"/proc/{pid.read_text().strip()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_a_path_an_agent_can_write_is_left_out(ground: Ground) -> None:
    planted = script(ground.work / "bin/git", "touch evil")
    environment = {"PATH": f"{planted.parent}:.::{os.environ['PATH']}"}
    kept, dropped = folders(environment, lambda p: p.startswith(str(ground.work)))
    assert dropped == (str(planted.parent), ".")
    assert find("git", kept) not in ("", str(planted))


def test_no_git_and_no_folder_are_sentences(ground: Ground) -> None:
    ground.commit(ground.work, "a")
    desk = Desk(ground)
    plan = desk.plan()
    assert desk.push(replace(plan, git="")).raw.startswith("There is no git")
    assert desk.push(replace(plan, place="/gone")).raw.startswith("The folder is gone")
    gone = desk.push(replace(plan, git="/gone/git"))
    assert gone.code is None


def test_the_command_line_cannot_force(ground: Ground) -> None:
    ground.commit(ground.work, "a")
    plan = Desk(ground).plan()
    for hooks in (True, False):
        words = command(plan, hooks=hooks)
        assert not any(w.startswith(("--force", "-f", "+", "--mirror")) for w in words)
        assert words[-1] == f"{plan.stray.head}:refs/heads/main"
        assert words[-3] == "--"


# -- pull requests -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("git@github.com:o/r.git", "github.com/o/r"),
        ("https://tok@ghe.example:8443/o/r", "ghe.example/o/r"),
        ("ssh://git@github.com/o/r.git", "github.com/o/r"),
        ("/srv/r.git", ""),
        ("ext::sh -c x", ""),
        ("https://h/a/b/c.git", ""),
    ],
)
def test_the_repository_as_gh_names_it(url: str, name: str) -> None:
    assert forge(url) == name


def test_a_pull_request_names_everything(ground: Ground) -> None:
    ground.commit(ground.work, "a")
    plan = replace(Desk(ground).plan(), urls=("git@github.com:o/r.git",))
    assert pull_request(plan, "/usr/bin/gh") == [
        *("/usr/bin/gh", "pr", "create", "--repo", "github.com/o/r"),
        *("--head", "main", "--title", "add a", "--body", "- add a"),
    ]
