"""A reply of the engine becomes the same events a notification would.

Owns which replies carry news: so a recording, which has no session, folds to the
same world as the live one. Invariant: total: an unknown or broken reply is ().
"""

from __future__ import annotations

from typing import Any

import msgspec

from state.engine.wire import threads
from state.engine.wire.context import WireContext
from state.events import (
    AccountChanged,
    Event,
    QueueListed,
    ReadStateChanged,
    SettingsChanged,
    TerminalsListed,
    ThreadSeen,
    TurnMarked,
    TurnsLoaded,
)
from state.items import ThreadId
from state.model import Account, ClientId, Origin, QueueEntry
from state.reduce.mark import mark_of

Json = dict[str, Any]


def decode_response(
    method: str, params: Json, result: Json, context: WireContext
) -> tuple[Event, ...]:
    """The events of a reply to `method` asked with `params`."""
    try:
        return _decode(method, params, result, context)
    except (msgspec.ValidationError, KeyError, TypeError, ValueError, AttributeError):
        return ()


def _decode(
    method: str, params: Json, result: Json, context: WireContext
) -> tuple[Event, ...]:
    match method:
        case "thread/start" | "thread/resume" | "thread/fork":
            return _opened(result, context)
        case "thread/list":
            return _listed(params, result, context)
        case "thread/read":
            seen = _seen(result["thread"], context)
            return (seen, *_read_state(seen.thread_id, result.get("readState")))
        case "thread/unarchive":
            return (_seen(result["thread"], context, archived=False),)
        case "thread/turns/list":
            return _turns(params, result)
        case "thread/backgroundTerminals/list":
            terminals = tuple(map(threads.decode_terminal, result["data"]))
            return (
                TerminalsListed(
                    ThreadId(params["threadId"]),
                    terminals,
                    context.epoch,
                    context.at_ms,
                ),
            )
        case "thread/readState/update":
            return _read_state(ThreadId(params["threadId"]), result["readState"])
        case "thread/queue/list":
            return (_queue(params, result),)
        case "account/read":
            return (AccountChanged(decode_account(result)),)
        case _:
            return ()


def _seen(
    raw: Json, context: WireContext, *, archived: bool | None = None
) -> ThreadSeen:
    facts = threads.decode_thread(raw, archived=archived)
    return ThreadSeen(threads.thread_id(raw), facts, Origin.ENGINE, context.at_ms)


def _opened(result: Json, context: WireContext) -> tuple[Event, ...]:
    seen = _seen(result["thread"], context)
    settings = SettingsChanged(seen.thread_id, threads.decode_settings(result))
    page = result.get("initialTurnsPage")
    if not isinstance(page, dict):
        return (seen, settings)
    # The page is newest first, like turns/list.
    turns = tuple(threads.decode_turn(raw) for raw in reversed(page["data"]))
    complete = page.get("nextCursor") is None
    loaded = TurnsLoaded(seen.thread_id, turns, complete=complete)
    return (seen, settings, loaded)


def _listed(params: Json, result: Json, context: WireContext) -> tuple[Event, ...]:
    archived = bool(params.get("archived"))
    states = result.get("readStates") or {}
    events: list[Event] = []
    for raw in result["data"]:
        try:
            seen = _seen(raw, context, archived=archived)
        except (msgspec.ValidationError, KeyError):
            continue  # one strange row must not hide the page
        events.append(seen)
        events.extend(_read_state(seen.thread_id, states.get(seen.thread_id)))
    return tuple(events)


def _read_state(thread_id: ThreadId, raw: Json | None) -> tuple[Event, ...]:
    if raw is None:
        return ()
    unread, revision = threads.decode_read_state(raw)
    return (ReadStateChanged(thread_id, unread, revision),)


def _queue(params: Json, result: Json) -> QueueListed:
    entries = tuple(
        QueueEntry(
            str(raw["id"]),
            "\n".join(
                str(part["text"]) for part in raw["input"] if part.get("type") == "text"
            ),
            ClientId(str(raw["clientUserMessageId"])),
        )
        for raw in result["data"]
    )
    more = params.get("cursor") is not None
    return QueueListed(ThreadId(params["threadId"]), entries, more)


def _turns(params: Json, result: Json) -> tuple[Event, ...]:
    data = result["data"]
    if params.get("itemsView") == "summary":
        # Asked for how the newest turn stands, not for its items.
        newest = [threads.decode_turn(raw) for raw in data[:1]]
        thread_id = ThreadId(params["threadId"])
        return tuple(TurnMarked(thread_id, mark_of(turn)) for turn in newest)
    if params.get("sortDirection") != "asc":
        data = list(reversed(data))
    loaded = TurnsLoaded(
        thread_id=ThreadId(params["threadId"]),
        turns=tuple(threads.decode_turn(raw) for raw in data),
        older=params.get("cursor") is not None,
        complete=result.get("nextCursor") is None,
    )
    return (loaded,)


def decode_account(result: Json) -> Account:
    """account/read's answer. `label` is what a person knows the login by."""
    account = result.get("account")
    required = bool(result.get("requiresOpenaiAuth"))
    if not isinstance(account, dict):
        return Account(kind="none", requires_login=required)
    label = account.get("email") or account.get("workspaceName")
    return Account(str(account.get("type", "unknown")), label, required)
