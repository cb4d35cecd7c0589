"""Commands that the engine sends no item for, found in what the model called.

Owns the judgement: given a call and its output, what was stopped and how surely. The
engine shows nothing of a command that its sandbox kills at once, nor of one that a
rule refuses; the rollout (and raw events) hold the call and what the model was told.
Does not read files. Invariant: a command is only called blocked where its own words
and what was in force prove it; a cell whose command cannot be told says "may".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from state.dataclass import dataclass, replace
from state.items import HiddenCommand, Stopped, Text
from state.permissions.diagnose import Context, diagnose
from state.permissions.noise import Logged, confirms, find

CELL = "exec"
"""The tool that runs a cell of JavaScript; the commands are called inside it."""
SHELLS = frozenset({"exec_command", "shell", "shell_command", "local_shell"})
MOST = 16
"""Hidden commands told of one call."""

_EXIT = re.compile(r"^(?:Process exited with code|Exit code:) (-?\d+)$", re.MULTILINE)
_HEADER = re.compile(r"\A(?s:.*?)^Output:\n", re.MULTILINE)
_HAS_ITEM = re.compile(r"rejected by user$|This action was rejected due to unacc")
"""What the user or auto-review refused has an item that says so."""
_REFUSED = re.compile(r'Rejected\(\\?"(?P<why>(?s:.{1,2000}?))\\?"\)')
_HOOK = re.compile(r"Command blocked by \w+ hook: (?P<why>[^\n]{1,2000})")
_UNASKED = re.compile(
    r"^approval policy is (?P<policy>\w+)[^;\n]{0,600}; reject command", re.MULTILINE
)
"""What asked to leave the sandbox where nobody may be asked."""
_POLICIES = {
    "Never": "never",
    "Granular": "granular, without a question about the sandbox",
}
_CALL = re.compile(r"tools\.(?:exec_command|shell_command)\s*\(")
_CMD = re.compile(
    r"""["']?(?:cmd|command)["']?\s*:\s*(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
    r"""|`(?:[^`\\]|\\.)*`)"""
)


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call and its output. `tool`: exec (a cell) or a shell tool; `command` and
    `cwd` of a shell call, `code` of a cell. Times in ms since the epoch."""

    call_id: str
    tool: str
    source: str
    output: str
    command: str = ""
    cwd: str = ""
    code: str = ""
    started_ms: int | None = None
    ended_ms: int | None = None


def hidden(
    call: EndedCall, shown: Iterable[str], context: Context
) -> list[HiddenCommand]:
    """What the call ran that no item shows. `shown`: the outputs of the turn's
    command items; for a shell call, call it only when no item has its id."""
    if call.tool in SHELLS:
        one = _shell(call, context)
        return [one] if one is not None else []
    if call.tool == CELL:
        return list(_cell(call, tuple(shown), context))[:MOST]
    return []


def _shell(call: EndedCall, context: Context) -> HiddenCommand | None:
    why = _refusal(call.output)
    if why:
        return HiddenCommand(
            call.command, Stopped.REFUSED, call.source, call.cwd, reason=why
        )
    code = _EXIT.search(call.output)
    exit_code = int(code[1]) if code else None
    text = _HEADER.sub("", call.output, count=1)
    return _judged(call, call.command, text, exit_code, context)


def _cell(
    call: EndedCall, shown: tuple[str, ...], context: Context
) -> Iterator[HiddenCommand]:
    commands = calls_in(call.code)
    why = _refusal(call.output)
    if why:
        named = re.search(r"`(?s:(.{1,4000}?))` (?:rejected|requires|blocked)", why)
        asked = escalated_in(call.code) if _UNASKED.search(call.output) else commands
        only = asked[0] if len(asked) == 1 else ""
        yield HiddenCommand(
            named[1] if named else only,
            Stopped.REFUSED,
            call.source,
            code=call.code,
            reason=why,
        )
        return
    results = list(_results(call.output))
    known = len(results) == len(commands)
    for index, (text, exit_code) in enumerate(results):
        if exit_code == 0 or _is_shown(text, shown):
            continue
        command = commands[index] if known else ""
        one = _judged(call, command, text, exit_code, context)
        if one is not None:
            yield one
    if not results and not _is_shown(call.output, shown):
        text = _HEADER.sub("", call.output, count=1)
        command = commands[0] if len(commands) == 1 else ""
        one = _judged(call, command, text, None, context)
        if one is not None:
            yield one


def _judged(
    call: EndedCall, command: str, text: str, exit_code: int | None, context: Context
) -> HiddenCommand | None:
    if exit_code == 0:
        return None
    told = diagnose(text, context)
    if told is None:
        return None
    sure = told.proven and exit_code is not None and bool(command)
    return HiddenCommand(
        command,
        Stopped.BLOCKED if sure else Stopped.MAYBE,
        call.source,
        call.cwd,
        Text(text),
        exit_code,
        call.code,
    )


def supported(command: HiddenCommand, note: Logged, context: Context) -> HiddenCommand:
    """With what the engine's log says besides. A row stands for a command that ended
    badly with such words: what a cell printed was its output, then, and its exit code
    is known to be bad. Who stopped it is judged by the words as before."""
    told = diagnose(str(command.output), context)
    sure = (
        told is not None
        and told.proven
        and bool(command.command)
        and confirms(note, told.noise)
    )
    stopped = Stopped.BLOCKED if sure else command.stopped
    return replace(command, stopped=stopped, logged=note)


def is_shown(command: HiddenCommand, output: str) -> bool:
    """An item's output holds the very words that we took for hidden ones."""
    return _is_shown(str(command.output), (output,))


