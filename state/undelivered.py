"""Work that is committed and stands on no remote: what a thread keeps of it.

Owns the shapes. What they are found by is `state.git`, what follows from them is
`state.delivery`, their words `state.select.delivery`. Invariant: names and paths are
git's own bytes, undecodable ones as surrogates, so that they go back exactly.
"""

from __future__ import annotations

from state.dataclass import dataclass

WORKTREES = "-worktrees"
"""What the folder of the worktrees we make adds to its repository's own name."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A branch with commits that no remote has. `branch` "": a detached HEAD.

    `more`: there are at least so many. `worktree`: where it is checked out, "" nowhere;
    `linked`: that is not the repository's main one. `behind`: commits of its upstream
    that it lacks."""

    branch: str
    commits: int
    head: str
    more: bool = False
    worktree: str = ""
    linked: bool = False
    upstream: str = ""
    behind: int = 0


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What one thread left in one repository. `common`: its git folder; `place`: a
    folder to look from. `failed`: why a push failed in the thread's last turn."""

    common: str
    place: str
    strays: tuple[Stray, ...] = ()
    failed: str = ""
    at_ms: int = 0

    @property
    def commits(self) -> int:
        """How many stand on no remote, over all branches."""
        return sum(stray.commits for stray in self.strays)
