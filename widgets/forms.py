"""The dialogs with fields: a name, a new thread, the login, the help table.

Owns their fields and what they answer. Does not own defaults, models or keys: they
come as data. Invariants: what would be in force is shown before it is chosen; a key
typed here is never shown and never kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from rich.cells import cell_len
from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from state.dataclass import dataclass
from state.views import Tone
from widgets.dialog import Choice, Dialog, Segments, labelled
from widgets.drawn import Drawn
from widgets.field import LineField
from widgets.lines import line, piece
from widgets.palette import palette_of
from widgets.plain import Plain

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.strip import Strip


class TextAsk(Dialog[str]):
    """One line of text; answers it, stripped, or None."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (("enter", "save"), ("esc", "leave"))

    def __init__(
        self, title: str, label: str, value: str = "", aside: str = ""
    ) -> None:
        super().__init__(title, aside)
        self._label = label
        self.field = LineField(value=value, select_on_focus=False)

    def parts(self) -> ComposeResult:
        """The field."""
        yield labelled(self._label, self.field)

    def on_mount(self) -> None:
        """Type at once."""
        super().on_mount()
        self.field.focus()

    @on(Input.Submitted)
    def action_accept(self) -> None:
        """Enter."""
        self.dismiss(self.field.value.strip())


@dataclass(frozen=True, slots=True)
class NewThreadOptions:
    """What the form shows: the effective defaults, in words, and what there is.

    `sandbox` and `approvals`: the values in force when nothing is chosen. `trust`:
    a sentence about the folder's trust ("" when there is nothing to say). `forbidden`:
    sandboxes and policies that an administrator does not allow.
    """

    cwd: str
    model: str = ""
    effort: str = ""
    sandbox: str = "read-only"
    approvals: str = "on-request"
    trust: str = ""
    models: tuple[str, ...] = ()
    efforts: tuple[str, ...] = ("low", "medium", "high")
    policies: tuple[str, ...] = ("on-request", "never")
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewThreadAnswer:
    """What was chosen; None: the default stays."""

    cwd: str
    model: str | None
    effort: str | None
    sandbox: str | None
    approvals: str | None


_SANDBOXES = (
    Choice("read-only", "read-only"),
    Choice("workspace-write", "workspace-write"),
    Choice("danger-full-access", "full access", danger=True),
)

_CONSEQUENCES = {
    "read-only": "It reads files; edits and the network need your approval.",
    "workspace-write": "It reads everything and edits inside the workspace.",
    "danger-full-access": "No sandbox: it writes anywhere you can, network on.",
}


class NewThreadForm(Dialog[NewThreadAnswer]):
    """Where, with which model, under what."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "start"),
        ("up down", "move"),
        ("left right", "choose"),
        ("esc", "leave"),
    )

    def __init__(
        self, options: NewThreadOptions, given: NewThreadAnswer | None = None
    ) -> None:
        super().__init__("New thread", "nothing runs until you write")
        self._options = options
        was = given or NewThreadAnswer(options.cwd, None, None, None, None)
        self.cwd = LineField(value=was.cwd, select_on_focus=False)
        default = self._default(options.model)
        self.model = LineField(value=was.model or "", placeholder=default)
        efforts = [Choice("", self._default(options.effort))]
        efforts += [Choice(e, e) for e in options.efforts if e != options.effort]
        self.effort = Segments(efforts, was.effort or "", label="Effort")
        self.sandbox = Segments(
            [c for c in _SANDBOXES if self._allowed(c.value, options.sandbox)],
            options.sandbox,
            label="Sandbox",
        )
        policies = tuple(dict.fromkeys((options.approvals, *options.policies)))
        self.policy = Segments(
            [Choice(p, p) for p in policies if self._allowed(p, options.approvals)],
            was.approvals or options.approvals,
            label="Asks you",
        )
        self.words = Plain("", classes="muted")

    @staticmethod
    def _default(value: str) -> str:
        return f"{value} (default)" if value else "default"

    def _allowed(self, value: str, default: str) -> bool:
        """What the engine starts with by itself is always there."""
        return bool(value) and (
            value == default or value not in self._options.forbidden
        )

    def parts(self) -> ComposeResult:
        """The fields, then what they mean."""
        yield labelled("Folder", self.cwd)
        yield labelled("Model", self.model)
        yield self.effort
        self.sandbox.add_class("air")
        yield self.sandbox
        yield self.policy
        self.words.add_class("air")
        yield self.words
        if self._options.trust:
            yield Plain(self._options.trust, classes="need")
        if self._options.forbidden:
            words = {c.value: c.label for c in _SANDBOXES}
            names = ", ".join(words.get(one, one) for one in self._options.forbidden)
            yield Plain(f"Your administrator does not allow: {names}.", classes="muted")

    def on_mount(self) -> None:
        """The folder first."""
        super().on_mount()
        self.cwd.focus()
        self._explain()

    @on(Segments.Changed)
    def _explain(self) -> None:
        value = self.sandbox.value
        changed = value != self._options.sandbox
        default = "" if changed else " This is the default here."
        self.words.show(_CONSEQUENCES[value] + default)
        self.words.set_class(value == "danger-full-access", "fail")

    @on(Input.Submitted)
    def action_accept(self) -> None:
        """Start with these; what was not changed stays the engine's choice."""
        options = self._options
        sandbox, policy = self.sandbox.value, self.policy.value
        self.dismiss(
            NewThreadAnswer(
                self.cwd.value.strip() or options.cwd,
                self.model.value.strip() or None,
                self.effort.value or None,
                sandbox if sandbox != options.sandbox else None,
                policy if policy != options.approvals else None,
            )
        )


