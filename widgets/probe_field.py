"""The field of a probe: an operation, and the path or host it is about.

Owns the typing and the choice of operation. Does not own the answer. Invariant: enter
posts what stands there, once; tab changes the operation and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from state.views import Tone
from widgets.drawn import Drawn
from widgets.field import LineField
from widgets.glyphs import look_of, sign
from widgets.lines import line, piece
from widgets.palette import palette_of

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.strip import Strip

OPERATIONS = ("write", "read", "patch", "connect", "stdin")
ASKS = {
    "write": "a path a command would write",
    "read": "a path a command would read",
    "patch": "a path an edit would change",
    "connect": "a host, or host:port",
    "stdin": "typing into a terminal: press enter",
}


class Operation(Drawn):
    """Prompt and operation before the field."""

    DEFAULT_CSS = "Operation { width: 12; height: 1; }"

    def draw_line(self, y: int) -> Strip:
        """One row."""
        field = self.query_ancestor(ProbeField)
        live = field.field.has_focus
        tone = Tone.ACCENT if live else Tone.MUTED
        style = palette_of(self).style(tone)
        return line(
            [piece(f" {sign('›', look_of(self))} {field.operation}", style)],
            (),
            self.size.width,
        )


class ProbeBox(Horizontal):
    """Operation and words; a type of its own for the rule about the focus."""


class ProbeField(Vertical):
    """The box. Posts Asked."""

    DEFAULT_CSS = """
    ProbeField { height: 3; width: 1fr; margin: 0 1; }
    ProbeField.-plain { height: 1; }
    ProbeField > ProbeBox { height: 3; border: round $faint; }
    ProbeField:focus-within > ProbeBox { border: round $accent; }
    ProbeField.-ascii > ProbeBox { border: ascii $faint; }
    ProbeField.-plain > ProbeBox { border: none; height: 1; }
    ProbeField LineField, ProbeField LineField:focus {
        width: 1fr; height: 1; border: none; padding: 0;
        background: $background; color: $bright;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "turn(1)", "operation", id="probe.next", show=False),
        Binding("shift+tab", "turn(-1)", "operation", id="probe.last", show=False),
    ]

    class Asked(Message):
        """May it?"""

        def __init__(self, operation: str, target: str) -> None:
            super().__init__()
            self.operation = operation
            self.target = target

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.operation = OPERATIONS[0]
        self.prompt = Operation()
        self.field = LineField(placeholder=ASKS[self.operation])

    def compose(self) -> ComposeResult:
        """Operation and target."""
        with ProbeBox():
            yield self.prompt
            yield self.field

    def on_mount(self) -> None:
        """As the program draws."""
        look = look_of(self)
        self.set_class(look.plain, "-plain")
        self.set_class(look.ascii and not look.plain, "-ascii")

    def on_descendant_focus(self) -> None:
        """The prompt is lit."""
        self.prompt.refresh()

    def on_descendant_blur(self) -> None:
        """And not."""
        self.prompt.refresh()

    def action_turn(self, step: int) -> None:
        """tab"""
        at = OPERATIONS.index(self.operation)
        self.operation = OPERATIONS[(at + step) % len(OPERATIONS)]
        self.field.placeholder = ASKS[self.operation]
        self.prompt.refresh()

    @on(Input.Submitted)
    def _asked(self, message: Input.Submitted) -> None:
        message.stop()
        text = message.value.strip()
        first, _, rest = text.partition(" ")
        if first in OPERATIONS and rest.strip():
            self.operation, text = first, rest.strip()
            self.field.value = text
            self.prompt.refresh()
        if text or self.operation == "stdin":
            self.post_message(self.Asked(self.operation, text))
