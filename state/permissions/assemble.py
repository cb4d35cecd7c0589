"""From a thread's settings and the configuration to the policy that is enforced.

Owns which of both counts, and the layer each part is from. Takes what the engine said;
asks nobody. Invariant: a profile by name is read from its tables, never from the legacy
sandbox the engine projects it to, which loses things.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from state.controls import Controls, LayerKind
from state.dataclass import replace
from state.model import Sandbox, SandboxMode, Settings
from state.permissions import paths
from state.permissions.granted import Granted
from state.permissions.policy import Access, Entry, Host, Kind, Layer, Policy
from state.permissions.policy import from_sandbox as from_sandbox
from state.permissions.profiles import BUILTIN, FULL, from_profile

NONE = Granted()
LAYERS = {
    LayerKind.BUILT_IN: Layer.DEFAULT,
    LayerKind.SYSTEM: Layer.CONFIG,
    LayerKind.USER: Layer.CONFIG,
    LayerKind.PROJECT: Layer.CONFIG,
    LayerKind.MANAGED: Layer.MANAGED,
    LayerKind.FLAGS: Layer.CONFIG,
}


def profile_tables(controls: Controls | None) -> dict[str, Any]:
    """`[permissions]` of every layer that counts, the stronger over the weaker."""
    found: dict[str, Any] = {}
    for layer in reversed(controls.layers if controls else ()):
        tables = layer.values.get("permissions")
        if isinstance(tables, Mapping) and not layer.off:
            for name, table in tables.items():
                old = found.get(name)
                both = isinstance(old, Mapping) and isinstance(table, Mapping)
                found[name] = {**old, **table} if both else table  # type: ignore[dict-item]
    return found


def roots_of(settings: Settings) -> tuple[str, ...]:
    """The workspace roots; where the engine did not say, the working folder."""
    if settings.workspace_roots is not None:
        return settings.workspace_roots
    return (settings.cwd,) if settings.cwd else ()


def policy_of(
    settings: Settings,
    controls: Controls | None,
    host: Host,
    *,
    granted: Granted = NONE,
) -> Policy | None:
    """What holds under these settings; None when nobody knows. `granted`: what an
    agent was given on request.

    Raises ProfileError when the configuration does not say what the profile is."""
    roots = roots_of(settings)
    layer = mode_layer(settings, controls)
    if settings.profile is not None:
        policy = _profile(settings, controls, roots, host, layer)
    elif settings.sandbox is not None:
        policy = from_sandbox(settings.sandbox, roots, host, layer=layer)
        policy = replace(policy, entries=_with_sources(policy.entries, controls))
    else:
        return None
    if not granted or policy.kind is not Kind.RESTRICTED:
        return policy
    return replace(
        policy,
        entries=(*policy.entries, *granted.entries),
        network=policy.network or granted.network is not None,
        network_layer=policy.network_layer
        if policy.network or granted.network is None
        else granted.network,
    )


def _with_sources(
    entries: tuple[Entry, ...], controls: Controls | None
) -> tuple[Entry, ...]:
    """Further roots are the configuration's where it lists them; the engine says the
    sum only."""
    value = (
        controls.value("sandbox_workspace_write.writable_roots") if controls else None
    )
    listed = value.value if value is not None and isinstance(value.value, list) else []
    known = {paths.normal(root) for root in listed if isinstance(root, str)}
    return tuple(
        replace(e, layer=LAYERS[value.layer.kind] if e.path in known else Layer.THREAD)  # type: ignore[union-attr]
        if e.because == "writable root"
        else e
        for e in entries
    )


def _profile(
    settings: Settings,
    controls: Controls | None,
    roots: tuple[str, ...],
    host: Host,
    layer: Layer,
) -> Policy:
    name = settings.profile or ""
    if name not in BUILTIN or name == FULL:
        return from_profile(name, profile_tables(controls), roots, host, layer=layer)
    policy = from_profile(name, {}, roots, host, layer=layer)
    sandbox = settings.sandbox
    if sandbox is None:
        return policy
    # Of a built-in profile the engine keeps the roots and the network that were set.
    more = tuple(
        Entry(paths.normal(r), Access.WRITE, r, Layer.CONFIG, "writable root")
        for r in sandbox.writable_roots
        if sandbox.mode is SandboxMode.WORKSPACE_WRITE
    )
    known = {(e.path, e.access) for e in policy.entries}
    fresh = tuple(e for e in more if (e.path, e.access) not in known)
    return replace(
        policy,
        entries=(*policy.entries, *fresh),
        network=policy.network or sandbox.network,
    )


def mode_layer(settings: Settings, controls: Controls | None) -> Layer:
    """Whether the configuration set the mode, or somebody for this thread."""
    if controls is None or controls.problem:
        return Layer.THREAD
    profile = controls.value("default_permissions")
    mode = controls.value("sandbox_mode")
    if settings.profile is not None and profile.value == settings.profile:
        return LAYERS[profile.layer.kind]
    if settings.profile is None and settings.sandbox is not None:
        if _KEBAB.get(str(mode.value)) is settings.sandbox.mode:
            return LAYERS[mode.layer.kind]
    elif profile.value is None and mode.value is None:
        usual = ":workspace" if controls.trusted else ":read-only"
        if settings.profile == usual:
            return Layer.TRUST
    limits = controls.limits.sandboxes
    if mode.value is not None and limits is not None and mode.value not in limits:
        return Layer.MANAGED  # The file's is not allowed: an engine falls back.
    return Layer.THREAD


_KEBAB = {
    "read-only": SandboxMode.READ_ONLY,
    "workspace-write": SandboxMode.WORKSPACE_WRITE,
    "danger-full-access": SandboxMode.FULL_ACCESS,
}


def network_layer(settings: Settings, controls: Controls | None) -> Layer:
    """Who set the network."""
    sandbox: Sandbox | None = settings.sandbox
    on = sandbox is not None and sandbox.network
    if controls is not None:
        value = controls.value("sandbox_workspace_write.network_access")
        if value.value is not None and bool(value.value) is on:
            return LAYERS[value.layer.kind]
    return Layer.THREAD if on else Layer.DEFAULT
