"""Read model of what a tree of threads lost when its engine ended."""

from __future__ import annotations

from state.dataclass import dataclass
from state.items import ThreadId


@dataclass(frozen=True, slots=True)
class LossRow:
    """`thread_id`: the root, where one goes on."""

    thread_id: ThreadId
    title: str
    words: str
