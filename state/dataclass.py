"""`dataclass`, made when it is used: the standard decorator, but fast to start.

The standard one writes and compiles six methods for each class: half a millisecond
that the first paint waits for, two hundred times. Here `__init__` is compiled when the
first value is made, and what else differs between classes is found out when somebody
asks. Owns that and nothing else: what it makes behaves as the standard one's (a test
holds both side by side), `fields`, `replace` and `is_dataclass` know it, and a type
checker sees the standard decorator. Invariant: a use it has no answer for (`order`,
`InitVar`, annotations that are no strings) is handed to the standard one.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

Class = type[Any]
Body = dict[str, Any]
Fields = dict[str, "dataclasses.Field[Any]"]

_ODD = ("InitVar", "KW_ONLY", "dataclasses.", "typing.")
_FIELDS, _PARAMS = "__dataclass_fields__", "__dataclass_params__"
_PLAN = "__dataclass_plan__"
_MATCH, _SIGNATURE = "__match_args__", "__signature__"
_NONE = object()
FEW = 3
"""Fields: fewer are set as fast one by one"""


def _dataclass(
    cls: Class | None = None,
    /,
    *,
    frozen: bool = False,
    slots: bool = False,
    eq: bool = True,
    kw_only: bool = False,
    order: bool = False,
) -> Any:
    """See `dataclasses.dataclass`."""

    def decorate(cls: Class) -> Class:
        if order or _is_odd(cls):
            make = dataclasses.dataclass(
                frozen=frozen, slots=slots, eq=eq, kw_only=kw_only, order=order
            )
            return make(cls)
        return _Plan(cls, frozen=frozen, kw_only=kw_only).make(slots=slots, eq=eq)

    return decorate if cls is None else decorate(cls)


def _replace(value: Any, /, **changes: Any) -> Any:
    """See `dataclasses.replace`. A frozen value with slots is copied slot by slot, ten
    times as fast: each step of the world is such a copy."""
    kind = value.__class__
    if kind not in _COPIERS:
        _COPIERS[kind] = _copier(kind)
    copied = _COPIERS[kind]
    if copied is None:
        return dataclasses.replace(value, **changes)
    copy = copied(value)
    for name, changed in changes.items():
        try:
            setattr(copy, name, changed)
        except AttributeError:
            raise TypeError(f"{kind.__qualname__} has no field {name!r}") from None
    copy.__class__ = kind
    return copy


_COPIERS: dict[Class, Callable[[Any], Any] | None] = {}


def _copier(kind: Class) -> Callable[[Any], Any] | None:
    """What makes a copy that can still be changed; None where only `__init__` may make
    a value."""
    plan = vars(kind).get(_PLAN)
    fields = dataclasses.fields(kind)
    if plan is None or hasattr(kind, "__post_init__"):
        return None
    open_kind = _opened(kind)
    if open_kind is None or not fields or not all(field.init for field in fields):
        return None
    names: Body = {"_new": object.__new__, "_kind": open_kind}
    lines = (f"_copy.{field.name} = _value.{field.name}" for field in fields)
    source = "def copied(_value):\n _copy = _new(_kind)\n " + "\n ".join(lines)
    exec(source + "\n return _copy", names)
    return cast("Callable[[Any], Any]", names["copied"])


if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:
    dataclass, replace = _dataclass, _replace

__all__ = ["dataclass", "replace"]


def _is_odd(cls: Class) -> bool:
    """Whether this is the standard decorator's business."""
    for base in cls.__mro__[1:-1]:
        if _FIELDS in vars(base) and "__slots__" not in vars(base):
            return True
    return any(
        not isinstance(kind, str) or kind.startswith(_ODD)
        for kind in cls.__annotations__.values()
    )


class _Late:
    """A class attribute that is made when it is first read."""

    __slots__ = ("_make", "_name")

    def __init__(self, name: str, make: Callable[[Class], Any]) -> None:
        self._name, self._make = name, make

    def __get__(self, instance: object, owner: Class) -> Any:
        holder = next(kind for kind in owner.__mro__ if self._name in vars(kind))
        value = self._make(holder)
        setattr(holder, self._name, value)
        return value


