"""Agent paths: `/root`, `/root/tester`, `/root/researcher/indexer`.

Owns parsing, with a reason for each refusal, and the arithmetic of paths. Does not
own which agents exist. Invariant: an `AgentPath` is always `/root` or below it,
each name of `[a-z0-9_]+`; no relative path leads above `/root`.
"""

from __future__ import annotations

import re
from typing import Self

from state.dataclass import dataclass
from state.pattern import late_pattern

ROOT_NAME = "root"
_NAME = late_pattern(r"[a-z0-9_]+", re.ASCII)


class AgentPathError(ValueError):
    """A path that cannot be; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class AgentPath:
    """A valid path. `names` are those below `/root`; made by `parse`, `join` and
    `resolve`, which check them. Sorts parents before their children."""

    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.names:
            _check_name(name)

    def __lt__(self, other: AgentPath) -> bool:
        return self.names < other.names

    @classmethod
    def parse(cls, text: str) -> Self:
        """The path that an absolute text names. Raises `AgentPathError`."""
        if not text:
            raise AgentPathError("An agent path cannot be empty.")
        if not text.startswith("/"):
            raise AgentPathError(f"An agent path begins with /{ROOT_NAME}.")
        if text == "/":
            raise AgentPathError(f"The highest agent is /{ROOT_NAME}.")
        if text.endswith("/"):
            raise AgentPathError("An agent path does not end with a slash.")
        first, *names = text[1:].split("/")
        if first != ROOT_NAME:
            raise AgentPathError(f"An agent path begins with /{ROOT_NAME}.")
        return cls(tuple(names))

    @classmethod
    def resolve(cls, text: str, caller: AgentPath) -> Self:
        """The path that `text` names when the agent `caller` says it: absolute, or
        from the caller's own place (`tester` is its child, `.` itself, `../tester`
        its sibling). Raises `AgentPathError`, also for a way above `/root`."""
        if text.startswith("/"):
            return cls.parse(text)
        if not text:
            raise AgentPathError("An agent path cannot be empty.")
        names = list(caller.names)
        for step in text.split("/"):
            match step:
                case ".":
                    pass
                case "..":
                    if not names:
                        raise AgentPathError(f"There is no agent above /{ROOT_NAME}.")
                    names.pop()
                case _:
                    _check_name(step)
                    names.append(step)
        return cls(tuple(names))

    def relative_to(self, caller: AgentPath) -> str:
        """The shortest text that `resolve` turns into this path for `caller`."""
        shared = 0
        for ours, theirs in zip(self.names, caller.names, strict=False):
            if ours != theirs:
                break
            shared += 1
        steps = [".."] * (len(caller.names) - shared) + [*self.names[shared:]]
        return "/".join(steps) or "."

    def join(self, name: str) -> Self:
        """The child of that name. Raises `AgentPathError`."""
        return type(self)((*self.names, name))

    @property
    def name(self) -> str:
        """The last name; `root` for `/root`."""
        return self.names[-1] if self.names else ROOT_NAME

    @property
    def parent(self) -> Self | None:
        """The path above, None for `/root`."""
        return type(self)(self.names[:-1]) if self.names else None

    @property
    def depth(self) -> int:
        """Steps below `/root`, which has 0."""
        return len(self.names)

    def is_within(self, branch: AgentPath) -> bool:
        """Whether this is `branch` itself or an agent below it."""
        return self.names[: len(branch.names)] == branch.names

    def __str__(self) -> str:
        return "/".join(("", ROOT_NAME, *self.names))


ROOT = AgentPath()


def _check_name(name: str) -> None:
    if not name:
        raise AgentPathError("An agent path has no empty name between its slashes.")
    if name in (".", ".."):
        raise AgentPathError(f"“{name}” only stands in a path relative to an agent.")
    if not _NAME.fullmatch(name):
        raise AgentPathError(
            f"An agent name has small letters, digits and _ only, unlike {name!a}."
        )
