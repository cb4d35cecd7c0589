"""Keys in the order they were pressed: one is done before the next is given to anyone.

Textual hands a key to the widget that has the focus at that moment, and carries out
what the key means later. On a slow link `i` and the words after it arrive in one piece,
and the words would go where the focus was: into a list whose letters archive and fork.
So a key that may move the focus is in flight until all that comes of it was handled,
and what arrives meanwhile waits here. Owns that order and nothing else. Invariants:
nothing that was typed is dropped, not even before there is a screen; a review card
gets every key at once, as its guard counts the time between keys, until it was told to
tell the agent something: what is typed from then on is for the agent.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from textual import events, widgets
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

from tui.screens import late

if TYPE_CHECKING:
    from pathlib import PurePath

    from textual.timer import Timer

Typed: TypeAlias = events.Key | events.Paste

ROUNDS = 4
"""A key becomes a message, that an intent, that a command: each a queue further up."""
LOST_SECONDS = 0.25
"""Who carried the sign may be gone with its dialog; nobody waits longer for it."""
PATIENCE = 20
"""Who is still there is waited for, so many times: a busy moment is no loss, and what
is given out before its time goes where the focus was."""


class Followed(Message):
    """Goes the way the key went, behind it: from the widget up to the app."""

    def __init__(self, flight: int, rounds: int) -> None:
        super().__init__()
        self.flight = flight
        self.rounds = rounds


class KeysInOrder(App[None]):
    """An app that gives out keys one at a time."""

    def __init__(self, css_path: list[str | PurePath]) -> None:
        super().__init__(css_path=css_path)
        self._waiting: deque[Typed] = deque()
        self._flight = 0
        self._flying: MessagePump | None = None
        self._lost: Timer | None = None
        self._held = False

    def hold_keys(self) -> None:
        """Nobody is there yet to give a key to: all of them wait."""
        self._held = True

    async def release_keys(self) -> None:
        """Somebody is."""
        self._held = False
        await self._give_out_waiting()

    async def on_event(self, event: events.Event) -> None:
        """Textual's own way for all but keys that arrive."""
        if not isinstance(event, Typed) or event.is_forwarded:
            await super().on_event(event)
        elif self._held or (self._flying is not None and not self._at_a_card):
            self._waiting.append(event)
        elif self._telling is not None:
            self._waiting.append(event)
            self._follow(self._telling)
        else:
            await self._give_out(event)

    @property
    def _at_a_card(self) -> bool:
        focused = self.focused
        return isinstance(focused, late.card_body.CardBody) and not focused.telling

    @property
    def _telling(self) -> MessagePump | None:
        """The card whose decision leads to the composer, while it still has the
        focus."""
        focused = self.focused
        told = isinstance(focused, late.card_body.CardBody) and focused.telling
        return focused if told else None

    async def _give_out(self, event: Typed) -> None:
        target = self.focused or self.screen
        await super().on_event(event)
        if self._at_a_card or _is_text(event, target):
            return
        self._follow(target)

    def _follow(self, target: MessagePump) -> None:
        self._flight += 1
        self._flying = target
        if not target.post_message(Followed(self._flight, ROUNDS)):
            self.call_later(self._landed, self._flight)
            return
        if self._lost is not None:
            self._lost.stop()
        self._wait_for_sign(self._flight, PATIENCE)

    def _wait_for_sign(self, flight: int, patience: int) -> None:
        async def missed() -> None:
            flying = self._flying if flight == self._flight else None
            if patience and flying is not None and flying.is_attached:
                self._wait_for_sign(flight, patience - 1)
            else:
                await self._landed(flight)

        self._lost = self.set_timer(LOST_SECONDS, missed)

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
        await self._give_out_waiting()

    async def _give_out_waiting(self) -> None:
        while self._waiting and (self._flying is None or self._at_a_card):
            await self._give_out(self._waiting.popleft())


def _is_text(event: Typed, target: object) -> bool:
    """Words for a field that has the focus move nothing."""
    if not isinstance(target, widgets.TextArea | widgets.Input):
        return False
    return isinstance(event, events.Paste) or event.is_printable
