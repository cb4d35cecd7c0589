"""Asks an engine what is configured about permissions and features, and by whom.

Owns the questions and how the answers become `state.controls`. Invariant: asking
changes nothing; what an engine does not know or refuses to tell is left out, and a
configuration it cannot read is said in its own words.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from typing import Any

from state.controls import (
    BUILT_IN,
    Controls,
    Feature,
    Layer,
    LayerKind,
    Limits,
    Profile,
    Rule,
    Value,
)
from state.engine import calls
from state.engine.errors import RequestFailed
from state.engine.link import Link
from state.engine.wake import is_trusted, project_root

Json = dict[str, Any]

KEYS = (
    "approval_policy",
    "approvals_reviewer",
    "sandbox_mode",
    "default_permissions",
    "sandbox_workspace_write.network_access",
    "sandbox_workspace_write.writable_roots",
    "features.network_proxy",
)
_KINDS = {
    "user": LayerKind.USER,
    "project": LayerKind.PROJECT,
    "system": LayerKind.SYSTEM,
    "packagedDefaults": LayerKind.BUILT_IN,
    "sessionFlags": LayerKind.FLAGS,
}


async def controls(link: Link, cwd: str) -> Controls:
    """Everything at once. Raises EngineLost."""
    place = os.path.realpath(cwd) if link.local else cwd
    root = project_root(place) if link.local else place
    problem = ""
    read: Json = {}
    try:
        read = await link.ask(calls.read_layers(place))
    except RequestFailed as error:
        problem = error.message
    config = read.get("config")
    config = config if isinstance(config, dict) else {}
    origins = _origins(read.get("origins"))
    return Controls(
        cwd=place,
        root=root,
        trusted=is_trusted(config, place),
        distrusted=_distrusted(config, place, root),
        values={key: Value(_at(config, key), _origin(origins, key)) for key in KEYS},
        layers=tuple(_layers(read.get("layers"))),
        profiles=await _profiles(link, place),
        limits=await limits_of(link),
        features=await _features(link, origins),
        rules=await rules(link),
        problem=problem,
    )


def _distrusted(config: Json, *places: str) -> bool:
    projects = config.get("projects")
    entries = [projects.get(p) for p in places] if isinstance(projects, dict) else []
    found = [e.get("trust_level") for e in entries if isinstance(e, dict)]
    return "untrusted" in found and "trusted" not in found


def layer(raw: object) -> Layer:
    """A layer's name as the wire has it."""
    if not isinstance(raw, dict):
        return BUILT_IN
    kind = _KINDS.get(str(raw.get("type")), LayerKind.MANAGED)
    place = raw.get("file") or raw.get("dotCodexFolder") or raw.get("name") or ""
    return Layer(kind, str(place))


def _layers(raw: object) -> Iterator[Layer]:
    for one in raw if isinstance(raw, list) else ():
        if isinstance(one, dict):
            found = layer(one.get("name"))
            values = one.get("config")
            yield Layer(
                found.kind,
                found.place,
                values if isinstance(values, dict) else {},
                str(one.get("disabledReason") or ""),
            )


def _origins(raw: object) -> dict[str, Layer]:
    if not isinstance(raw, dict):
        return {}
    return {
        key: layer(one.get("name")) for key, one in raw.items() if isinstance(one, dict)
    }


def _origin(origins: Mapping[str, Layer], key: str) -> Layer:
    """Of a table (a granular policy) the origin of any of its keys."""
    if key in origins:
        return origins[key]
    inside = (one for name, one in origins.items() if name.startswith(f"{key}."))
    return next(inside, BUILT_IN)


def _at(config: Json, key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


async def _profiles(link: Link, cwd: str) -> tuple[Profile, ...]:
    try:
        rows = await link.pages(lambda cursor: calls.list_profiles(cwd, cursor))
    except RequestFailed:
        return ()
    return tuple(
        Profile(
            str(raw["id"]),
            str(raw.get("description") or ""),
            raw.get("allowed") is not False,
        )
        for raw in rows
        if isinstance(raw, dict) and "id" in raw
    )


async def limits_of(link: Link) -> Limits:
    """What an administrator allows."""
    try:
        raw = (await link.ask(calls.read_limits())).get("requirements")
    except RequestFailed:
        return Limits()
    if not isinstance(raw, dict):
        return Limits()
    profiles = raw.get("allowedPermissionProfiles")
    pinned = raw.get("featureRequirements")
    return Limits(
        policies=_words(raw.get("allowedApprovalPolicies")),
        reviewers=_words(raw.get("allowedApprovalsReviewers")),
        sandboxes=_words(raw.get("allowedSandboxModes")),
        profiles=tuple(name for name, on in profiles.items() if on)
        if isinstance(profiles, dict)
        else None,
        features=tuple((str(name), on is True) for name, on in pinned.items())
        if isinstance(pinned, dict)
        else (),
        network=raw.get("network") if isinstance(raw.get("network"), dict) else None,
    )


def _words(raw: object) -> tuple[str, ...] | None:
    if not isinstance(raw, list):
        return None
    return tuple(one if isinstance(one, str) else "granular" for one in raw)


async def _features(link: Link, origins: Mapping[str, Layer]) -> tuple[Feature, ...]:
    try:
        rows = await link.pages(calls.list_features)
    except RequestFailed:
        return ()
    return tuple(
        Feature(
            name=str(raw["name"]),
            stage=str(raw.get("stage") or ""),
            enabled=raw.get("enabled") is True,
            default=raw.get("defaultEnabled") is True,
            title=str(raw.get("displayName") or ""),
            description=str(raw.get("description") or ""),
            layer=_origin(origins, f"features.{raw['name']}"),
        )
        for raw in rows
        if isinstance(raw, dict) and "name" in raw
    )


async def rules(link: Link) -> tuple[Rule, ...]:
    """The rules files of the engine's home, line by line; read only, by the engine."""
    folder = f"{link.connection.info.codex_home}/rules"
    found: list[Rule] = []
    try:
        listed = (await link.ask(calls.list_folder(folder))).get("entries") or ()
        names = sorted(str(one.get("fileName")) for one in listed)
        for name in names:
            if name.endswith(".rules"):
                path = f"{folder}/{name}"
                raw = (await link.ask(calls.read_file(path))).get("dataBase64")
                text = base64.b64decode(str(raw)).decode(errors="replace")
                found += _rule_lines(path, text)
    except (RequestFailed, ValueError, AttributeError):
        pass  # No folder, no rules; what was read before a fault still counts.
    return tuple(found)


def _rule_lines(path: str, text: str) -> Iterator[Rule]:
    """A rule may stand on several lines: it is named by its first."""
    number = 0
    parts: list[str] = []
    for at, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not parts and (not stripped or stripped.startswith("#")):
            continue
        number = number or at
        parts.append(stripped)
        joined = " ".join(parts)
        if joined.count("(") <= joined.count(")"):
            yield Rule(path, number, joined)
            number, parts = 0, []
    if parts:
        yield Rule(path, number, " ".join(parts))
