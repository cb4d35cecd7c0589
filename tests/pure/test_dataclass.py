"""Our `dataclass` beside the standard one: the same class body, the same behaviour."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import field
from inspect import signature
from typing import Any, ClassVar, Generic, TypeVar, cast

import pytest

from state.dataclass import dataclass, replace
from tests.arch.source import REPO

T = TypeVar("T")
Make = Callable[..., Any]

OURS: Make = dataclass
STANDARD: Make = dataclasses.dataclass
VALUE: dict[str, bool] = {"frozen": True, "slots": True}


def point(make: Make, **how: bool) -> Any:
    class Point:
        kind: ClassVar[str] = "point"
        x: int
        y: int = 2
        names: list[str] = field(default_factory=list)
        quiet: int = field(default=0, compare=False, repr=False)
        unasked: int = field(default=7, init=False)
        only: str = field(default="", kw_only=True)

    Point.__qualname__ = "Point"
    return make(**how)(Point)


def derived(make: Make, **how: bool) -> Any:
    class Deeper(point(make, **how)):  # type: ignore[misc]
        y: int = 5
        z: int = 3

        def __post_init__(self) -> None:
            if self.z < 0:
                raise ValueError("z")

    return make(**how)(Deeper)


def empty(make: Make, **how: bool) -> Any:
    class Empty:
        """Nothing."""

    return make(**how)(Empty)


def single(make: Make, **how: bool) -> Any:
    class Single(Generic[T]):
        value: T

        def __hash__(self) -> int:
            return 4

    return make(**how)(Single)


@dataclass(frozen=True, slots=True)
class Here:
    """At the top of a module, so that it can be pickled."""

    a: int
    b: tuple[Here, ...] = ()


HOWS = [VALUE, {**VALUE, "eq": False}, {"slots": True}, {}, {"frozen": True}]
HOWS += [{"kw_only": True}, {**VALUE, "kw_only": True}]
BODIES = [point, derived, empty, single]


def outcome(act: Callable[[], object]) -> object:
    """What came of it, comparable between two classes."""
    try:
        value = act()
    except Exception as error:
        words = str(error).replace("_self", "self").split(".")[-1]
        return type(error).__name__, words.replace("_none", "<factory>")
    return value


ARGS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((1,), {}),
    ((1, 2), {}),
    ((1, 2, ["a"]), {"only": "k"}),
    ((), {"x": 1}),
    ((), {"x": 1, "quiet": 4}),
    ((), {"value": float("nan")}),
    ((1,), {"z": -1}),
    ((1,), {"unasked": 1}),
    ((1,), {"nobody": 1}),
]


def report(made: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> list[object]:
    """All that a value shows of itself."""

    def new() -> Any:
        return made(*args, **keywords)

    shown: list[object] = [outcome(lambda: repr(new()))]
    try:
        one, two = new(), new()
    except Exception:
        return shown
    names = [f.name for f in dataclasses.fields(made)]
    values = [outcome(lambda n=name: getattr(one, n)) for name in names]  # type: ignore[misc]
    shown += [names, values, one == two, one == one, one != two, one == 1]  # noqa: PLR0124
    shown += [outcome(lambda: hash(one) == hash(two)), dataclasses.is_dataclass(one)]
    shown += [made.__match_args__, dataclasses.asdict(one), dataclasses.astuple(one)]
    shown += [outcome(lambda: repr(dataclasses.replace(one, **keywords)))]
    shown += [outcome(lambda: repr(copy.deepcopy(one))), hasattr(one, "__dict__")]
    for name in ("x", "z", "unheard"):
        # The words differ: with slots, the standard one stumbles over its own class.
        for act in (lambda n=name: setattr(one, n, 9), lambda n=name: delattr(one, n)):
            shown.append(outcome(act) is None)
        shown.append(getattr(one, name, None))
    return shown


@pytest.mark.parametrize("how", HOWS, ids=str)
@pytest.mark.parametrize("body", BODIES)
def test_it_behaves_as_the_standard_one(body: Make, how: dict[str, bool]) -> None:
    ours = outcome(lambda: body(OURS, **how))
    standard = outcome(lambda: body(STANDARD, **how))
    if isinstance(standard, tuple):
        assert ours == standard
        return
    for args, keywords in ARGS:
        assert repr(report(ours, args, keywords)) == repr(
            report(standard, args, keywords)
        ), (args, keywords)
    if body is not single:  # Generic's own signature says nothing
        mine, theirs = (
            [(p.name, p.kind, p.annotation) for p in told.parameters.values()]
            for told in (signature(cast(Any, ours)), signature(cast(Any, standard)))
        )
        assert mine == theirs
    for name in ("name", "default", "init", "repr", "hash", "compare", "kw_only"):
        mine, theirs = (
            [getattr(f, name) for f in dataclasses.fields(made)]  # type: ignore[arg-type]
            for made in (ours, standard)
        )
        assert mine == theirs


def test_a_frozen_value_can_be_pickled_and_matched() -> None:
    value = Here(1, (Here(2),))
    assert pickle.loads(pickle.dumps(value)) == value
    match value:
        case Here(a, (Here(inner),)):
            assert (a, inner) == (1, 2)
        case _:
            raise AssertionError(value)


@dataclass(frozen=True, slots=True)
class Positive(Generic[T]):
    """Made by its `__init__` only."""

    a: int
    b: T | None = None

    def __post_init__(self) -> None:
        if self.a < 0:
            raise ValueError("a")


def test_a_copy_has_the_changes_and_nothing_else() -> None:
    value = Here(1, (Here(2),))
    copied = replace(value, a=3)
    assert copied == Here(3, (Here(2),))
    assert type(copied) is Here
    assert value.a == 1
    assert copied.b is value.b
    with pytest.raises(dataclasses.FrozenInstanceError):
        copied.a = 4  # type: ignore[misc]
    for changes in ({"c": 1}, {"__class__": int}, {"replace": 1}):
        with pytest.raises((TypeError, AttributeError)):
            replace(value, **changes)
    with pytest.raises(ValueError, match="a"):
        replace(Positive(1, "b"), a=-1)


@pytest.mark.parametrize("how", HOWS, ids=str)
@pytest.mark.parametrize("body", BODIES)
def test_copies_as_the_standard_one_does(body: Make, how: dict[str, bool]) -> None:
    made = outcome(lambda: body(OURS, **how))
    for args, keywords in ARGS:
        try:
            value = cast(Any, made)(*args, **keywords)
        except Exception:
            continue
        for changes in ({}, {"x": 3}, {"quiet": 8, "only": "o"}, {"z": 1, "value": 2}):
            mine = outcome(lambda v=value, c=changes: repr(replace(v, **c)))  # type: ignore[misc]
            theirs = outcome(
                lambda v=value, c=changes: repr(dataclasses.replace(v, **c))  # type: ignore[misc]
            )
            assert isinstance(mine, str) == isinstance(theirs, str)
            assert mine == theirs or not isinstance(mine, str)


def test_a_plain_class_on_top_of_a_value_is_filled_and_locked() -> None:
    """It has a dict beside its slots: it cannot be filled the fast way."""

    class Marked(point(OURS, **VALUE)):  # type: ignore[misc]
        mark = "!"

    for _ in range(2):  # the first one finds out how
        made = Marked(1, names=["a"], only="b")
        assert (made.x, made.y, made.names, made.only) == (1, 2, ["a"], "b")
        assert type(made) is Marked
        with pytest.raises(dataclasses.FrozenInstanceError):
            made.x = 2


def test_what_it_cannot_do_is_done_by_the_standard_one() -> None:
    @dataclass(order=True)
    class Ordered:
        a: int

    assert Ordered(1) < Ordered(2)


def test_nothing_is_compiled_before_it_is_used() -> None:
    """Half a millisecond a class, two hundred classes: why this module exists."""
    script = (
        "import dataclasses\n"
        "compiled = 0\n"
        "standard = dataclasses._process_class\n"
        "def counting(*args, **keywords):\n"
        "    global compiled; compiled += 1; return standard(*args, **keywords)\n"
        "dataclasses._process_class = counting\n"
        "import state.events, state.commands, state.views\n"
        "print(compiled)\n"
    )
    ran = subprocess.run(
        (sys.executable, "-c", script), cwd=REPO, capture_output=True, text=True
    )
    # A handful of values are made when these are imported: defaults.
    assert int(ran.stdout) < 8, ran.stdout + ran.stderr
