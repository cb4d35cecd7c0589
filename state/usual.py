"""What a new thread in a folder would get, as the configuration says it.

Owns how the configuration's keys become settings. Pure. Invariant: what the engine
derives from trust is derived the same way here.
"""

from __future__ import annotations

from state.approvals import (
    BUILT_IN_MODES,
    KEBAB,
    READ_ONLY,
    WORKSPACE,
    forbidden_policy,
    forbidden_reviewer,
    forbidden_sandbox,
    reviewer_of,
    sandbox_id,
    switches,
)
from state.controls import Controls
from state.dataclass import replace
from state.model import Sandbox, SandboxMode, Settings


def defaults_of(controls: Controls) -> Settings:
    """What a new thread would get here without a word from anybody."""
    policy = controls.value("approval_policy").value
    granular: tuple[tuple[str, bool], ...] = ()
    if isinstance(policy, dict):
        inside = policy.get("granular")
        said = inside if isinstance(inside, dict) else {}
        granular = switches(tuple((str(k), v is True) for k, v in said.items()))
        policy = "granular"
    elif policy == "on-failure":
        policy = "on-request"  # as every engine reads it from a file
    sandbox, profile = _default_sandbox(controls)
    usual = "untrusted" if controls.distrusted else "on-request"
    return Settings(
        approval_policy=policy or usual,
        granular=granular,
        reviewer=controls.value("approvals_reviewer").value or "user",
        sandbox=sandbox,
        profile=profile,
        cwd=controls.cwd,
    )


def under_limits(settings: Settings, controls: Controls) -> Settings:
    """What an engine makes of these for a new thread: where an administrator does not
    allow a value, the first allowed one counts, and of sandboxes the tightest. Which
    profile it takes instead of a forbidden one is not known."""
    limits = controls.limits
    policy, reviewer = settings.approval_policy or "on-request", reviewer_of(settings)
    if limits.policies and forbidden_policy(policy, limits):
        first = limits.policies[0]
        settings = replace(settings, approval_policy=first, granular=())
    if limits.reviewers and forbidden_reviewer(reviewer, limits):
        settings = replace(settings, reviewer=limits.reviewers[0])
    word = KEBAB.get(sandbox_id(replace(settings, sandbox=_plain(settings.sandbox))))
    if limits.sandboxes is not None and word and word not in limits.sandboxes:
        box = Sandbox(SandboxMode.READ_ONLY)
        return replace(settings, sandbox=box, profile=None)
    if limits.profiles is not None and forbidden_sandbox(
        sandbox_id(settings), controls
    ):
        return replace(settings, sandbox=None, profile=None)
    return settings


def _plain(sandbox: Sandbox | None) -> Sandbox | None:
    """Its mode alone: that is what a limit names."""
    return None if sandbox is None else Sandbox(sandbox.mode)


def _default_sandbox(controls: Controls) -> tuple[Sandbox | None, str | None]:
    profile = controls.value("default_permissions").value
    if profile is not None:
        mode = BUILT_IN_MODES.get(str(profile))
        full = mode is SandboxMode.FULL_ACCESS
        return (Sandbox(mode, full) if mode else None), str(profile)
    named = controls.value("sandbox_mode").value
    mode = next((BUILT_IN_MODES[i] for i, w in KEBAB.items() if w == named), None)
    if mode is None:
        known = controls.trusted or controls.distrusted
        profile = WORKSPACE if known else READ_ONLY
        return Sandbox(BUILT_IN_MODES[profile]), profile
    network = controls.value("sandbox_workspace_write.network_access").value is True
    roots = controls.value("sandbox_workspace_write.writable_roots").value or ()
    writes = mode is SandboxMode.WORKSPACE_WRITE
    return Sandbox(
        mode,
        network=mode is SandboxMode.FULL_ACCESS or (writes and network),
        writable_roots=tuple(map(str, roots)) if writes else (),
    ), None
