"""The answers a review may be given, each with the exact JSON that would be sent.

Owns the letters, the words and what a broad answer grants. Offers what the engine
lists, in its order, plus the two it honours unlisted: decline, and the session for a
plain command. Invariant: nothing is offered that the request did not propose, and
`result` carries the request's own values unchanged.
"""

from __future__ import annotations

import shlex
from typing import Any

import msgspec

from state.engine.wire import structs as w
from state.engine.wire.items import as_json
from state.model import Decision

Json = dict[str, Any]

TELL = "No, and tell the agent what to do differently"
GO_ON = "No, continue without running it"


def _result(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _decided(word: object) -> str:
    return _result({"decision": word})


def command_decisions(
    params: w.CommandExecutionRequestApprovalParams,
) -> tuple[Decision, ...]:
    """For item/commandExecution/requestApproval, all its kinds."""
    listed = params.available_decisions
    if listed is None:
        listed = ["accept", "cancel"]
    offers = list(listed)
    plain = (
        params.kind == "command"
        and params.network_approval_context is None
        and params.additional_permissions is None
        and params.proposed_execpolicy_amendment is not None
    )
    if plain and "acceptForSession" not in offers and "accept" in offers:
        offers.insert(offers.index("accept") + 1, "acceptForSession")
    if "decline" not in offers:
        place = offers.index("cancel") if "cancel" in offers else len(offers)
        offers.insert(place, "decline")
    built = (_command_decision(offer, params) for offer in offers)
    return _one_per_letter([decision for decision in built if decision is not None])


def _one_per_letter(decisions: list[Decision]) -> tuple[Decision, ...]:
    """A letter means one thing: a second offer for it is not made."""
    firsts: dict[str, Decision] = {}
    for decision in decisions:
        firsts.setdefault(decision.letter, decision)
    return tuple(firsts.values())


def _command_decision(
    offer: object, params: w.CommandExecutionRequestApprovalParams
) -> Decision | None:
    network = params.network_approval_context
    match offer:
        case "accept":
            label = "Yes, just this once" if network else "Yes, proceed"
            return Decision("y", label, _decided("accept"))
        case "acceptForSession":
            return _session(params)
        case {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": [*words]}} if (
            words and all(isinstance(word, str) for word in words)
        ):
            return _prefix_rule(offer, [str(word) for word in words])
        case {
            "applyNetworkPolicyAmendment": {
                "network_policy_amendment": {"host": str(host), "action": str(action)}
            }
        }:
            return _host_rule(offer, host, action)
        case "decline":
            return Decision("d", GO_ON, _decided("decline"))
        case "cancel":
            return Decision("n", TELL, _decided("cancel"))
        case _:
            return None


def _session(params: w.CommandExecutionRequestApprovalParams) -> Decision:
    result = _decided("acceptForSession")
    if params.network_approval_context is not None:
        host = params.network_approval_context.host
        return Decision(
            "a",
            "Yes, and allow this host for this conversation",
            result,
            broad=True,
            detail=f"Every command of this thread may connect to {host} without "
            "asking, until the engine unloads the thread.",
        )
    return Decision(
        "a",
        "Yes, and don't ask again for this command in this session",
        result,
        broad=True,
        detail="Exactly this command, with the same arguments, runs again without "
        f"asking in this thread, until the engine unloads it: {params.command or ''}",
    )


def _prefix_rule(offer: object, words: list[str]) -> Decision:
    prefix = shlex.join(words)
    return Decision(
        "p",
        f"Yes, and don't ask again for commands that start with `{prefix}`",
        _decided(offer),
        broad=True,
        detail=f"Every command that starts with `{prefix}` runs without asking and "
        "outside the sandbox: in this thread at once, in every thread that is started "
        "or loaded later, for good. The rule is written to rules/default.rules in "
        "CODEX_HOME.",
    )


def _host_rule(offer: object, host: str, action: str) -> Decision | None:
    if action == "allow":
        return Decision(
            "p",
            "Yes, and allow this host in the future",
            _decided(offer),
            broad=True,
            detail=f"Every command in every thread may connect to {host} without "
            "asking, for good. The rule is written to rules/default.rules in "
            "CODEX_HOME.",
        )
    return None


def edit_decisions() -> tuple[Decision, ...]:
    """For item/fileChange/requestApproval."""
    return (
        Decision("y", "Yes, proceed", _decided("accept")),
        Decision(
            "a",
            "Yes, and don't ask again for these files",
            _decided("acceptForSession"),
            broad=True,
            detail="Edits of exactly these files are made without asking in this "
            "thread, until the engine unloads it.",
        ),
        Decision("d", "No, continue without making the edits", _decided("decline")),
        Decision("n", TELL, _decided("cancel")),
    )


def permission_words(permissions: Json) -> str:
    """The asked permissions in words: `write /p; read /q; network`."""
    words: list[str] = []
    files = permissions.get("fileSystem")
    if isinstance(files, dict):
        entries = files.get("entries")
        if isinstance(entries, list) and entries:
            words += [_entry_words(entry) for entry in entries]
        else:
            for access in ("read", "write"):
                words += [f"{access} {path}" for path in files.get(access) or ()]
    network = permissions.get("network")
    if isinstance(network, dict) and network.get("enabled"):
        words.append("network")
    return "; ".join(words)


def _entry_words(entry: object) -> str:
    if isinstance(entry, dict):
        access, path = entry.get("access"), entry.get("path")
        if isinstance(path, dict):
            name = path.get("path") or path.get("pattern") or as_json(path.get("value"))
            return f"{access} {name}"
    return as_json(entry)


def permission_decisions(permissions: Json) -> tuple[Decision, ...]:
    """For item/permissions/requestApproval: all that was asked for, or nothing."""
    asked = {key: value for key, value in permissions.items() if value is not None}
    words = permission_words(permissions)
    return (
        Decision(
            "y",
            "Yes, grant these permissions for this turn",
            _result({"permissions": asked, "scope": "turn"}),
        ),
        Decision(
            "a",
            "Yes, grant these permissions for this session",
            _result({"permissions": asked, "scope": "session"}),
            broad=True,
            detail=f"Every command of this thread gets {words}, until the engine "
            "unloads the thread.",
        ),
        Decision("d", "No, continue without permissions", _result({"permissions": {}})),
    )


def tool_decisions(meta: Json, server: str) -> tuple[Decision, ...]:
    """For the approval of an MCP tool, which comes as an elicitation."""
    tool = str(meta.get("tool_name", ""))
    persist = meta.get("persist")
    scopes = persist if isinstance(persist, list) else [persist]
    decisions = [Decision("y", "Yes, run the tool", _result(_accept()))]
    if "session" in scopes:
        decisions.append(
            Decision(
                "a",
                "Yes, and don't ask again for this tool in this session",
                _result({**_accept(), "_meta": {"persist": "session"}}),
                broad=True,
                detail=f"The tool {tool} of the MCP server {server} runs without "
                "asking, with any arguments, in this thread until it is unloaded.",
            )
        )
    if "always" in scopes:
        decisions.append(
            Decision(
                "p",
                "Yes, and never ask again for this tool",
                _result({**_accept(), "_meta": {"persist": "always"}}),
                broad=True,
                detail=f"The tool {tool} of the MCP server {server} runs without "
                "asking, with any arguments, in every thread, for good. Written to "
                "config.toml in CODEX_HOME.",
            )
        )
    decisions.append(
        Decision("d", "No, continue without the tool", _result({"action": "decline"}))
    )
    return tuple(decisions)


def _accept() -> Json:
    return {"action": "accept", "content": {}}
