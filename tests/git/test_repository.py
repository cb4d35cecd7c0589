"""What a look at a repository finds, against real git."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from state.git.repository import parse, repository_look, strays, touched
from state.git.shell import LookFailed
from tests.git.repos import Ground


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def told(ground: Ground, place: Path | None = None) -> list[tuple[str, int, str, bool]]:
    return [
        (s.branch, s.commits, s.worktree, s.linked) for s in strays(ground.read(place))
    ]


def test_all_is_delivered(ground: Ground) -> None:
    repository = ground.read()
    assert repository.common == str(ground.work / ".git")
    assert repository.top == str(ground.work)
    assert repository.remotes == ("origin",)
    assert [w.branch for w in repository.worktrees] == ["main"]
    assert strays(repository) == ()


def test_ahead_of_its_upstream(ground: Ground) -> None:
    ground.commit(ground.work, "a")
    head = ground.commit(ground.work, "b")
    (stray,) = strays(ground.read())
    assert (stray.branch, stray.commits, stray.head) == ("main", 2, head)
    assert (stray.upstream, stray.behind, stray.linked) == ("origin/main", 0, False)


def test_worktrees_detached_heads_and_branches_without_upstream(ground: Ground) -> None:
    """All are found from any of the worktrees; the newest comes first."""
    fix, probe = ground.folder / "fix", ground.folder / "probe"
    ground.git(ground.work, "worktree", "add", "-q", "-b", "fix/cache", str(fix))
    ground.git(ground.work, "worktree", "add", "-q", "--detach", str(probe))
    ground.commit(fix, "a")
    ground.commit(fix, "b")
    ground.commit(probe, "c")
    for place in (ground.work, fix, probe):
        found = told(ground, place)
        assert sorted(found) == [
            ("", 1, str(probe), True),
            ("fix/cache", 2, str(fix), True),
        ]
    ground.git(fix, "push", "-q", "origin", "fix/cache")
    assert told(ground) == [("", 1, str(probe), True)]


def test_diverged(ground: Ground) -> None:
    other = ground.folder / "other"
    ground.git(ground.folder, "clone", "-q", str(ground.remote), str(other))
    ground.commit(other, "theirs")
    ground.git(other, "push", "-q", "origin", "HEAD:main")
    ground.commit(ground.work, "ours")
    ground.git(ground.work, "fetch", "-q")
    (stray,) = strays(ground.read())
    assert (stray.commits, stray.behind) == (1, 1)


def test_merged_by_fast_forward(ground: Ground) -> None:
    """All commits stand on another branch of the remote; this one is still behind."""
    ground.git(ground.work, "switch", "-q", "-c", "topic")
    ground.commit(ground.work, "a")
    ground.git(ground.work, "push", "-q", "origin", "topic")
    ground.git(ground.work, "switch", "-q", "main")
    ground.git(ground.work, "merge", "-q", "--ff-only", "topic")
    assert told(ground) == [("main", 1, str(ground.work), False)]


def test_no_remote_is_nowhere_to_deliver_to(ground: Ground) -> None:
    ground.commit(ground.work, "a")
    ground.git(ground.work, "remote", "remove", "origin")
    repository = ground.read()
    assert repository.remotes == ()
    assert strays(repository) == ()


def test_bytes_that_are_no_text(ground: Ground) -> None:
    tree = os.fsencode(ground.folder) + b"/wt-\xff\n2"
    ground.git(ground.work, "worktree", "add", "-q", "-b", b"caf\xe9", tree)
    place = Path(os.fsdecode(tree))
    (place / "a").write_text("x")
    ground.git(place, "add", "a")
    ground.git(place, "commit", "-q", "-m", "a")
    (stray,) = strays(ground.read())
    assert (stray.branch, stray.worktree) == ("caf\udce9", os.fsdecode(tree))


def test_what_was_touched_of_late(ground: Ground) -> None:
    fix = ground.folder / "fix"
    ground.git(ground.work, "worktree", "add", "-q", "-b", "fix", str(fix))
    ground.commit(fix, "a")
    old = 1_000_000_000
    for path in (ground.work / ".git/logs").rglob("*"):
        os.utime(path, (old, old))
    assert ground.read(minutes=5).touched == {"worktrees/fix"}
    os.utime(ground.work / ".git/worktrees/fix/logs/HEAD", (old, old))
    repository = ground.read(minutes=5)
    assert repository.touched == frozenset()
    assert touched(repository, 0) == frozenset()
    assert touched(repository, old) == {"fix", str(fix)}  # by the commit's own time
    ground.commit(fix, "b")
    assert {"fix", "worktrees/fix"} <= ground.read(minutes=5).touched


def test_more_than_is_counted(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        ground.commit(ground.work, f"f{number}")
    look = repository_look(str(ground.work))
    script = look.command[2].replace("--max-count=2001", "--max-count=3")
    monkeypatch.setattr("state.git.repository.COMMITS", 2)
    looked = ground.looked(
        type(look)((*look.command[:2], script, *look.command[3:]), look.cwd, look.env)
    )
    (stray,) = strays(parse(looked))
    assert (stray.commits, stray.more) == (3, True)


def test_an_output_without_end_is_cut(ground: Ground) -> None:
    for number in range(20):
        ground.commit(ground.work, f"f{number}")
    look = repository_look(str(ground.work))
    command = [*look.command]
    command[4] = "300"
    repository = parse(ground.looked(type(look)(tuple(command), look.cwd, look.env)))
    assert repository.cut
    (stray,) = strays(repository)
    assert stray.more
    assert 0 < stray.commits < 20


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("home", "not a git repository"),
        ("gone", "No such file or directory"),
    ],
)
def test_no_repository_is_a_sentence(ground: Ground, name: str, words: str) -> None:
    with pytest.raises(LookFailed, match=words):
        ground.read(ground.folder / name)


def test_no_git_is_a_sentence(ground: Ground) -> None:
    look = repository_look(str(ground.work))
    env = {**look.env, "PATH": str(ground.home)}
    with pytest.raises(LookFailed, match="no git where the engine runs"):
        parse(ground.looked(type(look)(look.command, look.cwd, env)))


def test_a_repository_without_commits_or_without_files(ground: Ground) -> None:
    empty = ground.folder / "empty"
    ground.git(ground.folder, "init", "-q", "-b", "main", str(empty))
    assert strays(ground.read(empty)) == ()
    bare = ground.read(ground.remote)
    assert (bare.top, strays(bare)) == ("", ())
