"""Raw response items: the calls a model made and what it was told, paired.

Owns the pairing of `function_call` and `custom_tool_call` with their outputs, from a
rollout line or from `rawResponseItem/completed`, which carry the same objects. Does not
judge (`state.hidden`). Invariant: total; at most `OPEN` calls wait for an output.
"""

from __future__ import annotations

import json
import re
from typing import Any

from state.dataclass import replace
from state.hidden import CELL, SHELLS, EndedCall
from state.items import ThreadId, TurnId

Json = dict[str, Any]

OPEN = 256
WAIT = "wait"
"""The tool that polls a cell which yielded before it was done."""
_CALLS = frozenset({"function_call", "custom_tool_call"})
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})
_TURN = "internal_chat_message_metadata_passthrough"
_CELL_ID = re.compile(r"Script running with cell ID (\w+)")


class RawCalls:
    """The calls of one source; feed it every raw item in order."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._open: dict[tuple[ThreadId, str], tuple[TurnId, Json, int | None]] = {}
        self._cells: dict[tuple[ThreadId, str], str] = {}
        """The code of cells that yielded: what they print comes with a later poll."""

    def feed(
        self,
        thread_id: ThreadId,
        turn_id: TurnId | None,
        item: Json,
        at_ms: int | None,
    ) -> tuple[TurnId, EndedCall] | None:
        """The call that this item ends; None when it ends none that runs commands.

        `turn_id` None: the item names its turn itself, or nobody does."""
        kind = str(item.get("type"))
        if kind in _CALLS:
            turn = turn_id or _turn_of(item)
            wanted = _is_shell(item)
            call_id = item.get("call_id")
            if wanted and turn and isinstance(call_id, str):
                if len(self._open) >= OPEN:
                    del self._open[next(iter(self._open))]
                self._open[thread_id, call_id] = (turn, item, at_ms)
            return None
        if kind not in _OUTPUTS:
            return None
        began = self._open.pop((thread_id, str(item.get("call_id"))), None)
        if began is None:
            return None
        turn, call, started = began
        ended = _ended(call, item, self._source, started, at_ms)
        return turn, self._with_code(thread_id, call, ended)

    def _with_code(
        self, thread_id: ThreadId, call: Json, ended: EndedCall
    ) -> EndedCall:
        code = ended.code
        if call.get("name") == WAIT:
            cell = str(_arguments(call.get("arguments")).get("cell_id"))
            code = self._cells.get((thread_id, cell), "")
        running = _CELL_ID.search(ended.output)
        if running is not None and code:
            if len(self._cells) >= OPEN:
                del self._cells[next(iter(self._cells))]
            self._cells[thread_id, running[1]] = code
        return ended if code == ended.code else replace(ended, tool=CELL, code=code)


def _is_shell(item: Json) -> bool:
    if item.get("type") == "custom_tool_call":
        return item.get("name") == CELL and isinstance(item.get("input"), str)
    name = item.get("name")
    return isinstance(name, str) and (name in SHELLS or name == WAIT)


def _turn_of(item: Json) -> TurnId | None:
    told = item.get(_TURN)
    turn = told.get("turn_id") if isinstance(told, dict) else None
    return TurnId(turn) if isinstance(turn, str) else None


def _ended(
    call: Json, output: Json, source: str, started: int | None, ended: int | None
) -> EndedCall:
    arguments = _arguments(call.get("arguments"))
    command = arguments.get("cmd", arguments.get("command", ""))
    if isinstance(command, list):
        command = " ".join(str(word) for word in command)
    return EndedCall(
        call_id=str(call["call_id"]),
        tool=str(call.get("name")),
        source=source,
        output=_text(output.get("output")),
        command=command if isinstance(command, str) else "",
        cwd=str(arguments.get("workdir") or ""),
        code=str(call.get("input") or ""),
        started_ms=started,
        ended_ms=ended,
    )


def _arguments(raw: object) -> Json:
    try:
        value = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(output: object) -> str:
    if isinstance(output, str):
        return output
    if isinstance(output, list):
        parts = (part.get("text") for part in output if isinstance(part, dict))
        return "\n".join(text for text in parts if isinstance(text, str))
    if isinstance(output, dict):
        return _text(output.get("content"))
    return ""
