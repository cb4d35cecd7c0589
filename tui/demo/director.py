"""Plays a scenario: turns a model request into the next steps of its role.

Owns: `Scenario` and `Beat` as types, and where each thread stands in it.
Not here: the content (`tui.demo.scenario`) and the wire (`tui.demo.provider`).
Invariant: the place in the script follows from who asks (thread, turn, agent path)
and how many replies it had; of what was said to a thread only the demo's own first
words count, which tell its threads apart.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from state.dataclass import dataclass
from tui.demo.expect import Expectation
from tui.demo.provider import Verdict
from tui.demo.replies import items_of
from tui.demo.request import ModelRequest, item_text
from tui.demo.steps import Hold, HoldUntil, Reached, Say, Stay, Step, Think

ASKED = "APPROVAL REQUEST START"
NOT_SCRIPTED = Verdict("deny", "The demo has no verdict for this.", risk_level="high")


@dataclass(frozen=True, slots=True)
class Beat:
    """One reply.

    With `until_final`, it is repeated (at most `at_most` times) until each of
    these agents sent its final answer. With `refused`, that is said instead
    when the user declined the command of the reply before. With `after`, it
    begins when each of these agents said its first words.
    """

    steps: tuple[Step, ...]
    until_final: tuple[str, ...] = ()
    at_most: int = 6
    refused: tuple[Step, ...] | None = None
    after: tuple[str, ...] = ()


Role: TypeAlias = tuple[str, tuple[Beat, ...]]
"""An agent's path and its replies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideThread:
    """A thread beside the first one: its first words, its replies, its settings
    as in `state.commands.StartThread`. Its agents have names of their own."""

    prompt: str
    beats: tuple[Beat, ...]
    name: str | None = None
    sandbox: str | None = None
    approval_policy: str | None = None
    reviewer: str | None = None
    roots: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A demo as data; `tui.demo.part.Part` says what the fields mean.

    `prompt` is what the user says first; `root` the replies to it, by the first
    thread that asks; `agents` the replies of each agent by path; `later` those to
    any other turn, which start anew for each turn. Files are relative to the
    workspace.
    """

    prompt: str
    root: tuple[Beat, ...]
    agents: tuple[Role, ...]
    later: tuple[Beat, ...]
    expectations: tuple[Expectation, ...] = ()
    threads: tuple[SideThread, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    verdicts: tuple[tuple[str, Verdict], ...] = ()
    terminals: tuple[tuple[str, str], ...] = ()
    refused_files: tuple[str, ...] = ()
    approved_files: tuple[str, ...] = ()


@dataclass(slots=True)
class _Place:
    beat: int = 0
    reply: int = 0
    repeated: int = 0


class Director:
    """A `Script` for `tui.demo.provider.Provider`; `speed` 0 leaves out all pauses.

    `speed` divides every pause: 2.0 plays twice as fast. `review` is the provider's
    `Reviewer`.
    """

    def __init__(self, scenario: Scenario, *, speed: float = 1.0) -> None:
        self._scenario = scenario
        self._speed = speed
        self._main: str | None = None
        self._side: dict[str, SideThread] = {}
        self._places: dict[tuple[str, str], _Place] = {}
        self._spoke: dict[str, asyncio.Event] = {}

    def __call__(self, request: ModelRequest) -> Sequence[Step]:
        """The next reply of this thread in this turn."""
        beats = self._role(request)
        place = self._places.setdefault((request.thread_id, request.turn_id), _Place())
        if request.reply_index > place.reply:
            place.reply = request.reply_index
            _advance(place, beats, request)
        if place.beat >= len(beats):
            # The last beat was to end the turn; a call in it must not loop.
            return [Say("Done.", "final_answer")]
        beat = beats[place.beat]
        steps = beat.steps
        if beat.refused is not None and _declined(request):
            steps = beat.refused
        if request.taken:
            return self._rest(request, steps)
        waits = [HoldUntil(self._spoken(path)) for path in beat.after]
        played = [self._paced(step) for step in steps]
        if request.agent_path != "/root":
            _mark(played, self._spoken(request.agent_path))
        return [*waits, *played]

    def _rest(self, request: ModelRequest, steps: Sequence[Step]) -> Sequence[Step]:
        """What the engine did not take of a reply that it cut off."""
        taken, begin = request.taken, 0
        while begin < len(steps) and taken > 0:
            taken -= items_of(steps[begin])
            begin += 1
        played = [self._paced(step) for step in steps[begin:]]
        if request.agent_path != "/root":
            _mark(played, self._spoken(request.agent_path))
        return played

    def review(self, request: ModelRequest) -> Verdict:
        """The verdict on the action that the automatic reviewer is asked about."""
        text = item_text(request.input[-1]) if request.input else ""
        # What stands before it repeats the calls beside this one.
        asked = text.rpartition(ASKED)[2]
        found = (said for words, said in self._scenario.verdicts if words in asked)
        said = next(found, NOT_SCRIPTED)
        return dataclasses.replace(said, after=self._pause(said.after))

    def _role(self, request: ModelRequest) -> tuple[Beat, ...]:
        scenario = self._scenario
        if request.agent_path != "/root":
            agents = dict(scenario.agents)
            if request.turn_index == 0 and request.agent_path in agents:
                return agents[request.agent_path]
            return scenario.later
        thread, first = request.thread_id, request.turn_index == 0
        for side in scenario.threads:
            if first and request.user_text == side.prompt:
                self._side.setdefault(thread, side)
        if thread in self._side:
            return self._side[thread].beats if first else scenario.later
        if self._main is None:
            self._main = thread
        return scenario.root if thread == self._main and first else scenario.later

    def _spoken(self, path: str) -> asyncio.Event:
        return self._spoke.setdefault(path, asyncio.Event())

    def _paced(self, step: Step) -> Step:
        if isinstance(step, Say | Think):
            return dataclasses.replace(step, pace=self._pause(step.pace))
        if isinstance(step, Hold):
            return Hold(self._pause(step.seconds))
        return step

    def _pause(self, seconds: float) -> float:
        return seconds / self._speed if self._speed > 0 else 0.0


def _mark(steps: list[Step], event: asyncio.Event) -> None:
    """Tell when this reply is said, or comes to where it stays."""
    stays = (index for index, step in enumerate(steps) if isinstance(step, Stay))
    steps.insert(next(stays, len(steps)), Reached(event))


def _advance(place: _Place, beats: Sequence[Beat], request: ModelRequest) -> None:
    """Leave the beat that was played, unless it waits for agents."""
    place.repeated += 1
    if place.beat < len(beats) and _waits(beats[place.beat], place, request):
        return
    place.beat += 1
    place.repeated = 0
    # Agents that were quicker need not be waited for.
    while place.beat < len(beats) and beats[place.beat].until_final:
        if _waits(beats[place.beat], place, request):
            return
        place.beat += 1


def _waits(beat: Beat, place: _Place, request: ModelRequest) -> bool:
    if place.repeated >= beat.at_most:
        return False
    return bool(set(beat.until_final) - _final_answers(request))


def _final_answers(request: ModelRequest) -> set[str]:
    return {
        str(item.get("author"))
        for item in request.input
        if item.get("type") == "agent_message"
        and item_text(item).startswith("Message Type: FINAL_ANSWER")
    }


def _declined(request: ModelRequest) -> bool:
    return any("rejected by user" in output.text for output in request.outputs)
