"""A regular expression that is compiled when it is first used.

Compiling those with wide classes costs a start more than the modules they stand in,
and most of them are never met on the way to the first picture. Owns that delay only.
Invariant: after the first call a method of it costs what any attribute does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any


class _Late:
    def __init__(self, source: str, flags: int) -> None:
        self._given = (source, flags)

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found


if TYPE_CHECKING:

    def late_pattern(source: str, flags: int = 0) -> re.Pattern[str]:
        """As `re.compile`; what is wrong with `source` shows when it is used."""

else:

    def late_pattern(source: str, flags: int = 0) -> _Late:
        return _Late(source, int(flags))
