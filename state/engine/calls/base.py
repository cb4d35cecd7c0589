"""The shape of a request, and what all of them share."""

from __future__ import annotations

from typing import Any, NamedTuple

Json = dict[str, Any]


PAGE = 100


class Call(NamedTuple):
    """A request: the method and its params."""

    method: str
    params: Json


def some(**params: object) -> Json:
    """The params that have a value."""
    return {key: value for key, value in params.items() if value is not None}


def text_input(text: str) -> list[Json]:
    return [{"type": "text", "text": text}]
