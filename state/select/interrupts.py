"""What an interrupt would reach and what it left, in words.

Owns who works below a thread, the choices that leaves, and the report afterwards.
Interrupted is no ending, and no terminal ends with a turn: both are said here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from state.dataclass import dataclass
from state.items import ThreadId
from state.model import Thread, ThreadStatus, TurnStatus
from state.select.words import (
    agent_label,
    command_line,
    last_turn,
    one_line,
    thread_title,
)
from state.text import reveal
from state.tree import Forest

MOST = 8
"""Names in one list."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Who works, seen from one thread. `branch` is it and what is below it."""

    thread: Thread
    works: bool
    branch: tuple[Thread, ...]
    tree: tuple[Thread, ...]
    root: ThreadId
    terminals: tuple[str, ...] = ()
    """the commands of the tree's background terminals"""

    @property
    def below(self) -> tuple[Thread, ...]:
        """Those of the branch but itself."""
        return tuple(t for t in self.branch if t.id != self.thread.id)


def works(thread: Thread) -> bool:
    """Whether a turn of it runs, as far as we know."""
    return thread.active_turn is not None or thread.status is ThreadStatus.ACTIVE


def reach(forest: Forest, thread: Thread) -> Reach:
    """What interrupting here can mean."""
    root = forest.root(thread.id)
    tree = [t for _, t in forest.walk(root)]
    branch = [t for _, t in forest.walk(thread.id)]
    return Reach(
        thread,
        works(thread),
        tuple(filter(works, branch)),
        tuple(filter(works, tree)),
        root,
        tuple(
            command_line(terminal.command)
            for t in tree
            for terminal in t.terminals.values()
        ),
    )


def labels(threads: Sequence[Thread]) -> str:
    """`/root/a, /root/b and 3 more`"""
    names = [agent_label(thread) for thread in threads[:MOST]]
    more = len(threads) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def apart(thread: Thread) -> tuple[str, str]:
    """Its name among others that are called alike, and what else tells it from them."""
    folder = reveal(PurePosixPath(thread.cwd).name).text
    facts = [one_line(thread.nickname or "")] if thread.is_agent else [folder]
    name = agent_label(thread) if thread.is_agent else thread_title(thread)
    words = [fact for fact in (*facts, f"…{one_line(thread.id)[-8:]}") if fact]
    return name, " · ".join(words)


def keep_running(number: int) -> str:
    """`2 background terminals keep running · /stop stops them`; "" for none."""
    if not number:
        return ""
    what = "1 background terminal keeps" if number == 1 else None
    what = what or f"{number} background terminals keep"
    return f"{what} running · /stop stops {'it' if number == 1 else 'them'}"


def ask_lines(found: Reach) -> tuple[str, ...]:
    """What the question says before the choices."""
    name = agent_label(found.thread)
    lines = [f"{name} works." if found.works else f"{name} itself does not work now."]
    below = found.below
    if below:
        number = len(below)
        agents = "agent works" if number == 1 else "agents work"
        lines.append(f"{number} {agents} below it: {labels(below)}")
        lines.append(
            f"Interrupting {name} alone leaves "
            f"{'it' if number == 1 else 'them'} running."
        )
    lines += ["", "Interrupted is no ending: the next message goes on."]
    keeps = keep_running(len(found.terminals))
    if keeps:
        lines.append(keeps[0].upper() + keeps[1:] + ".")
    return tuple(lines)


def report(
    wanted: Iterable[ThreadId], threads: Mapping[ThreadId, Thread], terminals: int
) -> str:
    """What became of the turns that were to end, by what the engine said since."""
    ended: list[Thread] = []
    left: list[Thread] = []
    for thread_id in wanted:
        thread = threads.get(thread_id)
        if thread is None or thread.deleted:
            continue
        (left if works(thread) else ended).append(thread)
    parts = []
    if ended:
        parts.append(f"interrupted {_how(ended)}")
    if left:
        parts.append(f"still working: {labels(left)}")
    return " · ".join(filter(None, [*parts, keep_running(terminals)]))


def _how(ended: list[Thread]) -> str:
    """Who ended by itself in the meantime is not called interrupted."""
    own = [t for t in ended if not _interrupted(t)]
    words = labels([t for t in ended if _interrupted(t)]) or "nobody"
    return f"{words} · ended before: {labels(own)}" if own else words


def _interrupted(thread: Thread) -> bool:
    turn = last_turn(thread)
    return turn is None or turn.status in (TurnStatus.INTERRUPTED, TurnStatus.UNKNOWN)
