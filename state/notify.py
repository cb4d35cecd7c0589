"""Which kinds of calls the user wants, and how they reach him.

Owns the switches. Does not own what calls (`state.attention`) nor the bytes and the
processes (`tui.signals`): a start needs neither.
"""

from __future__ import annotations

from state.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Notify:
    """The switches. `agents`: also for turns of agents (their reviews always call).
    `command`: an argv that gets each call as JSON on its stdin."""

    title: bool = True
    bell: bool = True
    osc9: bool = True
    review: bool = True
    done: bool = True
    failed: bool = True
    limit: bool = True
    agents: bool = False
    command: tuple[str, ...] = ()

    def wants(self, kind: str) -> bool:
        """Whether this kind calls."""
        return bool(getattr(self, kind))
