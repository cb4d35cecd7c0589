"""Undelivered work as a person meets it: flagged, shown, pushed.

git is real, here without a sandbox; the oracles are the bare repository's refs and the
files that planted programs would write.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from state.git import pushing
from state.looks import Look
from state.pushes import PushPlan, PushResult
from tests.driver import Driver, drive
from tests.fakes import FakeEngine, Json, Refused, turn_row
from tests.git.repos import Ground
from tests.git.test_pushing import husky, script

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

ONE, TWO = "thread-one", "thread-two"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path / "ground")


def prepare(ground: Ground) -> Callable[[FakeEngine], None]:
    def ready(engine: FakeEngine) -> None:
        for name in ("one", "two"):
            engine.add(name, status={"type": "idle"}, cwd=str(ground.work))
        engine.trusted = True
        usual = engine.replies["thread/resume"]
        engine.replies["thread/resume"] = lambda params: without_tmp(usual(params))
        engine.replies["command/exec"] = lambda params: execute(ground, params)
        engine.replies["configRequirements/read"] = lambda _: {"requirements": None}
        engine.replies["permissionProfile/list"] = lambda _: {"data": []}
        engine.replies["experimentalFeature/list"] = lambda _: {"data": []}

    return ready


def without_tmp(opened: Json) -> Json:
    """The ground stands below /tmp, which agents could write otherwise."""
    own = {"excludeSlashTmp": True, "excludeTmpdirEnvVar": True}
    return {**opened, "sandbox": {**opened["sandbox"], **own}}


def execute(ground: Ground, params: Json) -> Json:
    """As the engine does, but for the sandbox it asked for."""
    assert params["sandboxPolicy"] == {"type": "readOnly", "networkAccess": False}
    look = Look(tuple(params["command"]), params["cwd"], params["env"])
    ran = ground.looked(look)
    if ran.error:
        raise Refused(ran.error)
    return {"exitCode": ran.exit_code, "stdout": ran.stdout, "stderr": ran.stderr}


async def pusher(
    plan: PushPlan,
    environment: Mapping[str, str],
    tell: Callable[[str], None],
    *,
    hooks: bool,
) -> PushResult:
    """The real push, in a loop that has real time."""
    said: list[str] = []

    def work() -> PushResult:
        return asyncio.run(pushing.push(plan, environment, said.append, hooks=hooks))

    result = await asyncio.to_thread(work)
    for line in said:
        tell(line)
    return result


def play(
    ground: Ground, work: Callable[[Driver], Any], home: Path | None = None
) -> None:
    async def begin(driver: Driver) -> None:
        services = driver.app.services
        services.environment, services.pusher = ground.environment, pusher
        await work(driver)

    drive(begin, prepare=prepare(ground), home=home)


async def turn(
    driver: Driver,
    *commands: str,
    thread: str = ONE,
    cwd: Path | None = None,
    output: str = "",
    code: int = 0,
) -> None:
    """A turn that ran these, as the engine tells it."""
    engine = driver.engine
    number = len(engine.sent)
    engine.start_turn(thread, f"turn-{number}")
    for at, text in enumerate(commands):
        item: Json = {
            "type": "commandExecution",
            "id": f"exec-{number}-{at}",
            "command": f"/bin/bash -lc '{text}'",
            "cwd": str(cwd or engine.threads[thread]["cwd"]),
            "status": "failed" if code else "completed",
            "commandActions": [],
            "aggregatedOutput": output,
            "exitCode": code,
        }
        engine.notify(
            "item/completed", threadId=thread, turnId=f"turn-{number}", item=item
        )
    engine.end_turn(thread, f"turn-{number}")
    await driver.idle()


async def open_board(driver: Driver, title: str = "one") -> None:
    await driver.open_thread(title)
    await driver.press("colon")
    await driver.type("push")
    await driver.press("enter")
    assert driver.dialog == "PushBoard"
    await driver.wait(600)


def test_a_turn_that_committed_is_flagged_until_it_is_pushed(
    ground: Ground, tmp_path: Path
) -> None:
    """In list and transcript, over a restart, for the thread whose turn it was."""
    fix = ground.folder / "fix"

    async def commit(driver: Driver) -> None:
        await turn(driver, "ls -l")
        assert driver.engine.calls("command/exec") == []  # nothing ran git
        ground.git(ground.work, "worktree", "add", "-q", "-b", "fix/cache", str(fix))
        ground.commit(fix, "a")
        ground.commit(fix, "b")
        await turn(driver, "git worktree add", f"cd {fix} && git commit -m b")
        driver.sees("↑ one", "not delivered · 2 on fix/cache")
        driver.sees_not("↑ two")
        await turn(driver, "git log", thread=TWO)
        driver.sees_not("↑ two")
        await driver.open_thread("one")
        driver.sees("Work not delivered: 2 commits on fix/cache (worktree fix)")

    play(ground, commit, tmp_path / "home")

    async def again(driver: Driver) -> None:
        driver.sees("↑ one", "not delivered · 2 on fix/cache")
        await open_board(driver)
        driver.sees("add a", "add b", str(fix), "push 2 commits")
        await driver.press("enter")
        assert not ground.has(ground.git(fix, "rev-parse", "HEAD"), "fix/cache")
        await driver.press("p")
        driver.sees("Pushed 2 commits of fix/cache to origin", "[new branch]")
        assert ground.has(ground.git(fix, "rev-parse", "HEAD"), "fix/cache")
        await driver.press("escape")
        driver.sees("○ one")
        driver.sees_not("not delivered")

    play(ground, again, tmp_path / "home")

    async def gone(driver: Driver) -> None:
        driver.sees("○ one")
        driver.sees_not("not delivered")

    play(ground, gone, tmp_path / "home")


def missed(*commands: str, at_s: int, seconds: int, **changes: Any) -> Json:
    """A turn that nobody saw, as the engine lists it."""
    items: list[Json] = [
        {
            "type": "commandExecution",
            "id": f"missed-{number}",
            "command": f"/bin/bash -lc '{text}'",
            "cwd": changes.get("cwd", "/"),
            "status": "completed",
            "commandActions": [],
            "aggregatedOutput": "",
            "exitCode": 0,
        }
        for number, text in enumerate(commands)
    ]
    row = turn_row(f"missed-{at_s}-{seconds}", status="completed", items=items)
    return {**row, "startedAt": at_s, "completedAt": at_s + seconds}


def spawning(name: str, *, at_s: int, seconds: int) -> Json:
    """Another one: an agent was started in it."""
    row = missed(at_s=at_s, seconds=seconds)
    row["items"].append(
        {
            "type": "subAgentActivity",
            "id": f"item-{name}",
            "kind": "started",
            "agentThreadId": f"thread-{name}",
            "agentPath": f"/root/{name}",
        }
    )
    return row


def test_a_turn_that_ended_while_no_window_was_open(
    ground: Ground, tmp_path: Path
) -> None:
    """It is looked at when a window opens, by the commits of its time; another thread
    that ran git there, a minute earlier, has nothing to do with it. No thread is loaded
    for it, and what was looked at is not asked for again. It was an agent that did
    it, which counts for the root."""
    now = int(time.time())

    def dated(updated_s: int) -> Callable[[FakeEngine], None]:
        def ready(engine: FakeEngine) -> None:
            prepare(ground)(engine)
            for row in engine.threads.values():
                row["updatedAt"] = updated_s
                row["status"] = {"type": "notLoaded"}
            engine.add("old", cwd=str(ground.work), updatedAt=now - 9000)
            place = str(ground.work)
            engine.turns[ONE] = [
                missed("git log", at_s=now - 9000, seconds=5, cwd=place),
                spawning("kid", at_s=now - 5, seconds=60),
            ]
            engine.turns["thread-kid"] = [
                missed("ls", "git commit", at_s=now - 4, seconds=50, cwd=place)
            ]
            engine.turns[TWO] = [
                missed("git status", at_s=now - 600, seconds=60, cwd=place)
            ]

        return ready

    async def first(driver: Driver) -> None:
        driver.sees("one", "two")
        driver.sees_not("not delivered")
        assert driver.engine.calls("thread/turns/list") == []

    home = tmp_path / "home"
    drive(first, prepare=dated(now - 8000), home=home)
    ground.commit(ground.work, "a")

    async def again(driver: Driver) -> None:
        driver.sees("↑ one", "not delivered · 1 on main")
        driver.sees_not("↑ two")
        asked = driver.engine.calls("thread/turns/list")
        assert sorted(call["threadId"] for call in asked) == ["thread-kid", ONE, TWO]
        assert driver.engine.calls("thread/resume") == []

    drive(again, prepare=dated(now + 100), home=home)

    async def once_more(driver: Driver) -> None:
        driver.sees("↑ one")
        looks = driver.engine.calls("command/exec")
        assert len(looks) == 1  # its flag, looked at again

    drive(once_more, prepare=dated(now + 100), home=home)


def test_pushed_elsewhere_clears_it_for_everybody(ground: Ground) -> None:
    async def work(driver: Driver) -> None:
        ground.commit(ground.work, "a")
        await turn(driver, "git commit -m a")
        driver.sees("↑ one")
        ground.git(ground.work, "push", "-q")
        await turn(driver, "git push", thread=TWO)
        driver.sees("○ one", "○ two")

    play(ground, work)


def test_a_push_that_failed_in_a_turn(ground: Ground) -> None:
    async def work(driver: Driver) -> None:
        ground.commit(ground.work, "a")
        output = "fatal: unable to access: Could not resolve host: github.com"
        await turn(driver, "git push", output=output, code=128)
        await driver.open_thread("one")
        driver.sees("not delivered", "1 commit on main")
        await driver.press("v")
        driver.sees("a push failed: the remote cannot be reached")
        ground.git(ground.work, "push", "-q")
        await turn(driver, "git push")
        driver.sees_not("not delivered")

    play(ground, work)


def test_a_failed_push_is_that_of_the_repository_where_the_work_stands(
    ground: Ground,
) -> None:
    """Not of the thread's own folder, which has nothing to do with it."""
    other = ground.folder / "other"
    ground.git(ground.folder, "init", "-q", "-b", "main", str(other))

    async def work(driver: Driver) -> None:
        driver.engine.threads[ONE]["cwd"] = str(other)
        ground.commit(ground.work, "a")
        output = "error: remote unpack failed: Read-only file system"
        await turn(
            driver, f"cd {ground.work} && git push", cwd=other, output=output, code=1
        )
        driver.sees("not delivered · 1 on main")
        ground.git(ground.work, "push", "-q")
        await turn(driver, "git fetch", thread=TWO)
        driver.sees_not("not delivered")

    play(ground, work)