class _Plan:
    """What a class says of its fields, and the class that comes of it, `made`."""

    made: Class

    def __init__(self, cls: Class, *, frozen: bool, kw_only: bool) -> None:
        self.frozen, self.kw_only = frozen, kw_only
        self.cls = cls
        self.own = {
            name: kind
            for name, kind in cls.__annotations__.items()
            if not kind.startswith("ClassVar")
        }
        self.body = dict(vars(cls))
        self.defaults = {k: self.body[k] for k in self.own if k in self.body}

    def make(self, *, slots: bool, eq: bool) -> Class:
        """The class."""
        body, frozen = self.body, self.frozen
        added: Body = {"__init__": _init(self), "__repr__": _repr}
        if eq:
            added["__eq__"] = _equal(self)
        added = {name: method for name, method in added.items() if name not in body}
        if eq and body.get("__hash__") is None:
            added["__hash__"] = _hash(self) if frozen else None
        if frozen:
            added |= {"__setattr__": _set(self), "__delattr__": _delete(self)}
        added[_FIELDS] = _Late(_FIELDS, self.fields)
        added[_SIGNATURE] = _Signature()
        added[_PLAN] = self
        added[_PARAMS] = SimpleNamespace(frozen=frozen, eq=eq)
        if _MATCH not in body:
            added[_MATCH] = _Late(_MATCH, _match_args)
        self.made = self._slotted(added) if slots else self._extended(added)
        return self.made

    def _slotted(self, added: Body) -> Class:
        cls = self.cls
        taken = {
            name for b in cls.__mro__[1:-1] for name in vars(b).get("__slots__", ())
        }
        body = {
            name: value
            for name, value in (self.body | added).items()
            if name not in self.own and name not in ("__dict__", "__weakref__")
        }
        body["__slots__"] = tuple(name for name in self.own if name not in taken)
        body["__qualname__"] = cls.__qualname__
        if self.frozen:
            body.setdefault("__getstate__", _get_state)
            body.setdefault("__setstate__", _set_state)
        made: Class = type(cls)(cls.__name__, cls.__bases__, body)  # type: ignore[misc]
        return made

    def _extended(self, added: Body) -> Class:
        for name, value in added.items():
            setattr(self.cls, name, value)
        for name, default in self.defaults.items():
            if not isinstance(default, dataclasses.Field):
                continue
            if default.default is dataclasses.MISSING:
                delattr(self.cls, name)
            else:
                setattr(self.cls, name, default.default)
        return self.cls

    def fields(self, made: Class) -> Fields:
        """All fields, those of the bases first."""
        found: Fields = {}
        for base in made.__mro__[-1:0:-1]:
            found |= getattr(base, _FIELDS, {})
        told = {"__annotations__": self.own, "__doc__": "-", **self.defaults}
        told["__module__"] = made.__module__
        told_only = dataclasses.dataclass(
            init=False, repr=False, eq=False, match_args=False, kw_only=self.kw_only
        )
        bare: Class = told_only(type(made.__name__, (), told))
        own: Fields = getattr(bare, _FIELDS)
        return found | own

    def refuses(self, target: object, name: str) -> bool:
        """Whether this attribute of a frozen value is a field."""
        return type(target) is self.made or name in getattr(self.made, _FIELDS)


# -- methods that differ between classes: each makes itself when it is first called ---


def _init(plan: _Plan) -> Any:
    def compiled() -> Callable[..., None]:
        plan.made.__init__ = init = _compiled(plan)
        return init

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        compiled()(self, *args, **kwargs)

    __init__.compiled = compiled  # type: ignore[attr-defined]
    return __init__


def _opened(kind: Class) -> Class | None:
    """The same class without a lock, by which a value of it can be filled; None where
    a value is more than its slots."""
    plain = kind.__bases__ == (object,) and "__slots__" in vars(kind)
    if not plain or not vars(kind)[_PLAN].frozen:
        return None
    return type(kind.__name__, (), {"__slots__": vars(kind)["__slots__"]})


def _compiled(plan: _Plan) -> Callable[..., None]:
    """`__init__`, written out: the one method whose speed counts. A frozen value with
    slots is filled while it is of the class without a lock, in half the time."""
    opened = _opened(plan.made) if len(plan.own) >= FEW else None
    made = _written(plan, opened)

    def slowly(*args: Any, **kwargs: Any) -> None:
        made.__globals__["_slowly"] = found = _written(plan, None)
        found(*args, **kwargs)

    made.__globals__["_slowly"] = slowly
    return made


