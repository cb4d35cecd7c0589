"""Read model of the profile editor: settings, entries, what saving would write."""

from __future__ import annotations

from state.dataclass import dataclass
from state.views.approvals import Setting
from state.views.base import Bits, Tone


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry. `key`: its path as it is written, raw; `real`: where it leads here;
    `own` False: it comes from `source`, what the profile extends."""

    key: str
    glyph: str
    access: str
    tone: Tone
    path: str
    real: str = ""
    source: str = ""
    own: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class ProfileView:
    """The whole board. `wrong`: what is wrong with it; `means`: what the entry under
    the cursor does; `plan`: what saving writes; `refused`: why it cannot be saved."""

    name: str
    state: str
    square: str
    sentence: str
    which: Setting
    extends: Setting
    network: Setting
    start: Setting
    wrong: tuple[Bits, ...]
    rows: tuple[EntryRow, ...]
    count: int
    means: tuple[Bits, ...]
    plan: tuple[str, ...]
    changed: bool
    refused: str = ""
