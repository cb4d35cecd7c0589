"""Joins adjacent deltas of one item, so that a burst costs one reducer step.

Owns which events may be joined: deltas only. Endings, reviews and settings are
never joined, dropped or reordered, and no delta crosses another event of its
thread. Laws: idempotent; folding the result gives the world of the original.
"""

from __future__ import annotations

from collections.abc import Iterable

from state.dataclass import replace
from state.events import Event, ItemDelta
from state.items import ThreadId

_Key = tuple[str, str, str, int]


def coalesce(events: Iterable[Event]) -> list[Event]:
    """The same happenings in fewer events, order kept per thread."""
    result: list[Event] = []
    chunks: dict[int, list[str]] = {}
    open_deltas: dict[ThreadId, dict[_Key, int]] = {}
    for event in events:
        if not isinstance(event, ItemDelta):
            thread_id = getattr(event, "thread_id", None)
            if thread_id is not None:
                open_deltas.pop(thread_id, None)
            result.append(event)
            continue
        mine = open_deltas.setdefault(event.thread_id, {})
        key = (event.turn_id, event.item_id, event.kind, event.index)
        at = mine.get(key)
        if at is None:
            mine[key] = len(result)
            result.append(event)
        else:
            first = result[at]
            assert isinstance(first, ItemDelta)
            chunks.setdefault(at, [first.text]).append(event.text)
    for at, texts in chunks.items():
        first = result[at]
        assert isinstance(first, ItemDelta)
        result[at] = replace(first, text="".join(texts))
    return result
