"""`codex-tui tree`: the agents of a thread as text, JSON or a picture, no screen.

Owns the choice of the thread and the exit codes. What is known comes from the store and
from an engine that runs. How a timeline looks is `tui.timeline_text` and
`tui.timeline_svg`. Invariant: nothing is started or woken by it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from state.agent_path import AgentPathError
from state.agents import born_ms
from state.db.spans import tree_past
from state.home import store_path
from state.items import ThreadId
from state.model import Thread, World
from state.resolve import UnknownThread, Unresolved, resolve, root_of
from state.select.agent_detail import task_words
from state.select.agents import AgentTreeBuilder
from state.select.timeline import NO_PAST, Past, TimelineBuilder
from state.tree import Forest
from state.views import AgentRow
from state.words import age, cut
from tui.listing import read_known
from tui.place import Place
from tui.report import print_json
from tui.timeline_svg import timeline_svg
from tui.timeline_text import timeline_text
from tui.tree_visit import tree_of

LEAST_WIDTH = 60


def tree_command(args: argparse.Namespace) -> int:
    """0 shown, 2 wrong or ambiguous words, 3 nothing known and no engine, 4 the store
    or the file cannot be used."""
    if problem := _wrong(args):
        return _fail(2, problem)
    place = Place.from_environment()
    listing = asyncio.run(read_known(args, place, tree_of(args.thread)))
    for note in listing.notes:
        print(note, file=sys.stderr)
    if listing.store_failed and not listing.live:
        return 4
    threads = listing.world.threads
    if not threads:
        return _fail(0 if listing.live else 3, "No threads are known here yet.")
    try:
        root = _root(args.thread, threads)
    except Unresolved as error:
        return _fail(2, *error.lines)
    except AgentPathError as error:
        return _fail(2, str(error))
    if args.json:
        print_json(tree_json(listing.world, root))
        return 0
    if not args.timeline:
        return _write(args, "\n".join(tree_lines(listing.world, root)) + "\n")
    past = _past(place, listing.world, root)
    now = int(time.time() * 1000)
    view = TimelineBuilder(_forest(listing.world)).view(listing.world, root, None, past)
    if args.svg:
        return _write(args, timeline_svg(view, now))
    width = max(LEAST_WIDTH, shutil.get_terminal_size((100, 24)).columns)
    width = 120 if args.out else width
    return _write(args, "\n".join(timeline_text(view, now, width)) + "\n")


def _wrong(args: argparse.Namespace) -> str:
    if args.svg and args.text:
        return "--svg and --text are two forms; name one of them."
    if (args.svg or args.text) and not args.timeline:
        return "--svg and --text are forms of --timeline."
    if args.json and args.timeline:
        return "--json gives the tree; --timeline has --svg and --text."
    return ""


def _fail(code: int, *lines: str) -> int:
    print("\n".join(lines), file=sys.stderr)
    return code


def _root(text: str | None, threads: Mapping[ThreadId, Thread]) -> ThreadId:
    """The thread that is meant; without a word the last one that has agents."""
    if text is not None:
        return root_of(threads, resolve(text, threads))
    parents = {t.parent_id for t in threads.values() if t.is_agent and not t.deleted}
    roots = {root_of(threads, p) for p in parents if p is not None and p in threads}
    known = [threads[one] for one in roots if not threads[one].deleted]
    known = known or [t for t in threads.values() if not t.deleted]
    if not known:
        raise UnknownThread("No thread is known here.")
    return max(known, key=lambda t: (t.updated_ms or t.created_ms, t.id)).id


def _forest(world: World) -> Forest:
    forest = Forest()
    forest.update(world.threads, world.threads)
    return forest


def _past(place: Place, world: World, root: ThreadId) -> Past:
    tree = [thread.id for _, thread in _forest(world).walk(root)]
    try:
        return tree_past(store_path(place.home), tree)
    except (sqlite3.Error, OSError, ValueError):
        return NO_PAST


# -- the tree ----------------------------------------------------------------------


def tree_lines(world: World, root: ThreadId) -> list[str]:
    """One agent a line: tree, state, tokens, age, model, what it does."""
    view = AgentTreeBuilder(_forest(world)).view(world, root)
    now = time.time() * 1000
    name = max(len(f"{row.guide}{row.name}") for row in view.rows)
    name = min(max(name, 10), 44)
    noun = "agent" if view.total == 2 else "agents"
    known = ", as last known" if view.stale else ""
    counts = f"{view.total - 1} {noun} · {view.tokens or 0} tokens{known}"
    lines = [f"{cut(view.title, 70)} · {counts}"]
    lines += [view.note] if view.note else []
    for row in view.rows:
        since = age((now - row.since_ms) / 1000) if row.since_ms else ""
        model = f"{row.model} {row.effort}".strip()
        head = cut(f"{row.guide}{row.name}", name)
        head += " " * (name - len(head))
        parts = f"{head}  {row.word:<17} {row.tokens:>6} {since:>4}  {model}"
        marks = [f"{row.reviews} to review"] if row.reviews else []
        if row.terminals:
            marks.append(f"{row.terminals} terminal{'s' if row.terminals > 1 else ''}")
        more = " · ".join([*marks, row.activity] if row.activity else marks)
        lines.append(f"{parts}  {cut(more, 60)}".rstrip() if more else parts.rstrip())
    return lines


def tree_json(world: World, root: ThreadId) -> list[dict[str, Any]]:
    """Flat, parents before their agents; ids as the engine spells them."""
    forest = _forest(world)
    view = AgentTreeBuilder(forest).view(world, root)
    return [_agent_json(world.threads[row.id], row, forest) for row in view.rows]


def _agent_json(thread: Thread, row: AgentRow, forest: Forest) -> dict[str, Any]:
    spawn, total = thread.spawn, forest.total(thread.id)
    task, note = task_words(thread)
    return {
        "id": thread.id,
        "parentId": thread.parent_id,
        "path": thread.agent_path or ("/root" if not thread.is_agent else None),
        "state": row.word,
        "status": thread.status.value,
        "nickname": thread.nickname,
        "role": thread.role,
        "model": row.model or None,
        "effort": row.effort or None,
        "tokens": thread.tokens.total if thread.tokens else None,
        "tokensWithAgents": total.tokens,
        "reviewsWithAgents": total.reviews,
        "terminalsWithAgents": total.terminals,
        "bornMs": born_ms(thread),
        "spawnTurn": spawn.turn_id if spawn else None,
        "spawnItem": spawn.item_id if spawn else None,
        "task": task or None,
        "taskNote": note or None,
        "doing": row.activity or None,
    }


def _write(args: argparse.Namespace, text: str) -> int:
    if not args.out:
        sys.stdout.write(text)
        return 0
    path = Path(args.out).expanduser()
    try:
        # 0600: task texts and commands are nobody else's business.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        return _fail(4, f"{path} cannot be written: {error.strerror or error}")
    print(f"written to {path}", file=sys.stderr)
    return 0
