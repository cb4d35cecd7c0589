"""Read models of the ledger of reviews and of standing grants."""

from __future__ import annotations

from state.dataclass import dataclass
from state.items import ThreadId
from state.text import Revealed
from state.views.base import Bits, Glyph, Tone


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One entry. `how`: who decided and what; `grade`: an auto-review's risk."""

    key: str
    thread_id: ThreadId
    glyph: Glyph
    tone: Tone
    kind: str
    owner: str
    what: str
    how: str
    asked_ms: int
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled text of the entry under the cursor."""

    label: str
    text: str
    tone: Tone = Tone.TEXT


@dataclass(frozen=True, slots=True, eq=False)
class LedgerView:
    """The list as it is filtered: the first of `found` that match, of `total`.
    `older`: how many more only the store has. `empty`: what to say when nothing
    matches."""

    rows: tuple[LedgerRow, ...] = ()
    found: int = 0
    total: int = 0
    older: int = 0
    running: int = 0
    empty: tuple[Bits, ...] = ()


@dataclass(frozen=True, slots=True)
class GrantRow:
    """Something that was granted for longer than once. `where`: where it lives;
    `back`: how to take it back; `edit`: the key of config.toml that this window can
    take out ("" when it cannot)."""

    key: str
    group: str
    what: Revealed
    where: str
    back: str
    edit: str = ""
