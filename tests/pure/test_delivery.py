"""Which turns are looked after, and whose unpushed work is whose."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.delivery import after, failed_push, places, ran_git, settled, theirs
from state.git.repository import Repository, count, parse, strays
from state.git.shell import LookFailed
from state.items import Command, Item, ItemId, ItemStatus, Text, ThreadId, TurnId
from state.looks import Looked
from state.model import Thread, Turn
from state.push_faults import fault_of
from state.select.delivery import branch_bits, flag_words
from state.undelivered import Stray, Undelivered


def turn(*commands: str, output: str = "", code: int = 0, cwd: str = "/w") -> Turn:
    status = ItemStatus.FAILED if code else ItemStatus.COMPLETED
    items = {
        ItemId(str(at)): Item(
            ItemId(str(at)),
            Command(f"/bin/bash -lc '{text}'", cwd, (), Text(output), code),
            status,
        )
        for at, text in enumerate(commands)
    }
    return Turn(TurnId("t"), items=items)


@pytest.mark.parametrize(
    ("command", "ran"),
    [
        ("git commit -m x", True),
        ("cd /x && git push", True),
        ("/usr/bin/git status", True),
        ("git -C /x log", True),
        ("(git add .)", True),
        ("ls .git", False),
        ("cat .github/x", False),
        ("gitk", False),
        ("curl https://example.org/r.git", False),
        ("git-lfs pull", False),
        ("make digit", False),
    ],
)
def test_what_ran_git(command: str, ran: bool) -> None:
    assert ran_git(turn(command)) is ran


def test_where_it_worked() -> None:
    done = turn("cd ../other && git commit", "git -C sub/x push", "git -C $HOME log")
    assert places(done, "/w") == ("/w", "/other", "/w/sub/x")


FAULTS = [
    (
        " ! [rejected]        main -> main (fetch first)\nerror: failed to push",
        "behind",
    ),
    ("!\ta:b\t[remote rejected] (pre-receive hook declined)", "declined"),
    ("fatal: could not read Username: terminal prompts disabled", "login"),
    ("git@h: Permission denied (publickey).\nfatal: Could not read", "login"),
    ("Host key verification failed.", "host-key"),
    ("remote: Permission to o/r.git denied to me.\nfatal: HTTP 403", "forbidden"),
    ("fatal: The current branch x has no upstream branch.", "no-upstream"),
    ("fatal: No configured push destination.", "no-remote"),
    ("fatal: unable to access 'u': Could not resolve host: h", "network"),
    ("error: cannot lock ref 'refs/remotes/o/x': Read-only file system", "read-only"),
    ("fatal: transport 'ext' not allowed", "transport"),
    ("npm test: Connection refused\nerror: failed to push some refs to 'u'", "hook"),
    ("error: src refspec x does not match any\nerror: failed to push some", "src"),
    ("fatal: strange things", "other"),
    ("Everything up-to-date", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "kind"), FAULTS)
def test_why_a_push_failed(text: str, kind: str | None) -> None:
    fault = fault_of(text)
    assert (fault.kind if fault is not None else None) == kind


def test_the_last_push_of_a_turn_counts() -> None:
    text = "fatal: unable to access 'u': Could not resolve host: h"
    failed = failed_push(turn("git push", output=text, code=128))
    assert failed is not None
    assert failed.kind == "network"
    both = turn("git push")
    bad = turn("git push", output=text, code=128).items[ItemId("0")]
    items = {ItemId("bad"): bad, **both.items}
    assert failed_push(Turn(TurnId("t"), items=items)) is None
    assert failed_push(turn("git commit", output=text, code=1)) is None


A = Stray("a", 1, "1" * 40, worktree="/w")
B = Stray("b", 2, "2" * 40, worktree="/trees/b", linked=True)
LOOSE = Stray("c", 3, "3" * 40)
BARE = Stray("", 1, "4" * 40, worktree="/trees/x", linked=True)


def test_whose_a_branch_is() -> None:
    """Touched while the turn ran and where it worked, or known from before."""
    everything = (A, B, LOOSE, BARE)
    names = frozenset({"a", "b", "c", "/trees/x"})
    here = (("git commit", "/w"),)
    assert theirs(everything, names, here, None) == (A, LOOSE)
    named = (("git -C /trees/b commit; cd /trees/x", "/w"),)
    assert theirs(everything, names, named, None) == everything
    assert theirs(everything, frozenset(), here, None) == ()
    known = Undelivered("/w/.git", "/w", (B, BARE))
    assert theirs(everything, frozenset(), here, known) == (B, BARE)


def test_what_is_left_of_a_flag() -> None:
    known = Undelivered("/w/.git", "/w", (A, B), "why")
    fresh = Undelivered("/w/.git", "/w", (), "", 5)
    assert settled(known, (A, B, LOOSE)) is known
    left = settled(known, (B,))
    assert left is not None
    assert left.strays == (B,)
    assert settled(known, (LOOSE,)) is None
    kept = after(known, (B,), fresh)
    assert kept is not None
    assert (kept.strays, kept.failed, kept.at_ms) == ((B,), "why", 5)
    assert after(known, (), fresh) is None
    assert after(None, (A,), fresh) == Undelivered("/w/.git", "/w", (A,), "", 5)


@pytest.mark.parametrize(
    ("cwd", "branch", "words"),
    [
        ("/src/it", "fix/it", ""),
        ("/src/it-worktrees/fix-it", "fix/it", "on fix/it"),
        ("/src/it-worktrees/fix-it", None, "in fix-it"),
    ],
)
def test_a_worktree_of_ours_is_named_and_no_branch_made_up(
    cwd: str, branch: str | None, words: str
) -> None:
    thread = Thread(ThreadId("t"), cwd=cwd, branch=branch)
    assert "".join(bit.text for bit in branch_bits(thread)) == words


def test_bytes_that_the_store_cannot_keep_are_still_the_same_branch() -> None:
    told = Stray("caf\udce9", 1, "1" * 40)
    stored = Undelivered("/w", "/w", (Stray("caf\ufffd", 1, "1" * 40),))
    assert settled(stored, (told,)) is not None
    assert settled(stored, ()) is None


@pytest.mark.parametrize(
    ("strays_", "failed", "words"),
    [
        ((A,), "", "1 commit on a"),
        ((B,), "", "2 commits on b (worktree b)"),
        ((B, A), "", "2 commits on b (worktree b), and 1 more branch"),
        ((BARE,), "", "1 commit on a detached HEAD (worktree x)"),
        ((), "the remote refused it", "a push failed: the remote refused it"),
        ((Stray("‮x", 2000, "", more=True),), "", "2000+ commits on ‹U+202E›x"),
        ((), "", ""),
    ],
)
def test_its_words(strays_: tuple[Stray, ...], failed: str, words: str) -> None:
    assert flag_words((Undelivered("/w", "/w", strays_, failed),)) == words


# -- the parser ------------------------------------------------------------------------

NAMES = ("where", "top", "trees", "refs", "remotes", "loose", "touched")
TREES = (b"worktree /a", b"HEAD " + b"1" * 40, b"branch refs/heads/x", b"bare")
REFS = (b"refs/heads/x", b"ahead 3", b"1 2 3", b"/w/.git", b"\xff", b"fatal: x", b" ")
ENDS = (b"\0", b"\0\0", b"\n", b"\0rc=0", b"\0rc=")
LOGS = (b"logs/refs/heads/x", b"worktrees/y/logs/HEAD")
PIECES = st.sampled_from((*TREES, *REFS, *ENDS, *LOGS))
OK = b"\0rc=0"


@given(
    st.dictionaries(
        st.sampled_from(NAMES), st.lists(PIECES | st.binary(max_size=9)).map(b"".join)
    ),
    st.text(max_size=30),
    st.booleans(),
)
def test_any_answer_is_a_repository_or_a_sentence(
    parts: dict[str, bytes],
    noise: str,
    whole: bool,
) -> None:
    rows = [
        f"{name} {base64.b64encode(data + OK * whole).decode()}"
        for name, data in parts.items()
    ]
    looked = Looked(0, "\n".join([*rows, noise]), noise, "")
    try:
        repository = parse(looked)
    except LookFailed as error:
        assert str(error)
        return
    assert repository.common.startswith("/")
    for stray in strays(repository):
        assert stray.commits > 0


@given(st.lists(st.lists(st.integers(0, 14), max_size=3), min_size=1, max_size=15))
def test_counting_is_what_reachability_says(graph: list[list[int]]) -> None:
    """Each commit's parents come before it; what is no key stands on a remote."""
    loose = {
        str(at): (at, tuple(str(p) for p in parents if p != at))
        for at, parents in enumerate(graph)
    }
    repository = Repository("/w/.git", loose=loose)

    def reach(tip: str, seen: set[str]) -> set[str]:
        if tip in loose and tip not in seen:
            seen.add(tip)
            for parent in loose[tip][1]:
                reach(parent, seen)
        return seen

    for tip in loose:
        assert count(repository, tip) == (len(reach(tip, set())), False)
    assert count(repository, "elsewhere") == (0, False)
