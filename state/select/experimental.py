"""The engine's features by stage, with Smart Approvals on top, as /experimental shows.

Owns the rows, what turning one would write, and the words about old names. There is no
feature that switches Smart Approvals: its rows are the thread's reviewer and the
default one. Invariant: `smart_approvals` is never among the keys that are written.
"""

from __future__ import annotations

from collections.abc import Mapping

from state import approvals as a
from state.changes import ChangeSettings, ConfigEdit
from state.controls import Controls, Feature, LayerKind, layer_words
from state.model import Thread
from state.select.frame import reviewer_words
from state.select.words import one_line
from state.text import reveal
from state.usual import defaults_of
from state.views import Bit, Bits, ExperimentalView, FeatureGroup, FeatureRow, Tone

STAGES = (
    ("beta", "Experimental"),
    ("underDevelopment", "Under development"),
    ("stable", "Stable"),
    ("deprecated", "Deprecated"),
    ("removed", "Removed"),
)
NOT_ALLOWED = "⊘ not allowed"
HERE, USUAL = "smart:thread", "smart:default"
"""The keys of the two rows of Smart Approvals."""
IDLE = {
    "guardian_approval": "has no effect on who answers: the reviewer decides that",
}
OFFICIAL = "of the official TUI"
_OLD = ("smart_approvals", "guardian_subagent")
_REMOVED = "Removed from the engine: it has no effect any more."
_HELD = "Your administrator holds this one {}; it cannot be turned here."
_BARRED = "Your administrator does not allow auto-review here."
_NOT_KNOWN = "Not known yet; asking the engine."
_NO_THREAD = "No thread is open: open one, or make auto-review the default below."
NEVER_WRITTEN = frozenset(f"features.{name}" for name in _OLD)

Turned = Mapping[str, bool]
"""What the user has turned and not saved, by row key."""


def smart_here(thread: Thread | None) -> bool:
    """Smart Approvals are in force in this thread: all three values."""
    return thread is not None and a.is_current(thread.settings, a.SMART.wanted)


def smart_usual(controls: Controls | None) -> bool:
    """Auto-review is what new threads get."""
    if controls is None or controls.problem:
        return False
    return a.reviewer_of(defaults_of(controls)) == "auto_review"


def experimental_view(
    thread: Thread | None, controls: Controls | None, turned: Turned, filter_: str = ""
) -> ExperimentalView:
    """The board as it stands."""
    groups = [FeatureGroup("Smart Approvals", _smart(thread, controls, turned))]
    features = controls.features if controls else ()
    held = dict(controls.limits.features) if controls else {}
    for stage, title in STAGES:
        rows = tuple(
            _row(feature, turned, held=held.get(feature.name))
            for feature in features
            if feature.stage == stage and feature.name not in _OLD
        )
        groups.append(FeatureGroup(title, rows))
    known = {stage for stage, _ in STAGES}
    strange = tuple(
        _row(feature, turned, held=held.get(feature.name))
        for feature in features
        if feature.stage not in known
    )
    groups.append(FeatureGroup("Other", strange))
    every = [row for group in groups for row in group.rows]
    words = filter_.casefold().split()
    shown = tuple(
        FeatureGroup(group.title, kept)
        for group in groups
        if (kept := tuple(row for row in group.rows if _matches(row, words)))
    )
    changed = sum(row.changed for row in every)
    return ExperimentalView(
        shown, _sentences(thread, controls, turned, changed), changed, len(features)
    )


def _matches(row: FeatureRow, words: list[str]) -> bool:
    text = f"{row.name} {row.words}".casefold()
    return all(word in text for word in words)


def _smart(
    thread: Thread | None, controls: Controls | None, turned: Turned
) -> tuple[FeatureRow, ...]:
    here, usual = smart_here(thread), smart_usual(controls)
    limits = controls.limits if controls else None
    barred = limits is not None and a.forbidden_reviewer("auto_review", limits)
    source = "no thread open"
    if thread is not None and thread.settings is not None:
        # What is custom stands in the line of the sandbox, whole.
        preset = a.current_preset(thread.settings)
        source = f"now {preset.name if preset is not None else 'set otherwise'}"
    default = controls.value("approvals_reviewer") if controls else None
    set_by = layer_words(default.layer) if default is not None else ""
    off_limits = a.forbidden(a.SMART.wanted, controls)
    return (
        FeatureRow(
            HERE,
            "Smart Approvals in this thread",
            "on request, answered by auto-review, in workspace-write; at once",
            turned.get(HERE, here),
            here,
            f"{NOT_ALLOWED} · {source}" if off_limits else source,
            _fixed(off_limits, here) or ("" if thread is not None else _NO_THREAD),
        ),
        FeatureRow(
            USUAL,
            "Auto-review by default",
            "the reviewer that new threads start with",
            turned.get(USUAL, usual),
            usual,
            f"{NOT_ALLOWED} · {set_by}" if barred else set_by,
            _NOT_KNOWN
            if controls is None
            else _fixed(_BARRED if barred else "", usual),
        ),
    )


def _fixed(barred: str, on: bool) -> str:
    """What is not allowed cannot be turned on; that it is on all the same can end."""
    return "" if on else barred


