"""What an engine answers about its configuration, in the wire's own JSON.

Owns replies for the boards of /approvals and /experimental. Invariant: shapes are the
engine's; the engine tests read the same questions from real ones.
"""

from __future__ import annotations

from typing import Any

from tests.screens.stage import CWD, Json

HOME = "/home/dev/.codex"
USER: Json = {"type": "user", "file": f"{HOME}/config.toml", "profile": None}
PROJECT: Json = {"type": "project", "dotCodexFolder": f"{CWD}/.codex"}
DENY_FULL: Json = {
    "allowedApprovalPolicies": ["on-request"],
    "allowedApprovalsReviewers": ["user"],
    "allowedSandboxModes": ["read-only", "workspace-write"],
    "allowedPermissionProfiles": None,
    "featureRequirements": {"hooks": True},
}


def profile(key: str, description: str | None = None, *, allowed: bool = True) -> Json:
    """A permission profile as listed."""
    return {"id": key, "description": description, "allowed": allowed}


def feature(
    name: str,
    stage: str,
    *,
    on: bool = False,
    default: bool = False,
    title: str | None = None,
    description: str | None = None,
) -> Json:
    """A feature as listed."""
    return {
        "name": name,
        "stage": stage,
        "displayName": title,
        "description": description,
        "announcement": None,
        "enabled": on,
        "defaultEnabled": default,
    }


BUILT_IN = (
    profile(":read-only"),
    profile(":workspace"),
    profile(":danger-full-access"),
)


def controls(
    *,
    user: Json | None = None,
    project: Json | None = None,
    profiles: tuple[Json, ...] = (),
    limits: Json | None = None,
    features: tuple[Json, ...] = (),
    trusted: bool = True,
) -> dict[str, Json]:
    """The answers to the questions of `state.engine.controls`."""
    values: Json = {"model": "gpt-6.1-sol", **(user or {}), **(project or {})}
    values["projects"] = {CWD: {"trust_level": "trusted"}} if trusted else {}
    layers = [{"name": USER, "version": "1", "config": user or {}}]
    if project is not None:
        layers.insert(0, {"name": PROJECT, "version": "1", "config": project})
    origins = {
        **_origins(user or {}, USER),
        **_origins(project or {}, PROJECT),
    }
    return {
        "config/read": {"config": values, "origins": origins, "layers": layers},
        "configRequirements/read": {"requirements": limits},
        "permissionProfile/list": {"data": [*BUILT_IN, *profiles], "nextCursor": None},
        "experimentalFeature/list": {"data": list(features), "nextCursor": None},
        "model/list": {"data": [], "nextCursor": None},
    }


def _origins(values: Json, layer: Json, at: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= _origins(value, layer, f"{at}{key}.")
        else:
            found[f"{at}{key}"] = {"name": layer, "version": "1"}
    return found
