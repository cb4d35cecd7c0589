"""A working tree of its own for a thread: made, judged and taken away again.

Owns where it stands, the commands, and when it may go. They run in the engine's
sandbox, which lets them write the repository's git folder and the folder of its
worktrees and nothing else, without network: a filter of the repository that runs while
files are checked out can do no more than that. Invariants: hooks never run; nothing is
removed that holds uncommitted work, a stash of its branch, or commits that stand on no
remote or on no branch; the branch stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from state.dataclass import dataclass, replace
from state.git import plan as p
from state.git.planning import answered
from state.git.repository import Repository, Worktree, count
from state.git.shell import LookFailed, Section, argument, look, sections
from state.looks import Look, Looker
from state.undelivered import WORKTREES

SECONDS = 120

ADD = r"""
path=$1; branch=$2
[ -e "$path" ] && { echo "fatal: $path is there already"; exit 1; } >&2
add() {
  g check-ref-format --branch "$branch" 2>&1 || return 1
  g worktree add -b "$branch" -- "$path" 2>&1
}
say done add
"""
REMOVE = r"""
remove() { g worktree remove -- "$1" 2>&1; }
say done remove "$1"
"""
KEEP = r"""
state() {
  g status --porcelain=v2 -z --untracked-files=normal --ignore-submodules=all \
    --no-renames --ignored=traditional
}
own() { g rev-parse --path-format=absolute --git-dir; }
busy() {
  d=$(own) || return 1
  for f in rebase-merge rebase-apply MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD BISECT_LOG
  do [ ! -e "$d/$f" ] || printf '%s\000' "$f"; done
}
ids() { cut -d' ' -f1,2 | tr ' ' '\n' | grep -v '^0*$' | sort -u; }
lost() {
  d=$(own) && c=$(g rev-parse --path-format=absolute --git-common-dir) || return 1
  [ -f "$d/logs/HEAD" ] || { echo 0; return 0; }
  { ids < "$d/logs/HEAD"
    find "$c/logs/refs" -type f -exec cat {} + 2>/dev/null | ids | sed 's/^/^/'
  } | g rev-list --count --ignore-missing --stdin --not --all
}
say state state
say stashes g stash list --format=%gs
say busy busy
say lost lost
"""
"""What may stand in a worktree and nowhere else. `lost`: commits that only the log of
its own HEAD knows, which goes with it."""
NO_PLACE = "A bare repository, or one without a commit, gives no worktrees from here."
NO_NAME = "“{}” is no name for a branch."
NOT_MADE = "The worktree was not made: {}"
NOT_REMOVED = "The worktree stays: {}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A worktree that is to be made. `home`: the folder it stands in."""

    common: str
    home: str
    path: str
    branch: str
    start: str


def wanted(repository: Repository, place: str, branch: str) -> Wanted:
    """Where it would stand. Raises LookFailed."""
    main = next((w for w in repository.worktrees if w.main and not w.bare), None)
    here = repository.holding(place) or main
    if main is None or here is None or not here.head:
        raise LookFailed(NO_PLACE)
    name = branch.strip().strip("/")
    plain = name.replace("/", "-")
    if not name or name.startswith("-") or argument(name) is None or ".." in plain:
        raise LookFailed(NO_NAME.format(branch))
    home = f"{main.path}{WORKTREES}"
    return Wanted(repository.common, home, f"{home}/{plain}", name, here.head)


async def add(looker: Looker, asked: Wanted, place: str) -> None:
    """Make it. Raises LookFailed."""
    made = _writing(
        look(ADD, place, asked.path, asked.branch), asked.common, asked.home
    )
    await _done(looker, made, NOT_MADE)


async def remove(looker: Looker, repository: Repository, tree: Worktree) -> None:
    """Take it away; git refuses what is not clean. Raises LookFailed."""
    home = tree.path.rpartition("/")[0]
    place = next((w.path for w in repository.worktrees if w.main), repository.common)
    gone = _writing(look(REMOVE, place, tree.path), repository.common, home)
    await _done(looker, gone, NOT_REMOVED)


