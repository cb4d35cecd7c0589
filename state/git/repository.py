"""A repository and all its worktrees: the look, the parser, what no remote has.

Owns the script, how its sections are read, and the count of commits that stand on no
remote. Pure: the look itself is made by whoever holds an engine. Invariants: whatever
bytes come, parsing gives a repository or LookFailed; what was cut off is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from state.dataclass import dataclass
from state.git.shell import LookFailed, Section, look, sections
from state.looks import Look, Looked
from state.undelivered import Stray

COMMITS = 2000
"""Commits without a remote that are counted."""
BRANCHES = 500

SCRIPT = rf"""
where() {{ g rev-parse --path-format=absolute --git-common-dir 2>&1; }}
top() {{ g rev-parse --show-toplevel; }}
trees() {{ g worktree list --porcelain -z || g worktree list --porcelain; }}
refs() {{
  g for-each-ref --count={BRANCHES} --sort=-committerdate refs/heads --format=\
'%(refname)%00%(objectname)%00%(upstream)%00%(upstream:track)%00%(committerdate:unix)'
}}
heads() {{
  g worktree list --porcelain | sed -n 's/^HEAD \([0-9a-f][0-9a-f]*\)$/\1/p' |
    grep -v '^0*$'
}}
loose() {{
  g rev-list --timestamp --parents --max-count={COMMITS + 1} --branches $(heads) \
    --not --remotes
}}
touched() {{
  [ "$since" -gt 0 ] || return 0
  common=$(g rev-parse --path-format=absolute --git-common-dir) || return 1
  cd "$common" || return 1
  for d in logs/refs/heads worktrees/*/logs; do
    [ -d "$d" ] && find "$d" -type f -mmin "-$since" -print0
  done
  [ -n "$(find logs/HEAD -mmin "-$since" 2>/dev/null)" ] && printf 'logs/HEAD\000'
  return 0
}}
since=$1
say where where
say top top
say trees trees
say refs refs
say remotes g remote
say loose loose
say touched touched
"""

NOT_THERE = "This is not a git repository: {}"
TOO_OLD = "The git where the engine runs is too old for this: 2.31 or newer is needed."


@dataclass(frozen=True, slots=True)
class Worktree:
    """One working tree. `branch` "": its HEAD is detached. `main`: the first one."""

    path: str
    head: str = ""
    branch: str = ""
    bare: bool = False
    main: bool = False
    locked: bool = False
    prunable: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """A local branch. `upstream`: a full ref name, or "". Times in seconds."""

    name: str
    head: str
    upstream: str = ""
    ahead: int = 0
    behind: int = 0
    gone: bool = False
    at: int = 0


@dataclass(frozen=True, slots=True)
class Repository:
    """`loose`: commits that no remote has: (time, parents) by id. `cut`: there are
    more than were read. `touched`: reflogs that changed of late."""

    common: str
    top: str = ""
    worktrees: tuple[Worktree, ...] = ()
    branches: tuple[Branch, ...] = ()
    remotes: tuple[str, ...] = ()
    loose: Mapping[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    cut: bool = False
    touched: frozenset[str] = frozenset()

    def worktree_of(self, branch: str) -> Worktree | None:
        """Where a branch is checked out."""
        return next((w for w in self.worktrees if w.branch == branch), None)

    def holding(self, path: str) -> Worktree | None:
        """The worktree a path lies in, the innermost one."""
        around = [
            w for w in self.worktrees if path == w.path or path.startswith(f"{w.path}/")
        ]
        return max(around, key=lambda w: len(w.path), default=None)


def repository_look(place: str, *, minutes: int = 0) -> Look:
    """`minutes`: branches whose reflog changed within them are told as touched."""
    return look(SCRIPT, place, str(minutes))


def parse(looked: Looked) -> Repository:
    """The repository. Raises LookFailed: there is none, or nothing could be read."""
    found = sections(looked)
    where = found.get("where", Section(b"", None))
    if not where.ok:
        raise LookFailed(_no_repository(where))
    common = where.line
    if not common.startswith("/"):
        raise LookFailed(TOO_OLD)  # older ones print the option back
    worktrees = tuple(_worktrees(found.get("trees", Section())))
    names = _touched_names(found.get("touched", Section()))
    loose = found.get("loose", Section())
    commits = dict(_commits(loose))
    cut = loose.cut or len(commits) > COMMITS or found.get("refs", Section()).cut
    top = found.get("top", Section())
    return Repository(
        common=common,
        top=top.line if top.ok else "",
        worktrees=worktrees,
        branches=tuple(_branches(found.get("refs", Section()))),
        remotes=tuple(found.get("remotes", Section()).text.splitlines()),
        loose=commits,
        cut=cut,
        touched=frozenset(names),
    )


def _no_repository(where: Section) -> str:
    rows = where.text.splitlines()
    text = next((r for r in rows if r.startswith("fatal: ")), "")
    text = text.removeprefix("fatal: ") or (rows[0] if rows else "git gave no answer")
    return NOT_THERE.format(text)


# -- sections ------------------------------------------------------------------------


def _worktrees(section: Section) -> Iterator[Worktree]:
    """With -z fields end in NUL and records in two; older gits end both in newlines."""
    data = section.text
    end = "\0" if "\0" in data else "\n"
    number = 0
    for record in data.split(end * 2):
        fields: dict[str, str] = {}
        for row in record.split(end):
            key, _, value = row.partition(" ")
            if key:
                fields.setdefault(key, value)
        if "worktree" not in fields:
            continue
        branch = fields.get("branch", "")
        yield Worktree(
            path=fields["worktree"],
            head=_oid(fields.get("HEAD", "")),
            branch=branch.removeprefix("refs/heads/"),
            bare="bare" in fields,
            main=number == 0,
            locked="locked" in fields,
            prunable="prunable" in fields,
        )
        number += 1


_AHEAD = re.compile(r"ahead (\d+)")
_BEHIND = re.compile(r"behind (\d+)")


def _branches(section: Section) -> Iterator[Branch]:
    for row in section.text.split("\n"):
        parts = row.split("\0")
        if len(parts) != 5 or not parts[0].startswith("refs/heads/"):
            continue
        name, head, upstream, track, at = parts
        ahead, behind = _AHEAD.search(track), _BEHIND.search(track)
        yield Branch(
            name.removeprefix("refs/heads/"),
            _oid(head),
            upstream,
            int(ahead[1]) if ahead else 0,
            int(behind[1]) if behind else 0,
            "gone" in track,
            int(at) if at.isdigit() else 0,
        )


def _oid(text: str) -> str:
    return text if text.strip("0") else ""


def _commits(section: Section) -> Iterator[tuple[str, tuple[int, tuple[str, ...]]]]:
    rows = section.text.split("\n")
    for row in rows[:-1] if section.cut else rows:
        at, *ids = row.split(" ")
        if ids and at.isdigit():
            yield ids[0], (int(at), tuple(ids[1:]))


def _touched_names(section: Section) -> Iterator[str]:
    """Branches as they are called; worktrees as `worktrees/NAME`; `HEAD` the main
    one's."""
    for path in section.text.split("\0"):
        if path.startswith("logs/refs/heads/"):
            yield path.removeprefix("logs/refs/heads/")
        elif path.startswith("worktrees/") and path.endswith("/logs/HEAD"):
            yield path.removesuffix("/logs/HEAD")
        elif path == "logs/HEAD":
            yield "HEAD"


# -- what no remote has --------------------------------------------------------------


def strays(repository: Repository) -> tuple[Stray, ...]:
    """Every branch, and every detached HEAD, with commits that stand on no remote; the
    newest first. Without any remote there is nowhere to deliver to: none."""
    if not repository.remotes:
        return ()
    found: list[tuple[int, Stray]] = []
    for branch in repository.branches:
        number, more = count(repository, branch.head)
        if not number and _same_name(branch) and not branch.gone:
            number = branch.ahead  # they stand on another branch of the remote
        if number:
            tree = repository.worktree_of(branch.name)
            stray = Stray(
                branch.name,
                number,
                branch.head,
                more,
                tree.path if tree else "",
                tree is not None and not tree.main,
                branch.upstream.removeprefix("refs/remotes/"),
                branch.behind,
            )
            found.append((-branch.at, stray))
    tips = {branch.head for branch in repository.branches}
    for tree in repository.worktrees:
        if tree.branch or not tree.head or tree.head in tips:
            continue
        number, more = count(repository, tree.head)
        if number:
            at = repository.loose.get(tree.head, (0, ()))[0]
            stray = Stray("", number, tree.head, more, tree.path, not tree.main)
            found.append((-at, stray))
    found.sort(key=lambda pair: pair[0])
    return tuple(stray for _, stray in found)


def _same_name(branch: Branch) -> bool:
    _, _, rest = branch.upstream.removeprefix("refs/remotes/").partition("/")
    return rest == branch.name


def count(repository: Repository, tip: str) -> tuple[int, bool]:
    """How many commits from a tip on down stand on no remote; True: at least so."""
    seen = below(repository, tip)
    return len(seen), repository.cut and bool(seen)


def below(repository: Repository, tip: str) -> frozenset[str]:
    """The commits from a tip on down that stand on no remote."""
    loose = repository.loose
    seen = {tip} & loose.keys()
    todo = [*seen]
    while todo:
        for parent in loose[todo.pop()][1]:
            if parent in loose and parent not in seen:
                seen.add(parent)
                todo.append(parent)
    return frozenset(seen)


def touched(repository: Repository, since_s: int) -> frozenset[str]:
    """Names of branches and paths of worktrees whose HEAD moved: by their reflogs, or
    where none are written by the time of the newest commit."""
    names = set(repository.touched)
    for branch in repository.branches:
        if since_s and branch.at >= since_s and branch.head in repository.loose:
            names.add(branch.name)
    for tree in repository.worktrees:
        at = repository.loose.get(tree.head, (0, ()))[0]
        mark = "HEAD" if tree.main else ""
        moved = bool(mark) and mark in names
        last = tree.path.rsplit("/", 1)[-1]
        moved = moved or (not tree.main and f"worktrees/{last}" in names)
        if moved or (since_s and at >= since_s):
            names.add(tree.path)
    return frozenset(names)


def committed(
    repository: Repository, found: Iterable[Stray], from_s: int, until_s: int
) -> frozenset[str]:
    """Names of branches, and paths of worktrees, with a commit of that time that no
    remote has: for turns that ended a while ago, since when others may have worked."""
    names: set[str] = set()
    for stray in found:
        for id_ in below(repository, stray.head):
            if from_s <= repository.loose[id_][0] <= until_s:
                names.add(stray.branch or stray.worktree)
                break
    return frozenset(names)
