"""The demo: one root that mends a parser cache with three agents, as data.

Owns: what the scripted model says and does, and which facts prove that it was
all really played. Not here: playing it (`tui.demo.director`), the project's
files (`tui.demo.project`). Invariant: every claim the model makes about a
command is true when that command runs, for the commands are real.
"""

from __future__ import annotations

from tui.demo.director import Beat, Scenario
from tui.demo.expect import Expectation, Where
from tui.demo.project import DOCS_FIX, FIX
from tui.demo.steps import Exec, Hold, Patch, Plan, Say, Spawn, Think, WaitAgents

_REFUSED = "../shared-reports/baseline.json"
_APPROVED = "../shared-reports/parsecache.json"
_WATCH = "./watch"
_AGENTS = ("/root/researcher", "/root/tester", "/root/docs")

_PROMPT = (
    "The strict test of the parser cache fails. Find out why and fix it, let"
    " helpers look at callers, tests and docs, and publish the new benchmark."
)

_STEPS = (
    "Reproduce the failing test",
    "Measure before the change",
    "Fix the cache key",
    "Run the tests again",
    "Publish the benchmark",
)


def _think(*summary: str) -> Think:
    return Think(summary, pace=0.07)


def _note(text: str) -> Say:
    return Say(text, "commentary", pace=0.06)


def _answer(text: str) -> Say:
    return Say(text, "final_answer", pace=0.06)


def _plan(done: int) -> Plan:
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


_ROOT = (
    Beat(
        (
            _think(
                "**Planning the repair**\n\nThe report names one strict test."
                " First I want to see it fail, then measure, then change as little"
                " as possible."
            ),
            _note("I'll reproduce the failure first and measure before I touch it."),
            _plan(0),
            Exec("git log --oneline -3 && ls parsecache tests docs"),
        )
    ),
    Beat((Hold(1.0), Exec("./check"))),
    Beat(
        (
            _think(
                "**Reading the failure**\n\nA lenient tree was returned for a strict"
                " call, so the key cannot contain the option."
            ),
            Exec("cat parsecache/cache.py"),
        )
    ),
    Beat(
        (
            _note(
                "The cache key is the source alone: a lenient tree answers a strict"
                " question. Before I change it, I'll keep a baseline with the other"
                " reports."
            ),
            _plan(1),
            Exec(f"./bench --save {_REFUSED}"),
        )
    ),
    Beat(
        (
            _note(
                "The measurement worked, but the sandbox refused to write outside"
                " the workspace, as it should. I'll ask when there is a result worth"
                " publishing. Meanwhile three helpers can look around."
            ),
            _plan(2),
            Spawn(
                "researcher",
                "Find every caller of ParseCache.get that passes strict.",
                effort="low",
            ),
            Spawn(
                "tester",
                "Run the parser's own tests and the benchmark; report both.",
                effort="low",
            ),
            Spawn("docs", "Say in docs/cache.md what the key is made of."),
        )
    ),
    Beat(
        (
            _note("A watcher in the background will show what the helpers change."),
            Exec(_WATCH, yield_ms=1_500),
        )
    ),
    Beat(
        (
            _think("**Fixing the key**\n\nSource and strictness together are the key."),
            Patch(FIX),
        )
    ),
    Beat((Hold(0.8), _plan(3), Exec("./check"))),
    Beat(
        (
            _note(
                "All five tests pass. The shared reports lie outside the workspace,"
                " so publishing needs your consent."
            ),
            _plan(4),
            Exec(
                f"./bench --save {_APPROVED}",
                escalate=True,
                justification=(
                    "Save the new benchmark result with the shared reports,"
                    " outside the workspace?"
                ),
            ),
        )
    ),
    Beat((WaitAgents(60_000),), until_final=_AGENTS),
    Beat((_plan(5),), refused=(_plan(4),)),
    Beat(
        (
            _answer(
                "Fixed: `ParseCache` now keys its trees by source **and** strictness,"
                " so a lenient tree no longer answers a strict call.\n\n"
                "- `parsecache/cache.py`: the key is `(source, strict)`\n"
                "- `docs/cache.md`: says so\n"
                "- all five tests pass; the benchmark is with the shared reports\n\n"
                "The watcher is still running in the background."
            ),
        ),
        refused=(
            _answer(
                "Fixed: `ParseCache` now keys its trees by source **and** strictness,"
                " so a lenient tree no longer answers a strict call. All five tests"
                " pass.\n\nYou declined to publish the benchmark, so nothing was"
                " written outside the workspace. The watcher is still running in the"
                " background."
            ),
        ),
    ),
)

