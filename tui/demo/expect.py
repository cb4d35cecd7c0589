"""Facts that a played scenario must show, checked against what the engine said.

Owns: `Expectation` (data), `Checklist` (which of them were seen). Not here: the
facts of one scenario (`tui.demo.scenario`), how messages arrive. Invariant: a
fact is seen only by a message of the engine, never by what we sent or meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from state.dataclass import dataclass

Operator: TypeAlias = Literal["is", "contains", "ends", "present", "among"]
Answer: TypeAlias = Literal["accept", "decline"]


@dataclass(frozen=True, slots=True)
class Where:
    """One condition on `params`: a dotted path, an operator, a value.

    `among`: one of several values, which are written with bars between them.
    """

    path: str
    value: str | int | None = None
    operator: Operator = "is"


@dataclass(frozen=True, slots=True)
class Expectation:
    """`name` is printed when it was not seen, `sentence` says what it means.

    It is seen when `count` messages with `method` and all of `where` came; with
    `distinct` only different values of that path count. `answer` limits it to
    runs in which the review was answered so; None is every run.
    """

    name: str
    sentence: str
    method: str
    where: tuple[Where, ...] = ()
    count: int = 1
    distinct: str | None = None
    answer: Answer | None = None


class Checklist:
    """Feed it every engine message in order; ask what is missing at the end."""

    def __init__(
        self, expectations: Sequence[Expectation], answer: Answer = "accept"
    ) -> None:
        self._open = {
            expectation: set[object]()
            for expectation in expectations
            if expectation.answer in (None, answer)
        }
        self._fed = 0
        self.seen: list[Expectation] = []

    @property
    def missing(self) -> list[Expectation]:
        """What was not seen yet, in the scenario's order."""
        return list(self._open)

    def feed(self, message: Mapping[str, Any]) -> list[Expectation]:
        """Returns what this message completed."""
        self._fed += 1
        completed = []
        for expectation, values in self._open.items():
            if not matches(expectation, message):
                continue
            params = message.get("params")
            if expectation.distinct is None:
                values.add(self._fed)
            else:
                values.add(_at(params, expectation.distinct))
            if len(values) >= expectation.count:
                completed.append(expectation)
        for expectation in completed:
            del self._open[expectation]
        self.seen += completed
        return completed


def matches(expectation: Expectation, message: Mapping[str, Any]) -> bool:
    """Does this one message count for the expectation?"""
    if message.get("method") != expectation.method:
        return False
    params = message.get("params")
    return all(_holds(where, _at(params, where.path)) for where in expectation.where)


def _holds(where: Where, value: object) -> bool:
    match where.operator:
        case "is":
            return value == where.value
        case "present":
            return value is not None
        case "contains":
            return str(where.value) in str(value)
        case "ends":
            return str(value).endswith(str(where.value))
        case "among":
            return str(value) in str(where.value).split("|")


def _at(value: object, path: str) -> object:
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