def _writing(asked: Look, *roots: str) -> Look:
    return replace(asked, roots=roots, timeout_ms=SECONDS * 1000)


async def _done(looker: Looker, asked: Look, words: str) -> None:
    looked = await answered(looker(asked))
    try:
        section = sections(looked).get("done", Section(b"", None))
    except LookFailed:
        why = looked.error or looked.stderr.strip() or "no answer"
        raise LookFailed(words.format(why.splitlines()[-1])) from None
    if not section.ok:
        rows = [row for row in section.text.splitlines() if row.strip()]
        why = (rows[-1] if rows else "no answer").removeprefix("fatal: ")
        raise LookFailed(words.format(why))


@dataclass(frozen=True, slots=True)
class Judged:
    """`keeps`: why a worktree must stay; "" when all of it stands somewhere else.
    `ignored`: files and folders that git ignores, which would go with it."""

    keeps: str = ""
    ignored: tuple[str, ...] = ()


async def judge(looker: Looker, repository: Repository, tree: Worktree) -> Judged:
    """Whether it may go. Raises LookFailed."""
    if tree.main or tree.bare or tree.locked:
        return Judged("it is locked" if tree.locked else "it is the repository's own")
    number = _alone(repository, tree)
    if number:
        where = "on no other branch" if tree.branch else "on no branch"
        return Judged(_commits(number, "on no remote" if repository.remotes else where))
    found = sections(await answered(looker(p.settings_look(tree.path, (), {}))))
    config = found.get("config", Section(b"", None))
    if not config.ok:
        return Judged("git cannot read its configuration")
    filters = p.filters_of(p.config_lines(config))
    asked = p.without_filters(look(KEEP, tree.path), filters)
    found = sections(await answered(looker(asked)))
    state = found.get("state", Section(b"", None))
    rows = state.text.split("\0")
    ignored = tuple(row.removeprefix("! ") for row in rows if row.startswith("! "))
    return Judged(_why(found, state, tree), ignored)


def _commits(number: int, where: str) -> str:
    return f"{number} commit{'s stand' if number > 1 else ' stands'} {where}"


_DOINGS = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisect",
}


def _why(found: Mapping[str, Section], state: Section, tree: Worktree) -> str:
    files = p.uncommitted(state)
    if files or not state.ok:
        what = f"{files} file{'s stand' if files != 1 else ' stands'} in no commit"
        return what if state.ok else "git cannot tell what is in no commit there"
    busy = found.get("busy", Section(b"", None))
    lost = found.get("lost", Section(b"", None))
    stashes = found.get("stashes", Section(b"", None))
    if not (busy.ok and lost.ok and stashes.ok and lost.line.isdigit()):
        return "git cannot tell whether something else would be lost with it"
    if doing := [name for name in busy.text.split("\0") if name]:
        return f"{_DOINGS[doing[0]]} is under way in it"
    if number := int(lost.line):
        return _commits(number, "on no branch")
    name = tree.branch or "(no branch)"
    own = (f"WIP on {name}:", f"On {name}:")
    number = sum(row.startswith(own) for row in stashes.text.split("\n"))
    if number:
        one = "a stash" if number == 1 else f"{number} stashes"
        return f"{one} of {tree.branch or 'it'} waits to be applied"
    return ""


def _alone(repository: Repository, tree: Worktree) -> int:
    """Commits on no remote; where there is none, on no other branch."""
    if not tree.head:
        return 1
    number, _ = count(repository, tree.head)
    others = (b.head for b in repository.branches if b.name != tree.branch)
    if not repository.remotes and number:
        reached: set[str] = set()
        for head in others:
            reached |= _below(repository, head)
        return len(_below(repository, tree.head) - reached)
    return number


def _below(repository: Repository, tip: str) -> set[str]:
    seen: set[str] = set()
    todo = [tip]
    while todo:
        one = todo.pop()
        if one in repository.loose and one not in seen:
            seen.add(one)
            todo += repository.loose[one][1]
    return seen
