"""`codex-tui terminals` and `codex-tui stop`: background terminals without a screen.

Owns the words, the question and the exit codes; `tui.terminal_visit` does the asking,
`state.select.stopping` says what words mean. Invariants: nothing is ended that was not
listed first; without a terminal to ask in, only `--yes` is a yes; a process that
outlived its terminal gets a signal only after a yes of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Any

from state.engine import calls
from state.engine.errors import EngineError, RequestFailed
from state.engine.processes import Found, Processes, end, left_of
from state.items import ThreadId
from state.model import World
from state.resolve import Unresolved, resolve_thread
from state.select.stopping import Targets, row_words, targets
from state.select.terminals import terminal_rows, terminals_view
from state.text import clean, reveal
from state.tree import Forest
from state.usage import NO_METERS, Measured, Meters
from state.views import TerminalRow
from state.words import cut, shorten_command, shorten_path
from tui.place import Place
from tui.report import print_json
from tui.terminal_visit import Visit, list_terminals, visit

LOOK_SECONDS = 0.25
"""Between the two looks that a cpu share needs"""
END_SECONDS = 3.0


def terminals_command(args: argparse.Namespace) -> int:
    """`codex-tui terminals`: 0; without engine and rows 3, or 4 for a broken store."""
    return asyncio.run(_terminals(args))


async def _terminals(args: argparse.Namespace) -> int:
    async with visit(args, Place.from_environment()) as found:
        for note in found.notes:
            print(clean(note), file=sys.stderr)
        rows = _rows(found.world, await _meters(found))
        if args.json:
            print_json([_as_json(row, found) for row in rows])
        else:
            print("\n".join(_lines(rows, found)))
        if found.link is not None or rows:
            return 0
        return 4 if found.store_failed else 3


def _rows(world: World, meters: Meters = NO_METERS) -> tuple[TerminalRow, ...]:
    forest = Forest()
    forest.update(world.threads, world.threads)
    return terminals_view(world, forest, world.threads, meters).rows


async def _meters(found: Visit) -> Meters:
    holding = any(
        thread.terminals or thread.ended_terminals
        for thread in found.world.threads.values()
    )
    if not found.local or not holding:
        return NO_METERS
    table = Processes()
    await asyncio.to_thread(table.usage)
    await asyncio.sleep(LOOK_SECONDS)
    seen = await asyncio.to_thread(table.usage)
    return Meters(
        at_ms=int(time.time() * 1000),
        by_terminal={
            (key.thread_id, key.item_id): Measured(usage) for key, usage in seen.items()
        },
    )


def _lines(rows: Sequence[TerminalRow], found: Visit) -> list[str]:
    live = sum(row.live for row in rows)
    how = "" if found.link is not None else " · no engine, as last known"
    noun = "terminal" if live == 1 else "terminals"
    lines = [f"{live} background {noun}{how}"]
    now = int(time.time() * 1000)
    title = None
    for row in sorted(rows, key=lambda row: (row.title, not row.live, row.number)):
        if row.title != title:
            title = row.title
            lines += ["", cut(title, 76)]
        ago = row.ago(now)
        state = row.state or f"{row.cpu:>4} {row.memory:>5}"
        if row.left:
            state = f"{row.left} left over"
        command = shorten_command(row.command.text, 34)
        owner = shorten_path(row.path, 16)
        words = f"{row.number:>3}  {command:<34}  {owner:<16} {ago:>4} {state:<12}"
        lines.append(f"{words} {shorten_path(row.cwd, 30)}".rstrip())
        if row.last:
            lines.append(f"       {cut(row.last, 90)}")
    return lines


def _as_json(row: TerminalRow, found: Visit) -> dict[str, Any]:
    thread = found.world.threads[row.thread_id]
    terminal = thread.terminals.get(row.item_id) or thread.ended_terminals[row.item_id]
    return {
        "id": row.number,
        "threadId": row.thread_id,
        "itemId": row.item_id,
        "processId": row.process_id,
        "agentPath": row.path,
        "thread": row.title,
        "command": terminal.command,
        "cwd": terminal.cwd,
        "live": terminal.live,
        "lastKnown": found.link is None and terminal.live,
        "startedAtMs": row.since_ms,
        "endedAtMs": terminal.ended_ms,
        "ending": terminal.ending,
        "exitCode": terminal.exit_code,
        "cpu": row.cpu or None,
        "memory": row.memory or None,
        "leftOver": row.left,
        "lastLine": row.last,
    }


# -- stop ----------------------------------------------------------------------------


def stop_command(args: argparse.Namespace) -> int:
    """`codex-tui stop`: 0 all ended, 1 not (all) ended or declined, 2 words that name
    nothing or too much, 3 no engine."""
    return asyncio.run(_stop(args))


async def _stop(args: argparse.Namespace) -> int:
    async with visit(args, Place.from_environment()) as found:
        if found.link is None:
            for note in found.notes:
                _complain(note)
            _complain("Nothing was stopped.")
            return 3
        chosen = _chosen(found.world, args)
        if chosen.refusal:
            _complain(chosen.refusal)
            for row in chosen.choices:
                _complain(f"  {row_words(row, title=True)}")
            return 2
        number = len(chosen.rows)
        print(f"This ends {number} terminal{'' if number == 1 else 's'}:")
        for row in chosen.rows:
            print(f"  {row_words(row, title=True)}")
        if not args.yes:
            if not (sys.stdin.isatty() and sys.stdout.isatty()):
                _complain("Not stopped: nobody can be asked here; add --yes.")
                return 2
            if not _asked("End them?"):
                print("Nothing was stopped.")
                return 1
        try:
            return await _end(found, chosen.rows, ask=not args.yes)
        except EngineError as error:
            _complain(str(error))
            return 1


def _chosen(world: World, args: argparse.Namespace) -> Targets:
    """The terminals that the words mean: of one tree, never of two by accident."""
    forest = Forest()
    forest.update(world.threads, world.threads)
    members = list(world.threads.values())
    if args.thread is not None:
        try:
            chosen = resolve_thread(args.thread, world.threads)
        except Unresolved as error:
            return Targets(refusal="\n".join(error.lines))
        root = forest.root(chosen)
        members = [t for t in members if forest.root(t.id) == root]
    found = targets(terminal_rows(world, forest, members), args.target)
    trees = {forest.root(row.thread_id) for row in found.rows}
    if len(trees) > 1:
        return Targets(
            refusal=f"“{clean(args.target)}” means terminals of {len(trees)} threads; "
            "name one with --thread.",
            choices=found.rows,
        )
    return found


async def _end(found: Visit, rows: Sequence[TerminalRow], *, ask: bool) -> int:
    link = found.link
    assert link is not None
    before = await _processes(rows) if found.local else []
    threads = dict(found.world.threads)
    for row in rows:
        call = calls.stop_terminal(row.thread_id, row.process_id)
        try:
            await link.rpc.call(call.method, call.params, timeout=30.0)
        except RequestFailed as error:
            _complain(f"{row.number}: {error}")
    for thread_id in {row.thread_id for row in rows}:
        await list_terminals(link, threads, thread_id)
    still = [row for row in rows if _runs(threads, row)]
    for row in rows:
        word = "still running" if row in still else "ended"
        print(f"{word}: {row_words(row)}")
    left = await left_of(before, END_SECONDS)
    if not left:
        return 1 if still else 0
    return await _end_left(left, ask=ask)


def _runs(threads: dict[ThreadId, Any], row: TerminalRow) -> bool:
    thread = threads.get(row.thread_id)
    return thread is not None and row.item_id in thread.terminals


async def _processes(rows: Sequence[TerminalRow]) -> list[Found]:
    seen = await asyncio.to_thread(Processes().find)
    places = {(row.thread_id, row.item_id) for row in rows}
    return [one for key, many in seen.items() if tuple(key) in places for one in many]


async def _end_left(left: Sequence[Found], *, ask: bool) -> int:
    number = len(left)
    noun = "process lives" if number == 1 else "processes live"
    print(f"{number} {noun} on:")
    for one in left:
        print(f"  {one.pid}  {cut(reveal(one.command).text, 90)}")
    if not ask or not _asked("End them, too (SIGTERM, after 3 s SIGKILL)?"):
        return 1
    ended, rest = await end(left)
    for one in ended:
        print(f"ended: process {one.pid}")
    for one in rest:
        _complain(f"not ended: process {one.pid}")
    return 1 if rest else 0


def _asked(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _complain(sentence: str) -> None:
    print(clean(sentence), file=sys.stderr)
