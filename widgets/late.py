"""What only an open thread needs: imported when the first cell asks for it.

Owns the two slow imports (markdown-it, Pygments), which a list of threads on the
screen does not have to wait for. Nothing else is imported late by a widget.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType


@cache
def markdown() -> ModuleType:
    """`widgets.markdown`."""
    import widgets.markdown

    return widgets.markdown


@cache
def highlight() -> ModuleType:
    """`widgets.highlight`."""
    import widgets.highlight

    return widgets.highlight
