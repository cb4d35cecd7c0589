"""The other panes, the frame around them, and the dialogs."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from state.items import ThreadId
from state.model import ReviewKey
from state.text import reveal
from state.views import (
    AgentRow,
    AgentTreeView,
    BannerView,
    Bit,
    Glyph,
    HeaderView,
    ReviewRow,
    SideView,
    TerminalRow,
    Tone,
)
from tests.snap import settle
from tests.widgets.host import HOSTILE, NOW, Host, assert_harmless, drawn, play
from widgets.agent_tree import AgentTree
from widgets.banner import Banner
from widgets.counters import Counters
from widgets.dialog import Ask, Choice, Segments
from widgets.forms import (
    HelpDialog,
    HelpSection,
    LoginAnswer,
    LoginDialog,
    NewThreadAnswer,
    NewThreadForm,
    NewThreadOptions,
    TextAsk,
)
from widgets.header import Header
from widgets.intents import OpenReview, OpenTerminal, OpenThread, PressKey, ShowPane
from widgets.plain import Plain
from widgets.review_inbox import ReviewInbox
from widgets.tabs import Tabs
from widgets.terminal_board import TerminalBoard
from widgets.title_line import TitleLine


def agent(name: str, guide: str = "", detail: str = "") -> AgentRow:
    bits = (Bit(detail, Tone.NEED),) if detail else ()
    return AgentRow(
        ThreadId(name),
        guide,
        Glyph.WORK,
        Tone.WORK,
        name,
        "gpt-5.2",
        "high",
        "41k",
        bits,
        "working",
    )


def terminal(number: int, command: str, last: str = "") -> TerminalRow:
    return TerminalRow(
        number,
        ThreadId("t1"),
        f"p{number}",
        reveal(command),
        "/root",
        NOW - 720_000,
        "3%",
        last,
    )


def review(number: int, what: str = "cargo update") -> ReviewRow:
    key = ReviewKey("e", number)
    kind, who = "command", "/root/tester"
    return ReviewRow(key, Glyph.NEED, Tone.NEED, kind, who, what, NOW - 120_000)


def tree_of(*rows: AgentRow, tokens: str = "50k") -> AgentTreeView:
    root = rows[0].id
    return AgentTreeView(root, "a thread", rows, len(rows), tokens, needs=1, failed=1)


SIDE = SideView(
    tree_of(agent("/root"), agent("tester")),
    (terminal(1, "npm run dev"),),
    (review(1),),
    1,
    2,
)


def one(widget: Widget, act: Any, size: tuple[int, int] = (46, 40)) -> Host:
    return play(lambda: [widget], act, size)


@pytest.mark.parametrize("size", [(46, 40), (80, 24), (24, 12), (10, 6)])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_rows_in_every_pane(text: str, size: tuple[int, int]) -> None:
    title = TitleLine(text, text)
    title.end = (Bit(text),)
    header, banner = Header(), Banner()
    header.view = HeaderView(Glyph.WORK, Tone.WORK, text, 3, 4, 14)
    banner.view = BannerView(text, text, text, text, (("r", text),), NOW)
    odd = AgentRow(
        ThreadId("x"), text, Glyph.NEED, Tone.NEED, text, text, text, text, (Bit(text),)
    )
    panes: list[Any] = [
        AgentTree(tree_of(agent("/root"), odd, tokens=text)),
        TerminalBoard((terminal(1, text, text),)),
        ReviewInbox((review(1, text),)),
    ]

    async def act(app: Host, pilot: Pilot[None]) -> None:
        for widget in (title, header, banner):
            assert_harmless(widget)

    play(lambda: [title, header, banner], act, size)
    for pane in panes:

        async def look(app: Host, pilot: Pilot[None], pane: Any = pane) -> None:
            pane.set_clock(NOW)
            pane.focus_rows()
            await pilot.pause()
            assert_harmless(pane.rows)
            assert_harmless(pane.title_line)

        one(pane, look, size)


@pytest.mark.parametrize(("at", "top"), [(50, "n40"), (3, "/root")])
def test_the_tree_follows_before_it_is_shown(at: int, top: str) -> None:
    """Into view, and no further: what is above stays there."""
    names = ["/root", *(f"n{n}" for n in range(1, 60))]
    tree = AgentTree(tree_of(*map(agent, names)))
    tree.follow(ThreadId("folded away"), ThreadId(f"n{at}"))
    tree.display = False

    async def act(app: Host, pilot: Pilot[None]) -> None:
        tree.display = True
        await settle(pilot, until=lambda: tree.rows.cursor_key == f"n{at}")
        shown = drawn(tree.rows)
        assert f" {top} " in shown[0], shown
        assert any(f"n{at} " in line for line in shown)

    one(tree, act, (46, 12))


def test_the_tree_shows_what_cannot_wait_under_its_agent() -> None:
    tree = AgentTree(
        tree_of(agent("/root"), agent("tester", "├ ", "needs you"), agent("docs", "└ "))
    )

    async def act(app: Host, pilot: Pilot[None]) -> None:
        lines = drawn(tree.rows)
        assert lines[0].startswith("▌ ● /root")
        assert lines[0].rstrip().endswith("41k")
        assert lines[1].startswith("  ├ ● tester")
        assert lines[2].startswith("  │   needs you")
        assert lines[3].startswith("  └ ● docs")
        assert "Agents 3" in drawn(tree.title_line)[0]
        tree.focus_rows()
        await pilot.press("down", "enter")
        assert drawn(tree.title_line)[0].startswith("━ Agents 3 ━")

    app = one(tree, act)
    assert [i.thread_id for i in app.of(OpenThread)] == ["tester"]


def test_a_terminal_keeps_its_first_word_age_and_cpu() -> None:
    board = TerminalBoard((terminal(1, "cargo watch -x test --all", "ready"),))

    async def act(app: Host, pilot: Pilot[None]) -> None:
        board.set_clock(NOW)
        await pilot.pause()
        lines = drawn(board.rows)
        assert "1 cargo" in lines[0]
        assert lines[0].rstrip().endswith("12m   3%")
        assert "↳ ready" in lines[1]
        board.focus_rows()
        await pilot.press("enter")

    app = one(board, act, (36, 40))
    assert [i.process_id for i in app.of(OpenTerminal)] == ["p1"]


def test_the_inbox_opens_a_review_only_on_enter() -> None:
    inbox = ReviewInbox((review(1), review(2)))

    async def act(app: Host, pilot: Pilot[None]) -> None:
        inbox.set_clock(NOW)
        inbox.focus_rows()
        await pilot.press("y", "p", "a", "d", "j", "enter")

    app = one(inbox, act)
    assert [i.key for i in app.of(OpenReview)] == [ReviewKey("e", 2)]
    assert len(app.intents) == len(app.of(OpenReview)) + 2, "and two cursor moves"


@pytest.mark.parametrize(
    ("pane", "words"),
    [
        (TerminalBoard, "No background terminals running."),
        (ReviewInbox, "Nothing waits for you."),
        (lambda: AgentTree(tree_of(agent("/root"))), "Only /root so far."),
    ],
)
def test_nothing_is_a_sentence(pane: Any, words: str) -> None:
    made = pane()

    async def act(app: Host, pilot: Pilot[None]) -> None:
        assert words in "\n".join(drawn(made.rows))

    one(made, act)


def test_the_header_keeps_what_needs_the_user() -> None:
    header = Header()
    header.view = HeaderView(Glyph.WORK, Tone.WORK, "local 0.169.0", 3, 4, 14)

    def at(width: int) -> str:
        found: list[str] = []

        async def act(app: Host, pilot: Pilot[None]) -> None:
            found.extend(drawn(app.query_one(Header)))

        fresh = Header()
        fresh.view = header.view
        one(fresh, act, (width, 5))
        return found[0]

    for width in (160, 100, 80, 60, 50):
        assert "▲ 3 need you" in at(width)
    assert "/ search" in at(100)
    assert "14 threads" not in at(60)


def test_the_banner_counts_down_and_its_keys_are_keys() -> None:
    banner = Banner()
    banner.view = BannerView(
        "The engine ended", "exit 137", "Old.", "Gone.", (("r", "retry"),), NOW + 6000
    )

    async def act(app: Host, pilot: Pilot[None]) -> None:
        banner.set_clock(NOW)
        assert "trying again in 6s" in drawn(banner)[0]
        banner.set_clock(NOW + 2500)
        assert "trying again in 4s" in drawn(banner)[0]
        at = drawn(banner)[2].index("r retry")
        await pilot.click(banner, offset=(at, 2))

    app = one(banner, act, (80, 12))
    assert [i.key for i in app.of(PressKey)] == ["r"]


def test_counters_and_tabs_say_the_numbers_and_go_there() -> None:
    counters, tabs = Counters(), Tabs()
    counters.view = tabs.view = SIDE
    tabs.needs = 3

    async def act(app: Host, pilot: Pilot[None]) -> None:
        text = drawn(counters)[0]
        assert text.startswith("  3 Agents 2  ▲ 1  ✗ 1     4 Terminals 1     5 Reviews")
        names, rule = drawn(tabs)
        assert names.startswith("  1 Threads ▲ 3  2 Thread  3 Agents 2 ▲ 1")
        assert rule[2 : 2 + len("1 Threads ▲ 3")] == "━" * len("1 Threads ▲ 3")
        assert_harmless(counters)
        assert_harmless(tabs)
        await pilot.click(counters, offset=(text.index("Terminals"), 0))
        await pilot.click(tabs, offset=(names.index("Reviews"), 0))

    app = play(lambda: [counters, tabs], act, (80, 10))
    assert [i.number for i in app.of(ShowPane)] == [4, 5]


def test_plain_shows_markup_as_text() -> None:
    plain = Plain("[/foo] [bold]x[/bold] \x1b[31m")

    async def act(app: Host, pilot: Pilot[None]) -> None:
        assert drawn(plain)[0].rstrip() == "[/foo] [bold]x[/bold] [31m"
        plain.show("[/bar]")
        await pilot.pause()
        assert drawn(plain)[0].rstrip() == "[/bar]"

    one(plain, act)


# -- dialogs ---------------------------------------------------------------------


def answers(make: Any, *keys: str, size: tuple[int, int] = (80, 24)) -> list[Any]:
    """What a dialog answered to these keys."""
    got: list[Any] = []

    async def act(app: Host, pilot: Pilot[None]) -> None:
        app.push_screen(make(), got.append)
        await pilot.pause()
        await pilot.pause()
        await pilot.press(*keys)

    play(lambda: [Plain("page")], act, size)
    return got


def ask() -> Ask:
    choices = (Choice("cancel", "Cancel"), Choice("yes", "Archive [/x]", danger=True))
    return Ask("Archive “[/foo]”?", ("It ends [bold]this[/bold].",), choices)


def test_a_question_opens_on_its_harmless_answer() -> None:
    assert answers(ask, "enter") == ["cancel"]
    assert answers(ask, "right", "enter") == ["yes"]
    assert answers(ask, "escape") == [None]
    assert answers(ask, "y") == []


def test_a_name_is_asked() -> None:
    def make() -> TextAsk:
        return TextAsk("Rename", "Name", "old")

    assert answers(make, *"er", "enter") == ["older"]
    assert answers(make, *"er", "escape") == [None]


def test_a_new_thread_leaves_defaults_to_the_engine() -> None:
    def make() -> NewThreadForm:
        return NewThreadForm(NewThreadOptions("~/src", "gpt-5.2", "high", trust="No."))

    plain = NewThreadAnswer("~/src", None, None, None, None)
    assert answers(make, "enter") == [plain]
    chosen = NewThreadAnswer("~/src", None, None, "workspace-write", None)
    assert answers(make, "down", "down", "down", "right", "enter") == [chosen]


def test_a_key_is_typed_unseen() -> None:
    seen: list[str] = []

    async def act(app: Host, pilot: Pilot[None]) -> None:
        got: list[Any] = []
        app.push_screen(LoginDialog(), got.append)
        await pilot.pause()
        await pilot.press("right", "down", *"sk-123")
        await pilot.pause()
        seen.extend(s.text for s in app.screen._compositor.render_strips())
        await pilot.press("enter")
        await pilot.pause()
        assert got == [LoginAnswer("apiKey", "sk-123")]
        assert "sk-123" not in repr(got)

    play(lambda: [Plain("page")], act)
    assert "sk-1" not in "".join(seen)
    assert "••••••" in "".join(seen)
    assert answers(LoginDialog, "enter") == [LoginAnswer("deviceCode")]


def test_help_lists_the_registry() -> None:
    rows = tuple((f"k{n}", f"/c{n}", f"does {n} [/x]") for n in range(60))

    async def act(app: Host, pilot: Pilot[None]) -> None:
        app.push_screen(HelpDialog((HelpSection("Panes", rows),)))
        await pilot.pause()
        await pilot.pause()
        text = "\n".join(s.text for s in app.screen._compositor.render_strips())
        assert "does 3 [/x]" in text
        await pilot.press("pagedown", "pagedown", "pagedown", "pagedown")
        await pilot.pause()
        text = "\n".join(s.text for s in app.screen._compositor.render_strips())
        assert "does 59 [/x]" in text

    play(lambda: [Plain("page")], act)


def test_segments_are_clicked_too() -> None:
    row = Segments((Choice("a", "one"), Choice("b", "two")), label="Which")

    async def act(app: Host, pilot: Pilot[None]) -> None:
        text = drawn(row)[0]
        assert "[one]" in text
        await pilot.click(row, offset=(text.index("two"), 0))
        assert row.value == "b"
        assert_harmless(row)

    one(row, act, (60, 5))
