"""What happened, in one line of plain words each; "" for what is no news.

Owns the wording of the player without a screen and that nothing is told twice. Knows
no output and no engine. Invariant: text from outside goes through the doors of
`state.text` and never spans two lines.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from state import events as e
from state.items import (
    AgentActivity,
    AgentMessage,
    Command,
    Item,
    ItemStatus,
    Patch,
    PlanStep,
)
from state.model import EnginePhase, Thread, TurnStatus, World
from state.select.words import agent_label, command_line, one_line, review_what
from state.text import reveal
from state.words import cut, duration

WIDTH = 96
_ACTIVITY = {
    "started": "agent started",
    "interacted": "agent was told something",
    "interrupted": "agent interrupted",
    "completed": "agent completed",
}


class Teller:
    """One for a run; `line` is asked in the order things happened."""

    def __init__(self) -> None:
        self._told: set[tuple[object, ...]] = set()

    def line(self, event: e.Event, world: World) -> str:
        """`world` is the one in which the event has happened."""
        if isinstance(event, e.WorldEvent):
            return self._world_line(event)
        thread = world.threads.get(event.thread_id)
        if thread is None:
            return ""
        words = self._words(event, thread)
        return _row(agent_label(thread), words) if words else ""

    def _once(self, *what: object) -> bool:
        """Whether this is told for the first time."""
        new = what not in self._told
        self._told.add(what)
        return new

    # -- the world -------------------------------------------------------------------

    def _world_line(self, event: e.WorldEvent) -> str:
        match event:
            case e.EngineChanged(engine):
                return self._engine(engine.phase, engine.version, engine.sentence)
            case e.SandboxProbed(problem):
                return f"sandbox: {problem or 'commands run in it'}"
            case e.ConfigWarned(text) | e.MessageShown(text):
                return one_line(text) if self._once("message", text) else ""
            case e.StoreFailed(sentence):
                return one_line(sentence or "")
            case e.AccountChanged() | e.Unrecognised() | e.ConfigMended():
                return ""
            case e.ReviewsListed() | e.ThreadsListed():
                return ""

    def _engine(
        self, phase: EnginePhase, version: str | None, sentence: str | None
    ) -> str:
        if not self._once("engine", phase, sentence):
            return ""
        match phase:
            case EnginePhase.READY:
                return f"engine: codex {one_line(version or 'of unknown version')}"
            case EnginePhase.LOST | EnginePhase.MISSING:
                return f"engine: {one_line(sentence or phase.value)}"
            case EnginePhase.NONE | EnginePhase.CONNECTING:
                return ""

    # -- a thread --------------------------------------------------------------------

    def _words(self, event: e.ThreadEvent, thread: Thread) -> str:
        match event:
            case e.ThreadSeen() if not thread.is_agent:
                if not self._once("thread", thread.id):
                    return ""
                folder = reveal(PurePosixPath(thread.cwd).name).text
                return f"thread started in {folder}"
            case e.TurnStarted(turn_id=turn):
                return "turn started" if self._once("turn", turn) else ""
            case e.TurnEnded(turn_id=turn, status=status):
                return self._turn_end(status) if self._once("end", turn) else ""
            case e.PlanChanged(turn_id=turn, steps=steps):
                return plan(steps) if self._once("plan", turn, steps) else ""
            case e.ItemStarted(turn_id=turn, item=item):
                new = self._once("started", thread.id, turn, item.id)
                return started(item) if new else ""
            case e.ItemCompleted(turn_id=turn, item=item):
                new = self._once("completed", thread.id, turn, item.id)
                return completed(item, thread.cwd) if new else ""
            case e.TerminalsListed():
                return self._terminals(event)
            case e.ErrorSeen(error=error):
                return f"error: {one_line(error.message)}"
            case e.WarningSeen(text=text):
                return f"warning: {one_line(text)}"
            case _:
                return self._review(event, thread)

    def _review(self, event: e.ThreadEvent, thread: Thread) -> str:
        match event:
            case e.ReviewAsked(review=review):
                if not self._once("asked", review.key):
                    return ""
                return f"review asked: {review.kind} {review_what(review, thread)}"
            case e.ReviewDecided(decision=decision):
                return f"review answered: {one_line(decision.label)}"
            case e.ReviewReopened():
                return "the answer could not be sent"
            case e.ReviewResolved(key=key):
                return "review resolved" if self._once("resolved", key) else ""
            case e.SendChanged(error=error) if error:
                return f"not sent: {one_line(error)}"
            case _:
                return ""

    def _terminals(self, event: e.TerminalsListed) -> str:
        new = [
            command_line(terminal.command)
            for terminal in event.terminals
            if self._once("terminal", event.thread_id, terminal.process_id)
        ]
        return f"background terminal started: {', '.join(new)}" if new else ""

    def _turn_end(self, status: TurnStatus) -> str:
        words = {"inProgress": "goes on", "unknown": "ended"}
        return f"turn {words.get(status.value, status.value)}"


def _row(who: str, words: str) -> str:
    return f"{cut(who, 18):<18} {cut(words, WIDTH)}"


def plan(steps: tuple[PlanStep, ...]) -> str:
    """`plan: 2 of 5 done, now: Measure`"""
    done = sum(step.status == "completed" for step in steps)
    now = next((s.step for s in steps if s.status.lower() == "inprogress"), "")
    at = f", now: {one_line(now)}" if now else ""
    return f"plan: {done} of {len(steps)} done{at}"


def started(item: Item) -> str:
    """What an item that begins means; most are told when they are over."""
    match item.body:
        case Command(command=command):
            return f"runs: {command_line(command)}"
        case _:
            return ""


def completed(item: Item, cwd: str) -> str:
    """What an item that is over means."""
    match item.body:
        case Command() as body:
            return f"{_outcome(item.status, body)}: {command_line(body.command)}"
        case Patch(changes=changes):
            verb = "edited" if item.status is ItemStatus.COMPLETED else "not edited"
            names = [reveal(_within(change.path, cwd)).text for change in changes]
            return f"{verb} {', '.join(names)}"
        case AgentActivity(kind=kind, agent_path=path):
            return f"{_ACTIVITY.get(kind, 'agent ' + one_line(kind))}: {one_line(path)}"
        case AgentMessage(text=text, phase="final_answer"):
            return f"final answer: {one_line(str(text))}"
        case AgentMessage(text=text):
            return f"says: {one_line(str(text))}"
        case _:
            return ""


def _outcome(status: ItemStatus, body: Command) -> str:
    if status is ItemStatus.DECLINED:
        return "declined, not run"
    took = "" if body.duration_ms is None else f" in {duration(body.duration_ms)}"
    if body.exit_code is None:
        return f"ended{took}"
    return f"exit {body.exit_code}{took}"


def _within(path: str, cwd: str) -> str:
    return path.removeprefix(cwd.rstrip("/") + "/") if cwd else path
