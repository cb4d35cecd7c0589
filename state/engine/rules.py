"""Which rules a loaded thread has, and which of its commands they let out.

Owns the reading of rules files through the engine, and telling of each command that a
rule let out of the sandbox, which the engine itself tells nobody. Does not judge
(`state.rules`). Invariants: a thread has the rules it was loaded with, and those that
an answer in it added; rules that are written later count for threads loaded later.
A thread that was loaded before we connected is taken to have the rules of that moment.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

from state.controls import LayerKind
from state.engine import calls
from state.engine.controls import layer
from state.engine.errors import EngineLost, RequestFailed
from state.engine.link import Link
from state.events import (
    Event,
    ItemCompleted,
    ItemStarted,
    ReviewResolved,
    RuleApplied,
    ThreadSeen,
    ThreadUnloaded,
    TurnStarted,
)
from state.items import Command, Item, ItemId, RanOutside, ThreadId, TurnId
from state.permissions import paths
from state.rules import Book, Judged, judge
from state.rules_file import read

USER_SHELL = "userShell"
SUFFIX = ".rules"


class RuleWatch:
    """The rules of the threads of one connection; `follow` is told every event."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._cwd: dict[ThreadId, str] = {}
        self._books: dict[ThreadId, asyncio.Task[Book]] = {}
        self._judged: dict[ThreadId, set[ItemId]] = {}

    def follow(self, event: Event) -> None:
        """Reads rules as a thread comes up, and judges its commands as they begin."""
        match event:
            case ThreadSeen(thread_id=thread_id, facts=facts):
                for name, value in facts:
                    if name == "cwd" and isinstance(value, str):
                        self._cwd[thread_id] = value
            case ThreadUnloaded(thread_id=thread_id):
                self._forget(thread_id)
                self._judged.pop(thread_id, None)
            case TurnStarted(thread_id=thread_id):
                self._judged.pop(thread_id, None)
                self._book(thread_id)
            case ReviewResolved(thread_id=thread_id):
                # The answer may have been a rule; it is live in this thread at once.
                self._forget(thread_id)
            case (
                ItemStarted(thread_id=thread_id, turn_id=turn_id, item=item)
                | ItemCompleted(thread_id=thread_id, turn_id=turn_id, item=item)
            ):
                self._begun(thread_id, turn_id, item)
            case _:
                pass

    def _forget(self, thread_id: ThreadId) -> None:
        task = self._books.pop(thread_id, None)
        if task is not None and not task.done():
            task.cancel()

    def _begun(self, thread_id: ThreadId, turn_id: TurnId, item: Item) -> None:
        body = item.body
        if not isinstance(body, Command) or body.source == USER_SHELL:
            return
        judged = self._judged.setdefault(thread_id, set())
        if item.id in judged:
            return  # As it was when it began: an answer since then may be a rule.
        judged.add(item.id)
        self._link.spawn(
            self._judge(
                thread_id, turn_id, item.id, body.command, self._book(thread_id)
            )
        )

    def _book(self, thread_id: ThreadId) -> asyncio.Task[Book]:
        task = self._books.get(thread_id)
        if task is None or task.cancelled():
            cwd = self._cwd.get(thread_id)
            task = asyncio.create_task(rules_of(self._link, cwd))
            # Nobody may wait for it any more when the connection ends.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._books[thread_id] = task
        return task

    async def _judge(
        self,
        thread_id: ThreadId,
        turn_id: TurnId,
        item_id: ItemId,
        command: str,
        book: asyncio.Task[Book],
    ) -> None:
        try:
            found = judge(command, await asyncio.shield(book))
        except asyncio.CancelledError:
            if not book.cancelled():
                raise
            return
        except EngineLost:
            return
        if found.outside:
            outside = _outside(found)
            self._link.tell(RuleApplied(thread_id, turn_id, item_id, outside))


def _outside(found: Judged) -> RanOutside:
    if found.decision is not None and found.rules:
        rule = found.rules[0]
        return RanOutside(rule.words, f"{rule.file}:{rule.line}", found.sure)
    place = found.unread
    return RanOutside("", f"{place.file}:{place.line}" if place else "", sure=False)


async def rules_of(link: Link, cwd: str | None) -> Book:
    """All rules that count for a thread of this folder, as far as they can be read."""
    files: list[tuple[str, str]] = []
    try:
        layers = (await link.ask(calls.read_layers(cwd))).get("layers")
    except RequestFailed:
        layers = None
    home = f"{link.connection.info.codex_home}/rules"
    for folder in dict.fromkeys([*_folders(layers), home]):
        files += await _files(link, folder)
    return read(files)


def _folders(layers: Any) -> Iterator[str]:
    """The folders of rules beside each layer of configuration, the weakest first."""
    for raw in reversed(layers if isinstance(layers, list) else []):
        if not isinstance(raw, dict) or raw.get("disabledReason"):
            continue
        found = layer(raw.get("name"))
        if not found.place:
            continue
        if found.kind is LayerKind.PROJECT:
            yield paths.join(found.place, "rules")
        elif found.kind in (LayerKind.SYSTEM, LayerKind.USER):
            yield paths.join(paths.parent(found.place), "rules")


async def _files(link: Link, folder: str) -> list[tuple[str, str]]:
    try:
        listed = (await link.ask(calls.list_folder(folder))).get("entries") or ()
    except RequestFailed:
        return []
    found: list[tuple[str, str]] = []
    for name in sorted(str(one.get("fileName")) for one in listed):
        if not name.endswith(SUFFIX):
            continue
        path = paths.join(folder, name)
        try:
            raw = (await link.ask(calls.read_file(path))).get("dataBase64")
            found.append((path, base64.b64decode(str(raw)).decode(errors="replace")))
        except (RequestFailed, ValueError):
            # A file that is there and cannot be read may say anything.
            found.append((path, "\0"))
    return found
