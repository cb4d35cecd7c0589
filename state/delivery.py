"""Which turns are worth a look at git, and which unpushed work is whose.

Owns the rules: what ran git, where it worked, what failed, which branches are a
thread's own, and what is left of a flag. Pure. Invariant: a branch that no turn of a
thread touched is never its undelivered work.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from itertools import pairwise

from state.dataclass import replace
from state.items import Command, HiddenCommand, Item, ItemStatus
from state.model import Turn
from state.push_faults import Fault, fault_of
from state.undelivered import Stray, Undelivered

_GIT = re.compile(r"(?<![\w./-])(?:[\w.~/-]*/)?git(?:\.exe)?(?![\w.-])")
_PUSH = re.compile(r"\bpush\b")
PLACES = 4
"""Folders that are looked at after one turn."""
_LONG = 20_000
"""Characters of a command that are read at most."""


def scripts(items: Iterable[Item]) -> Iterator[tuple[str, str, Item]]:
    """(command, cwd, item) of every command that names git."""
    for item in items:
        body = item.body
        if isinstance(body, Command | HiddenCommand):
            text = (body.command or getattr(body, "code", ""))[:_LONG]
            if _GIT.search(text):
                yield text, body.cwd, item


def ran_git(turn: Turn) -> bool:
    """Whether a look is worth while when this turn has ended."""
    return next(scripts(turn.items.values()), None) is not None


def mentions(turn: Turn) -> tuple[tuple[str, str], ...]:
    """(command, cwd) of the git commands of a turn."""
    return tuple((text, cwd) for text, cwd, _ in scripts(turn.items.values()))


def places(turn: Turn, cwd: str) -> tuple[str, ...]:
    """Where its git commands worked, absolute; `cwd` is the thread's own folder."""
    found: dict[str, None] = {}
    for text, own, _ in scripts(turn.items.values()):
        base = own or cwd
        if base:
            found[base] = None
        for path in _moved_to(text):
            found[_join(base, path)] = None
    return tuple(path for path in found if path.startswith("/"))[:PLACES]


def _moved_to(text: str) -> Iterator[str]:
    """What follows `cd` and `git -C`."""
    try:
        words = shlex.split(text, comments=False)
    except ValueError:
        words = text.split()
    if len(words) == 3 and words[1] in ("-c", "-lc"):
        try:
            words = shlex.split(words[2])
        except ValueError:
            words = words[2].split()
    for before, word in pairwise(words):
        word = word.rstrip(";&|")
        if before in ("cd", "-C", "pushd") and word and not set(word) & set("$`*?~"):
            yield word


def _join(base: str, path: str) -> str:
    parts: list[str] = []
    whole = path if path.startswith("/") else f"{base}/{path}"
    for part in whole.split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def failed_push(turn: Turn) -> Fault | None:
    """Why the last push of a turn failed; None: it did not, or nothing was pushed."""
    fault: Fault | None = None
    for text, _, item in scripts(turn.items.values()):
        if not _PUSH.search(text):
            continue
        body = item.body
        assert isinstance(body, Command | HiddenCommand)
        bad = item.status is ItemStatus.FAILED or bool(body.exit_code)
        said = fault_of(str(body.output))
        if isinstance(body, HiddenCommand):
            said, bad = said or Fault("blocked", "the sandbox stopped it"), True
        fault = said if bad or (said is not None and said.sure) else None
    return fault


def theirs(
    strays: Iterable[Stray],
    touched: frozenset[str],
    told: Iterable[tuple[str, str]],
    known: Undelivered | None,
) -> tuple[Stray, ...]:
    """Those of all strays that are this thread's: it had them before, or they changed
    while its turn ran, where its git commands worked or by a name they say. `touched`:
    names of branches and paths of worktrees; `told`: (command, cwd)."""
    before = {_key(stray) for stray in _of(known)}
    told = tuple(told)
    found = []
    for stray in strays:
        name = stray.branch or stray.worktree
        if _key(stray) in before or (name in touched and _worked_on(stray, told)):
            found.append(stray)
    return tuple(found)


_BROKEN = re.compile("[\ud800-\udfff]")


def _key(stray: Stray) -> tuple[str, str]:
    """A branch by its name, a detached HEAD by its worktree. The store cannot keep
    bytes that are no text, so they count as it writes them."""
    place = "" if stray.branch else stray.worktree
    return _BROKEN.sub("\ufffd", stray.branch), _BROKEN.sub("\ufffd", place)


def _of(known: Undelivered | None) -> tuple[Stray, ...]:
    return known.strays if known is not None else ()


def _worked_on(stray: Stray, told: Iterable[tuple[str, str]]) -> bool:
    if not stray.worktree:
        return True  # It is checked out nowhere: who else would have touched it?
    last = stray.worktree.rsplit("/", 1)[-1]
    for text, cwd in told:
        inside = cwd == stray.worktree or cwd.startswith(f"{stray.worktree}/")
        if inside or last in text or (stray.branch and stray.branch in text):
            return True
    return False


def after(
    known: Undelivered | None, mine: tuple[Stray, ...], fresh: Undelivered
) -> Undelivered | None:
    """What a thread keeps of a repository after a turn. `fresh`: the place, the time,
    and why this turn's push failed; an older failure stands while its commits do."""
    failed = fresh.failed or (known.failed if known is not None and mine else "")
    if not mine and not failed:
        return None
    return replace(fresh, strays=mine, failed=failed)


def settled(known: Undelivered, strays: Iterable[Stray]) -> Undelivered | None:
    """What is still true of a flag when the repository is looked at again; None: all
    of it was delivered."""
    there = {_key(stray): stray for stray in strays}
    left = tuple(there[k] for k in map(_key, known.strays) if k in there)
    if not left:
        return None
    return known if left == known.strays else replace(known, strays=left)