def _is_shown(text: str, shown: tuple[str, ...]) -> bool:
    found = find(text)
    return found is not None and any(found.line in output for output in shown)


def _refusal(text: str) -> str:
    unasked = _UNASKED.search(text)
    if unasked is not None:
        policy = _POLICIES.get(unasked["policy"], unasked["policy"])
        return f"it asked to leave the sandbox, and the approval policy is {policy}"
    match = _REFUSED.search(text) or _HOOK.search(text)
    if match is None or _HAS_ITEM.match(match["why"]):
        return ""
    return match["why"].replace('\\"', '"').replace("\\\\", "\\").strip('"\\ ')


def calls_in(code: str) -> list[str]:
    """The commands a cell calls, as far as they are written out in it."""
    return [command for command, _ in _calls(code)]


def escalated_in(code: str) -> list[str]:
    """Those of them that ask to leave the sandbox."""
    return [command for command, said in _calls(code) if "require_escalated" in said]


def _calls(code: str) -> Iterator[tuple[str, str]]:
    """(command, the call's own text) of each call in a cell."""
    starts = [match.end() for match in _CALL.finditer(code[:65_536])]
    for start, end in zip(starts, (*starts[1:], len(code)), strict=False):
        match = _CMD.search(code, start, end)
        yield (_literal(match["text"]) if match else "", code[start:end])


def _literal(text: str) -> str:
    """A JavaScript string; one that is put together while it runs is not known."""
    if text[0] == "`" and "${" in text:
        return ""
    inner = text[1:-1]
    if text[0] != '"':
        inner = inner.replace("\\'", "'").replace("\\`", "`").replace('"', '\\"')
        inner = inner.replace("\n", "\\n")
    try:
        value = json.loads(f'"{inner}"')
    except ValueError:
        return ""
    return value if isinstance(value, str) else ""


def _results(output: str) -> Iterator[tuple[str, int | None]]:
    """(output, exit code) of each command result that the cell printed."""
    decoder = json.JSONDecoder()
    at = 0
    while (at := _next(output, at)) >= 0:
        try:
            value, end = decoder.raw_decode(output, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        yield from _of_value(value)
        at = end


def _next(output: str, at: int) -> int:
    found = [i for i in (output.find("{", at), output.find("[", at)) if i >= 0]
    return min(found, default=-1)


def _of_value(value: Any, depth: int = 0) -> Iterator[tuple[str, int | None]]:
    if isinstance(value, dict):
        text, code = value.get("output"), value.get("exit_code")
        if isinstance(text, str) and isinstance(code, int):
            yield text, code
            return
    if depth < 3 and isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        for one in inner:
            yield from _of_value(one, depth + 1)
