"""Read models of background terminals: a row of the list, the board, an output."""

from __future__ import annotations

from state.dataclass import dataclass
from state.items import ItemId, ThreadId
from state.scrollback import Scrollback
from state.text import Revealed
from state.words import age


@dataclass(frozen=True, slots=True, eq=False)
class TerminalRow:
    """One background terminal. `number` is its own among all; `title` is the tree's.

    `owner` is the agent's short name, `path` its whole path. `state` says how it ended,
    "" while it runs; `failed`: not with nought. `shares`: cpu of the last minute in
    percent. `left`: processes of an ended one that live on. `stale`: last known."""

    number: int
    thread_id: ThreadId
    process_id: str
    command: Revealed
    owner: str
    since_ms: int | None
    cpu: str = "—"
    last: str = ""
    item_id: ItemId = ItemId("")
    path: str = "/root"
    title: str = ""
    cwd: str = ""
    memory: str = "—"
    shares: tuple[float, ...] = ()
    state: str = ""
    failed: bool = False
    ended_ms: int | None = None
    left: int = 0
    stale: bool = False

    @property
    def key(self) -> str:
        """Names it in a list."""
        return f"{self.thread_id}:{self.item_id or self.process_id}"

    @property
    def live(self) -> bool:
        """It runs, as far as we know."""
        return not self.state

    def ago(self, now_ms: int) -> str:
        """How long it runs, or how long ago it ended; "" when nobody knows."""
        since = self.since_ms if self.live else self.ended_ms
        return "" if since is None else age(max(0, now_ms - since) / 1000)


@dataclass(frozen=True, slots=True, eq=False)
class TerminalsView:
    """The board: all terminals of all threads. `threads` counts the trees."""

    rows: tuple[TerminalRow, ...] = ()
    live: int = 0
    threads: int = 0
    stale: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class OutputView:
    """What a terminal printed. `scroll` grows in place: another view of the same
    terminal means that it did. `note`: what the top of it has to say."""

    row: TerminalRow
    scroll: Scrollback
    version: int
    note: str = ""
