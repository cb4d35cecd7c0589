"""What an engine's configuration says about permissions and features, and from where.

Owns the shapes: effective settings with the layer each came from, permission profiles,
managed limits, features. Does not own how they are asked for (`state.engine.controls`)
nor what a choice means (`state.approvals`). Invariant: a value keeps the engine's
spelling; what the engine does not say is None or absent, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from state.dataclass import dataclass, replace


class LayerKind(StrEnum):
    """Who set a value, by the kind of configuration layer it stands in."""

    BUILT_IN = "built in"
    SYSTEM = "system"
    USER = "user"
    PROJECT = "project"
    MANAGED = "managed"
    FLAGS = "flags"


@dataclass(frozen=True, slots=True)
class Layer:
    """One configuration layer. `place`: its file or folder, "" when it has none.
    `values`: what it says, as the engine parsed it. `off`: why it does not count."""

    kind: LayerKind
    place: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    off: str = ""


BUILT_IN = Layer(LayerKind.BUILT_IN)


@dataclass(frozen=True, slots=True)
class Value:
    """An effective value (None: the engine's own default) and the layer it is from."""

    value: Any = None
    layer: Layer = BUILT_IN


UNSET = Value()


@dataclass(frozen=True, slots=True)
class Profile:
    """A permission profile as the engine lists it. `allowed`: no managed limit
    forbids it. Built-in ones begin with a colon."""

    id: str
    description: str = ""
    allowed: bool = True

    @property
    def built_in(self) -> bool:
        """One of the engine's three."""
        return self.id.startswith(":")


@dataclass(frozen=True, slots=True)
class Limits:
    """What an administrator allows; None: no limit of that kind. `sandboxes` in the
    words read-only, workspace-write, danger-full-access."""

    policies: tuple[str, ...] | None = None
    reviewers: tuple[str, ...] | None = None
    sandboxes: tuple[str, ...] | None = None
    profiles: tuple[str, ...] | None = None
    features: tuple[tuple[str, bool], ...] = ()
    """Features that are held on or off"""
    network: Mapping[str, Any] | None = None
    """What is said about connections, as the engine has it"""

    def __bool__(self) -> bool:
        kinds = (self.policies, self.reviewers, self.sandboxes, self.profiles)
        return bool(self.features) or any(one is not None for one in kinds)


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of the engine. `stage`: beta, underDevelopment, stable, deprecated or
    removed. `layer`: where it is set; built in when nobody set it."""

    name: str
    stage: str
    enabled: bool
    default: bool
    title: str = ""
    description: str = ""
    layer: Layer = BUILT_IN


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of a rules file: what runs, or is refused, without asking."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Controls:
    """Everything the boards need. `cwd`: the folder it was asked for; `root`: what
    trust and project configuration are keyed by. `problem`: why the configuration
    cannot be read ("" when it can)."""

    cwd: str
    root: str
    trusted: bool
    distrusted: bool = False
    """The user said that it is not to be trusted; the engine asks about everything"""
    values: Mapping[str, Value] = field(default_factory=dict)
    layers: tuple[Layer, ...] = ()
    profiles: tuple[Profile, ...] = ()
    limits: Limits = Limits()
    features: tuple[Feature, ...] = ()
    rules: tuple[Rule, ...] = ()
    problem: str = ""

    def value(self, key: str) -> Value:
        """The effective value of a configuration key (dotted)."""
        return self.values.get(key, UNSET)

    @property
    def user_file(self) -> str:
        """Where defaults are written; "" when the engine did not say."""
        return next((la.place for la in self.layers if la.kind is LayerKind.USER), "")

    def layer(self, kind: LayerKind) -> Layer | None:
        """The first layer of a kind."""
        return next((la for la in self.layers if la.kind is kind), None)


def layer_words(layer: Layer) -> str:
    """A layer as a person knows it; file names pass a text door where drawn."""
    match layer.kind:
        case LayerKind.BUILT_IN:
            return "the engine's default"
        case LayerKind.USER:
            return "config.toml"
        case LayerKind.PROJECT:
            return "this project's .codex/config.toml"
        case LayerKind.SYSTEM:
            return "the system's config.toml"
        case LayerKind.MANAGED:
            return "your administrator"
        case LayerKind.FLAGS:
            return "the engine's command line"


def everywhere(controls: Controls) -> Controls:
    """As where no project says otherwise: what the user's own default is."""
    others = [la for la in controls.layers if la.kind is not LayerKind.PROJECT]
    values = {
        key: value
        if value.layer.kind is not LayerKind.PROJECT
        else next((v for la in others if (v := _said(la, key)) is not None), UNSET)
        for key, value in controls.values.items()
    }
    return replace(controls, values=values)


def _said(layer: Layer, key: str) -> Value | None:
    """What one layer says of a dotted key."""
    found: Any = {} if layer.off else layer.values
    for name in key.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return None if found is None else Value(found, layer)
