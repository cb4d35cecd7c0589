"""The user's own default is what counts where no project says otherwise."""

from __future__ import annotations

import pytest

from state import approvals as a
from state.controls import Controls, Layer, LayerKind, Value, layer_words
from state.select.approvals import DEFAULT, PROJECT, Asked, approvals_view, baseline

USER = Layer(
    LayerKind.USER,
    "/home/me/config.toml",
    {
        "approval_policy": "on-request",
        "sandbox_mode": "workspace-write",
        "sandbox_workspace_write": {"network_access": True},
    },
)
HERE = Layer(
    LayerKind.PROJECT,
    "/src/.codex",
    {
        "approval_policy": "never",
        "default_permissions": a.READ_ONLY,
        "sandbox_workspace_write": {"network_access": False},
    },
)
CONTROLS = Controls(
    cwd="/src",
    root="/src",
    trusted=True,
    values={
        "approval_policy": Value("never", HERE),
        "default_permissions": Value(a.READ_ONLY, HERE),
        "sandbox_mode": Value("workspace-write", USER),
        "sandbox_workspace_write.network_access": Value(False, HERE),
    },
    layers=(HERE, USER),
)


def test_a_project_is_no_default_of_mine() -> None:
    mine, here = (baseline(None, CONTROLS, scope) for scope in (DEFAULT, PROJECT))
    assert mine is not None
    assert here is not None
    assert (here.approval_policy, here.profile) == ("never", a.READ_ONLY)
    assert (mine.approval_policy, mine.profile) == ("on-request", None)
    assert mine.sandbox is not None
    assert mine.sandbox.network


@pytest.mark.parametrize(
    ("scope", "refused"), [(DEFAULT, False), (PROJECT, True)], ids=("mine", "here")
)
def test_what_a_project_says_can_still_become_my_default(
    scope: str, *, refused: bool
) -> None:
    wanted = a.Wanted("never", "user", a.READ_ONLY)
    view = approvals_view(None, CONTROLS, Asked(wanted, scope), {})
    assert bool(view.refused) is refused
    source = "".join(bit.text for bit in view.policy.aside)
    assert source == ("on request → never" if scope == DEFAULT else view_source(HERE))


def view_source(layer: Layer) -> str:
    """How the board names a layer."""
    return f"from {layer_words(layer)}"