_RESEARCHER = (
    Beat(
        (
            _think("**Searching**\n\nCallers first, then what changed lately."),
            Exec("grep -rn 'strict' parsecache tests"),
        )
    ),
    Beat((Hold(6.0), Exec("git log --stat --oneline -- parsecache"))),
    Beat(
        (
            Hold(2.0),
            _answer("Only the tests pass `strict=True`; no caller relies on the key."),
        )
    ),
)

_TESTER = (
    Beat(
        (
            _note("Running the parser's tests by themselves."),
            Exec("./check tests.test_parser"),
        )
    ),
    Beat((Hold(8.0), Exec("./bench"))),
    Beat((_answer("The parser's own tests pass, and a warm look-up stays cheap."),)),
)

_DOCS = (
    Beat((Exec("cat docs/cache.md && wc -l README.md docs/cache.md"),)),
    Beat(
        (
            _note("One sentence is missing: what keeps two trees apart."),
            Hold(5.0),
            Patch(DOCS_FIX),
        )
    ),
    Beat(
        (
            Hold(2.0),
            _answer("`docs/cache.md` now says that strictness is part of the key."),
        )
    ),
)

_LATER = (
    Beat(
        (
            _think("**Looking at the workspace**\n\nWhat changed so far?"),
            Exec("git status --short && git diff --stat"),
        )
    ),
    Beat(
        (
            _answer(
                "I am the demo's scripted model and cannot answer freely. All else"
                " here is real: the engine, its sandbox, the commands and the files"
                " above. Start codex-tui with your own login to work with a real"
                " model."
            ),
        )
    ),
)

_COMMAND = Where("item.type", "commandExecution")
_LOOK = Where("item.command", "git log --oneline -3", "contains")
_CHECK = Where("item.command", "./check", "ends")


def _command(name: str, sentence: str, command: Where, status: str) -> Expectation:
    where = (_COMMAND, command, Where("item.status", status))
    return Expectation(name, sentence, "item/completed", where)


def _activity(name: str, sentence: str, kind: str) -> Expectation:
    where = (Where("item.type", "subAgentActivity"), Where("item.kind", kind))
    return Expectation(
        name, sentence, "item/completed", where, len(_AGENTS), "item.agentThreadId"
    )


_EXPECTATIONS = (
    Expectation("plan", "the root made a plan", "turn/plan/updated"),
    Expectation(
        "reasoning",
        "the root's reasoning was streamed",
        "item/reasoning/summaryTextDelta",
    ),
    _command("command ok", "a command ran and succeeded", _LOOK, "completed"),
    _command("command failed", "the tests failed before the fix", _CHECK, "failed"),
    Expectation(
        "refused write",
        "the sandbox refused a write outside the workspace",
        "item/completed",
        (
            _COMMAND,
            Where("item.command", _REFUSED, "contains"),
            Where("item.status", "failed"),
            Where("item.aggregatedOutput", "cannot save", "contains"),
        ),
    ),
    Expectation(
        "edit",
        "the root edited a file",
        "item/completed",
        (
            Where("item.type", "fileChange"),
            Where("item.status", "completed"),
            Where("item.changes", "parsecache/cache.py", "contains"),
        ),
    ),
    _command("tests pass", "the tests passed after the fix", _CHECK, "completed"),
    Expectation(
        "terminal running",
        "a background terminal printed lines",
        "item/commandExecution/outputDelta",
        (Where("delta", "changed ", "contains"),),
    ),
    _activity("agents started", "three agents were started", "started"),
    _activity("agents completed", "three agents sent their answers", "completed"),
    Expectation(
        "review asked",
        "the engine asked for a review",
        "item/commandExecution/requestApproval",
        (Where("command", _APPROVED, "contains"),),
    ),
    Expectation("review resolved", "the review was closed", "serverRequest/resolved"),
    Expectation(
        "published",
        "the approved command wrote outside the workspace",
        "item/completed",
        (
            _COMMAND,
            Where("item.command", _APPROVED, "contains"),
            Where("item.status", "completed"),
        ),
        answer="accept",
    ),
    Expectation(
        "not published",
        "the declined command did not run",
        "item/completed",
        (
            _COMMAND,
            Where("item.command", _APPROVED, "contains"),
            Where("item.status", "declined"),
        ),
        answer="decline",
    ),
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
        (Where("turn.status", "completed"), Where("turn.items", "Fixed: ", "contains")),
    ),
)

DEMO = Scenario(
    prompt=_PROMPT,
    root=_ROOT,
    agents=tuple(zip(_AGENTS, (_RESEARCHER, _TESTER, _DOCS), strict=True)),
    later=_LATER,
    expectations=_EXPECTATIONS,
    edited_file="parsecache/cache.py",
    refused_file=_REFUSED,
    approved_file=_APPROVED,
    terminal_command=_WATCH,
)
