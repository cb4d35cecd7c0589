"""What a scripted model may do in one reply, as data.

Owns: the step types and what each one is on the Responses wire (one output
item). Not here: the HTTP server (`tui.demo.provider`) and which steps are
played when (`tui.demo.scenario`). Invariant: a step never carries text that is
meant for the script; all its text is shown to the user as the model's own.

Code mode is assumed (every current model): shell, patch and plan calls travel
as JavaScript for the custom tool `exec`; `PlainExec` is for models without it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, TypeAlias

from state.dataclass import dataclass

Item: TypeAlias = dict[str, Any]
PlanStatus: TypeAlias = Literal["pending", "in_progress", "completed"]
Phase: TypeAlias = Literal["commentary", "partial_answer", "final_answer"]


@dataclass(frozen=True, slots=True)
class Say:
    """An assistant message; `pace` is seconds between two words."""

    text: str
    phase: Phase | None = None
    pace: float = 0.0


@dataclass(frozen=True, slots=True)
class Think:
    """Reasoning: summary parts, raw thoughts; `pace` is seconds per word."""

    summary: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    pace: float = 0.0


@dataclass(frozen=True, slots=True)
class Exec:
    """A command; still running after `yield_ms` it becomes a terminal.

    `escalate` asks the user to run it outside the sandbox, `justification` is
    the sentence of that question. `extra` are further tool arguments.
    """

    cmd: str
    yield_ms: int = 10_000
    workdir: str | None = None
    tty: bool = False
    escalate: bool = False
    justification: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """The arguments of the `exec_command` tool."""
        args: dict[str, Any] = {"cmd": self.cmd, "yield_time_ms": self.yield_ms}
        if self.workdir is not None:
            args["workdir"] = self.workdir
        if self.tty:
            args["tty"] = True
        if self.escalate:
            args["sandbox_permissions"] = "require_escalated"
        if self.justification is not None:
            args["justification"] = self.justification
        return {**args, **self.extra}


@dataclass(frozen=True, slots=True)
class PlainExec(Exec):
    """The same as a plain function call, for models without code mode."""


@dataclass(frozen=True, slots=True)
class Js:
    """Any JavaScript cell of code mode (`tools.*` inside, `text(...)` out)."""

    source: str


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch from `*** Begin Patch` to `*** End Patch`."""

    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole checklist anew: (step, status) in order."""

    steps: tuple[tuple[str, PlanStatus], ...]
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start the agent `name` below the caller with `message` as its task."""

    name: str
    message: str
    model: str | None = None
    effort: str | None = None
    fork_turns: Literal["all", "none"] = "none"


@dataclass(frozen=True, slots=True)
class WaitAgents:
    """Wait for the next message of any agent; the engine's bounds are 10 s to 1 h."""

    timeout_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Tell an agent something without starting a turn of it."""

    target: str
    message: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Give an agent another task; an idle one starts a turn."""

    target: str
    message: str


@dataclass(frozen=True, slots=True)
class InterruptAgent:
    """Interrupt an agent's turn."""

    target: str


