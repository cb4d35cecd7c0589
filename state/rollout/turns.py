"""Turns put together from rollout lines that come last one first.

Owns which line says what about a turn. Does not own reading. Invariants: a turn's
items are in file order; a line is only used by the turn it names, or, in files of
older engines that name none, by the turn it stands in.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

from state.dataclass import dataclass
from state.engine.wire.rollout_items import decode_rollout_item
from state.items import (
    AgentMessage,
    Item,
    ItemBody,
    ItemId,
    ItemStatus,
    Reasoning,
    Text,
    TurnId,
    UserMessage,
)
from state.model import Settings, Turn, TurnError, TurnStatus
from state.rollout.settings import settings_of

Json = dict[str, Any]


@dataclass(slots=True)
class _Draft:
    items: list[Item] = field(default_factory=list)
    legacy: list[Item] = field(default_factory=list)
    start: Json | None = None
    end: Json | None = None
    settings: Settings | None = None
    rolled_back: bool = False


class TurnsBackwards:
    """Feed lines from the end; `full` when enough turns are whole."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._drafts: dict[str, _Draft] = {}
        self._loose = _Draft()
        self._whole = 0
        self._undo = 0

    @property
    def full(self) -> bool:
        """As many turns as asked for began after this point of the file."""
        return self._whole >= self._wanted

    def context(self, payload: Json) -> None:
        """A `turn_context` line: what the turn ran under (the first one counts)."""
        self._draft(payload.get("turn_id")).settings = settings_of(payload)

    def event(self, kind: str, payload: Json, offset: int) -> None:
        """An `event_msg` line. Raises KeyError, TypeError, … on a shape we don't
        know; then nothing of it was used."""
        match kind:
            case "item_completed":
                item = decode_rollout_item(
                    payload["item"],
                    started_ms=payload.get("started_at_ms"),
                    completed_ms=payload.get("completed_at_ms"),
                )
                self._draft(payload["turn_id"]).items.append(item)
            case "task_complete" | "turn_complete" | "turn_aborted":
                self._draft(payload.get("turn_id")).end = payload
            case "task_started" | "turn_started":
                self._started(payload, offset)
            case "thread_rolled_back":
                self._undo += int(payload["num_turns"])
            case "user_message" | "agent_message" | "agent_reasoning":
                self._loose.legacy.append(_legacy_item(kind, payload, offset))

    def turns(self, *, whole_file: bool) -> tuple[Turn, ...]:
        """Ascending. The oldest may lack its start, when reading stopped within it;
        the newest without an end has an unknown status."""
        if whole_file:
            self._keep_loose()
        drafts = [
            (key, draft)
            for key, draft in self._drafts.items()
            if (draft.start is not None or not self.full) and not draft.rolled_back
        ]
        newest = drafts[0][0] if drafts else None
        built = [_turn(key, draft, last=key == newest) for key, draft in drafts]
        return tuple(reversed(built))

    def _draft(self, turn_id: object) -> _Draft:
        if not isinstance(turn_id, str):
            return self._loose
        return self._drafts.setdefault(turn_id, _Draft())

    def _started(self, payload: Json, offset: int) -> None:
        turn_id = payload.get("turn_id")
        key = turn_id if isinstance(turn_id, str) else f"line-at-{offset}"
        draft = self._drafts.setdefault(key, _Draft())
        draft.start = payload
        draft.legacy += self._loose.legacy
        draft.end = draft.end or self._loose.end
        draft.settings = draft.settings or self._loose.settings
        self._loose = _Draft()
        if self._undo:
            self._undo -= 1
            draft.rolled_back = True
            draft.items.clear()
            draft.legacy.clear()
        else:
            self._whole += 1

    def _keep_loose(self) -> None:
        """Very old files mark no turns: each message of the user begins one."""
        turn = _Draft(settings=self._loose.settings)
        for item in self._loose.legacy:
            turn.legacy.append(item)
            if isinstance(item.body, UserMessage):
                turn.end = {}
                self._drafts[f"turn-of-{item.id}"] = turn
                turn = _Draft(settings=self._loose.settings)


def _turn(key: str, draft: _Draft, *, last: bool) -> Turn:
    start, end = draft.start or {}, draft.end
    # An item completed twice (a command that lived on) is the later one.
    items: dict[ItemId, Item] = {}
    for item in reversed(draft.items or draft.legacy):
        items[item.id] = item
    status = TurnStatus.UNKNOWN if last else TurnStatus.INTERRUPTED
    error = None
    if end is not None:
        error = _error(end.get("error"))
        status = TurnStatus.FAILED if error else TurnStatus.COMPLETED
        if end.get("reason") in ("interrupted", "replaced", "budget_limited"):
            status = TurnStatus.INTERRUPTED
    end = end or {}
    root = start.get("root_turn_id") or end.get("root_turn_id")
    return Turn(
        id=TurnId(key),
        status=status,
        items=items,
        started_ms=_ms(start.get("started_at", end.get("started_at"))),
        completed_ms=_ms(end.get("completed_at")),
        duration_ms=end.get("duration_ms"),
        error=error,
        settings=draft.settings,
        root_turn_id=TurnId(root) if root else None,
    )


def _ms(seconds: object) -> int | None:
    return int(seconds * 1000) if isinstance(seconds, (int, float)) else None


def _error(raw: object) -> TurnError | None:
    if not isinstance(raw, dict):
        return None
    info = raw.get("codex_error_info")
    if isinstance(info, dict) and info:
        info = next(iter(info))
    code = None
    if isinstance(info, str):
        head, *rest = info.split("_")
        code = head + "".join(word.capitalize() for word in rest)
    return TurnError(str(raw.get("message", "")), code)


def _legacy_item(kind: str, payload: Json, offset: int) -> Item:
    body: ItemBody
    if kind == "user_message":
        images = (*(payload.get("images") or ()), *(payload.get("local_images") or ()))
        client = payload.get("client_id")
        body = UserMessage(str(payload["message"]), tuple(map(str, images)), client)
    elif kind == "agent_message":
        body = AgentMessage(Text(str(payload["message"])), payload.get("phase"))
    else:
        body = Reasoning((Text(str(payload["text"])),))
    return Item(ItemId(f"line-at-{offset}"), body, ItemStatus.COMPLETED)
