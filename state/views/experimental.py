"""Read model of /experimental: features by stage, and Smart Approvals first."""

from __future__ import annotations

from state.dataclass import dataclass
from state.views.base import Bits


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One row. `on`: as it would be after saving; `was`: as it is. `source`: where
    it is set. `fixed`: why it cannot be turned ("" when it can)."""

    key: str
    name: str
    words: str
    on: bool
    was: bool
    source: str = ""
    fixed: str = ""

    @property
    def changed(self) -> bool:
        """Saving would change it."""
        return self.on is not self.was


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """A stage with its features."""

    title: str
    rows: tuple[FeatureRow, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ExperimentalView:
    """The board. `sentences`: what saving does, and what old names mean here."""

    groups: tuple[FeatureGroup, ...]
    sentences: tuple[Bits, ...]
    changed: int = 0
    total: int = 0
