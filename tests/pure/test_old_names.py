"""Names that once switched Smart Approvals: what becomes of each is said."""

from __future__ import annotations

from state.controls import Controls, Layer, LayerKind
from state.select.experimental import old_names


def test_each_old_name_gets_its_word() -> None:
    features = {"smart_approvals": True, "guardian_subagent": 1, "guardian_approval": 0}
    user = Layer(
        LayerKind.USER,
        values={"approvals_reviewer": "guardian_subagent", "features": features},
    )
    project = Layer(LayerKind.PROJECT, values={"features": "no table", "x": 1})
    now = Layer(LayerKind.SYSTEM, values={"approvals_reviewer": "auto_review"})
    layers = (user, project, now)
    words = old_names(Controls("/w", "/w", trusted=True, layers=layers))
    assert words == (
        "approvals_reviewer = guardian_subagent in config.toml is an old name: it "
        "counts as auto-review.",
        "features.smart_approvals in config.toml is not known to this engine and "
        "ignored; the reviewer decides.",
        "features.guardian_subagent in config.toml is not known to this engine and "
        "ignored; the reviewer decides.",
        "features.guardian_approval in config.toml has no effect on who answers: the "
        "reviewer decides that.",
    )
