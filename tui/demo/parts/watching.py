"""A terminal of the root's own: a watcher that prints a line for each changed file."""

from __future__ import annotations

from tui.demo.director import Beat
from tui.demo.expect import Expectation, Where
from tui.demo.part import Part, note
from tui.demo.steps import Exec

_WATCH = "./watch"

WATCHING = Part(
    name="watcher",
    root=(
        Beat(
            (
                note("A watcher in the background will show what the helpers change."),
                Exec(_WATCH, yield_ms=1_500),
            )
        ),
    ),
    facts=(
        Expectation(
            "terminal running",
            "a background terminal printed lines",
            "item/commandExecution/outputDelta",
            (Where("delta", "changed ", "contains"),),
        ),
    ),
    terminals=(("/root", _WATCH),),
)
