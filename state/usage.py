"""What the processes of a terminal use, as looked at on this machine.

Owns the figures and their last minute. Does not look at processes (that is
`state.engine.processes`). Figures are no part of the world: nothing of them is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from state.dataclass import dataclass
from state.items import ItemId, ThreadId

SAMPLES = 12
"""Bars of the last minute."""

GOING_MS = 1000
"""What an ended terminal's processes may take to be gone"""

Place = tuple[ThreadId, ItemId]


@dataclass(frozen=True, slots=True)
class Usage:
    """`cpu_percent` of one core (None: not known yet), resident memory, how many
    processes, and when the oldest of them began (ms since the epoch)."""

    cpu_percent: float | None
    rss_kb: int
    processes: int
    since_ms: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A terminal's figures: now, and the shares of the last minute, oldest first."""

    now: Usage
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Meters:
    """All figures of one moment, `at_ms`. A terminal that ended before it and is in it
    left processes over."""

    at_ms: int = 0
    by_terminal: Mapping[Place, Measured] = field(default_factory=dict)


NO_METERS = Meters()


def moved_on(
    before: Meters, seen: Mapping[Place, Usage], now_ms: int, *, bar: bool
) -> Meters:
    """The figures after another look. `bar`: it begins a new bar of the minute."""
    measured = {}
    for place, usage in seen.items():
        known = before.by_terminal.get(place)
        shares = known.shares if known is not None else ()
        if usage.cpu_percent is not None and bar:
            shares = (*shares, usage.cpu_percent)[-SAMPLES:]
        elif usage.cpu_percent is not None and shares:
            shares = (*shares[:-1], max(shares[-1], usage.cpu_percent))
        measured[place] = Measured(usage, shares)
    return Meters(now_ms, measured)


def left_over(meters: Meters, place: Place, ended_ms: int | None) -> int:
    """How many processes of a terminal that ended live on. One look a moment after its
    end is needed to say so: they take their time to go."""
    measured = meters.by_terminal.get(place)
    if measured is None or meters.at_ms < (ended_ms or 0) + GOING_MS:
        return 0
    return measured.now.processes
