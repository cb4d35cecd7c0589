"""Which terminals `/stop` means: all of a thread's tree, one by number, a branch.

Owns the words of a target and what is said when there is nothing to stop. Changes
nothing. Invariant: what it names runs, as far as we know; nothing else is named.
"""

from __future__ import annotations

from collections.abc import Sequence

from state.agent_path import ROOT, AgentPath, AgentPathError
from state.dataclass import dataclass
from state.text import clean
from state.views.terminals import TerminalRow

MOST_NAMED = 6


def is_number(words: str) -> bool:
    """Whether they name one terminal, of whichever thread: numbers are its own."""
    number = words.strip().removeprefix("#")
    return number.isdecimal() and number.isascii()


@dataclass(frozen=True, slots=True)
class Targets:
    """What would be stopped, or a sentence that says why nothing is. `choices`: what an
    ambiguous word could mean."""

    rows: tuple[TerminalRow, ...] = ()
    refusal: str = ""
    choices: tuple[TerminalRow, ...] = ()


def targets(
    rows: Sequence[TerminalRow], words: str, *, caller: AgentPath = ROOT
) -> Targets:
    """`rows`: the terminals that `words` may name. "": all that run."""
    words = words.strip()
    live = tuple(row for row in rows if row.live)
    if not words:
        if not live:
            return Targets(refusal="No background terminals running.")
        return Targets(live)
    if is_number(words):
        return _numbered(rows, int(words.removeprefix("#")))
    return _branch(rows, words, caller)


def _numbered(rows: Sequence[TerminalRow], number: int) -> Targets:
    named = [row for row in rows if row.number == number]
    live = tuple(row for row in named if row.live)
    if len(live) == 1:
        return Targets(live)
    if live:
        lines = "; ".join(f"{row.title} {row.path}" for row in live[:MOST_NAMED])
        return Targets(
            refusal=f"{len(live)} terminals have the number {number}: {lines}. "
            "Name the thread, too.",
            choices=live,
        )
    if named:
        how = named[0].state
        return Targets(refusal=f"Terminal {number} had ended before ({how}).")
    known = ", ".join(str(row.number) for row in rows if row.live)
    there = f"; running: {known}" if known else "; none is running"
    return Targets(refusal=f"There is no terminal {number} here{there}.")


def _branch(rows: Sequence[TerminalRow], words: str, caller: AgentPath) -> Targets:
    try:
        branch = AgentPath.resolve(words.rstrip("/") or "/", caller)
    except AgentPathError as error:
        shown = clean(words)
        return Targets(refusal=f"“{shown}” is no terminal and no agent: {error}")
    inside = tuple(row for row in rows if row.live and _within(row.path, branch))
    if inside:
        return Targets(inside)
    if not any(_within(row.path, branch) for row in rows):
        paths = sorted({row.path for row in rows if row.live})
        there = f"; they run in {', '.join(paths[:MOST_NAMED])}" if paths else ""
        return Targets(refusal=f"No terminal runs in {branch} or below it{there}.")
    return Targets(refusal=f"The terminals of {branch} had ended before.")


def _within(path: str, branch: AgentPath) -> bool:
    try:
        return AgentPath.parse(path).is_within(branch)
    except AgentPathError:
        return False


def row_words(row: TerminalRow, *, title: bool = False) -> str:
    """A terminal in a list of what would end: number, command, owner, thread."""
    words = f"{row.number}  {row.command.text} · {row.path}"
    return f"{words} · {row.title}" if title and row.title else words
