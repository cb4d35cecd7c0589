"""Messages to agents by path: whom the words of a draft are meant for, and which way.

Owns reading `@path words`, which way the engine leaves open, and what the root is told
where only the root may be spoken to. Pure. Invariant: words that name no agent are the
open thread's; nothing here sends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from state.agent_path import ROOT, AgentPath, AgentPathError
from state.dataclass import dataclass
from state.items import ThreadId
from state.model import Thread
from state.pattern import late_pattern

_AT = late_pattern(r"@(?P<path>[a-z0-9_./]+)(?:\s+(?P<words>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AgentName:
    """An agent that can be written to, as the composer lists it. `direct`: the engine
    takes messages for it; None: it did not say. `words`: role and model."""

    id: ThreadId
    path: str
    direct: bool | None = None
    words: str = ""


class Way(StrEnum):
    """How a message can reach a thread."""

    DIRECT = "direct"
    ASK = "ask"
    """The engine refuses it: through the root, or to a fork, as the user decides."""


def way_to(thread: Thread) -> Way:
    """Which way there is, as far as the engine told."""
    return Way.ASK if thread.direct_input is False else Way.DIRECT


def told_root(path: str, words: str) -> str:
    """What the root is told for an agent that takes no messages itself."""
    return f"tell {path}: {words}"


@dataclass(frozen=True, slots=True)
class Addressed:
    """A draft that begins with a path: the path as written, and the words after it."""

    path: str
    words: str


def addressed(text: str) -> Addressed | None:
    """What `@path words` says; None for any other text. Pasted blanks before the sign
    make it words: that is how such a text is sent as it is."""
    found = _AT.fullmatch(text)
    if found is None:
        return None
    return Addressed(found["path"], (found["words"] or "").strip())


def matches(path: str, names: Iterable[AgentName], caller: str) -> list[AgentName]:
    """The agents of a tree that a path means to who says it at `caller`; an engine
    may have given one path to several."""
    try:
        here = AgentPath.parse(caller)
    except AgentPathError:
        here = ROOT
    everyone = list(names)
    for start in (here, ROOT):
        try:
            wanted = str(AgentPath.resolve(path, start))
        except AgentPathError:
            continue
        if found := [name for name in everyone if name.path == wanted]:
            return found
    return []


def means_agent(path: str) -> bool:
    """Whether such words can only be meant as an agent, known or not: `@/root/…`."""
    return path == str(ROOT) or path.startswith(f"{ROOT}/")


def completions(typed: str, names: Iterable[AgentName]) -> list[AgentName]:
    """The agents a half-typed path could become: those whose path begins so, then
    those whose own name does, then those that hold it."""
    low = typed.lower()
    everyone = list(names)

    def rank(name: AgentName) -> int:
        # Every path has /root in it: what was typed is looked for behind that.
        below = name.path.removeprefix(f"{ROOT}/").lstrip("/")
        if name.path.startswith(low) or below.startswith(low):
            return 0
        if below.rsplit("/", 1)[-1].startswith(low):
            return 1
        return 2 if len(low) > 1 and low in below else 3

    ranked = sorted(((rank(name), index) for index, name in enumerate(everyone)))
    return [everyone[index] for order, index in ranked if order < 3]
