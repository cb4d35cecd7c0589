"""Plays a scenario: turns a model request into the next steps of its role.

Owns: `Scenario` and its parts as types, and where each thread stands in it.
Not here: the content (`tui.demo.scenario`) and the wire (`tui.demo.provider`).
Invariant: the place in the script follows from who asks (thread, turn, agent
path) and how many replies it had, never from a text the user typed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from state.dataclass import dataclass
from tui.demo.expect import Expectation
from tui.demo.request import ModelRequest, item_text
from tui.demo.steps import Hold, Say, Step, Think


@dataclass(frozen=True, slots=True)
class Beat:
    """One reply.

    With `until_final`, it is repeated (at most `at_most` times) until each of
    these agents sent its final answer. With `refused`, that is said instead
    when the user declined the command of the reply before.
    """

    steps: tuple[Step, ...]
    until_final: tuple[str, ...] = ()
    at_most: int = 6
    refused: tuple[Step, ...] | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A demo as data.

    `prompt` is what the user says first; `root` the replies to it, by the first
    thread that asks; `agents` the replies of each agent by path; `later` those
    to any other turn, which start anew for each turn. `refused_file` must not
    exist afterwards, `approved_file` only after an accepted review; both, like
    `edited_file`, are relative to the workspace.
    """

    prompt: str
    root: tuple[Beat, ...]
    agents: tuple[tuple[str, tuple[Beat, ...]], ...]
    later: tuple[Beat, ...]
    expectations: tuple[Expectation, ...]
    edited_file: str
    refused_file: str
    approved_file: str
    terminal_command: str


@dataclass(slots=True)
class _Place:
    beat: int = 0
    reply: int = 0
    repeated: int = 0


class Director:
    """A `Script` for `tui.demo.provider.Provider`; `speed` 0 leaves out all pauses.

    `speed` divides every pause: 2.0 plays twice as fast.
    """

    def __init__(self, scenario: Scenario, *, speed: float = 1.0) -> None:
        self._scenario = scenario
        self._speed = speed
        self._main: str | None = None
        self._places: dict[tuple[str, str], _Place] = {}

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
        return [self._paced(step) for step in steps]

    def _role(self, request: ModelRequest) -> tuple[Beat, ...]:
        scenario = self._scenario
        if request.agent_path != "/root":
            agents = dict(scenario.agents)
            if request.turn_index == 0 and request.agent_path in agents:
                return agents[request.agent_path]
            return scenario.later
        if self._main is None:
            self._main = request.thread_id
        if request.thread_id == self._main and request.turn_index == 0:
            return scenario.root
        return scenario.later

    def _paced(self, step: Step) -> Step:
        if isinstance(step, Say | Think):
            return dataclasses.replace(step, pace=self._pause(step.pace))
        if isinstance(step, Hold):
            return Hold(self._pause(step.seconds))
        return step

    def _pause(self, seconds: float) -> float:
        return seconds / self._speed if self._speed > 0 else 0.0


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
