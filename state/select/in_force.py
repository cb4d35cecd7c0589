"""What is in force for the running turn, the next one and new threads, and from where.

Owns those lines. Invariant: the running turn is told apart from the thread's settings,
which count from the next turn on.
"""

from __future__ import annotations

from state import approvals as a
from state.controls import Controls, Value, layer_words
from state.model import Settings, Thread, Turn
from state.select.frame import asks, network_words, sandbox_mode
from state.usual import defaults_of
from state.views import Bit, Bits, InForce, Tone

ALONE = "for that turn alone"
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
        source = "as the turn began"
        if turn.settings and thread and turn.settings.reviewer != _reviewer(thread):
            source = "apart from the thread"
        rows.append(
            InForce("Running turn", force_words(turn.settings, held=held), source)
        )
    if thread is not None:
        source = ""
        if thread.settings is not None and controls and not controls.problem:
            same = a.in_force(thread.settings) == a.in_force(defaults_of(controls))
            source = "as new threads here" if same else "set for this thread"
        label = "Next turn" if turn is not None or after else "This thread"
        source = ALONE if after else source
        rows.append(InForce(label, force_words(thread.settings, held=held), source))
    if after is not None:
        rows.append(InForce("After it", force_words(after, held=held), "put back then"))
    if controls is not None:
        if controls.problem:
            words: Bits = (Bit("not known: the configuration is broken", Tone.FAIL),)
            rows.append(InForce("New threads", words))
        else:
            settings = defaults_of(controls)
            words = force_words(settings, held=held)
            rows.append(InForce("New threads", words, _layers(controls)))
    return tuple(rows)


def _reviewer(thread: Thread) -> str | None:
    return thread.settings.reviewer if thread.settings else None


def _layers(controls: Controls) -> str:
    names = []
    for keys in KEYS.values():
        value = next(
            (v for k in keys if (v := controls.value(k)).value is not None), None
        )
        if value is not None:
            names.append(layer_words(value.layer))
    return ", ".join(dict.fromkeys(names)) or layer_words(Value().layer)


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
