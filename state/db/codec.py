"""Domain values <-> JSON text, for the columns that hold a whole value.

Owns the encoding of item bodies (a kind tag beside the dataclass's own JSON),
turns, settings, reviews, terminals and sends. Does not own tables. Invariants:
what is decoded equals what was encoded; an older or newer program's value decodes
as far as it is understood, and an item kind nobody knows becomes `Unknown`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar, get_args

import msgspec

from state.dataclass import dataclass
from state.items import Item, ItemBody, ItemId, ItemStatus, Text, Unknown
from state.model import (
    Asking,
    QueueEntry,
    Settings,
    Spawn,
    Thread,
    TokenUsage,
    Turn,
    TurnError,
    TurnId,
    TurnMark,
)
from state.pattern import late_pattern
from state.undelivered import Undelivered

T = TypeVar("T")

BODIES: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(ItemBody)}
_BROKEN = late_pattern("[\ud800-\udfff]")


def text(value: str) -> str:
    """A string SQLite can hold: lone surrogates become U+FFFD, the rest stays."""
    return value if value.isascii() else _BROKEN.sub("\ufffd", value)


def _enc_hook(value: object) -> object:
    if isinstance(value, Text):
        return str(value)
    raise NotImplementedError(type(value).__name__)


def _dec_hook(kind: type[Any], value: Any) -> Any:
    if kind is Text:
        return Text(value)
    raise NotImplementedError(kind.__name__)


_encoder = msgspec.json.Encoder(enc_hook=_enc_hook)


_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}


def encode(value: object) -> str:
    """Any dataclass of the domain (except `Thread` and `Item`) as JSON text."""
    try:
        return _encoder.encode(value).decode()
    except UnicodeEncodeError:
        return _encoder.encode(
            _mended(msgspec.to_builtins(value, enc_hook=_enc_hook))
        ).decode()


def decode(kind: type[T], body: str) -> T:
    """The value that was encoded. Raises msgspec.DecodeError."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind, dec_hook=_dec_hook)
    value: T = decoder.decode(body)
    return value


def decoded(kind: type[T], body: str) -> T | None:
    """The same; None for a value that is damaged, or a newer program's own."""
    try:
        return decode(kind, body)
    except (msgspec.DecodeError, TypeError):
        return None


def encode_body(body: ItemBody) -> tuple[str, str]:
    """(kind, JSON) of an item's body. An `Unknown` keeps its own tag inside."""
    return type(body).__name__, encode(body)


def decode_body(kind: str, body: str) -> ItemBody:
    """The body; a kind or shape we don't know is kept as `Unknown`."""
    known = BODIES.get(kind)
    if known is None:
        return Unknown(kind, body)
    try:
        value: ItemBody = decode(known, body)
    except msgspec.DecodeError:
        return Unknown(kind, body)
    return value


@dataclass(frozen=True, slots=True)
class _TurnBody:
    """A turn without its id, status and items: those are columns and rows."""

    started_ms: int | None = None
    completed_ms: int | None = None
    duration_ms: int | None = None
    error: TurnError | None = None
    settings: Settings | None = None
    root_turn_id: TurnId | None = None
    diff: str = ""
    switched: bool = False


def encode_turn(turn: Turn) -> str:
    """The turn's facts as JSON."""
    return encode(
        _TurnBody(
            turn.started_ms,
            turn.completed_ms,
            turn.duration_ms,
            turn.error,
            turn.settings,
            turn.root_turn_id,
            turn.diff,
            turn.switched,
        )
    )


def turn_facts(body: str) -> dict[str, Any]:
    """Keyword arguments for `Turn`."""
    value = decoded(_TurnBody, body) or _TurnBody()
    return {name: getattr(value, name) for name in _TurnBody.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class _Notice:
    """An item that is not in any turn."""

    id: ItemId
    kind: str
    body: str
    status: ItemStatus
    started_ms: int | None = None
    completed_ms: int | None = None
    synthetic: bool = True


@dataclass(frozen=True, slots=True)
class _Extra:
    """What a thread row has no column for."""

    settings: Settings | None = None
    tokens: TokenUsage | None = None
    notices: tuple[_Notice, ...] = ()
    queue: tuple[QueueEntry, ...] = ()
    told_ms: int = 0
    spawn: Spawn | None = None
    latest: TurnMark | None = None
    asked: str | None = None
    undelivered: tuple[Undelivered, ...] = ()
    asking: tuple[Asking, ...] = ()
    unloaded_ms: int = 0


_NOTHING = _Extra()


def encode_extra(thread: Thread) -> str | None:
    """The `extra` column; None when there is nothing to say."""
    extra = _Extra(
        thread.settings,
        thread.tokens,
        tuple(map(_notice, thread.notices)),
        thread.queue,
        thread.told_ms,
        thread.spawn,
        thread.latest,
        thread.asked,
        thread.undelivered,
        thread.asking,
        thread.unloaded_ms,
    )
    return None if extra == _NOTHING else encode(extra)


@lru_cache(maxsize=4096)
def thread_extra(body: str) -> dict[str, Any]:
    """What a thread has no column for. The result is shared: threads of one project
    mostly carry the same text."""
    value = decoded(_Extra, body) or _NOTHING
    return {
        "settings": value.settings,
        "tokens": value.tokens,
        "notices": tuple(map(_item, value.notices)),
        "queue": value.queue,
        "told_ms": value.told_ms,
        "spawn": value.spawn,
        "latest": value.latest,
        "asked": value.asked,
        "undelivered": value.undelivered,
        "asking": value.asking,
        "unloaded_ms": value.unloaded_ms,
    }


def _notice(item: Item) -> _Notice:
    return _Notice(
        item.id,
        *encode_body(item.body),
        item.status,
        item.started_ms,
        item.completed_ms,
        item.synthetic,
    )


def _item(notice: _Notice) -> Item:
    return Item(
        notice.id,
        decode_body(notice.kind, notice.body),
        notice.status,
        notice.started_ms,
        notice.completed_ms,
        notice.synthetic,
    )


def _mended(value: Any) -> Any:
    """The builtins with every string made storable."""
    match value:
        case str():
            return text(value)
        case dict():
            return {_mended(k): _mended(v) for k, v in value.items()}
        case list() | tuple():
            return [_mended(v) for v in value]
    return value
