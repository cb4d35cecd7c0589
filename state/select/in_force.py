"""What is in force for the running turn, the next one and new threads, and from where.

Owns those lines and the words for the layer of each setting. Invariants: the running
turn is told apart from the thread's settings, which count from the next turn on; what
an administrator does not allow is never said to be in force.
"""

from __future__ import annotations

from typing import NamedTuple

from state import approvals as a
from state.controls import BUILT_IN, Controls, Layer, LayerKind, Value, layer_words
from state.model import Settings, Thread, Turn
from state.select.frame import asks, network_words, sandbox_mode
from state.usual import defaults_of, under_limits
from state.views import Bit, Bits, InForce, Tone

ALONE = "for that turn alone"
ADMIN = layer_words(Layer(LayerKind.MANAGED))
SQUARES = {a.READ_ONLY: "□", a.WORKSPACE: "◧", a.FULL_ACCESS: "■"}
KEYS = {
    "policy": ("approval_policy",),
    "reviewer": ("approvals_reviewer",),
    "sandbox": ("default_permissions", "sandbox_mode"),
}
"""Of each setting the configuration keys, the stronger first."""


def running_turn(thread: Thread | None) -> Turn | None:
    """The turn that runs, if one does."""
    if thread is None or thread.active_turn is None:
        return None
    return thread.turns.get(thread.active_turn)


class Place(NamedTuple):
    """Where a choice would count, and what is in force there. `after`: what the thread
    gets back after its next turn."""

    thread: Thread | None
    controls: Controls | None
    scope: str
    now: Settings | None
    after: Settings | None = None


def source(place: Place, label: str) -> str:
    """Where this value is from: the turn, the thread, or the layer that a new thread
    would get it from."""
    now, controls = place.now, place.controls
    if now is None:
        return ""
    turn, said = running_turn(place.thread), _said(now, label)
    if place.scope == "turn" and turn is not None:
        if label == "reviewer" and turn.switched:
            return "set for this turn"
        own = place.thread.settings if place.thread else None
        if own is not None and said != _said(own, label):
            return "as the turn began"
    if place.scope == "next" and place.after and said != _said(place.after, label):
        return ALONE
    if controls is None or controls.problem:
        return ""
    if place.scope in ("project", "default"):
        return f"from {_layer(controls, label)}"
    usual = defaults_of(controls)
    limited = under_limits(usual, controls)
    if said != _said(limited, label):
        return "set for this thread"
    if said != _said(usual, label):
        return f"from {ADMIN}"
    where = _layer(controls, label)
    return f"as in {where}" if _value(controls, label) is not None else where


def _said(settings: Settings, label: str) -> object:
    """One of the three settings, to be compared."""
    force = a.in_force(settings)
    match label:
        case "policy":
            return force.policy, force.granular
        case "reviewer":
            return force.reviewer
    return force.sandbox, a.sandbox_words(settings)


def _layer(controls: Controls, label: str) -> str:
    found = _value(controls, label)
    if found is not None:
        return layer_words(found.layer)
    if label == "sandbox" and (controls.trusted or controls.distrusted):
        return "the folder's trust"
    return layer_words(BUILT_IN)


def _value(controls: Controls, label: str) -> Value | None:
    """The stronger of its keys that says something."""
    values = (controls.value(key) for key in KEYS[label])
    return next((value for value in values if value.value is not None), None)


def in_force(
    thread: Thread | None,
    controls: Controls | None,
    *,
    held: bool = False,
    after: Settings | None = None,
) -> tuple[InForce, ...]:
    """`held`: an administrator's proxy counts, not the switch of any of them. `after`:
    what the thread gets back when its next turn has begun."""
    rows = []
    turn = running_turn(thread)
    if turn is not None:
        began = "reviewer set for this turn" if turn.switched else "as it began"
        words = force_words(turn.settings, held=held)
        rows.append(InForce("Running turn", words, began))
    if thread is not None:
        where = ""
        if thread.settings is not None and controls and not controls.problem:
            usual = under_limits(defaults_of(controls), controls)
            same = a.in_force(thread.settings) == a.in_force(usual)
            where = "as new threads" if same else "set for this thread"
        label = "Next turn" if turn is not None or after else "This thread"
        where = ALONE if after else where
        rows.append(InForce(label, force_words(thread.settings, held=held), where))
    if after is not None:
        rows.append(InForce("After it", force_words(after, held=held), "put back then"))
    if controls is not None:
        rows.append(_new_threads(controls, held=held))
    return tuple(rows)


def _new_threads(controls: Controls, *, held: bool) -> InForce:
    if controls.problem:
        words: Bits = (Bit("not known: the configuration is broken", Tone.FAIL),)
        return InForce("New threads", words)
    usual = defaults_of(controls)
    limited = under_limits(usual, controls)
    names = []
    for label in KEYS:
        found = _value(controls, label)
        if _said(usual, label) != _said(limited, label):
            names.append(ADMIN)
        elif found is not None:
            names.append(layer_words(found.layer))
    where = ", ".join(dict.fromkeys(names)) or layer_words(BUILT_IN)
    return InForce("New threads", force_words(limited, held=held), where)


def force_words(settings: Settings | None, *, held: bool = False) -> Bits:
    """Square, mode, network, who is asked."""
    if settings is None:
        return (Bit("not known", Tone.MUTED),)
    square, mode, level = sandbox_mode(settings)
    tone = Tone.FAIL if level == "danger" else Tone.TEXT
    words = []
    sandbox = settings.sandbox
    if sandbox is not None and level != "danger":
        words.append(network_words(sandbox, held=held))
    words.append(asks(settings))
    rest = "".join(f" · {word}" for word in words if word)
    lead = f"{square} " if square in SQUARES.values() else ""
    return (Bit(f"{lead}{mode}", tone, bold=level == "danger"), Bit(rest, Tone.MUTED))