def _row(feature: Feature, turned: Turned, *, held: bool | None) -> FeatureRow:
    """`held`: how an administrator holds it."""
    name = reveal(feature.name).text
    words = one_line(feature.description) or IDLE.get(feature.name, "")
    if feature.name.startswith("tui_"):  # Its words speak of commands of another TUI.
        words = f"{OFFICIAL}: {words}" if words else OFFICIAL
    if feature.title:
        words = f"{words} ({name})" if words else f"({name})"
    usual = "on" if feature.default else "off"
    source = f"default {usual}"
    if feature.stage not in dict(STAGES):
        source = f"stage {one_line(feature.stage) or 'not told'} · {source}"
    if feature.layer.kind is not LayerKind.BUILT_IN:
        source = f"{layer_words(feature.layer)} · {source}"
    fixed = _REMOVED if feature.stage == "removed" else ""
    if held is not None:
        word = "on" if held else "off"
        source, fixed = f"⊘ held {word} · {source}", _HELD.format(word)
    return FeatureRow(
        feature.name,
        one_line(feature.title) or name,
        words,
        turned.get(feature.name, feature.enabled),
        feature.enabled,
        source,
        fixed,
    )


def _sentences(
    thread: Thread | None, controls: Controls | None, turned: Turned, changed: int
) -> tuple[Bits, ...]:
    lines: list[Bits] = []
    if controls is None:
        return ((Bit(_NOT_KNOWN, Tone.MUTED),),)
    if controls.problem:
        why = one_line(controls.problem)
        lines.append(
            (Bit(f"The engine cannot read its configuration: {why}", Tone.FAIL),)
        )
    if changed:
        features = {key for key in turned if key not in (HERE, USUAL)}
        words = f"{changed} changed, saved by enter."
        if features:
            words += " Features count from the next thread on; some need a new engine."
        lines.append((Bit(words, Tone.NEED),))
    if turned.get(HERE) is False and smart_here(thread):
        usual = a.reviewer_of(defaults_of(controls))
        who = reviewer_words(usual)
        where = layer_words(controls.value("approvals_reviewer").layer)
        lines.append(
            (Bit(f"Off clears the thread's own reviewer: then {who} ({where})."),)
        )
    lines += [(Bit(text, Tone.MUTED),) for text in old_names(controls)]
    return tuple(lines)


def old_names(controls: Controls) -> tuple[str, ...]:
    """What this engine makes of the names that once switched Smart Approvals."""
    found = []
    for layer in controls.layers:
        if layer.values.get("approvals_reviewer") == "guardian_subagent":
            found.append(
                f"approvals_reviewer = guardian_subagent in {layer_words(layer)} is an "
                "old name: it counts as auto-review."
            )
        features = layer.values.get("features")
        for name in features if isinstance(features, dict) else ():
            if name in _OLD:
                found.append(
                    f"features.{name} in {layer_words(layer)} is not known to this "
                    "engine and ignored; the reviewer decides."
                )
            elif name == "guardian_approval":
                found.append(
                    f"features.guardian_approval in {layer_words(layer)} {IDLE[name]}."
                )
    return tuple(dict.fromkeys(found))


# -- what saving does ----------------------------------------------------------------


def feature_edits(controls: Controls, turned: Turned) -> tuple[ConfigEdit, ...]:
    """The keys of config.toml that saving writes. A feature turned to its default is
    still written: a layer below may say otherwise."""
    edits = [
        ConfigEdit(f"features.{feature.name}", turned[feature.name])
        for feature in controls.features
        if turned.get(feature.name, feature.enabled) is not feature.enabled
    ]
    if USUAL in turned and turned[USUAL] is not smart_usual(controls):
        reviewer = "auto_review" if turned[USUAL] else None
        edits.append(ConfigEdit("approvals_reviewer", reviewer))
    return tuple(edit for edit in edits if edit.key not in NEVER_WRITTEN)


def not_saved(controls: Controls | None, turned: Turned) -> dict[str, bool]:
    """What was turned and neither is so nor stands in the user's file, where a stronger
    layer may go before it; every row, where the engine does not say."""
    if controls is None:
        return dict(turned)
    now = {feature.name: feature.enabled for feature in controls.features}
    now[USUAL] = smart_usual(controls)
    mine = controls.layer(LayerKind.USER)
    filed = mine.values.get("features") if mine is not None else None
    filed = filed if isinstance(filed, dict) else {}
    return {
        key: on
        for key, on in turned.items()
        if now.get(key, on) is not on and filed.get(key) is not on
    }


def smart_change(
    thread: Thread, controls: Controls | None, *, on: bool
) -> ChangeSettings:
    """What turning Smart Approvals means for a thread."""
    wanted = a.SMART.wanted
    if on:
        return ChangeSettings(
            thread.id,
            wanted.policy,
            (),
            wanted.reviewer,
            wanted.sandbox,
            note="Smart Approvals are on: auto-review answers in this thread",
        )
    readable = controls is not None and not controls.problem
    usual = defaults_of(controls) if controls is not None and readable else None
    reviewer = a.reviewer_of(usual) if usual is not None else "user"
    who = reviewer_words(reviewer)
    where = "by default" if reviewer == "user" else "your default says so"
    return ChangeSettings(
        thread.id,
        reviewer=reviewer,
        note=f"The thread's own reviewer is cleared; in force now: {who} ({where})",
    )