@dataclass(frozen=True, slots=True)
class LoginAnswer:
    """How to log in. The secret is not in its words."""

    kind: Literal["deviceCode", "apiKey"]
    secret: str = ""

    def __repr__(self) -> str:
        return f"LoginAnswer(kind={self.kind!r})"


class LoginDialog(Dialog[LoginAnswer]):
    """The engine's own login: a code for the browser, or an API key."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("left right", "choose"),
        ("enter", "log in"),
        ("esc", "leave"),
    )

    def __init__(self) -> None:
        super().__init__("Log in", "the engine keeps the login, codex-tui does not")
        self.way = Segments(
            (Choice("deviceCode", "device code"), Choice("apiKey", "API key")),
            label="With",
        )
        self.key = LineField(
            password=True, placeholder="never shown, never stored by us"
        )
        self.words = Plain("", classes="muted")

    def parts(self) -> ComposeResult:
        """The way, the key, what happens."""
        yield self.way
        yield labelled("API key", self.key)
        self.words.add_class("air")
        yield self.words

    def on_mount(self) -> None:
        """The way first."""
        super().on_mount()
        self.way.focus()
        self._explain()

    @on(Segments.Changed)
    def _explain(self) -> None:
        code = self.way.value == "deviceCode"
        self.key.parent.display = not code  # type: ignore[union-attr]
        self.words.show(
            "You get a code to type on a page in any browser, on any machine."
            if code
            else "The key goes to the engine and nowhere else."
        )

    @on(Input.Submitted)
    def action_accept(self) -> None:
        """Log in."""
        if self.way.value == "deviceCode":
            self.dismiss(LoginAnswer("deviceCode"))
        elif self.key.value.strip():
            secret = self.key.value.strip()
            self.key.value = ""
            self.dismiss(LoginAnswer("apiKey", secret))
        else:
            self.key.focus()


class DeviceCode(Dialog[None]):
    """Where to type which code; leave when the login has come through."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("esc", "leave, the code stays valid"),
    )

    def __init__(self, url: str, code: str) -> None:
        super().__init__("Log in with a code")
        self._url, self._code = url, code

    def parts(self) -> ComposeResult:
        """The page and the code."""
        yield Plain("Open this page in a browser, on any machine:")
        yield Plain(self._url, classes="bright")
        yield Plain("and type this code there:", classes="air")
        yield Plain(self._code, classes="bright")

    def action_accept(self) -> None:
        """Nothing to accept."""


@dataclass(frozen=True, slots=True)
class HelpSection:
    """A heading with its rows: key, slash command, what it does."""

    title: str
    rows: tuple[tuple[str, str, str], ...]


class HelpTable(Drawn):
    """The rows of a section."""

    DEFAULT_CSS = "HelpTable { height: auto; width: 1fr; margin-bottom: 1; }"

    def __init__(self, section: HelpSection, columns: tuple[int, int]) -> None:
        super().__init__()
        self._section = section
        self._columns = columns

    def get_content_height(self, *_: object) -> int:
        """A heading and its rows."""
        return len(self._section.rows) + 1

    def draw_line(self, y: int) -> Strip:
        """The heading, or a row."""
        palette, width = palette_of(self), self.size.width
        if y == 0:
            title = palette.style(Tone.BRIGHT, bold=True)
            return line([piece(self._section.title, title)], (), width)
        key, slash, words = self._section.rows[y - 1]
        accent, (first, second) = palette.style(Tone.ACCENT), self._columns
        cells = [
            *line([piece(key, accent)], (), first),
            *line([piece(slash, accent)], (), second),
            piece(words, palette.style(Tone.TEXT)),
        ]
        return line(cells, (), width)


class HelpDialog(Dialog[None]):
    """Every key and command, from the registry."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("up down", "scroll"),
        ("esc", "close"),
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll(1)", "down", id="help.down", show=False),
        Binding("up,k", "scroll(-1)", "up", id="help.up", show=False),
        Binding("pagedown,space", "scroll(15)", "page", id="help.page", show=False),
        Binding("pageup", "scroll(-15)", "page up", id="help.pageup", show=False),
        Binding("question_mark,q", "leave", "close", id="help.close", show=False),
    ]

    def __init__(self, sections: Sequence[HelpSection], aside: str = "") -> None:
        super().__init__("Keys and commands", aside)
        self._sections = tuple(sections)

    def parts(self) -> ComposeResult:
        """A table for each section."""
        rows = [row for section in self._sections for row in section.rows]
        first = max((cell_len(row[0]) for row in rows), default=0) + 2
        second = max((cell_len(row[1]) for row in rows), default=0) + 2
        for section in self._sections:
            yield HelpTable(section, (min(first, 20), min(second, 26)))

    def action_scroll(self, rows: int) -> None:
        """Up and down."""
        for body in self.query(".body"):
            body.scroll_relative(y=rows, animate=False)

    def action_accept(self) -> None:
        """Enter closes too."""
        self.dismiss(None)
