"""A thread in a worktree of its own, and what becomes of it when it is put away.

git is real; the oracle is the disk.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from state.looks import Look
from tests.driver import Driver, drive
from tests.fakes import FakeEngine, Json, Refused
from tests.git.repos import Ground

pytestmark = pytest.mark.usefixtures("drawn_when_asked")


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path / "ground")


def execute(ground: Ground, params: Json) -> Json:
    """As the engine does; a look that writes names its roots, and nothing more."""
    policy = params["sandboxPolicy"]
    if policy["type"] != "readOnly":
        assert policy["writableRoots"] == [
            str(ground.work / ".git"),
            f"{ground.work}-worktrees",
        ]
        assert not policy["networkAccess"]
        assert policy["excludeSlashTmp"]
    ran = ground.looked(Look(tuple(params["command"]), params["cwd"], params["env"]))
    if ran.error:
        raise Refused(ran.error)
    return {"exitCode": ran.exit_code, "stdout": ran.stdout, "stderr": ran.stderr}


def folder(params: Json) -> Json:
    Path(params["path"]).mkdir(parents=True, exist_ok=True)
    return {}


def play(ground: Ground, work: Callable[[Driver], Any]) -> None:
    def ready(engine: FakeEngine) -> None:
        engine.add("one", status={"type": "idle"}, cwd=str(ground.work))
        engine.trusted = True
        engine.replies["command/exec"] = lambda params: execute(ground, params)
        engine.replies["fs/createDirectory"] = folder

    drive(work, prepare=ready)


async def make(driver: Driver, branch: str) -> None:
    await driver.open_thread("one")
    await driver.press("colon")
    await driver.type("worktree")
    await driver.press("enter")
    driver.sees("New thread in a worktree", "Branch")
    await driver.type(branch)
    await driver.press("enter")


def test_a_thread_in_a_worktree_and_its_clean_up(ground: Ground) -> None:
    """Named first; taken away only when nothing of it would be lost."""
    tree = Path(f"{ground.work}-worktrees/fix-cache")
    hooks = ground.work / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {ground.folder}/ran\n")
    (hooks / "post-checkout").chmod(0o755)

    async def work(driver: Driver) -> None:
        await make(driver, "fix/cache")
        driver.sees("fix/cache", "no hook runs", "[Cancel]")
        # However long the folder's name is here, and wherever it is wrapped.
        assert str(tree) in "".join(driver.screen().replace("│", "").split())
        assert not tree.exists()
        await driver.press("right", "enter")
        assert ground.git(tree, "branch", "--show-current") == "fix/cache"
        assert not (ground.folder / "ran").exists()
        (started,) = driver.engine.calls("thread/start")
        assert started["cwd"] == str(tree)
        await driver.press("escape")
        for reason in ("1 file stands in no commit", "1 commit stands on no remote"):
            if "file" in reason:
                (tree / "new").write_text("x")
            else:
                ground.git(tree, "add", "new")
                ground.git(tree, "commit", "-q", "-m", "new")
            await archive(driver)
            driver.sees(f"its worktree stays: {reason}")
            assert tree.exists()
            await driver.press("A")  # back
        ground.git(tree, "push", "-q", "origin", "fix/cache")
        await archive(driver)
        driver.sees("Remove its worktree, too?", "[Keep it]")
        await driver.press("right", "enter")
        assert not tree.exists()
        assert "fix/cache" in ground.git(ground.work, "branch")

    play(ground, work)


async def archive(driver: Driver) -> None:
    await driver.press("A")
    if "Archiving unloads" in driver.screen():
        await driver.press("right", "enter")


@pytest.mark.parametrize(
    ("branch", "words"),
    [("main", "already exists"), ("a..b", "no name for a branch"), ("-x", "no name")],
)
def test_what_cannot_be_made_is_a_sentence(
    ground: Ground, branch: str, words: str
) -> None:
    async def work(driver: Driver) -> None:
        await make(driver, branch)
        if branch == "main":
            await driver.press("right", "enter")
        driver.sees(words)
        assert driver.engine.calls("thread/start") == []
        assert not list(Path(f"{ground.work}-worktrees").glob("*"))

    play(ground, work)
