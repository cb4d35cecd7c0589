"""Which reply of a turn the engine asks for, and how much it has of the one before.

Owns the count of turns and replies. Not here: sending them (`tui.demo.provider`) and
what is in them (`tui.demo.director`). Invariant: a reply counts when the engine took
all of it. It takes less when another agent's message arrived while a thought or a
passing remark was told: then it hangs up, hands over the message and asks again, and
what it never read would be lost, a question to the user with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from state.dataclass import dataclass
from tui.demo.request import ModelRequest
from tui.demo.steps import (
    Drop,
    Fail,
    FailResponse,
    Hold,
    HoldUntil,
    RawItems,
    Reached,
    Stay,
    Step,
    Usage,
)

_Key = tuple[str, str]
_NO_ITEM = Hold | HoldUntil | Stay | Reached | Fail | FailResponse | Drop | Usage


@dataclass(frozen=True, slots=True)
class _Given:
    """A reply as it was sent: `before` items of the model's stood in the request, of
    which `taken` belong to the same reply, that was cut off."""

    before: int
    taken: int
    items: int


class Replies:
    """Counts per thread and turn."""

    def __init__(self) -> None:
        self._turns: dict[str, list[str]] = {}
        self._ended: dict[_Key, int] = {}
        self._given: dict[_Key, _Given] = {}
        self._counted: set[_Key] = set()

    def numbered(self, request: ModelRequest) -> ModelRequest:
        """The request with its place among the turns and replies of its thread."""
        turns = self._turns.setdefault(request.thread_id, [])
        if request.turn_id not in turns:
            turns.append(request.turn_id)
        key = _key(request)
        taken = self._cut(request)
        if taken is not None and key in self._counted:
            # Sent to its end before the engine was seen to have hung up.
            self._ended[key] -= 1
            self._counted.discard(key)
        return dataclasses.replace(
            request,
            turn_index=turns.index(request.turn_id),
            reply_index=self._ended.get(key, 0),
            taken=taken or 0,
        )

    def begins(self, request: ModelRequest, steps: Sequence[Step]) -> None:
        """These steps are sent now."""
        key = _key(request)
        self._counted.discard(key)
        items = sum(items_of(step) for step in steps)
        before = _model_items(request.input)
        self._given[key] = _Given(before, request.taken, items)

    def ended(self, request: ModelRequest) -> None:
        """They were sent to their end."""
        key = _key(request)
        self._ended[key] = self._ended.get(key, 0) + 1
        self._counted.add(key)

    def _cut(self, request: ModelRequest) -> int | None:
        """How many items were taken of a reply that was cut off; None: it was not."""
        given = self._given.get(_key(request))
        if given is None or not _mail_is_newest(request.input):
            return None
        taken = _model_items(request.input) - given.before
        return given.taken + taken if 0 <= taken < given.items else None


def items_of(step: Step) -> int:
    """How many output items a step is on the wire."""
    if isinstance(step, RawItems):
        return len(step.items)
    return 0 if isinstance(step, _NO_ITEM) else 1


def _key(request: ModelRequest) -> _Key:
    return (request.thread_id, request.turn_id)


def _is_models(item: Mapping[str, Any]) -> bool:
    kind = str(item.get("type"))
    if kind == "message":
        return item.get("role") == "assistant"
    return kind == "reasoning" or kind.endswith("_call")


def _model_items(items: Sequence[Mapping[str, Any]]) -> int:
    return sum(map(_is_models, items))


def _mail_is_newest(items: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an agent's message came after all that the model said and did."""
    for item in reversed(items):
        if item.get("type") == "agent_message":
            return True
        if _is_models(item) or str(item.get("type")).endswith("_output"):
            return False
    return False
