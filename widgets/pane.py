"""A pane: a title line above a list, and the same life for all of them.

Owns the frame of a list pane: its title turns heavy while something in it has the
focus, the clock reaches its rows, empty lists say a sentence. Does not own rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from state.dataclass import dataclass
from state.views import Bit, Bits, Tone
from widgets.bare import BareVertical
from widgets.intents import Selected
from widgets.lines import bits, line
from widgets.rows import Canvas, Entry, Rows
from widgets.title_line import TitleLine

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.strip import Strip

V = TypeVar("V")

SHORT = 30
"""Below this many rows of the screen groups close up and second lines go."""


@dataclass(frozen=True, slots=True)
class Words:
    """A row of words that the cursor passes by: headings, sentences, air."""

    bits: Bits = ()


def words(*given: Bit) -> Entry[Any]:
    """An entry that only says something."""
    return Entry(None, Words(given))


AIR: Entry[Any] = Entry(None, Words())


def sentences(*lines: Bits) -> list[Entry[Any]]:
    """What an empty list says, one empty row above it."""
    return [AIR, *(Entry(None, Words(one)) for one in lines)]


class PaneRows(Rows[V]):
    """Rows that know words; `draw_row` draws the others."""

    def draw(self, entry: Entry[V], row: int, canvas: Canvas) -> Strip:
        """Words here, rows in the subclass."""
        if isinstance(entry.data, Words):
            return line(bits(entry.data.bits, canvas.palette), (), canvas.width)
        return self.draw_row(entry, row, canvas)

    def draw_row(self, entry: Entry[V], row: int, canvas: Canvas) -> Strip:
        """Line `row` of an entry with a key."""
        raise NotImplementedError

    @property
    def short(self) -> bool:
        """There is little height: one line per row, no air."""
        return self.app.size.height < SHORT


class Pane(BareVertical, Generic[V]):
    """A title and a list. `NAME` is what `Selected` calls it."""

    NAME: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""

    DEFAULT_CSS = """
    Pane { height: 1fr; width: 1fr; }
    .-narrow Pane TitleLine { display: none; }
    """

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.title_line = TitleLine(self.TITLE)
        self.rows = self.make_rows()

    def make_rows(self) -> PaneRows[Any]:
        """The list of this pane."""
        raise NotImplementedError

    def build(self) -> list[Entry[Any]]:
        """The entries of the read model in hand."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Title, rows."""
        yield self.title_line
        yield self.rows

    def on_mount(self) -> None:
        """Draw what was given before there was a screen."""
        self.rebuild()

    def on_resize(self) -> None:
        """A row has as many lines as there is room for."""
        self.rebuild()

    def rebuild(self) -> None:
        """List the read model in hand."""
        if self.is_mounted:
            self.rows.set_entries(self.build())

    def set_clock(self, now_ms: int) -> None:
        """It is `now_ms`, ms since the epoch."""
        self.rows.set_clock(now_ms)

    def focus_rows(self) -> None:
        """Put the focus on the list."""
        self.rows.focus()

    def on_descendant_focus(self) -> None:
        """The title is heavy while the pane is live."""
        self.title_line.live = True

    def on_descendant_blur(self) -> None:
        """The title is thin at rest."""
        self.title_line.live = False

    def on_rows_moved(self, message: Rows.Moved) -> None:
        """Tell where the cursor is."""
        message.stop()
        self.post_message(Selected(self.NAME, message.key))

    def on_rows_chosen(self, message: Rows.Chosen) -> None:
        """Enter."""
        message.stop()
        self.choose(message.key)

    def choose(self, key: str) -> None:
        """Enter on this row."""
        raise NotImplementedError


def muted(text: str) -> Bit:
    """Words in the second row of importance."""
    return Bit(text, Tone.MUTED)
