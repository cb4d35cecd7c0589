"""What a request of a newer engine holds that this program does not know.

Owns the kinds of a command's request and the names of its answers. Pure. Invariant:
what is not known here is named, and never taken for something that is.
"""

from __future__ import annotations

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


def unknown_answers(listed: object) -> tuple[str, ...]:
    """Those of the answers that a command's request lists."""
    names: list[str] = []
    for answer in listed if isinstance(listed, list) else ():
        name = next(iter(answer), "") if isinstance(answer, dict) else answer
        if isinstance(name, str) and name and name not in _ANSWERS:
            names.append(name)
    return tuple(dict.fromkeys(names))
