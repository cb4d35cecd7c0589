"""Joins adjacent deltas of one item, so that a burst costs one reducer step.

Owns what waits to be reduced, and which events may be joined: deltas only. Endings,
reviews and settings are never joined, dropped or reordered, and no delta crosses
another event of its thread. Laws: idempotent; folding the result gives the world of
the original.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from state.events import Event, ItemDelta
from state.frame import PROMPT
from state.items import DeltaKind, ItemId, ThreadId, TurnId

_Key = tuple[TurnId, ItemId, DeltaKind, int]
_Growing = tuple[ThreadId, _Key, list[str]]


def _nothing() -> None:
    pass


class Inlet:
    """Where events come in: called with each, it never blocks and never raises.
    `on_news`: called when one arrives after a rest, and once more when the first of
    those arrives that should not wait long; from then on `prompt` is true."""

    __slots__ = ("_open", "_waiting", "on_news", "prompt")

    def __init__(self, on_news: Callable[[], None] = _nothing) -> None:
        self.on_news = on_news
        self.prompt = False
        self._waiting: list[Event | _Growing] = []
        self._open: dict[ThreadId, dict[_Key, list[str]]] = {}

    def __bool__(self) -> bool:
        """Something waits."""
        return bool(self._waiting)

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, ItemDelta):
            self.grow(
                event.thread_id,
                event.turn_id,
                event.item_id,
                event.kind,
                event.text,
                event.index,
            )
            return
        thread_id: ThreadId | None = getattr(event, "thread_id", None)
        if thread_id is not None:
            self._open.pop(thread_id, None)
        if self.prompt or event.__class__ not in PROMPT:
            self._add(event)
        else:
            self.prompt = True
            self._waiting.append(event)
            self.on_news()

    def grow(
        self,
        thread_id: ThreadId,
        turn_id: TurnId,
        item_id: ItemId,
        kind: DeltaKind,
        text: str,
        index: int = 0,
    ) -> None:
        """Take an `ItemDelta` of these fields: thousands come in a second, and most
        only lengthen one that waits already."""
        key = (turn_id, item_id, kind, index)
        mine = self._open.get(thread_id)
        if mine is None:
            mine = self._open[thread_id] = {}
        elif key in mine:
            mine[key].append(text)
            return
        texts = mine[key] = [text]
        self._add((thread_id, key, texts))

    def _add(self, one: Event | _Growing) -> None:
        self._waiting.append(one)
        if len(self._waiting) == 1:
            self.on_news()

    def take(self) -> list[Event]:
        """All that waits; from here on nothing does."""
        waiting, self._waiting = self._waiting, []
        self._open.clear()
        self.prompt = False
        return [_joined(*one) if isinstance(one, tuple) else one for one in waiting]


def _joined(thread_id: ThreadId, key: _Key, texts: list[str]) -> ItemDelta:
    turn_id, item_id, kind, index = key
    return ItemDelta(thread_id, turn_id, item_id, kind, "".join(texts), index)


def coalesce(events: Iterable[Event]) -> list[Event]:
    """The same happenings in fewer events, order kept per thread."""
    inlet = Inlet()
    for event in events:
        inlet(event)
    return inlet.take()
