"""Requests that make a thread do something: turns and its queue."""

from __future__ import annotations

from state.engine.calls.base import Call, some, text_input


def start_turn(thread_id: str, text: str, client_id: str) -> Call:
    return Call(
        "turn/start",
        {
            "threadId": thread_id,
            "input": text_input(text),
            "clientUserMessageId": client_id,
        },
    )


def steer(thread_id: str, turn_id: str, text: str, client_id: str) -> Call:
    return Call(
        "turn/steer",
        {
            "threadId": thread_id,
            "expectedTurnId": turn_id,
            "input": text_input(text),
            "clientUserMessageId": client_id,
        },
    )


def interrupt(thread_id: str, turn_id: str) -> Call:
    return Call("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})


def queue_add(thread_id: str, text: str, client_id: str) -> Call:
    return Call(
        "thread/queue/add",
        {
            "threadId": thread_id,
            "input": text_input(text),
            "clientUserMessageId": client_id,
        },
    )


def queue_list(thread_id: str, cursor: str | None = None) -> Call:
    return Call("thread/queue/list", some(threadId=thread_id, cursor=cursor))


def queue_update(thread_id: str, entry_id: str, text: str) -> Call:
    return Call(
        "thread/queue/update",
        {
            "threadId": thread_id,
            "queuedSubmissionId": entry_id,
            "input": text_input(text),
        },
    )


def queue_reorder(thread_id: str, order: tuple[str, ...]) -> Call:
    return Call(
        "thread/queue/reorder",
        {"threadId": thread_id, "queuedSubmissionIds": list(order)},
    )


def queue_delete(thread_id: str, entry_id: str) -> Call:
    return Call(
        "thread/queue/delete",
        {"threadId": thread_id, "queuedSubmissionId": entry_id},
    )


def queue_start(thread_id: str) -> Call:
    return Call("thread/queue/start", {"threadId": thread_id})


def run_shell(thread_id: str, command: str) -> Call:
    """The user's own command, outside the sandbox."""
    return Call("thread/shellCommand", {"threadId": thread_id, "command": command})
