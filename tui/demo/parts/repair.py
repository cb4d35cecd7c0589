"""The demo's story: a strict test of a parser cache fails, and is mended.

Owns how it begins (reproduce, measure, plan), the fix, and how it ends. What happens in
between is in the other parts. Invariant: every claim the model makes about a command is
true when that command runs, for the commands are real.
"""

from __future__ import annotations

from tui.demo.director import Beat
from tui.demo.expect import Expectation, Where
from tui.demo.part import Part, answer, command, note, runs, think
from tui.demo.project import FIX
from tui.demo.steps import Exec, Hold, Patch, Plan, WaitAgents

_BASELINE = "../shared-reports/baseline.json"
_FIXED = "parsecache/cache.py"

_STEPS = (
    "Reproduce the failing test",
    "Measure before the change",
    "Fix the cache key",
    "Run the tests again",
    "Publish the benchmark",
)


def plan(done: int) -> Plan:
    """The checklist with `done` steps completed and the next one in progress."""
    return Plan(
        tuple(
            (
                step,
                "completed"
                if number < done
                else "in_progress"
                if number == done
                else "pending",
            )
            for number, step in enumerate(_STEPS)
        )
    )


_CHECK = Where("item.command", "./check", "ends")

BEGINNING = Part(
    name="reproduce and measure",
    root=(
        Beat(
            (
                think(
                    "**Planning the repair**\n\nThe report names one strict test."
                    " First I want to see it fail, then measure, then change as"
                    " little as possible."
                ),
                note("I'll reproduce the failure first and measure before I touch it."),
                plan(0),
                Exec("git log --oneline -3 && ls parsecache tests docs"),
            )
        ),
        Beat((Hold(1.0), Exec("./check"))),
        Beat(
            (
                think(
                    "**Reading the failure**\n\nA lenient tree was returned for a"
                    " strict call, so the key cannot contain the option."
                ),
                Exec("cat parsecache/cache.py"),
            )
        ),
        Beat(
            (
                note(
                    "The cache key is the source alone: a lenient tree answers a strict"
                    " question. Before I change it, I'll keep a baseline with the other"
                    " reports."
                ),
                plan(1),
                Exec(f"./bench --save {_BASELINE}"),
            )
        ),
    ),
    facts=(
        Expectation("plan", "the root made a plan", "turn/plan/updated"),
        Expectation(
            "reasoning",
            "the root's reasoning was streamed",
            "item/reasoning/summaryTextDelta",
        ),
        command(
            "command ok",
            "a command ran and succeeded",
            runs("git log --oneline -3"),
            status="completed",
        ),
        command(
            "command failed",
            "the tests failed before the fix",
            _CHECK,
            status="failed",
        ),
        command(
            "refused write",
            "the sandbox refused a write outside the workspace",
            runs(_BASELINE),
            Where("item.aggregatedOutput", "cannot save", "contains"),
            status="failed",
        ),
    ),
    refused=(_BASELINE,),
)

FIXING = Part(
    name="fix",
    root=(
        Beat(
            (
                think(
                    "**Fixing the key**\n\nSource and strictness together are the key."
                ),
                Patch(FIX),
            )
        ),
        Beat((Hold(0.8), plan(3), Exec("./check"))),
    ),
    facts=(
        Expectation(
            "edit",
            "the root edited a file",
            "item/completed",
            (
                Where("item.type", "fileChange"),
                Where("item.status", "completed"),
                Where("item.changes", _FIXED, "contains"),
            ),
        ),
        command(
            "tests pass", "the tests passed after the fix", _CHECK, status="completed"
        ),
    ),
)


def ending(awaited: tuple[str, ...]) -> Part:
    """The root waits for these agents and says what became of it all."""
    return Part(
        name="end",
        root=(
            Beat((WaitAgents(60_000),), until_final=awaited),
            Beat((plan(5),), refused=(plan(4),)),
            Beat((answer(_PUBLISHED),), refused=(answer(_NOT_PUBLISHED),)),
        ),
        facts=(
            Expectation(
                "final answer",
                "the root gave its final answer",
                "item/completed",
                (
                    Where("item.type", "agentMessage"),
                    Where("item.phase", "final_answer"),
                    Where("item.text", "Fixed: ", "contains"),
                ),
            ),
            Expectation(
                "turn completed",
                "the root's turn ended by itself",
                "turn/completed",
                (
                    Where("turn.status", "completed"),
                    Where("turn.items", "Fixed: ", "contains"),
                ),
            ),
        ),
    )


_PUBLISHED = (
    "Fixed: `ParseCache` now keys its trees by source **and** strictness, so a lenient"
    " tree no longer answers a strict call.\n\n"
    "- `parsecache/cache.py`: the key is `(source, strict)`\n"
    "- `docs/cache.md`: says so\n"
    "- all five tests pass; the benchmark is with the shared reports\n\n"
    "`mirror` failed and I interrupted `profiler`; neither was needed. The watcher and"
    " the tester's soak test are still running in the background."
)
_NOT_PUBLISHED = (
    "Fixed: `ParseCache` now keys its trees by source **and** strictness, so a lenient"
    " tree no longer answers a strict call. All five tests pass.\n\nYou declined to"
    " publish the benchmark, so nothing was written outside the workspace. `mirror`"
    " failed and I interrupted `profiler`; neither was needed. The watcher and the"
    " tester's soak test are still running in the background."
)

LATER = (
    Beat(
        (
            think("**Looking at the workspace**\n\nWhat changed so far?"),
            Exec("git status --short && git diff --stat"),
        )
    ),
    Beat(
        (
            answer(
                "I am the demo's scripted model and cannot answer freely. All else"
                " here is real: the engine, its sandbox, the commands and the files"
                " above. Start codex-tui with your own login to work with a real"
                " model."
            ),
        )
    ),
)
