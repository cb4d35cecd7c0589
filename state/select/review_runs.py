"""Under which sandbox a review's act would happen, in words, beside the turn's own.

Owns those words. Says what the request proves and no more: the engine does not tell
whether a command was meant to leave the sandbox when it gives no reason, and then the
card does not pretend to know.
"""

from __future__ import annotations

import json
from typing import Any

from state.forms import grant_parts, granted_words
from state.model import (
    Review,
    ReviewKind,
    ReviewState,
    Sandbox,
    SandboxMode,
    Settings,
    Thread,
)
from state.permissions.granted import granted_answers
from state.select.frame import sandbox_mode
from state.text import reveal
from state.views import Bit, Bits, Tone

Rows = tuple[tuple[str, str, str], ...]

_RETRY = "command failed; retry without sandbox?"
_ANYWHERE = "anywhere you can write"
_OPEN = (SandboxMode.FULL_ACCESS, SandboxMode.EXTERNAL)


def runs_of(
    review: Review, thread: Thread, params: dict[str, Any]
) -> tuple[Bits, Rows]:
    """What it would run under, beside what this turn's sandbox allows."""
    turn = thread.turns.get(review.turn_id) if review.turn_id else None
    settings = turn.settings if turn and turn.settings else thread.settings
    inside = _inside(review, thread, settings)
    writes, network = inside
    match review.kind:
        case ReviewKind.COMMAND if review.host is not None:
            return _connection(review, params, network)
        case ReviewKind.COMMAND if review.command is not None:
            return _command(review, params, settings, inside)
        case ReviewKind.EDITS:
            edits = (
                Bit("It would change "),
                Bit("exactly the files below", Tone.NEED, bold=True),
                Bit(", also where this turn may not write"),
            )
            return edits, (("writes", "these files", writes),)
        case ReviewKind.PERMISSIONS:
            waits = review.state is ReviewState.PENDING
            is_, below = ("is chosen", " below") if waits else ("was granted", "")
            grant = (
                Bit("Commands would get "),
                Bit(f"exactly what {is_}{below}", Tone.NEED, bold=True),
                Bit(", besides the sandbox"),
            )
            return grant, (
                ("writes", f"and what {is_}", writes),
                ("network", f"if it {is_}", network),
            )
        case ReviewKind.ELICITATION if _is_tool(params):
            tool = (
                Bit("The tool runs in its MCP server, "),
                Bit("outside the sandbox", Tone.NEED, bold=True),
            )
            return tool, ()
    return (), ()


def _is_tool(params: dict[str, Any]) -> bool:
    meta = params.get("_meta")
    return isinstance(meta, dict) and meta.get("codex_approval_kind") == "mcp_tool_call"


def _connection(
    review: Review, params: dict[str, Any], network: str
) -> tuple[Bits, Rows]:
    context = params.get("networkApprovalContext")
    protocol = str(context.get("protocol") or "") if isinstance(context, dict) else ""
    title = (
        Bit("A running command would "),
        Bit("connect to this host", Tone.NEED, bold=True),
    )
    value = f"{reveal(review.host or '').text} {reveal(protocol).text}".strip()
    return title, (("network", value, network),)


def _inside(
    review: Review, thread: Thread, settings: Settings | None
) -> tuple[str, str]:
    """What a command may write and reach without being asked about, with what was
    granted to this thread and still counts."""
    writes, network = sandbox_words(settings)
    answers = granted_answers(thread, review.key.epoch)
    parts = [one for answer in answers for one in granted_words(answer).split("; ")]
    files = [one for one in dict.fromkeys(parts) if one not in ("", "network")]
    if files and writes != _ANYWHERE:
        writes = f"{writes}; granted: {reveal(', '.join(files)).text}"
    if "network" in parts and network == "off":
        network = "on, as granted"
    return writes, network


def _command(
    review: Review,
    params: dict[str, Any],
    settings: Settings | None,
    inside: tuple[str, str],
) -> tuple[Bits, Rows]:
    writes, network = inside
    extra = params.get("additionalPermissions")
    if isinstance(extra, dict):
        title = (
            Bit("It would run with "),
            Bit("exactly these extra permissions", Tone.NEED, bold=True),
        )
        return title, (
            ("writes", _paths(extra, "write"), writes),
            ("reads", _paths(extra, "read"), "everything readable"),
            ("network", _network(extra), network),
        )
    outside = (("writes", _ANYWHERE, writes), ("network", "on", network))
    if params.get("kind") == "writeStdin":
        return (
            Bit("It goes to a terminal that runs "),
            Bit("without the sandbox", Tone.NEED, bold=True),
        ), outside
    if _leaves(review, settings):
        return (
            Bit("It would run "),
            Bit("without the sandbox", Tone.NEED, bold=True),
        ), outside
    return (
        Bit("It would run "),
        Bit("in this turn’s sandbox or without it", Tone.NEED, bold=True),
        Bit(": the request does not say which"),
    ), (
        ("writes", f"at most {_ANYWHERE}", writes),
        ("network", "at most on", network),
    )


def _leaves(review: Review, settings: Settings | None) -> bool:
    """Whether the request proves that the command leaves the sandbox: it retries
    without one, the agent justified it where only that has to be justified, or there
    is no sandbox to leave."""
    if settings and settings.sandbox and settings.sandbox.mode in _OPEN:
        return True
    reason = review.reason or ""
    by_rule = reason.startswith("`") and "` requires " in reason
    policy = settings.approval_policy if settings else None
    asking = policy in ("on-request", "granular")
    return reason == _RETRY or bool(reason and not by_rule and asking)


def allowed_out(review: Review, settings: Settings | None) -> bool:
    """A command that you allowed, and that left the sandbox by that."""
    decision = review.decision
    if review.command is None or decision is None or decision.letter not in "yap":
        return False
    extra = json.loads(review.params).get("additionalPermissions")
    return not isinstance(extra, dict) and _leaves(review, settings)


def _paths(extra: dict[str, Any], access: str) -> str:
    start = f"{access} "
    parts = [words for _, words, _ in grant_parts(extra) if words.startswith(start)]
    paths = [reveal(words.removeprefix(start)).text for words in parts]
    return ", ".join(paths) or "nothing more"


def _network(extra: dict[str, Any]) -> str:
    network = extra.get("network")
    enabled = isinstance(network, dict) and network.get("enabled")
    return "on" if enabled else "as now"


def sandbox_words(settings: Settings | None) -> tuple[str, str]:
    """What these settings let a command write, and whether it has the network."""
    if settings is None or settings.sandbox is None:
        return sandbox_mode(settings)[1], "unknown"
    sandbox: Sandbox = settings.sandbox
    network = "on" if sandbox.network else "off"
    match sandbox.mode:
        case SandboxMode.READ_ONLY:
            return "nothing", network
        case SandboxMode.FULL_ACCESS | SandboxMode.EXTERNAL:
            return _ANYWHERE, "on"
        case SandboxMode.WORKSPACE_WRITE:
            roots = list(settings.workspace_roots or ())
            if settings.workspace_roots is None and settings.cwd:
                roots.append(settings.cwd)
            roots += [r for r in sandbox.writable_roots if r not in roots]
            words = [reveal(root).text for root in roots]
            words += [] if sandbox.exclude_slash_tmp else ["/tmp"]
            words += [] if sandbox.exclude_tmpdir else ["$TMPDIR"]
            return ", ".join(words) or "nothing", network
