"""What a request of a newer engine holds that this program does not know.

Owns the kinds of a command's request and of approvals, the names of answers and of
what permissions are made of. Pure. Invariant: what is not known here is named, and
never taken for something that is.
"""

from __future__ import annotations

from typing import Any

COMMAND_KINDS = frozenset({"command", "writeStdin", "humanCommand"})
"""Kinds of a command's request; what a yes to any other would do is not known."""
_ANSWERS = frozenset(
    {
        "accept",
        "acceptForSession",
        "acceptWithExecpolicyAmendment",
        "applyNetworkPolicyAmendment",
        "cancel",
        "decline",
    }
)
_APPROVALS = frozenset({"mcp_tool_call"})
_PERMISSIONS = {
    "fileSystem": frozenset({"entries", "globScanMaxDepth", "read", "write"}),
    "network": frozenset({"enabled"}),
}


def unknown_approval(meta: object) -> str:
    """The engine's own question that comes as one of a tool server: its kind, if that
    is not known; "" otherwise."""
    kind = meta.get("codex_approval_kind") if isinstance(meta, dict) else None
    return "" if kind is None or kind in _APPROVALS else str(kind)


def unknown_grants(permissions: object) -> tuple[str, ...]:
    """What asked permissions hold beyond what is shown of them."""
    found: list[str] = []
    for part, asked in permissions.items() if isinstance(permissions, dict) else ():
        known = _PERMISSIONS.get(part)
        if known is None:
            found += [str(part)] if asked else []
        elif isinstance(asked, dict):
            more = (name for name, value in asked.items() if value)
            found += [f"{part}.{name}" for name in more if name not in known]
    return tuple(found)


def known_grants(permissions: dict[str, Any]) -> dict[str, Any]:
    """Asked permissions without what is not known of them, else as they came."""
    known: dict[str, Any] = {}
    for part, names in _PERMISSIONS.items():
        asked = permissions.get(part)
        if isinstance(asked, dict):
            known[part] = {name: asked[name] for name in asked if name in names}
    return known


def unknown_answers(listed: object) -> tuple[str, ...]:
    """Those of the answers that a command's request lists."""
    names: list[str] = []
    for answer in listed if isinstance(listed, list) else ():
        name = next(iter(answer), "") if isinstance(answer, dict) else answer
        if isinstance(name, str) and name and name not in _ANSWERS:
            names.append(name)
    return tuple(dict.fromkeys(names))
