"""Text that grows: the notifications of which thousands come in a second.

Owns two readings of a delta that say the same: of the message's bytes, without a value
for what nobody needs, and of the message. Invariant: what the quick one does not take
says nothing; it is left to the other.
"""

from __future__ import annotations

import msgspec

from state.engine.wire.context import Json
from state.events import ItemDelta
from state.items import DeltaKind, ItemId, ThreadId, TurnId

# method -> (kind of text, name of the part's index)
DELTAS: dict[str, tuple[DeltaKind, str | None]] = {
    "item/agentMessage/delta": (DeltaKind.MESSAGE, None),
    "item/plan/delta": (DeltaKind.PLAN, None),
    "item/reasoning/summaryTextDelta": (DeltaKind.SUMMARY, "summaryIndex"),
    "item/reasoning/textDelta": (DeltaKind.THOUGHT, "contentIndex"),
    "item/commandExecution/outputDelta": (DeltaKind.OUTPUT, None),
}
_BROKEN = (msgspec.ValidationError, KeyError, TypeError, ValueError, AttributeError)


class _Params(msgspec.Struct, gc=False):
    threadId: ThreadId
    turnId: TurnId
    itemId: ItemId
    delta: str
    summaryIndex: int | None = None
    contentIndex: int | None = None


class _Message(msgspec.Struct, gc=False):
    method: str
    params: _Params
    id: None = None  # a request is no delta, whatever its method


_decode = msgspec.json.Decoder(_Message).decode
Delta = tuple[ThreadId, TurnId, ItemId, DeltaKind, str, int]
"""The fields of an `ItemDelta`, in its order"""


def read_delta(raw: bytes) -> Delta | None:
    """The delta these bytes are; None when they are none, or an odd one."""
    try:
        message = _decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    delta = DELTAS.get(message.method)
    if delta is None:
        return None
    kind, index = delta
    p = message.params
    part = getattr(p, index) if index else 0
    if part is None:
        return None
    return p.threadId, p.turnId, p.itemId, kind, p.delta, part


def decode_delta(message: Json) -> ItemDelta | None:
    """The delta a notification is; None when it is no delta, or an odd one."""
    delta = DELTAS.get(message.get("method"))  # type: ignore[arg-type]
    if delta is None:
        return None
    kind, index = delta
    try:
        p = message["params"]
        text = p["delta"]
        if text.__class__ is not str:
            return None
        part = p[index] if index else 0
        return ItemDelta(p["threadId"], p["turnId"], p["itemId"], kind, text, part)
    except _BROKEN:
        return None
