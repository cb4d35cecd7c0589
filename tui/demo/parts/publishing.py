"""A review: the benchmark is to be published outside the workspace."""

from __future__ import annotations

from tui.demo.director import Beat
from tui.demo.expect import Expectation, Where
from tui.demo.part import Part, command, note, runs
from tui.demo.parts.repair import plan
from tui.demo.steps import Exec

_RESULT = "../shared-reports/parsecache.json"

PUBLISHING = Part(
    name="publish",
    root=(
        Beat(
            (
                note(
                    "All five tests pass. The shared reports lie outside the"
                    " workspace, so publishing needs your consent."
                ),
                plan(4),
                Exec(
                    f"./bench --save {_RESULT}",
                    escalate=True,
                    justification=(
                        "Save the new benchmark result with the shared reports,"
                        " outside the workspace?"
                    ),
                ),
            )
        ),
    ),
    facts=(
        Expectation(
            "review asked",
            "the engine asked for a review",
            "item/commandExecution/requestApproval",
            (Where("command", _RESULT, "contains"),),
        ),
        Expectation(
            "review resolved", "the review was closed", "serverRequest/resolved"
        ),
        command(
            "published",
            "the approved command wrote outside the workspace",
            runs(_RESULT),
            status="completed",
            answer="accept",
        ),
        command(
            "not published",
            "the declined command did not run",
            runs(_RESULT),
            status="declined",
            answer="decline",
        ),
    ),
    approved=(_RESULT,),
)
