"""The answers a review may be given, each with the exact JSON that would be sent.

Owns the letters, the words and what a broad answer grants. Offers what the engine
lists, in its order, plus what it honours unlisted: decline, the session for a plain
command, and to block a host where it proposes that. Invariant: nothing is offered that
the request did not propose, and `result` carries the request's own values unchanged.
"""

from __future__ import annotations

from typing import Any

from state.answers import TELL, as_result, prefix_decision
from state.dataclass import replace
from state.engine.wire import structs as w
from state.model import Decision
from state.strange import COMMAND_KINDS, unknown_grants
from state.text import reveal

Json = dict[str, Any]

GO_ON = "No, continue without running it"


def _decided(word: object) -> str:
    return as_result({"decision": word})


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
    offers = _with_a_block(offers, params)
    if params.kind not in COMMAND_KINDS or unknown_grants(
        params.additional_permissions
    ):
        # What a yes would do is not known; a no does nothing.
        offers = [offer for offer in offers if offer in ("decline", "cancel")]
    built = (_command_decision(offer, params) for offer in offers)
    return _one_per_letter([decision for decision in built if decision is not None])


def _with_a_block(
    offers: list[object], params: w.CommandExecutionRequestApprovalParams
) -> list[object]:
    """The engine proposes to block a host, and honours it, but lists only to allow it.
    Offered for the very host that is asked about, before what stops the turn."""
    context, proposed = (
        params.network_approval_context,
        params.proposed_network_policy_amendments,
    )
    if context is None or not isinstance(proposed, list):
        return offers
    wanted = {"host": context.host, "action": "deny"}
    place = offers.index("cancel") if "cancel" in offers else len(offers)
    blocks = [
        {"applyNetworkPolicyAmendment": {"network_policy_amendment": rule}}
        for rule in proposed
        if rule == wanted
    ]
    return [*offers[:place], *blocks[:1], *offers[place:]]


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
        host = reveal(params.network_approval_context.host).text
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
        "asking in this thread, until the engine unloads it.",
    )


def _prefix_rule(offer: object, words: list[str]) -> Decision:
    # The offer goes back as it came, with all it holds.
    return replace(prefix_decision(tuple(words)), result=_decided(offer))


def _host_rule(offer: object, host: str, action: str) -> Decision | None:
    if action == "allow":
        shown = reveal(host).text
        return Decision(
            "p",
            "Yes, and allow this host in the future",
            _decided(offer),
            broad=True,
            detail=f"Every command in every thread may connect to {shown} without "
            "asking, for good. The rule is written to rules/default.rules in "
            "CODEX_HOME.",
        )
    if action == "deny":
        shown = reveal(host).text
        return Decision(
            "b",
            "No, and block this host from now on",
            _decided(offer),
            broad=True,
            detail=f"Connections to {shown} are refused without asking, for every "
            "command: in this thread at once, in every thread that is started or "
            "loaded later, for good. The rule is written to rules/default.rules in "
            "CODEX_HOME; /grants says how to take it back.",
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


def no_permissions() -> tuple[Decision, ...]:
    """For item/permissions/requestApproval when nothing of it can be granted here."""
    none = as_result({"permissions": {}})
    return (
        Decision("d", "No, continue without permissions", none),
        Decision("n", TELL, none),
    )


def no_answers() -> tuple[Decision, ...]:
    """For item/tool/requestUserInput when its questions cannot be shown."""
    none = as_result({"answers": {}})
    return (
        Decision("d", "No answer, go on without it", none),
        Decision("n", "No answer, and tell the agent something else", none),
    )


def elicitation_decisions(mode: object) -> tuple[Decision, ...]:
    """For mcpServer/elicitation/request without fields of ours: an address to open,
    or what only another client can fill in."""
    no = (
        Decision("d", "No, go on without it", as_result({"action": "decline"})),
        Decision("n", TELL, as_result({"action": "cancel"})),
    )
    if mode != "url":
        return no
    yes = as_result({"action": "accept"})
    return (Decision("y", "Yes, I open this address myself", yes), *no)


def tool_decisions(meta: Json, server: str) -> tuple[Decision, ...]:
    """For the approval of an MCP tool, which comes as an elicitation."""
    tool = reveal(str(meta.get("tool_name", ""))).text
    server = reveal(server).text
    persist = meta.get("persist")
    scopes = persist if isinstance(persist, list) else [persist]
    decisions = [Decision("y", "Yes, run the tool", as_result(_accept()))]
    if "session" in scopes:
        decisions.append(
            Decision(
                "a",
                "Yes, and don't ask again for this tool in this session",
                as_result({**_accept(), "_meta": {"persist": "session"}}),
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
                as_result({**_accept(), "_meta": {"persist": "always"}}),
                broad=True,
                detail=f"The tool {tool} of the MCP server {server} runs without "
                "asking, with any arguments, in every thread, for good. Written to "
                "config.toml in CODEX_HOME.",
            )
        )
    decline, cancel = as_result({"action": "decline"}), as_result({"action": "cancel"})
    decisions += [
        Decision("d", "No, continue without the tool", decline),
        Decision("n", TELL, cancel),
    ]
    return tuple(decisions)


def _accept() -> Json:
    return {"action": "accept", "content": {}}
