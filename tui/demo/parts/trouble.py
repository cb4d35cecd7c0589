"""What goes wrong in the demo: an agent that fails, another one that is interrupted.

Neither is needed for the answer, and nobody waits for them. Invariant: the one is
interrupted while its model speaks, however fast the demo is played.
"""

from __future__ import annotations

from tui.demo.director import Beat
from tui.demo.expect import Expectation, Where
from tui.demo.part import Part, activity, note
from tui.demo.steps import FailResponse, InterruptAgent, Spawn, Stay

_PROFILER = "/root/profiler"
_MIRROR = "/root/mirror"

TROUBLE = Part(
    name="trouble",
    root=(
        Beat(
            (
                Spawn(
                    "profiler",
                    "Profile a cold parse line by line.",
                    model="gpt-6-luna",
                    effort="high",
                ),
                Spawn("mirror", "Compare with the cache of the other parser."),
            )
        ),
    ),
    agents=(
        (_PROFILER, (Beat((note("I'll count what each line costs."), Stay())),)),
        (
            _MIRROR,
            (
                Beat(
                    (
                        note("Reading the other parser …"),
                        FailResponse(
                            "context_length_exceeded",
                            "Your input exceeds the context window of this model.",
                        ),
                    )
                ),
            ),
        ),
    ),
    facts=(
        Expectation(
            "agent failed",
            "an agent failed",
            "turn/completed",
            (
                Where("turn.status", "failed"),
                Where("turn.error.codexErrorInfo", "contextWindowExceeded"),
            ),
        ),
    ),
)

INTERRUPTING = Part(
    name="interrupting",
    root=(
        Beat(
            (
                note("The key is all there is to it: no profile is needed."),
                InterruptAgent("profiler"),
            ),
            after=(_PROFILER,),
        ),
    ),
    facts=(
        activity(
            "agent interrupted", "an agent was interrupted", "interrupted", (_PROFILER,)
        ),
        Expectation(
            "interrupted turn",
            "its turn ended as interrupted",
            "turn/completed",
            (Where("turn.status", "interrupted"),),
        ),
    ),
)
