"""The demo's agents: three helpers, one of them with a helper of its own.

Owns what they are asked and what they do. Invariant: with the root they are at most as
many as the demo's configuration allows at once.
"""

from __future__ import annotations

from tui.demo.director import Beat
from tui.demo.expect import Expectation, Where
from tui.demo.part import Part, activity, answer, note, think
from tui.demo.parts.repair import plan
from tui.demo.project import DOCS_FIX
from tui.demo.steps import Exec, Hold, Patch, Spawn, WaitAgents

HELPERS = ("/root/researcher", "/root/tester", "/root/docs")
NESTED = "/root/researcher/callers"
_SOAK = "./soak"

_RESEARCHER = (
    Beat(
        (
            think("**Searching**\n\nCallers first, then what changed lately."),
            Spawn(
                "callers",
                "List every call that passes strict, with its line.",
                model="gpt-6-luna",
                effort="low",
            ),
        )
    ),
    Beat((Hold(6.0), Exec("git log --stat --oneline -- parsecache"))),
    Beat((WaitAgents(60_000),), until_final=(NESTED,)),
    Beat(
        (
            Hold(2.0),
            answer("Only the tests pass `strict=True`; no caller relies on the key."),
        )
    ),
)

_CALLERS = (
    Beat((Hold(1.0), Exec("grep -rn 'strict' parsecache tests"))),
    Beat((Hold(3.0), answer("Two calls pass `strict`, both of them in the tests."))),
)

_TESTER = (
    Beat(
        (
            note("Running the parser's tests by themselves."),
            Exec("./check tests.test_parser"),
        )
    ),
    Beat(
        (
            note("A soak test can go on while I measure."),
            Exec(_SOAK, yield_ms=1_500),
        )
    ),
    Beat((Hold(6.0), Exec("./bench"))),
    Beat((answer("The parser's own tests pass, and a warm look-up stays cheap."),)),
)

_DOCS = (
    Beat((Exec("cat docs/cache.md && wc -l README.md docs/cache.md"),)),
    Beat(
        (
            note("One sentence is missing: what keeps two trees apart."),
            Hold(5.0),
            Patch(DOCS_FIX),
        )
    ),
    Beat(
        (
            Hold(2.0),
            answer("`docs/cache.md` now says that strictness is part of the key."),
        )
    ),
)

AGENTS = Part(
    name="agents",
    root=(
        Beat(
            (
                note(
                    "The measurement worked, but the sandbox refused to write outside"
                    " the workspace, as it should. I'll ask when there is a result"
                    " worth publishing. Meanwhile helpers can look around."
                ),
                plan(2),
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
    ),
    agents=(
        (HELPERS[0], _RESEARCHER),
        (NESTED, _CALLERS),
        (HELPERS[1], _TESTER),
        (HELPERS[2], _DOCS),
    ),
    facts=(
        activity("agents started", "three agents were started", "started", HELPERS),
        activity(
            "nested agent started",
            "an agent started one of its own",
            "started",
            (NESTED,),
        ),
        activity(
            "agents completed",
            "all four sent their answers",
            "completed",
            (*HELPERS, NESTED),
        ),
        Expectation(
            "soak running",
            "an agent's background terminal printed lines",
            "item/commandExecution/outputDelta",
            (Where("delta", "no wrong tree", "contains"),),
        ),
    ),
    terminals=((HELPERS[1], _SOAK),),
)
