"""Bracketed pastes taken from the terminal in one piece, and keys in all their forms.

Textual's parser looks at each character of a paste; a megabyte costs it seconds. Here
the text between the two marks is cut out of the stream as it is. Of a key's sequence
it does not know all forms: one is read as another key, one ends the program. Owns
nothing else of the terminal's bytes. Invariant: the events are those of Textual's own
parser, however the stream was cut into reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual import events
from textual.drivers.linux_driver import XTermParser  # type: ignore[attr-defined]
from textual.message import Message

_XTERM_KEY = re.compile(r"\x1b\[27;(\d+);(\d+)~")
"""xterm's and tmux's own form: modifiers, then the character"""
_KITTY_KEY = re.compile(r"\x1b\[(\d+)(?::[\d:]*)?(?:;(\d*)(?::(\d*))?(;[\d:]*)?)?(\D)")
"""kitty's form with all that may stand in it: other layouts' keys, what became of it"""
_RELEASED = "3"
_HELD = 0b111110
"""All modifiers but shift and the locks, with which a letter is another key"""
BEGIN, END = "\x1b[200~", "\x1b[201~"


class PasteParser(XTermParser):
    """Textual's parser, with a short way for pastes."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pasted: list[str] | None = None
        """what came of a paste so far; None: none is going on"""
        self._tail = ""
        """the end of what went to Textual, in which a mark may have begun"""
        self._theirs = False
        """the mark was cut in two: that paste is Textual's, to its end"""

    def feed(self, data: str) -> Iterable[Message]:
        """Events of what has come."""
        if not data:
            yield from super().feed(data)
        while data:
            if self._pasted is not None:
                data = self._more(data)
                if self._pasted is None:
                    yield events.Paste(self._done)
            elif self._theirs:
                ours, data = self._until(data, END)
                yield from self._give(ours)
            else:
                yield from self._plain(data)
                data = self._rest

    def _sequence_to_key_events(
        self, sequence: str, alt: bool = False
    ) -> Iterable[events.Key]:
        """Keys; none for one that was let go."""
        found = _XTERM_KEY.fullmatch(sequence)
        if found and int(found[1]) - 1 & _HELD:
            sequence = f"\x1b[{found[2]};{found[1]}u"
        elif ":" in sequence and (found := _KITTY_KEY.fullmatch(sequence)):
            code, modifiers, event, text, end = found.groups(default="")
            if event == _RELEASED:
                return
            sequence = f"\x1b[{code};{modifiers or '1'}{text}{end}"
        try:
            keys = list(super()._sequence_to_key_events(sequence, alt))
        except (ValueError, OverflowError):
            return  # no key that there is
        yield from keys

    _done = ""
    _rest = ""

    def _plain(self, data: str) -> Iterable[Message]:
        """Up to the next paste; `_rest` is what comes after its first mark."""
        self._rest = ""
        seam = (self._tail + data[: len(BEGIN) - 1]).find(BEGIN)
        if self._tail and seam >= 0:
            cut = seam + len(BEGIN) - len(self._tail)
            self._theirs = True
            self._rest = data[cut:]
            yield from self._give(data[:cut])
            self._tail = ""
            return
        at = data.find(BEGIN)
        if at < 0:
            yield from self._give(data)
            return
        yield from self._give(data[:at])
        self._tail = ""
        self._pasted = []
        self._rest = data[at + len(BEGIN) :]

    def _give(self, data: str) -> Iterable[Message]:
        if data:
            self._tail = (self._tail + data)[1 - len(BEGIN) :]
            yield from super().feed(data)

    def _until(self, data: str, mark: str) -> tuple[str, str]:
        """What goes to Textual up to the end of its paste, and the rest."""
        joined = self._tail + data
        at = joined.find(mark)
        if at < 0:
            return data, ""
        self._theirs = False
        cut = at + len(mark) - len(self._tail)
        return data[:cut], data[cut:]

    def _more(self, data: str) -> str:
        """More of a paste; what comes after its end."""
        assert self._pasted is not None
        # The mark may have begun in the read before.
        last = self._pasted.pop() if self._pasted else ""
        joined = last + data
        at = joined.find(END)
        if at < 0:
            keep = len(END) - 1
            self._pasted += [joined[:-keep], joined[-keep:]]
            return ""
        self._done = "".join([*self._pasted, joined[:at]]).replace("\x00", "")
        self._pasted = None
        return joined[at + len(END) :]
