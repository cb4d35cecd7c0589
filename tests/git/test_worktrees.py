"""Whether a worktree may go: never with work in it that stands nowhere else.

The oracle is what git has left after the folder was really removed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from state.git import worktrees
from state.git.worktrees import Judged
from tests.git.repos import Ground


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


@pytest.fixture
def tree(ground: Ground) -> Path:
    """A worktree of ours, on a branch that is pushed."""
    path = ground.folder / "work-worktrees/fix"
    ground.git(ground.work, "worktree", "add", "-q", "-b", "fix/it", str(path))
    ground.commit(path, "a")
    ground.git(path, "push", "-q", "-u", "origin", "fix/it")
    return path


def judge(ground: Ground, tree: Path) -> Judged:
    repository = ground.read(tree)
    found = repository.holding(str(tree))
    assert found is not None
    return asyncio.run(worktrees.judge(ground.look, repository, found))


def detached(ground: Ground, tree: Path) -> None:
    ground.git(tree, "switch", "-q", "--detach")
    ground.commit(tree, "b")


def detached_and_left(ground: Ground, tree: Path) -> None:
    detached(ground, tree)
    ground.git(tree, "switch", "-q", "fix/it")


def stashed(ground: Ground, tree: Path) -> None:
    (tree / "a").write_text("changed")
    ground.git(tree, "stash")


def stashed_detached(ground: Ground, tree: Path) -> None:
    ground.git(tree, "switch", "-q", "--detach")
    stashed(ground, tree)


def unpushed(ground: Ground, tree: Path) -> None:
    ground.commit(tree, "b")


def without_a_remote(ground: Ground, tree: Path) -> None:
    ground.git(tree, "remote", "remove", "origin")
    detached(ground, tree)


def changed(ground: Ground, tree: Path) -> None:
    (tree / "a").write_text("changed")


def staged(ground: Ground, tree: Path) -> None:
    changed(ground, tree)
    ground.git(tree, "add", "a")


def untracked(ground: Ground, tree: Path) -> None:
    (tree / "new").write_text("x")


def merging(ground: Ground, tree: Path) -> None:
    ground.git(tree, "switch", "-q", "-c", "side", "HEAD~1")
    ground.commit(tree, "b")
    ground.git(tree, "push", "-q", "origin", "side")
    ground.git(tree, "merge", "-q", "--no-commit", "--no-ff", "-s", "ours", "fix/it")


def locked(ground: Ground, tree: Path) -> None:
    ground.git(tree, "worktree", "lock", str(tree))


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (unpushed, "1 commit stands on no remote"),
        (detached, "1 commit stands on no remote"),
        (without_a_remote, "1 commit stands on no branch"),
        (detached_and_left, "1 commit stands on no branch"),
        (stashed, "a stash of fix/it waits to be applied"),
        (stashed_detached, "a stash of it waits to be applied"),
        (changed, "1 file stands in no commit"),
        (staged, "1 file stands in no commit"),
        (untracked, "1 file stands in no commit"),
        (merging, "a merge is under way in it"),
        (locked, "it is locked"),
    ],
)
def test_a_worktree_with_work_stays(
    ground: Ground, tree: Path, work: Callable[[Ground, Path], None], why: str
) -> None:
    work(ground, tree)
    assert judge(ground, tree).keeps == why


def amended(ground: Ground, tree: Path) -> None:
    """What it was stands in the log of its branch, which stays."""
    ground.git(tree, "commit", "-q", "--amend", "-m", "b")
    ground.git(tree, "push", "-q", "--force", "origin", "fix/it")


def others(ground: Ground, tree: Path) -> None:
    """A stash of another branch, a detached HEAD of another worktree."""
    (ground.work / "first").write_text("changed")
    ground.git(ground.work, "stash")
    other = ground.folder / "other"
    ground.git(ground.work, "worktree", "add", "-q", "--detach", str(other))
    ground.commit(other, "c")


def ignored(ground: Ground, tree: Path) -> None:
    (ground.work / ".git/info/exclude").write_text(".env\nbuild/\n")
    (tree / ".env").write_text("x")
    (tree / "build").mkdir()
    (tree / "build/out").write_text("x")


@pytest.mark.parametrize("work", [amended, others, ignored])
def test_one_whose_work_stands_elsewhere_goes_and_nothing_is_lost(
    ground: Ground, tree: Path, work: Callable[[Ground, Path], None]
) -> None:
    work(ground, tree)
    before = ground.git(ground.work, "rev-list", "--all", "--reflog")
    found = judge(ground, tree)
    assert found.keeps == ""
    assert found.ignored == ((".env", "build/") if work is ignored else ())
    ground.git(ground.work, "worktree", "remove", str(tree))
    assert ground.git(ground.work, "rev-list", "--all", "--reflog") == before