def test_a_planted_hook_takes_a_second_key(ground: Ground) -> None:
    """The oracle is the file it would write. Neither enter, nor p once, nor p twice at
    a stroke, nor p after another key starts it."""
    ran = ground.folder / "ran"
    husky(ground, ran)
    head = ground.commit(ground.work, "a")

    async def work(driver: Driver) -> None:
        await turn(driver, "git commit -m a")
        await open_board(driver)
        driver.sees("2 things it would start", ".husky/pre-push")
        await driver.press("enter", "p")
        driver.sees("p once more", "an agent can write it")
        await driver.burst("p")  # at the same moment
        driver.sees("p once more")
        await driver.wait(600)
        await driver.press("x")
        driver.sees_not("p once more")
        await driver.wait(600)
        await driver.press("p")
        driver.sees("p once more")
        assert not ran.exists()
        assert not ground.has(head, "main")
        await driver.wait(600)
        await driver.press("N")
        driver.sees("Pushed 1 commit of main")
        assert ground.has(head, "main")
        assert not ran.exists()

    play(ground, work)


def test_with_the_second_key_it_runs(ground: Ground) -> None:
    ran = ground.folder / "ran"
    husky(ground, ran)
    ground.commit(ground.work, "a")

    async def work(driver: Driver) -> None:
        await open_board(driver)
        await driver.press("p")
        await driver.wait(600)
        await driver.press("p")
        driver.sees("Pushed 1 commit of main")
        assert ran.read_text() == "ran\n"

    play(ground, work)


