"""Background terminals as rows of the pane and the board, and one's output.

Owns the words: age, cpu, memory, how it ended, the last line. Running ones come first
in the order of their numbers, then the ended ones, the newest end first. Invariant:
what is not known is —, and what is last known says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from state.items import ThreadId
from state.model import EnginePhase, Terminal, Thread, World
from state.scrollback import Scrollback
from state.select.words import agent_label, agent_name, command_line, thread_title
from state.terminals import Ending
from state.text import Revealed, clean, reveal
from state.tree import Forest
from state.usage import NO_METERS, Measured, Meters, left_over
from state.views.terminals import OutputView, TerminalRow, TerminalsView
from state.words import count

_LAST = 2000
"""Characters in which the last line is looked for."""


def terminal_rows(
    world: World,
    forest: Forest,
    threads: Iterable[Thread],
    meters: Meters = NO_METERS,
) -> tuple[TerminalRow, ...]:
    """The rows of these threads, as listed in one tree."""
    stale = world.engine.phase is not EnginePhase.READY
    rows = [
        _row(world, forest, thread, terminal, meters, stale=stale)
        for thread in threads
        for group in (thread.terminals, thread.ended_terminals)
        for terminal in group.values()
    ]
    return tuple(sorted(rows, key=_order))


def _order(row: TerminalRow) -> tuple[int, int, int]:
    if row.live:
        return 0, 0, row.number
    return 1, -(row.ended_ms or 0), row.number


def terminals_view(
    world: World,
    forest: Forest,
    holding: Iterable[ThreadId],
    meters: Meters = NO_METERS,
) -> TerminalsView:
    """All terminals; `holding`: the threads that may have some. Trees stand together,
    the one with the newest terminal first."""
    trees: dict[ThreadId, list[Thread]] = {}
    for thread_id in holding:
        thread = world.threads.get(thread_id)
        if thread is not None and (thread.terminals or thread.ended_terminals):
            trees.setdefault(forest.root(thread_id), []).append(thread)
    rows: list[TerminalRow] = []
    for _, members in sorted(trees.items(), key=lambda tree: _newest(tree[1])):
        rows += terminal_rows(world, forest, members, meters)
    rows.sort(key=lambda row: not row.live)
    return TerminalsView(
        rows=tuple(rows),
        live=sum(row.live for row in rows),
        threads=len(trees),
        stale=world.engine.phase is not EnginePhase.READY,
    )


def _newest(members: list[Thread]) -> int:
    return -max(
        (t.started_ms or 0 for m in members for t in m.terminals.values()), default=0
    )


def _row(
    world: World,
    forest: Forest,
    thread: Thread,
    terminal: Terminal,
    meters: Meters,
    *,
    stale: bool,
) -> TerminalRow:
    place = (thread.id, terminal.item_id)
    measured = meters.by_terminal.get(place)
    cpu, memory = figures(terminal, measured)
    root = world.threads.get(forest.root(thread.id), thread)
    state, failed = how_ended(terminal)
    since = terminal.started_ms
    if since is None and measured is not None:
        since = measured.now.since_ms
    return TerminalRow(
        number=terminal.number,
        thread_id=thread.id,
        process_id=terminal.process_id,
        command=Revealed(command_line(terminal.command)),
        owner=agent_name(thread) if thread.is_agent else "/root",
        since_ms=since,
        cpu="" if state else cpu,
        memory="" if state else memory,
        last=last_line(terminal),
        item_id=terminal.item_id,
        path=agent_label(thread),
        title=thread_title(root),
        cwd=reveal(terminal.cwd).text,
        shares=measured.shares if measured is not None and not state else (),
        state=state,
        failed=failed,
        ended_ms=terminal.ended_ms,
        left=left_over(meters, place, terminal.ended_ms) if state else 0,
        stale=stale and not state,
    )


def figures(terminal: Terminal, measured: Measured | None) -> tuple[str, str]:
    """cpu and memory in words: seen here, else as the engine says, else —."""
    cpu, kb = terminal.cpu_percent, terminal.rss_kb
    if measured is not None:
        cpu, kb = measured.now.cpu_percent, measured.now.rss_kb
    return (
        "—" if cpu is None else f"{cpu:.0f}%",
        "—" if kb is None else memory_words(kb),
    )


def memory_words(kb: int) -> str:
    """184M, 2.1G: at most four cells."""
    if kb < 1024:
        return f"{kb}K"
    mb = kb / 1024
    if mb < 1000:
        return f"{mb:.0f}M"
    return f"{mb / 1024:.1f}G" if mb < 100 * 1024 else f"{mb / 1024:.0f}G"


def how_ended(terminal: Terminal) -> tuple[str, bool]:
    """How it ended in words ("" while it runs), and whether that is a failure."""
    match terminal.ending:
        case None:
            return "", False
        case Ending.EXITED:
            if terminal.exit_code is None:
                return "ended", False
            if terminal.exit_code < 0:
                return "stopped", False
            return f"exit {terminal.exit_code}", terminal.exit_code != 0
        case Ending.GONE:
            return "ended", False
        case Ending.UNLOADED:
            return "unloaded", False
        case Ending.ENGINE:
            return "engine gone", False


def last_line(terminal: Terminal) -> str:
    """The last line it printed that has words."""
    text = terminal.output.text.last(_LAST).rstrip()
    return clean(text.rsplit("\n", 1)[-1].rsplit("\r", 1)[-1]).strip()


def output_view(row: TerminalRow, terminal: Terminal, scroll: Scrollback) -> OutputView:
    """What it printed. `scroll` belongs to this terminal."""
    scroll.take(terminal.output)
    return OutputView(row, scroll, scroll.version, note(terminal))


def note(terminal: Terminal) -> str:
    """What the first line of the output should say about what is not there."""
    output = terminal.output
    if output.start:
        return f"the last {count(len(output.text))} characters are kept"
    if output.gaps[:1] == (0,):
        return "first output not sent by the engine"
    if terminal.ending is None and output.end:
        return "the engine may leave out what came first; all of it comes at the end"
    return ""


def find(
    threads: Mapping[ThreadId, Thread], row: TerminalRow
) -> tuple[Thread, Terminal] | None:
    """The terminal that a row shows, if it is still there."""
    thread = threads.get(row.thread_id)
    if thread is None:
        return None
    terminal = thread.terminals.get(row.item_id)
    terminal = terminal or thread.ended_terminals.get(row.item_id)
    return None if terminal is None else (thread, terminal)
