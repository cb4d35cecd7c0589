"""What goes along when a thread is archived or deleted, line by line.

Owns the words only. Invariant: nothing that would end or be lost goes unnamed; where
there is more than fits, its number stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from state.model import Thread
from state.queue import held
from state.select.words import agent_label, command_line, thread_title
from state.words import cut

NAMED = 6
NAME_CELLS = 48


def archive_lines(thread: Thread, below: Sequence[Thread]) -> list[str]:
    """What archiving ends or puts away beside the thread; [] when there is nothing.

    `below`: its agents."""
    lines = ends(thread, below)
    if below:
        lines.append(f"{_some(len(below), 'agent')} below it, put away with it")
    if thread.queue:
        lines.append(f"{_some(len(thread.queue), 'queued message')}, kept in the queue")
    return lines


def delete_lines(thread: Thread, below: Sequence[Thread]) -> list[str]:
    """What deleting takes along, for good."""
    lines = ["This cannot be undone; archiving can. It takes along:"]
    number = len(thread.turns)
    history = f"{_some(number, 'turn')} and what is older" if number else "its history"
    lines.append(f"  {history}")
    if below:
        lines.append(f"  {_some(len(below), 'agent')} below it")
        lines += [f"    {agent_label(agent)}" for agent in below[:NAMED]]
        if len(below) > NAMED:
            lines.append(f"    {len(below) - NAMED} more")
    waiting = len(thread.queue) + len(held(thread))
    if waiting:
        lines.append(f"  {_some(waiting, 'queued or held message')}, never sent")
    return [*lines, *(f"  {words}" for words in ends(thread, below))]


def ends(thread: Thread, below: Sequence[Thread]) -> list[str]:
    """What runs in this tree and would end."""
    lines = []
    for member in (thread, *below):
        if member.active_turn is not None:
            # The question names the thread itself already.
            own = member is thread
            lines.append(
                "its running turn" if own else f"the running turn of {_name(member)}"
            )
        lines += [f"$ {command_line(t.command)}" for t in member.terminals.values()]
    return lines


def _name(agent: Thread) -> str:
    return cut(thread_title(agent), NAME_CELLS)


def _some(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
