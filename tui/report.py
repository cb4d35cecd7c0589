"""The fleet and the engine without a screen: `threads` and `engine` as text or JSON.

Owns the words and columns of those commands; `tui.listing` does the reading.
Invariant: whatever a thread or an engine is called, no control character of it
reaches the output, in JSON either.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path, PurePosixPath
from typing import Any

from state.chars import cells
from state.engine.control import (
    EngineStatus,
    StopReport,
    ThreadActivity,
    status,
    stop,
)
from state.engine.errors import EngineError
from state.model import Thread
from state.select.threads import ListAsk, ThreadListBuilder
from state.select.words import command_line, one_line
from state.text import clean, reveal
from state.tree import Forest
from state.views import ThreadRow
from state.words import age, cut
from tui.listing import Listing, read_listing
from tui.options import visit_options
from tui.place import Place

TITLE = 56
WAITS = {
    "waitingOnApproval": "waits for an approval",
    "waitingOnUserInput": "waits for an answer",
}


def threads_command(args: argparse.Namespace) -> int:
    """`codex-tui threads`: 0; without engine and rows 3, or 4 for a broken store."""
    listing = asyncio.run(read_listing(args, Place.from_environment()))
    for note in listing.notes:
        print(clean(note), file=sys.stderr)
    if args.json:
        print_json(
            [
                _as_json(thread, listing)
                for thread in listing.world.threads.values()
                if not thread.is_agent
                and not thread.deleted
                and (args.archived or not thread.archived)
            ]
        )
    else:
        print("\n".join(fleet_lines(listing, archived=args.archived)))
    if listing.live or listing.fresh or listing.world.threads:
        return 0
    return 4 if listing.store_failed else 3


def print_json(value: object) -> None:
    """ASCII only: JSON itself would let C1 and bidi controls through."""
    text = json.dumps(value, ensure_ascii=True, indent=1)
    print(text.replace("\x7f", "\\u007f"))


def _as_json(thread: Thread, listing: Listing) -> dict[str, Any]:
    return {
        "id": thread.id,
        "name": thread.name,
        "preview": thread.preview,
        "status": thread.status.value,
        "flags": sorted(thread.flags),
        "listed": thread.id in listing.listed,
        "cwd": thread.cwd,
        "branch": thread.branch,
        "source": thread.source,
        "threadSource": thread.thread_source,
        "originator": thread.originator,
        "model": thread.model,
        "effort": thread.effort,
        "archived": thread.archived,
        "unread": thread.unread,
        "createdAtMs": thread.created_ms,
        "updatedAtMs": thread.updated_ms,
        "path": thread.path,
    }


# -- threads -----------------------------------------------------------------------


def fleet_lines(listing: Listing, *, archived: bool) -> list[str]:
    """The thread list as the screen groups it."""
    world = listing.world
    forest = Forest()
    forest.update(world.threads, world.threads)
    builder = ThreadListBuilder(forest)
    builder.update(world, world.threads)
    view = builder.view(ListAsk(archived=archived))
    shown = sum(len(group.rows) for group in view.groups)
    noun = "thread" if shown == 1 else "threads"
    lines = [f"{shown} {noun} · {_source(listing)}"]
    if listing.live and world.account.kind == "none" and world.account.requires_login:
        lines.append("Not logged in: reading works, sending does not; run codex login.")
    for group in view.groups:
        lines += ["", f"{group.title} {len(group.rows)}"]
        for row in group.rows:
            tree = [world.threads[row.id], *forest.descendants(row.id)]
            lines += _row_lines(row, tree, listing)
    if not view.groups:
        lines += ["", "No threads yet."]
    return lines


def _source(listing: Listing) -> str:
    engine = listing.world.engine
    if listing.fresh:
        return "nothing started yet"
    if not listing.live:
        return "no engine, as last known"
    how = {"joined": "running engine", "remote": "remote engine"}
    return (
        f"codex {one_line(engine.version or '')}, {how.get(engine.how or '', 'read')}"
    )


def _row_lines(row: ThreadRow, tree: list[Thread], listing: Listing) -> list[str]:
    """`tree`: the root and its agents."""
    folder = reveal(PurePosixPath(tree[0].cwd).name).text
    when = age(time.time() - row.at_ms / 1000) if row.at_ms else ""
    gone = listing.live and row.id not in listing.listed
    word = "not listed" if gone else row.word
    title = cut(row.title, TITLE)
    title += " " * (TITLE - cells(title))
    mark = "*" if row.unread else " "
    lines = [f"{mark} {word:<11} {title} {when:>3}  {folder}".rstrip()]
    detail = "".join(bit.text for bit in row.detail)
    flags = {flag for thread in tree for flag in thread.flags}
    waits = ", ".join(WAITS[flag] for flag in sorted(flags) if flag in WAITS)
    more = [f"  {'':<11} {cut(words, 100)}" for words in (waits, detail) if words]
    return [*lines, *more]


# -- engine ------------------------------------------------------------------------


def engine_command(args: argparse.Namespace) -> int:
    """`codex-tui engine status|stop`: 0 done, 1 refused or broken, 3 none runs."""
    place = Place.from_environment()
    options = visit_options(place)
    try:
        if args.act == "status":
            found = asyncio.run(status(place.codex_home, options))
            return _show_status(found, as_json=args.json)
        report = asyncio.run(stop(place.codex_home, options, interrupt=args.interrupt))
        if not report.stopped and not args.json and _insists(report):
            report = asyncio.run(stop(place.codex_home, options, interrupt=True))
    except EngineError as error:
        print(clean(str(error)), file=sys.stderr)
        return 1
    return _show_stop(report, as_json=args.json)


def _insists(report: StopReport) -> bool:
    """Name what would end with the engine, and ask; only where somebody can answer."""
    before = report.before
    can_end = before.pid is not None and not before.managed
    if not (can_end and sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    print("This ends with the engine:")
    for thread in before.busy:
        print("\n".join(_busy_lines(thread)))
    if before.peers:
        noun = "client loses its" if before.peers == 1 else "clients lose their"
        print(f"  {before.peers} other {noun} connection")
    try:
        answer = input("Interrupt and stop it? [y/N] ")
    except EOFError:
        return False
    return answer.strip().lower() in ("y", "yes")


def _show_status(found: EngineStatus, *, as_json: bool) -> int:
    if as_json:
        print_json(_plain(found))
    else:
        print("\n".join(status_lines(found)))
    return 0 if found.running else 3


def status_lines(found: EngineStatus) -> list[str]:
    """What runs, in words: engine, then busy threads, then who else is connected."""
    if not found.running:
        return ["No engine is running for this CODEX_HOME."]
    words = [f"codex {one_line(found.version) or 'of unknown version'}"]
    if found.pid is not None:
        words.append(f"process {found.pid}")
    words.append(_starter(found))
    lines = [f"Engine: {', '.join(words)}", f"Socket: {reveal(str(found.socket)).text}"]
    lines.append(f"Threads: {len(found.threads)} loaded, {len(found.busy)} busy")
    for thread in found.busy:
        lines += _busy_lines(thread)
    if found.peers is None:
        lines.append("Other clients: unknown")
    else:
        lines.append(f"Other clients: {found.peers}")
    return lines


def _starter(found: EngineStatus) -> str:
    if found.managed:
        return "the official daemon"
    return "started by codex-tui" if found.started_by_us else "started by another"


def _busy_lines(thread: ThreadActivity) -> list[str]:
    words = []
    if thread.turn_id is not None:
        words.append("a turn is running")
    words += [WAITS[flag] for flag in thread.flags if flag in WAITS]
    number = len(thread.terminals)
    if number:
        words.append(f"{number} background terminal{'s' if number > 1 else ''}")
    title = cut(one_line(thread.name) or thread.thread_id, TITLE)
    running = [f"    {cut(command_line(line), 90)}" for line in thread.terminals]
    return [f"  {title}: {', '.join(words)}", *running]


def _show_stop(report: StopReport, *, as_json: bool) -> int:
    if as_json:
        print_json(_plain(report))
        return 0 if report.stopped else 1
    print(clean(report.sentence))
    if not report.stopped:
        for thread in report.before.busy:
            print("\n".join(_busy_lines(thread)))
    elif report.interrupted:
        print(f"Interrupted turns: {len(report.interrupted)}")
    return 0 if report.stopped else 1


def _plain(value: object) -> Any:
    """A dataclass as JSON, its names as the other commands write them."""
    if hasattr(value, "__dataclass_fields__"):
        return {
            _camel(n): _plain(getattr(value, n)) for n in value.__dataclass_fields__
        }
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, Path) else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
