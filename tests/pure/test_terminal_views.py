"""Terminals as they are shown: lines of an output, words of a row, what /stop means."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import events as e
from state.agent_path import AgentPath
from state.items import Command, Item, ItemId, ItemStatus, Text, ThreadId, TurnId
from state.model import Engine, EnginePhase, Origin, Terminal, World
from state.reduce import reduce
from state.scrollback import Scrollback
from state.select.stopping import targets
from state.select.terminals import (
    figures,
    memory_words,
    note,
    terminal_rows,
    terminals_view,
)
from state.select.words import activity
from state.terminals import KEPT, Tail, tail_of
from state.text import ansi
from state.tree import Forest
from state.usage import (
    GOING_MS,
    NO_METERS,
    SAMPLES,
    Measured,
    Meters,
    Usage,
    left_over,
    moved_on,
)
from state.views import TerminalRow

ROOT, CHILD, DEEP, OTHER = map(ThreadId, ("t1", "t2", "t3", "t9"))


def read(*tails: Tail) -> Scrollback:
    scroll = Scrollback()
    for tail in tails:
        scroll.take(tail)
    return scroll


def lines(scroll: Scrollback) -> list[object]:
    found = [scroll[i] for i in range(len(scroll))]
    return ["gap" if one.gap else one.line for one in found]


outputs = st.lists(st.text(alphabet="ab \n\r\t界\x1b[31m0;m", max_size=20), max_size=12)


@given(outputs)
def test_lines_read_bit_by_bit_are_those_of_the_whole(chunks: list[str]) -> None:
    scroll, tail = Scrollback(), Tail()
    for chunk in chunks:
        tail = tail.grown(chunk)
        scroll.take(tail)
    whole = read(tail)
    assert lines(scroll) == lines(whole)
    assert lines(whole) == list(ansi("".join(chunks)))


@given(outputs, st.data())
def test_gaps_stand_where_they_are(chunks: list[str], data: st.DataObject) -> None:
    scroll, tail = Scrollback(), Tail()
    for chunk in chunks:
        if data.draw(st.booleans()):
            tail = tail.torn()
        tail = tail.grown(chunk)
        scroll.take(tail)
    assert lines(scroll) == lines(read(tail))
    gaps = [one for one in lines(scroll) if one == "gap"]
    assert len(gaps) == len([at for at in tail.gaps if at])


def test_what_was_dropped_at_the_top_is_dropped() -> None:
    tail = Tail()
    scroll = Scrollback()
    for n in range(9):
        tail = tail.grown(f"{n}" * 40_000 + "\n")
        scroll.take(tail)
    assert len(tail.text) == KEPT
    assert [one.text[0] for one in (scroll[i] for i in range(len(scroll)))] == list(
        "345678"
    )
    assert scroll.plain().count("\n") == 5


def test_the_completed_text_takes_the_place_of_the_preview() -> None:
    scroll = read(Tail().grown("tick\n"), tail_of("first\ntick\n"))
    assert scroll.plain() == "first\ntick"
    version = scroll.version
    scroll.take(scroll._tail)
    assert scroll.version == version, "the same tail is no news"


def test_a_style_lasts_over_lines_however_it_came() -> None:
    scroll = read(
        Tail().grown("\x1b[31mred\n"), Tail().grown("\x1b[31mred\n").grown("still\n")
    )
    assert scroll[1].line[0].style.fg == 1


# -- rows ----------------------------------------------------------------------------


def world_of(*events: e.Event) -> tuple[World, Forest]:
    world = World()
    ready = Engine(EnginePhase.READY, epoch="e1", connection=1)
    for event in (e.EngineChanged(ready), *events):
        world = reduce(world, event)
    forest = Forest()
    forest.update(world.threads, world.threads)
    return world, forest


def agent(thread: ThreadId, parent: ThreadId, path: str) -> e.ThreadSeen:
    facts = (("parent_id", parent), ("agent_path", path))
    return e.ThreadSeen(thread, facts, Origin.ENGINE)


def listed(thread: ThreadId, *names: str) -> e.TerminalsListed:
    found = tuple(Terminal(ItemId(n), f"p{n}", f"run {n}", "/w") for n in names)
    return e.TerminalsListed(thread, found, "e1", 50)


def tree() -> tuple[World, Forest]:
    return world_of(
        e.ThreadSeen(ROOT, (("name", "one"),), Origin.ENGINE),
        agent(CHILD, ROOT, "/root/a"),
        agent(DEEP, CHILD, "/root/a/b"),
        listed(ROOT, "x"),
        listed(CHILD, "y"),
        listed(DEEP, "z"),
        listed(ROOT, "x", "w"),
        listed(ROOT, "x"),
    )


def rows() -> tuple[TerminalRow, ...]:
    world, forest = tree()
    return terminal_rows(world, forest, world.threads.values())


def test_rows_stand_by_number_and_the_ended_ones_last() -> None:
    shown = [(r.number, r.path, r.live) for r in rows()]
    assert shown == [
        (1, "/root", True),
        (2, "/root/a", True),
        (3, "/root/a/b", True),
        (4, "/root", False),
    ]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [("", [1, 2, 3]), ("2", [2]), ("#3", [3]), ("/root/a", [2, 3]),
     ("/root/a/b", [3]), ("/root", [1, 2, 3]), (" /root/a/ ", [2, 3]), ("a", [2, 3])],
)  # fmt: skip
def test_what_stop_means(words: str, numbers: list[int]) -> None:
    found = targets(rows(), words)
    assert ([r.number for r in found.rows], found.refusal) == (numbers, "")


def test_a_path_is_read_from_where_the_user_is() -> None:
    caller = AgentPath.parse("/root/a")
    assert [r.number for r in targets(rows(), "b", caller=caller).rows] == [3]
    assert [r.number for r in targets(rows(), ".", caller=caller).rows] == [2, 3]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("9", "There is no terminal 9 here; running: 1, 2, 3."),
        ("4", "Terminal 4 had ended before (ended)."),
        ("/root/c", "No terminal runs in /root/c or below it"),
        ("/nowhere", "begins with /root"),
        ("A b", "is no terminal and no agent"),
        ("..", "There is no agent above /root"),
        ("²", "is no terminal and no agent"),
        ("\u202e1", "is no terminal and no agent"),
    ],
)
def test_what_stop_does_not_mean(words: str, said: str) -> None:
    found = targets(rows(), words)
    assert not found.rows
    assert said in found.refusal
    assert found.refusal.isprintable()


def test_a_number_means_one_terminal_of_all_threads() -> None:
    world, forest = world_of(
        e.ThreadSeen(ROOT, (("name", "one"),), Origin.ENGINE),
        e.ThreadSeen(OTHER, (("name", "two"),), Origin.ENGINE),
        listed(ROOT, "x"),
        listed(OTHER, "y"),
    )
    shown = terminals_view(world, forest, world.threads).rows
    for row in shown:
        assert targets(shown, str(row.number)).rows == (row,)
        assert targets(shown, f"#{row.number}").rows == (row,)
    assert len({row.number for row in shown}) == 2
    assert targets((), "").refusal == "No background terminals running."


def test_two_with_one_number_are_never_guessed_between() -> None:
    """No reducer makes such; another program's rows may."""
    (row, *_) = rows()
    found = targets((row, replace(row, title="two", item_id=ItemId("q"))), "1")
    assert not found.rows
    assert len(found.choices) == 2
    assert "two" in found.refusal


