"""What a decoder is told beside the message: where and when it came in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from state.dataclass import dataclass
from state.events import Event

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WireContext:
    """Where a message came in. `at_ms` serves when the message tells no time."""

    epoch: str
    connection: int
    at_ms: int = 0


Decoder = Callable[[Json, WireContext, int], tuple[Event, ...]]
