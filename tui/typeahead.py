"""Keys in the order they were pressed: one is done before the next is given to anyone.

Textual hands a key to the widget that has the focus at that moment, and carries out
what the key means later. On a slow link `i` and the words after it arrive in one piece,
and the words would go where the focus was: into a list whose letters archive and fork.
So a key that may move the focus is in flight until all that comes of it was handled,
and what arrives meanwhile waits here. Owns that order and nothing else. Invariants:
nothing that was typed is dropped; a review card gets every key at once, as its guard
counts the time between keys.
"""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

from textual import events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump
from textual.timer import Timer
from textual.widgets import Input, TextArea

from widgets.card_body import CardBody

Typed: TypeAlias = events.Key | events.Paste

ROUNDS = 4
"""A key becomes a message, that an intent, that a command: each a queue further up."""
LOST_SECONDS = 0.25
"""Who carried the sign may be gone with its dialog; nobody waits longer for it."""


class Followed(Message):
    """Goes the way the key went, behind it: from the widget up to the app."""

    def __init__(self, flight: int, rounds: int) -> None:
        super().__init__()
        self.flight = flight
        self.rounds = rounds


class KeysInOrder(App[None]):
    """An app that gives out keys one at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[Typed] = deque()
        self._flight = 0
        self._flying: MessagePump | None = None
        self._lost: Timer | None = None

    async def on_event(self, event: events.Event) -> None:
        """Textual's own way for all but keys that arrive."""
        if not isinstance(event, Typed) or event.is_forwarded:
            await super().on_event(event)
        elif self._flying is not None and not self._at_a_card:
            self._waiting.append(event)
        else:
            await self._give_out(event)

    @property
    def _at_a_card(self) -> bool:
        return isinstance(self.focused, CardBody)

    async def _give_out(self, event: Typed) -> None:
        target = self.focused or self.screen
        await super().on_event(event)
        if self._at_a_card or _is_text(event, target):
            return
        self._flight += 1
        self._flying = target
        if not target.post_message(Followed(self._flight, ROUNDS)):
            self.call_later(self._landed, self._flight)
            return
        if self._lost is not None:
            self._lost.stop()
        flight = self._flight
        self._lost = self.set_timer(LOST_SECONDS, lambda: self._landed(flight))

    async def on_followed(self, message: Followed) -> None:
        """The key has come to its end, or to its next round."""
        message.stop()
        if message.flight != self._flight or self._flying is None:
            return
        again = Followed(message.flight, message.rounds - 1)
        if not again.rounds or not self._flying.post_message(again):
            # Behind what was asked of the app itself: moving the focus is.
            self.call_later(self._landed, message.flight)

    async def _landed(self, flight: int) -> None:
        if flight != self._flight or self._flying is None:
            return
        self._flying = None
        if self._lost is not None:
            self._lost.stop()
            self._lost = None
        while self._waiting and (self._flying is None or self._at_a_card):
            await self._give_out(self._waiting.popleft())


def _is_text(event: Typed, target: object) -> bool:
    """Words for a field that has the focus move nothing."""
    if not isinstance(target, TextArea | Input):
        return False
    return isinstance(event, events.Paste) or event.is_printable