def test_figures_are_seen_or_said_or_unknown() -> None:
    told = Terminal(ItemId("i"), "p", "c", "/", cpu_percent=7.4, rss_kb=2048)
    bare = replace(told, cpu_percent=None, rss_kb=None)
    seen = Measured(Usage(41.2, 912 * 1024, 3, 1))
    assert figures(told, None) == ("7%", "2M")
    assert figures(told, seen) == ("41%", "912M")
    assert figures(bare, None) == ("—", "—")
    assert figures(bare, Measured(Usage(None, 10, 1, 1))) == ("—", "10K")
    words = {900: "900K", 2 << 10: "2M", 2200 << 10: "2.1G", 200 << 20: "200G"}
    assert {kb: memory_words(kb) for kb in words} == words


def test_a_minute_of_shares() -> None:
    place = (ROOT, ItemId("x"))
    meters = NO_METERS
    for n in range(SAMPLES + 3):
        usage = {place: Usage(float(n), 1, 1, 1)}
        meters = moved_on(meters, usage, n, bar=True)
    assert meters.by_terminal[place].shares == tuple(map(float, range(3, SAMPLES + 3)))
    peak = moved_on(meters, {place: Usage(99.0, 1, 1, 1)}, 99, bar=False)
    assert peak.by_terminal[place].shares[-1] == 99.0
    assert not moved_on(peak, {}, 100, bar=True).by_terminal


def test_left_over_needs_a_look_after_the_end() -> None:
    place = (ROOT, ItemId("x"))
    seen = {place: Measured(Usage(0.0, 1, 2, 1))}
    assert left_over(Meters(5000, seen), place, 4500) == 0
    assert left_over(Meters(4500 + GOING_MS, seen), place, 4500) == 2
    assert left_over(NO_METERS, place, 1) == 0


def test_what_is_missing_at_the_top_is_said() -> None:
    base = Terminal(ItemId("i"), "p", "c", "/")
    assert note(base) == ""
    late = replace(base, output=Tail().torn().grown("x"))
    assert note(late) == "first output not sent by the engine"
    full = replace(base, output=tail_of("x" * (KEPT + 9)))
    assert "are kept" in note(full)


def test_nothing_of_a_command_or_its_output_gets_out_raw() -> None:
    evil = "\x1b]0;t\x07\u202eexe\x9b31m"
    item = Item(
        ItemId("x"), Command(evil, output=Text(evil)), ItemStatus.IN_PROGRESS, 1
    )
    world, forest = world_of(
        e.ThreadSeen(ROOT, (("name", evil),), Origin.ENGINE),
        e.ItemStarted(ROOT, TurnId("u"), item),
        e.TerminalsListed(ROOT, (Terminal(ItemId("x"), "p", evil, evil),), "e1", 5),
    )
    (row,) = terminal_rows(world, forest, world.threads.values())
    for text in (row.command.text, row.cwd, row.title, row.last, row.path):
        assert text.isprintable(), text


def test_a_terminal_that_was_left_behind_is_not_what_the_agent_does() -> None:
    """While it is the newest item the agent may wait for it; then it does not."""
    turn, kept = TurnId("u1"), ItemId("i1")
    serve = Item(kept, Command("npm run dev"), ItemStatus.IN_PROGRESS)
    done = Item(ItemId("i2"), Command("ls"), ItemStatus.COMPLETED)
    happened: list[tuple[e.Event, str]] = [
        (e.TurnStarted(ROOT, turn), "thinking"),
        (e.ItemStarted(ROOT, turn, serve), "running npm run dev"),
        (
            e.TerminalsListed(ROOT, (Terminal(kept, "p", "npm run dev", "/"),)),
            "running npm run dev",
        ),
        (e.ItemCompleted(ROOT, turn, done), "thinking"),
    ]
    world = World()
    for event, doing in happened:
        world = reduce(world, event)
        assert activity(world.threads[ROOT]) == doing, event
