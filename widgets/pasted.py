"""The long pastes of one field: which sign stands for which text.

Owns that table and where signs stand in a line. Does not own the field. Invariants: a
sign that was given out once keeps its text as long as the field does, so undo brings
back both; a sign stands for its text once, wherever else somebody may type the same.
"""

from __future__ import annotations

from collections.abc import Callable

from state import pastes


class Pasted:
    """The table."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def clear(self) -> None:
        """Another draft begins."""
        self._texts.clear()

    def sign(self, text: str, shown: str = "") -> str:
        """What is to stand in the field for a text. `shown`: what stands there now."""
        number = 1
        while (name := pastes.label(text, number)) in self._texts or name in shown:
            number += 1
        self._texts[name] = text
        return name

    def shown(self, draft: str, clean: Callable[[str], str]) -> str:
        """A draft as the field shows it. `clean`: what may stand in the field."""
        found = [(clean(text), long) for text, long in pastes.parts(draft)]
        typed = "".join(text for text, long in found if not long)
        return "".join(self.sign(text, typed) if long else text for text, long in found)

    def whole(self, shown: str) -> str:
        """The words that what is shown stands for."""
        return self._put(shown, lambda text: text)

    def kept(self, shown: str) -> str:
        """The same as a draft holds it."""
        return self._put(shown, pastes.marked)

    def _put(self, shown: str, form: Callable[[str], str]) -> str:
        """Each sign once, from left to right: what was pasted is not looked into."""
        places = sorted(
            (at, name) for name in self._texts if (at := shown.find(name)) >= 0
        )
        made, done = [], 0
        for at, name in places:
            if at < done:
                continue
            made += [shown[done:at], form(self._texts[name])]
            done = at + len(name)
        return "".join([*made, shown[done:]])

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where signs stand in a line of the field."""
        if not self._texts or "[Pasted text" not in line:
            return []
        return [
            (at, at + len(name)) for name in self._texts if (at := line.find(name)) >= 0
        ]
