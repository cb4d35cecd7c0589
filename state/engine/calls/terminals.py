"""Requests about background terminals."""

from __future__ import annotations

from state.engine.calls.base import PAGE, Call, some


def list_terminals(thread_id: str, cursor: str | None = None) -> Call:
    return Call(
        "thread/backgroundTerminals/list",
        some(threadId=thread_id, limit=PAGE, cursor=cursor),
    )


def stop_terminal(thread_id: str, process_id: str) -> Call:
    return Call(
        "thread/backgroundTerminals/terminate",
        {"threadId": thread_id, "processId": process_id},
    )


def stop_terminals(thread_id: str) -> Call:
    return Call("thread/backgroundTerminals/clean", {"threadId": thread_id})
