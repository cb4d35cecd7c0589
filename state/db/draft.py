"""A draft as it stands in the store. Shape only."""

from __future__ import annotations

from state.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Draft:
    """Text somebody typed and did not send. `window`: the one that wrote it."""

    key: str
    window: str
    text: str
    at_ms: int