@dataclass(frozen=True, slots=True)
class ListAgents:
    """Ask the engine which agents are loaded."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep the stream open without output for `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HoldUntil:
    """Keep the stream open until the event is set (in the provider's loop)."""

    event: asyncio.Event


@dataclass(frozen=True, slots=True)
class Stay:
    """Keep the stream open until the engine hangs up: the turn is interrupted."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Set the event: the reply has come so far."""

    event: asyncio.Event


@dataclass(frozen=True, slots=True)
class Fail:
    """Answer with an HTTP error; counts only as the first step of a reply."""

    status: int
    code: str | None = None
    message: str = "the model is not available"
    kind: str = "server_error"


@dataclass(frozen=True, slots=True)
class FailResponse:
    """End the stream with `response.failed`."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Cut the connection in the middle of the stream."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts reported at the end of this reply."""

    input_tokens: int
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class RawItems:
    """Output items exactly as given (ids are the caller's business)."""

    items: tuple[Mapping[str, Any], ...]


Step: TypeAlias = (
    Say
    | Think
    | Exec
    | PlainExec
    | Js
    | Patch
    | Plan
    | Spawn
    | WaitAgents
    | SendMessage
    | FollowUp
    | InterruptAgent
    | ListAgents
    | Hold
    | HoldUntil
    | Stay
    | Reached
    | Fail
    | FailResponse
    | Drop
    | Usage
    | RawItems
)

Call: TypeAlias = (
    Exec
    | PlainExec
    | Js
    | Patch
    | Plan
    | Spawn
    | WaitAgents
    | SendMessage
    | FollowUp
    | InterruptAgent
    | ListAgents
)


def call_item(call: Call, uid: str) -> Item:
    """The output item of a tool call; `uid` must be unique in the process."""
    if isinstance(call, PlainExec):
        return _function(uid, None, "exec_command", call.arguments())
    if isinstance(call, Exec | Js | Patch | Plan):
        return {
            "type": "custom_tool_call",
            "id": f"ct-{uid}",
            "call_id": f"call-{uid}",
            "name": "exec",
            "namespace": "functions",
            "input": _javascript(call),
        }
    name, arguments = _collaboration(call)
    return _function(uid, "collaboration", name, arguments)


def _javascript(call: Exec | Js | Patch | Plan) -> str:
    if isinstance(call, Js):
        return call.source
    if isinstance(call, Patch):
        tool, argument = "apply_patch", json.dumps(call.text)
    elif isinstance(call, Plan):
        plan = [{"step": step, "status": status} for step, status in call.steps]
        tool = "update_plan"
        argument = json.dumps({"explanation": call.explanation, "plan": plan})
    else:
        tool, argument = "exec_command", json.dumps(call.arguments())
    return f"{_pragma(call)}const r = await tools.{tool}({argument}); text(r);"


def _pragma(call: Exec | Patch | Plan) -> str:
    """Let the cell outlive its command, or the model is told "still running"."""
    if isinstance(call, Exec) and call.yield_ms >= 9_000:
        options = json.dumps({"yield_time_ms": call.yield_ms + 5_000})
        return f"// @exec: {options}\n"
    return ""


def _collaboration(
    call: Spawn | WaitAgents | SendMessage | FollowUp | InterruptAgent | ListAgents,
) -> tuple[str, dict[str, Any]]:
    match call:
        case Spawn():
            args: dict[str, Any] = {
                "task_name": call.name,
                "message": call.message,
                "fork_turns": call.fork_turns,
            }
            if call.model is not None:
                args["model"] = call.model
            if call.effort is not None:
                args["reasoning_effort"] = call.effort
            return "spawn_agent", args
        case WaitAgents():
            return "wait_agent", {"timeout_ms": call.timeout_ms}
        case SendMessage():
            args = {"target": call.target, "message": call.message}
            return "send_message", args
        case FollowUp():
            args = {"target": call.target, "message": call.message}
            return "followup_task", args
        case InterruptAgent():
            return "interrupt_agent", {"target": call.target}
        case ListAgents():
            return "list_agents", {}


def _function(
    uid: str, namespace: str | None, name: str, arguments: dict[str, Any]
) -> Item:
    item: Item = {
        "type": "function_call",
        "id": f"fc-{uid}",
        "call_id": f"call-{uid}",
        "name": name,
        "arguments": json.dumps(arguments),
    }
    if namespace is not None:
        item["namespace"] = namespace
    return item


def words(text: str) -> Sequence[str]:
    """Split into tokens, white space kept: joined they are the text exactly."""
    tokens: list[str] = []
    start = 0
    for index in range(1, len(text)):
        if text[index - 1].isspace() and not text[index].isspace():
            tokens.append(text[start:index])
            start = index
    if start < len(text):
        tokens.append(text[start:])
    return tokens
