"""What a thread or a command is called on the screen, and what it is doing.

Owns the sentences shared by several read models. All of them pass a text door here.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath

from state.agents import waiting_reviews
from state.items import (
    AgentMessage,
    CollabCall,
    Command,
    Item,
    ItemId,
    Patch,
    Reasoning,
    Sleep,
    ThreadId,
    ToolCall,
    WebSearch,
)
from state.model import (
    Asking,
    AutoReview,
    Review,
    ReviewKind,
    ReviewState,
    Thread,
    Turn,
)
from state.pattern import late_pattern
from state.resolve import root_of
from state.text import clean, reveal
from state.words import cut

pending = waiting_reviews
"""The reviews that wait for this user, oldest first."""

_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ksh"})
_SHELL = late_pattern(r"(?:[\w./-]*/)?(?P<name>\w+)\s+-l?c\s")
_ERROR = 20_000
"""Characters of an error that is still taken apart."""
_SPLIT = 10_000
"""Characters of a command in an unusual spelling that is still taken apart."""


def unwrap_command(command: str) -> str:
    """The script inside `/bin/bash -lc '…'`; anything else as it is.

    Faithful: only a shell with exactly one script argument is unwrapped.
    """
    shell = _SHELL.match(command)
    if shell is None:
        return command
    rest = command[shell.end() :].strip()
    script = rest[1:-1].replace("'\"'\"'", "'")
    if shlex.quote(script) == rest:  # As the engine writes it, however long it is.
        return script if shell["name"] in _SHELLS else command
    if len(command) > _SPLIT:  # shlex goes through it character by character
        return command
    try:
        argv = shlex.split(command)
    except ValueError:
        return command
    if (
        len(argv) == 3
        and PurePosixPath(argv[0]).name in _SHELLS
        and argv[1] in ("-c", "-lc")
    ):
        return argv[2]
    return command


def tilde(path: str, home: str) -> str:
    """A folder as a prompt shows it: the user's own home is `~`. For headings; where
    it matters what may be touched, paths stay whole. Passes no door."""
    home = home.rstrip("/")
    if home and (path == home or path.startswith(f"{home}/")):
        return f"~{path[len(home) :]}"
    return path


def one_line(text: str) -> str:
    """Prose on one line."""
    return " ".join(clean(text).split())


def error_line(message: str) -> str:
    """What an error says, on one line. Some engines pass on the model provider's answer
    as it came, as JSON: then the sentence in it."""
    return one_line(_told(message) or message)


def _told(message: str) -> str:
    if not message.lstrip().startswith("{") or len(message) > _ERROR:
        return ""
    try:
        told = json.loads(message)
    except (ValueError, RecursionError):
        return ""
    for key in ("error", "message", "detail"):
        if isinstance(told, dict) and told.get(key):
            told = told[key]
    return told if isinstance(told, str) else ""


def command_line(command: str) -> str:
    """A command on one line, everything invisible drawn."""
    first, *more = unwrap_command(command).strip().split("\n", 1)
    return reveal(first).text + (" …" if more else "")


TITLE_ROOM = 120
"""Cells. A first message can be a megabyte; a dialog that names it stays a dialog."""


def thread_title(thread: Thread) -> str:
    """Its name, or the start of its first message, or what it is."""
    for source in (thread.name, thread.preview, thread.agent_path):
        words = one_line((source or "")[: 20 * TITLE_ROOM])
        if words:
            return cut(words, TITLE_ROOM)
    return f"thread {thread.id[-8:]}"


def tree_title(threads: Mapping[ThreadId, Thread], thread: Thread) -> str:
    """What stands before an agent path: the title of the tree, or the agent's own
    name; "" for an agent whose tree is not known and that has none."""
    if not thread.is_agent or thread.name:
        return thread_title(thread)
    root = threads.get(root_of(threads, thread.id))
    return "" if root is None or root.is_agent else thread_title(root)


def agent_name(thread: Thread) -> str:
    """The last part of its path, or its nickname."""
    if thread.agent_path:
        return reveal(thread.agent_path.rstrip("/").rsplit("/", 1)[-1]).text
    return one_line(thread.nickname or "") or f"agent {thread.id[-8:]}"


def agent_label(thread: Thread) -> str:
    """Its whole path: `/root` for a thread of its own."""
    return reveal(thread.agent_path or "").text or (
        "/root" if not thread.is_agent else agent_name(thread)
    )


def foreign(thread: Thread) -> list[Review]:
    """What waits for another client, oldest first: it is shown, never answered."""
    if not thread.reviews:
        return []
    waiting = [
        r
        for r in thread.reviews.values()
        if not r.ours and r.state is ReviewState.PENDING
    ]
    return sorted(waiting, key=lambda r: r.asked_ms)


def review_word(kind: ReviewKind) -> str:
    """The kind as the inbox names it."""
    return kind.value


def review_what(review: Review, thread: Thread) -> str:
    """The first line of what is asked."""
    if review.command:
        return command_line(review.command)
    if review.host:
        return f"network to {reveal(review.host).text}"
    if review.kind is ReviewKind.EDITS:
        patch = patch_of(review, thread)
        if patch is None:
            return "edits to files"
        names = [reveal(PurePosixPath(c.path).name).text for c in patch.changes]
        return names[0] if len(names) == 1 else f"{len(names)} files"
    if review.kind is ReviewKind.PERMISSIONS:
        return reveal(review.display or "permissions").text
    return one_line(review.display or review.reason or "") or one_line(review.method)


def asked_words(asking: Asking) -> str:
    """What was asked in passing, on one line, with what there is to choose from."""
    first, *more = asking.questions
    options = " · ".join(one_line(option) for option in first.options)
    parts = [one_line(first.title), f"({options})" if options else ""]
    parts.append(f"and {len(more)} more" if more else "")
    return " ".join(part for part in parts if part)


def patch_of(review: Review, thread: Thread) -> Patch | None:
    """The edits a file-change review is about: they stand in its item."""
    turn = thread.turns.get(review.turn_id) if review.turn_id else None
    item = turn.items.get(review.item_id) if turn and review.item_id else None
    return item.body if item is not None and isinstance(item.body, Patch) else None


def last_turn(thread: Thread) -> Turn | None:
    """The newest turn held."""
    return thread.turns[next(reversed(list(thread.turns)))] if thread.turns else None


def activity(thread: Thread) -> str:
    """What a working thread does now, in a few words; "" when it is not known."""
    turn = thread.turns.get(thread.active_turn) if thread.active_turn else None
    if turn is None:
        return ""
    items = [item for item in turn.items.values() if not item.synthetic]
    # A terminal after which something else began is not what the agent waits for.
    past = {item.id for item in items[:-1]} & thread.terminals.keys()
    live = [item for item in items if not item.ended and item.id not in past]
    if not live:
        return "thinking"
    if any(judged(auto) == live[-1].id for auto in thread.auto_reviews.values()):
        return "waiting for an auto-review"
    return _doing(live[-1])


def judged(auto: AutoReview) -> ItemId | None:
    """The item that waits for this auto-review."""
    return auto.holds_back if auto.status == "inProgress" else None


def _doing(item: Item) -> str:
    body = item.body
    match body:
        case Command():
            return f"running {command_line(body.command)}"
        case Patch(changes=changes) if changes:
            return f"editing {reveal(PurePosixPath(changes[0].path).name).text}"
        case AgentMessage():
            return "writing"
        case Reasoning():
            return "thinking"
        case CollabCall(tool="wait"):
            return "waiting for agents"
        case Sleep():
            return "waiting"
        case ToolCall(tool=tool):
            return f"calling {one_line(tool)}"
        case WebSearch(query=query):
            return f"searching {one_line(query)}"
        case _:
            return "working"


ENDED = late_pattern(r"(The connection to the engine ended) \((.*)\)(?:; (.*))?")
"""The session's sentence for an engine that is gone; others say that it is silent."""


def has_ended(sentence: str) -> bool:
    """The engine is known to be gone."""
    return ENDED.fullmatch(one_line(sentence)) is not None
