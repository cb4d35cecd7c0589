"""The words of the commands without a screen, and of the player of the demo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from state import events as e
from state.chars import cells
from state.engine.control import EngineStatus, ThreadActivity
from state.engine.installed import TESTED
from state.items import (
    AgentActivity,
    AgentMessage,
    Command,
    FileDiff,
    Item,
    ItemBody,
    ItemId,
    ItemStatus,
    Patch,
    PlanStep,
    Text,
    ThreadId,
    TurnId,
)
from state.model import (
    Account,
    Engine,
    EnginePhase,
    Thread,
    ThreadStatus,
    TurnStatus,
    World,
)
from tui.cli import build_parser, unsupported
from tui.demo.lines import Teller
from tui.engine_health import judged, newest_known, safe
from tui.health import State, check_store, check_terminal
from tui.listing import Listing
from tui.place import Place
from tui.report import fleet_lines, status_lines

T1, T2, U1 = ThreadId("t1"), ThreadId("t2"), TurnId("u1")
HOSTILE = "\x1b]0;owned\x07\x1b[31mred\u202egnp\x9b2J"
READY = Engine(EnginePhase.READY, version="0.163.0", how="joined", epoch="e")


def _thread(name: str, **facts: object) -> Thread:
    base = Thread(T1, name=name, cwd="/w/project", status=ThreadStatus.IDLE)
    return replace(base, **facts)  # type: ignore[arg-type]


def _listing(*threads: Thread, live: bool = True) -> Listing:
    world = World(
        threads={t.id: t for t in threads}, engine=READY if live else Engine()
    )
    return Listing(world, live, frozenset(world.threads) if live else frozenset())


# -- threads -----------------------------------------------------------------------


def test_titles_are_harmless_and_in_columns() -> None:
    lines = fleet_lines(
        _listing(
            _thread(HOSTILE),
            _thread("広い題名", id=T2),
        ),
        archived=False,
    )
    text = "\n".join(lines)
    assert not any((ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 for c in text)
    assert "\u202e" not in text
    rows = [line for line in lines if "project" in line]
    assert len({cells(row.partition("project")[0]) for row in rows}) == 1


def test_who_waits_is_said_also_of_an_agent() -> None:
    agent = _thread(
        "a",
        id=T2,
        parent_id=T1,
        agent_path="/root/a",
        flags=frozenset({"waitingOnApproval"}),
    )
    lines = fleet_lines(_listing(_thread("root"), agent), archived=False)
    assert any("waits for an approval" in line for line in lines)
    assert any("ready " in line for line in lines)
    assert lines[0].startswith("1 thread ·")


def test_a_row_the_engine_does_not_list_says_so() -> None:
    listing = replace(_listing(_thread("gone")), listed=frozenset())
    assert any("not listed" in line for line in fleet_lines(listing, archived=False))


def test_last_known_and_no_login_are_said() -> None:
    known = fleet_lines(_listing(_thread("x"), live=False), archived=False)
    assert "as last known" in known[0]
    listing = _listing(_thread("x"))
    world = replace(listing.world, account=Account("none", None, True))
    out = fleet_lines(replace(listing, world=world), archived=False)
    assert any("Not logged in" in line for line in out)


def test_archived_threads_are_shown_when_asked_for() -> None:
    listing = _listing(_thread("old one", archived=True))
    assert not any("old one" in line for line in fleet_lines(listing, archived=False))
    assert any("old one" in line for line in fleet_lines(listing, archived=True))


# -- engine ------------------------------------------------------------------------


def test_status_names_what_would_be_lost() -> None:
    busy = ThreadActivity("t1", HOSTILE, "u1", ("waitingOnApproval",), ("sleep\x1b 1",))
    found = EngineStatus(
        True, Path("/s"), pid=7, version="0.163.0", managed=True, threads=(busy,)
    )
    text = "\n".join(status_lines(found))
    for words in (
        "process 7, the official daemon",
        "1 loaded, 1 busy",
        "a turn is running, waits for an approval, 1 background terminal",
        "Other clients: unknown",
        "sleep‹U+001B› 1",
    ):
        assert words in text
    assert "\x1b" not in text
    assert "peers" not in text
    none = EngineStatus(False, Path("/s"))
    assert status_lines(none) == ["No engine is running for this CODEX_HOME."]


# -- command line and checks ---------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "said"),
    [
        ("linux", ""),
        ("darwin", ""),
        ("win32", "WSL"),
        ("freebsd14", "not on freebsd14"),
    ],
)
def test_platforms(platform: str, said: str) -> None:
    sentence = unsupported(platform)
    assert said in sentence
    assert bool(sentence) == bool(said)


def test_a_command_does_not_undo_what_stood_before_it() -> None:
    parse = build_parser().parse_args
    args = parse(["--private", "--codex-bin", "/c", "threads", "--json"])
    assert (args.private, args.codex_bin, args.json) == (True, "/c", True)
    assert parse(["threads", "--codex-bin", "/d"]).codex_bin == "/d"
    assert parse(["--theme", "paper", "demo"]).theme == "paper"


@pytest.mark.parametrize(
    ("env", "state", "words"),
    [
        ({"TERM": "xterm", "LANG": "C.UTF-8"}, State.OK, "256 colours at most"),
        ({"TERM": "xterm", "LC_CTYPE": "UTF-8"}, State.OK, "UTF-8"),
        (
            {"TERM": "xterm", "LC_ALL": "C", "LANG": "C.UTF-8"},
            State.WARNING,
            "characters: C",
        ),
        ({"TERM": "dumb", "LANG": "C.utf8"}, State.WARNING, "dumb"),
        ({"LANG": "de_DE@euro.UTF-8"}, State.WARNING, "no TERM"),
        (
            {"TERM": "x", "COLORTERM": "truecolor", "LANG": "C.UTF-8"},
            State.OK,
            "true colour",
        ),
        (
            {"TERM": "tmux", "LANG": "C.UTF-8", "TMUX": "/s,1,0"},
            State.WARNING,
            "without passthrough",
        ),
    ],
)
def test_terminals(env: dict[str, str], state: State, words: str) -> None:
    check = check_terminal(env, is_terminal=True)
    assert (check.state, words in check.says) == (state, True), check
    assert bool(check.remedy) == (state is State.WARNING)


def test_a_store_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"not a database, but long enough to look like one" * 20)
    before = path.read_bytes()
    check = check_store(Place(tmp_path / "codex", tmp_path))
    assert check.state is State.FAILING
    assert check.remedy
    assert path.read_bytes() == before


def test_no_secret_is_quoted() -> None:
    said = safe('invalid type: string "hunter2", expected a map; Bearer abcdefghijk')
    assert "hunter2" not in said
    assert "abcdefghijk" not in said
    assert "expected a map" in said


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('{"latest_version": "0.170.1"}', "0.170.1"),
        ('{"latest_version": "\x1b[31m9"}', ""),
        ("[]", ""),
        ("", ""),
    ],
)
def test_the_newest_version_that_codex_noted(
    tmp_path: Path, text: str, version: str
) -> None:
    assert newest_known(tmp_path) == ""
    (tmp_path / "version.json").write_text(text)
    assert newest_known(tmp_path) == version


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0.163.0", ""),
        ("0.169.2", ""),
        (f"{TESTED[-1]}.9", ""),
        ("0.0.0", ""),
        ("", ""),
        ("0.180.0", f"tested with ({TESTED[0]} to {TESTED[-1]})"),
        ("0.180.0-alpha.3", "tested with"),
        ("1.0.0", "tested with"),
    ],
)
def test_an_engine_that_nobody_tested_is_told(version: str, words: str) -> None:
    """It is used all the same: what is new in it is shown as unknown."""
    check = judged("engine", f"codex {version}", version)
    assert words in check.says
    assert check.says.startswith(f"codex {version}")
    wanted = State.WARNING if words else State.OK
    assert (check.state, bool(check.remedy)) == (wanted, bool(words))


# -- the player's lines --------------------------------------------------------------


def _item(body: ItemBody, status: ItemStatus = ItemStatus.COMPLETED) -> Item:
    return Item(ItemId("i1"), body, status)


def _told(body: ItemBody, status: ItemStatus = ItemStatus.COMPLETED) -> str:
    event = e.ItemCompleted(T1, U1, _item(body, status))
    world = World(threads={T1: _thread("x", agent_path="/root/helper")})
    return Teller().line(event, world)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (Command("make", exit_code=2), ItemStatus.FAILED, "exit 2: make"),
        (Command("rm x"), ItemStatus.DECLINED, "declined, not run: rm x"),
        (
            Patch((FileDiff("/w/project/a.py", "update", ""),)),
            ItemStatus.COMPLETED,
            "edited a.py",
        ),
        (
            Patch((FileDiff("/w/project/a.py", "update", ""),)),
            ItemStatus.DECLINED,
            "not edited a.py",
        ),
        (
            AgentActivity("started", T2, "/root/b"),
            ItemStatus.COMPLETED,
            "agent started: /root/b",
        ),
        (
            AgentMessage(Text("two\nlines"), "final_answer"),
            ItemStatus.COMPLETED,
            "final answer: two lines",
        ),
    ],
)
def test_items_in_words(body: ItemBody, status: ItemStatus, words: str) -> None:
    assert _told(body, status) == f"{'/root/helper':<18} {words}"


def test_hostile_items_stay_on_one_harmless_line() -> None:
    for body in (
        Command(f"echo {HOSTILE}\nrm", exit_code=0),
        AgentMessage(Text(HOSTILE + "\r\nx")),
        Patch((FileDiff(f"/w/{HOSTILE}", "add", ""),)),
    ):
        line = _told(body)
        assert line
        assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in line)
        assert "\u202e" not in line


def test_nothing_is_told_twice() -> None:
    teller, world = Teller(), World(threads={T1: _thread("x")})
    steps = (PlanStep("look", "completed"), PlanStep("mend", "inProgress"))
    for event, words in (
        (e.TurnStarted(T1, U1), "turn started"),
        (e.PlanChanged(T1, U1, steps), "plan: 1 of 2 done, now: mend"),
        (e.ItemStarted(T1, U1, _item(Command("ls"))), "runs: ls"),
        (e.TurnEnded(T1, U1, TurnStatus.INTERRUPTED), "turn interrupted"),
    ):
        assert teller.line(event, world).endswith(f" {words}")
        assert teller.line(event, world) == ""
