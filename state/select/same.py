"""Whether two read models show the same.

Owns the comparison that read models refuse themselves (`eq=False`): widgets compare
them by identity, so what did not change must stay the very same object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Any, TypeVar

V = TypeVar("V")


def kept(old: V, new: V) -> V:
    """`old` if it shows what `new` shows, else `new`."""
    return old if same(old, new) else new


def same(a: Any, b: Any) -> bool:
    """Equal in every field, all the way down."""
    if a is b:
        return True
    kind = a.__class__
    if kind is not b.__class__:
        return False
    if kind is tuple:
        return len(a) == len(b) and all(map(same, a, b))
    if kind not in _VALUES:
        _VALUES[kind] = _reader(kind)
    values = _VALUES[kind]
    if values is None:
        return bool(a == b)
    return all(map(same, values(a), values(b)))


Reader = Callable[[Any], tuple[Any, ...]]
_VALUES: dict[type, Reader | None] = {}


def _reader(kind: type) -> Reader | None:
    """What reads all fields of a read model; None for what knows its equals."""
    if not is_dataclass(kind) or "__eq__" in vars(kind):
        return None
    return attrgetter(*(field.name for field in fields(kind)), "__class__")