def _written(plan: _Plan, opened: Class | None) -> Callable[..., None]:
    names: Body = {"_set": object.__setattr__, "_none": _NONE}
    names |= {"_open": opened, "_kind": plan.made}
    plain: list[str] = []
    keyword: list[str] = []
    lines: list[str] = []
    every: Fields = getattr(plan.made, _FIELDS)
    for name, field in every.items():
        parameter, value = name, name
        if field.default is not dataclasses.MISSING:
            names[f"_default_{name}"] = field.default
            parameter = f"{name}=_default_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            names[f"_make_{name}"] = field.default_factory
            parameter = f"{name}=_none"
            value = f"_make_{name}() if {name} is _none else {name}"
        if not field.init:
            value = parameter.partition("=")[2]
            value = f"_make_{name}()" if value == "_none" else value
        else:
            (keyword if field.kw_only else plain).append(parameter)
        if value:
            locked = plan.frozen and opened is None
            how = "_set(_self, {!r}, {})" if locked else "_self.{} = {}"
            line = how.format(name, value)
            lines.append(line)
    if opened is not None:
        # A class derived from this one has other slots.
        given = [p.partition("=")[0] for p in plain]
        given += [f"{p.partition('=')[0]}={p.partition('=')[0]}" for p in keyword]
        other = f"return _slowly({', '.join(('_self', *given))})"
        lines = [
            f"if _self.__class__ is not _kind: {other}",
            *("_set(_self, '__class__', _open)", *lines, "_self.__class__ = _kind"),
        ]
    if hasattr(plan.made, "__post_init__"):
        lines.append("_self.__post_init__()")
    order = ["_self", *plain, *(["*", *keyword] if keyword else [])]
    source = f"def __init__({', '.join(order)}):\n " + "\n ".join(lines or ["pass"])
    exec(source, names)
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{plan.made.__qualname__}.__init__"
    kinds = {name: field.type for name, field in every.items() if field.init}
    made.__annotations__ = {**kinds, "return": None}
    made.__module__ = plan.made.__module__
    return made


def _comparer(made: Class) -> Callable[[object], object]:
    """The values that are compared, as a tuple."""
    names = [f.name for f in dataclasses.fields(made) if f.compare]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _equal(plan: _Plan) -> Any:
    def __eq__(self: object, other: object) -> bool:
        compared = _comparer(plan.made)

        def __eq__(self: object, other: object) -> bool:
            if other.__class__ is self.__class__:
                return bool(compared(self) == compared(other))
            return NotImplemented

        plan.made.__eq__ = __eq__  # type: ignore[assignment]
        return __eq__(self, other)

    return __eq__


def _hash(plan: _Plan) -> Any:
    def __hash__(self: object) -> int:
        compared = _comparer(plan.made)

        def __hash__(self: object) -> int:
            return hash(compared(self))

        plan.made.__hash__ = __hash__  # type: ignore[assignment]
        return __hash__(self)

    return __hash__


def _set(plan: _Plan) -> Any:
    def __setattr__(self: object, name: str, value: object) -> None:
        if plan.refuses(self, name):
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(plan.made, self).__setattr__(name, value)

    return __setattr__


def _delete(plan: _Plan) -> Any:
    def __delattr__(self: object, name: str) -> None:
        if plan.refuses(self, name):
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(plan.made, self).__delattr__(name)

    return __delattr__


# -- and those that do not -------------------------------------------------------------


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f for f in dataclasses.fields(self) if f.repr)
    told = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in shown)
    return f"{self.__class__.__qualname__}({told})"


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, f.name) for f in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=False):
        object.__setattr__(self, field.name, value)


def _match_args(made: Class) -> tuple[str, ...]:
    every = dataclasses.fields(made)
    return tuple(f.name for f in every if f.init and not f.kw_only)


class _Signature:
    """`__signature__` of this very class; a class derived from it has its own."""

    def __get__(self, instance: object, owner: Class) -> inspect.Signature:
        if vars(owner).get(_SIGNATURE) is not self:
            raise AttributeError(_SIGNATURE)
        init = vars(owner)["__init__"]
        of = inspect.signature(getattr(init, "compiled", lambda: init)())
        return of.replace(parameters=list(of.parameters.values())[1:])
