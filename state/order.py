"""Two orders of one thing made one: what is stored, and what is held.

Owns how they are joined. Invariant: what is held keeps its order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def spliced(stored: Sequence[T], held: Iterable[T]) -> list[T]:
    """The order of what is stored and what is held together.

    Held ids keep their order; an id that is new goes before the next one that is
    stored, or to the end. When both disagree, what is held is right and goes last.
    """
    held = list(held)
    known = set(stored)
    shared = [one for one in held if one in known]
    held_set = set(held)
    if shared != [one for one in stored if one in held_set]:
        return [one for one in stored if one not in held_set] + held
    result: list[T] = []
    rest = iter(stored)
    fresh: list[T] = []
    for one in held:
        if one not in known:
            fresh.append(one)
            continue
        for other in rest:
            if other == one:
                break
            result.append(other)
        result += [*fresh, one]
        fresh = []
    return [*result, *rest, *fresh]