def test_a_hook_planted_after_the_look_stops_it(ground: Ground) -> None:
    head = ground.commit(ground.work, "a")
    ran = ground.folder / "ran"

    async def work(driver: Driver) -> None:
        await open_board(driver)
        driver.sees_not("second key")
        husky(ground, ran)
        await driver.press("p")
        driver.sees("changed since it was shown", ".husky/pre-push", "second key")
        assert not ran.exists()
        assert not ground.has(head, "main")

    play(ground, work)


def test_a_rejected_push_is_told_in_a_sentence(ground: Ground) -> None:
    script(ground.remote / "hooks/pre-receive", "echo no friday pushes >&2; exit 1")
    ground.commit(ground.work, "a")

    async def work(driver: Driver) -> None:
        await turn(driver, "git commit")
        await open_board(driver)
        await driver.press("p")
        await driver.wait(600)
        await driver.press("p")
        driver.sees("Not pushed: the remote refused it: pre-receive hook declined")
        await driver.press("v")
        driver.sees("What git and the remote said", "no friday pushes")
        await driver.press("escape")
        driver.sees("not delivered")

    play(ground, work)


def test_what_cannot_be_pushed_says_so(ground: Ground) -> None:
    probe = ground.folder / "probe"
    ground.git(ground.work, "worktree", "add", "-q", "--detach", str(probe))
    ground.commit(probe, "a")

    async def work(driver: Driver) -> None:
        await open_board(driver)
        driver.sees("a detached HEAD", "git switch -c NAME")
        await driver.press("p", "N", "enter")
        driver.sees("git switch -c NAME")
        await driver.press("escape")
        ground.git(ground.work, "worktree", "remove", "--force", str(probe))
        await open_board(driver)
        driver.sees("Everything in this repository stands on its remote")
        await driver.press("escape")
        ground.git(ground.work, "remote", "remove", "origin")
        await open_board(driver)
        driver.sees("no remote")

    play(ground, work)


def test_a_pull_request(ground: Ground) -> None:
    """gh is run away from the repository, with everything named."""
    told = ground.folder / "gh-told"
    bin_ = script(
        ground.home / "bin/gh",
        f'(pwd; printf "%s\\n" "$@") > "{told}"; echo https://pr/1',
    ).parent
    ground.commit(ground.work, "a")
    url = "git@github.com:acme/it.git"
    ground.git(ground.work, "remote", "set-url", "origin", url)
    ssh = f"sh -c 'git-receive-pack {ground.remote}'"
    (ground.home / ".gitconfig").write_text(f'[core]\nsshCommand = "{ssh}"\n')

    async def work(driver: Driver) -> None:
        services = driver.app.services
        path = f"{bin_}:{ground.environment['PATH']}"
        services.environment = {**ground.environment, "PATH": path}
        await open_board(driver)
        await driver.press("p")
        driver.sees("Pushed 1 commit", "g opens a pull request", "--title")
        assert not told.exists()
        await driver.press("g")
        async with asyncio.timeout(90):
            while not told.exists():
                await driver.idle()
        assert told.read_text().splitlines()[:7] == [
            *("/", "pr", "create", "--repo", "github.com/acme/it", "--head", "main")
        ]

    play(ground, work)
