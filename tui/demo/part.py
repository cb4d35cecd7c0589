"""A part of the demo: what it lets happen, by whom, and how one can tell.

Owns the shape of a part, how parts become one scenario, and short words for the steps
they have in common. Not here: any content (`tui.demo.parts`). Invariant: the root
plays the parts in the order they are listed; one that is taken out leaves the others
whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from state.dataclass import dataclass
from tui.demo.director import Beat, Role, Scenario, SideThread
from tui.demo.expect import Answer, Expectation, Where
from tui.demo.provider import Verdict
from tui.demo.steps import Say, Think


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one part adds.

    `root`: replies of the first thread. `agents`: those of agents, by path. `threads`:
    threads that are started beside the first one. `facts`: what proves that it was
    really played. `files`: added to the workspace, text by path. `verdicts`: what the
    automatic reviewer says about an action that holds these words; all else it denies.
    `terminals`: (agent path, command) of what still runs at the end. `refused`, and
    `approved`: files that must not exist, or only after an accepted review.
    """

    name: str
    root: tuple[Beat, ...] = ()
    agents: tuple[Role, ...] = ()
    threads: tuple[SideThread, ...] = ()
    facts: tuple[Expectation, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    verdicts: tuple[tuple[str, Verdict], ...] = ()
    terminals: tuple[tuple[str, str], ...] = ()
    refused: tuple[str, ...] = ()
    approved: tuple[str, ...] = ()


def assemble(prompt: str, parts: Sequence[Part], later: tuple[Beat, ...]) -> Scenario:
    """All parts as one scenario. `later`: the replies to any other turn."""
    files: dict[str, str] = {}
    for part in parts:
        files.update(part.files)
    return Scenario(
        prompt=prompt,
        root=tuple(beat for part in parts for beat in part.root),
        agents=tuple(role for part in parts for role in part.agents),
        threads=tuple(thread for part in parts for thread in part.threads),
        later=later,
        expectations=tuple(fact for part in parts for fact in part.facts),
        files=files,
        verdicts=tuple(pair for part in parts for pair in part.verdicts),
        terminals=tuple(pair for part in parts for pair in part.terminals),
        refused_files=tuple(name for part in parts for name in part.refused),
        approved_files=tuple(name for part in parts for name in part.approved),
    )


# -- steps -----------------------------------------------------------------------


def think(*summary: str) -> Think:
    """Reasoning at the pace of a reader."""
    return Think(summary, pace=0.07)


def note(text: str) -> Say:
    """What the model says in passing."""
    return Say(text, "commentary", pace=0.06)


def answer(text: str) -> Say:
    """What it ends with."""
    return Say(text, "final_answer", pace=0.06)


# -- facts -----------------------------------------------------------------------

COMMAND = Where("item.type", "commandExecution")


def runs(part: str) -> Where:
    """A command that holds these words."""
    return Where("item.command", part, "contains")


def command(
    name: str,
    sentence: str,
    *where: Where,
    status: str,
    answer: Answer | None = None,
) -> Expectation:
    """A command ended so."""
    conditions = (COMMAND, *where, Where("item.status", status))
    return Expectation(name, sentence, "item/completed", conditions, answer=answer)


def activity(name: str, sentence: str, kind: str, paths: Sequence[str]) -> Expectation:
    """Each of these agents was started, completed or interrupted."""
    where = (
        Where("item.type", "subAgentActivity"),
        Where("item.kind", kind),
        Where("item.agentPath", "|".join(paths), "among"),
    )
    return Expectation(
        name, sentence, "item/completed", where, len(paths), "item.agentPath"
    )
