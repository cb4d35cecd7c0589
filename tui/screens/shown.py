"""What the fleet shows and hides as its panes change: that alone is styled anew.

A class of a screen may matter to everything on it, and so Textual works out the style
of everything, for each class, at each change of the pane. Which pane is live and
whether there is a card decides what is displayed, and nothing else. Owns which widgets
those are. Invariant: a rule that asks for one of `CLASSES` is about one of `WIDGETS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.screen import Screen

PANES = tuple(f"-pane-{number}" for number in range(1, 6))
CLASSES = frozenset({*PANES, "-reviewing", "-card-all"})
WIDGETS = frozenset(
    {
        *("left", "center", "right", "rule-left", "rule-right"),
        *("agents", "terminals", "reviews"),
        *("card", "title", "transcript", "composer", "counters"),
    }
)
"""By id."""


def turn(screen: Screen[None], name: str, *, on: bool) -> None:
    """Set or remove one of the classes."""
    if screen.has_class(name) != on:
        screen.set_class(on, name, update=False)
        restyle(screen)


def restyle(screen: Screen[None]) -> None:
    """After a change of the classes."""
    those = [node for node in screen.walk_children() if node.id in WIDGETS]
    screen.app.stylesheet.update_nodes(those, animate=True)
