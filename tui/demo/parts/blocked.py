"""A thread whose command the sandbox stops, often too soon for the engine to say so.

Owns that thread: what it tried, and what it does instead. Invariant: the write never
happens; that it was tried is known from the thread's own record alone.
"""

from __future__ import annotations

from tui.demo.director import Beat, SideThread
from tui.demo.expect import Expectation, Where
from tui.demo.part import Part, answer, note
from tui.demo.steps import Exec

_PLACE = "../shared-reports/cold.txt"
_ENDING = "The shared reports are out of reach, so the numbers are in this thread."

BLOCKED = Part(
    name="blocked",
    threads=(
        SideThread(
            prompt="Leave a line about the cold start with the shared reports.",
            name="cold start, in a line",
            sandbox="workspace-write",
            approval_policy="never",
            beats=(
                Beat(
                    (
                        note("One line beside the other reports."),
                        Exec(f"echo 'cold start: 41 ms' > {_PLACE}"),
                    )
                ),
                Beat((answer(_ENDING),)),
            ),
        ),
    ),
    facts=(
        Expectation(
            "blocked thread went on",
            "a thread went on without the write that the sandbox stopped",
            "item/completed",
            (Where("item.text", _ENDING),),
        ),
    ),
    refused=(_PLACE,),
)
