"""One entry of a permission profile: a path and what it gives, explained as one types.

Owns the fields. Does not own what an entry means: it is handed in. Invariant: an entry
that cannot be one is not answered; why stands below the field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.widgets import Input

from widgets.dialog import Choice, Dialog, Segments, labelled
from widgets.field import LineField
from widgets.plain import Plain

if TYPE_CHECKING:
    from textual.app import ComposeResult

Meaning = Callable[[str, str], tuple[str, bool]]
"""(path, access) -> a sentence, and whether it is a fault."""


class EntryForm(Dialog[tuple[str, str]]):
    """Answers (path, access)."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "take it"),
        ("up down", "move"),
        ("left right", "choose"),
        ("esc", "leave"),
    )

    def __init__(self, title: str, path: str, access: str, meaning: Meaning) -> None:
        super().__init__(title, "permission profile")
        self._meaning = meaning
        self.path = LineField(
            value=path,
            select_on_focus=False,
            placeholder=":workspace_roots/docs, ~/.ssh, /srv, /srv/**/*.key",
        )
        self.access = Segments(
            (Choice("read", "read"), Choice("write", "write"), Choice("deny", "deny")),
            access,
            label="Access",
        )
        self.words = Plain("")

    def parts(self) -> ComposeResult:
        """Path, access, what it means, which names there are."""
        yield labelled("Path", self.path)
        yield self.access
        self.words.add_class("air")
        yield self.words
        yield Plain(
            "Names: :workspace_roots  :root  :tmpdir  :slash_tmp  :minimal",
            classes="muted air",
        )
        yield Plain(
            "Below a root: :workspace_roots/docs. Patterns (* ? **) can be denied.",
            classes="muted",
        )

    def on_mount(self) -> None:
        """Type at once."""
        super().on_mount()
        self.path.focus()
        self._explain()

    @on(Segments.Changed)
    @on(Input.Changed)
    def _explain(self) -> None:
        words, fault = self._meaning(self.path.value.strip(), self.access.value)
        self.words.show(words)
        self.words.set_class(fault, "fail")

    @on(Input.Submitted)
    def action_accept(self) -> None:
        """Enter."""
        path = self.path.value.strip()
        words, fault = self._meaning(path, self.access.value)
        if fault:
            self.words.show(words)
            self.path.focus()
            return
        self.dismiss((path, self.access.value))
