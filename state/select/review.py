"""A review as a card: who asks, what exactly, where, why, under which sandbox.

Owns the card's words. Built from the request alone when its item is unknown.
Nothing of what is asked is cut; every path, host and command passes `reveal`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from state.model import (
    Review,
    ReviewKind,
    ReviewState,
    Sandbox,
    SandboxMode,
    Settings,
    Thread,
    World,
)
from state.select.cells import file_view
from state.select.frame import sandbox_mode
from state.select.words import (
    agent_label,
    one_line,
    patch_of,
    pending,
    thread_title,
    unwrap_command,
)
from state.text import clean, reveal
from state.tree import Forest
from state.views import Bit, Bits, FileView, ReviewCardView, Tone
from state.words import cut

_QUESTIONS = {
    ReviewKind.COMMAND: "Would you like to run the following command?",
    ReviewKind.EDITS: "Would you like to make the following edits?",
    ReviewKind.PERMISSIONS: "Would you like to grant these permissions?",
    ReviewKind.QUESTION: "The agent asks you something.",
    ReviewKind.ELICITATION: "A tool server asks you something.",
    ReviewKind.TOOL_CALL: "This waits for the client that owns the tool.",
    ReviewKind.OTHER: "This waits for the client that owns it.",
}


def all_pending(threads: Iterable[Thread]) -> list[tuple[Thread, Review]]:
    """Every review of these threads that waits, newest need first."""
    found = [(t, r) for t in threads for r in pending(t)]
    return sorted(found, key=lambda pair: -pair[1].asked_ms)


def review_card(
    world: World, forest: Forest, review: Review, *, index: int, total: int
) -> ReviewCardView:
    """The card of one review, as it stands now."""
    thread = world.threads[review.thread_id]
    review = thread.reviews.get(review.key, review)
    params = _params(review)
    command = None
    if review.command is not None:
        command = reveal(unwrap_command(review.command).strip(), multiline=True)
    files = _files(review, thread)
    title, runs = _runs(review, thread, params)
    warnings = list(command.warnings) if command else []
    for view in files:
        warnings += [w for w in view.path.warnings if w not in warnings]
    return ReviewCardView(
        review=review,
        index=index,
        total=total,
        question=_question(review),
        facts=_facts(world, forest, thread, review, params),
        command=command,
        runs=runs,
        runs_title=title,
        files=files,
        decisions=review.decisions if review.state is ReviewState.PENDING else (),
        warnings=tuple(warnings),
        state=_state(review),
    )


def _question(review: Review) -> str:
    if review.host is not None:
        return f"Do you want to approve network access to {reveal(review.host).text}?"
    if review.method == "item/commandExecution/requestApproval" and (
        _params(review).get("kind") == "writeStdin"
    ):
        return "Would you like to send input to the existing terminal?"
    return _QUESTIONS[review.kind]


def _params(review: Review) -> dict[str, Any]:
    try:
        params = json.loads(review.params)
    except ValueError:
        return {}
    return params if isinstance(params, dict) else {}


def _facts(
    world: World,
    forest: Forest,
    thread: Thread,
    review: Review,
    params: dict[str, Any],
) -> tuple[tuple[str, str], ...]:
    root = world.threads[forest.root(thread.id)]
    facts = [("agent", f"{agent_label(thread)} · {cut(thread_title(root), 48)}")]
    cwd = review.cwd or thread.cwd
    if cwd:
        facts.append(("in", reveal(cwd).text))
    environment = params.get("environmentId")
    if isinstance(environment, str) and environment != "local":
        facts.append(("environment", reveal(environment).text))
    if review.reason:
        facts.append(("why", clean(review.reason)))
    if review.kind in (ReviewKind.TOOL_CALL, ReviewKind.OTHER):
        facts.append(("method", one_line(review.method)))
    return tuple(facts)


def _files(review: Review, thread: Thread) -> tuple[FileView, ...]:
    if review.kind is not ReviewKind.EDITS:
        return ()
    patch = patch_of(review, thread)
    if patch is None:
        return ()
    return tuple(file_view(c, done=False, cwd=thread.cwd) for c in patch.changes)


def _runs(
    review: Review, thread: Thread, params: dict[str, Any]
) -> tuple[Bits, tuple[tuple[str, str, str], ...]]:
    """What it would run under, beside what this turn's sandbox allows."""
    turn = thread.turns.get(review.turn_id) if review.turn_id else None
    settings = turn.settings if turn and turn.settings else thread.settings
    if review.kind is not ReviewKind.COMMAND or review.command is None:
        return (), ()
    extra = params.get("additionalPermissions")
    writes, network = _sandbox_words(settings)
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
    title = (
        Bit("It would run "),
        Bit("without the sandbox", Tone.NEED, bold=True),
    )
    return title, (
        ("writes", "anywhere you can write", writes),
        ("network", "on", network),
    )


def _paths(extra: dict[str, Any], access: str) -> str:
    system = extra.get("fileSystem")
    paths = system.get(access) if isinstance(system, dict) else None
    if not isinstance(paths, list) or not paths:
        return "nothing more"
    return ", ".join(reveal(str(path)).text for path in paths)


def _network(extra: dict[str, Any]) -> str:
    network = extra.get("network")
    enabled = isinstance(network, dict) and network.get("enabled")
    return "on" if enabled else "as now"


def _sandbox_words(settings: Settings | None) -> tuple[str, str]:
    if settings is None or settings.sandbox is None:
        return sandbox_mode(settings)[1], "unknown"
    sandbox: Sandbox = settings.sandbox
    network = "on" if sandbox.network else "off"
    match sandbox.mode:
        case SandboxMode.READ_ONLY:
            return "nothing", network
        case SandboxMode.FULL_ACCESS | SandboxMode.EXTERNAL:
            return "anywhere you can write", "on"
        case SandboxMode.WORKSPACE_WRITE:
            roots = list(settings.workspace_roots or ())
            if settings.workspace_roots is None and settings.cwd:
                roots.append(settings.cwd)
            roots += [r for r in sandbox.writable_roots if r not in roots]
            words = [reveal(root).text for root in roots]
            words += [] if sandbox.exclude_slash_tmp else ["/tmp"]
            words += [] if sandbox.exclude_tmpdir else ["$TMPDIR"]
            return ", ".join(words) or "nothing", network


def _state(review: Review) -> str:
    label = review.decision.label if review.decision else ""
    match review.state:
        case ReviewState.PENDING:
            return ""
        case ReviewState.DECIDED:
            return f"Decided: {label}. Not sent yet."
        case ReviewState.SENT:
            return f"Sent: {label}. The engine has not confirmed it yet."
        case ReviewState.RESOLVED:
            who = review.resolved_by or "somebody"
            return f"Answered by you: {label}." if who == "you" else f"Ended by {who}."
        case ReviewState.LOST:
            return "Went with the engine that asked. Nothing was answered."
