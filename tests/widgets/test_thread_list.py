"""The thread list: the cursor's identity, keys, dirty lines, hostile titles."""

from __future__ import annotations

from typing import Any

import pytest
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget

from state.views import ThreadListView
from tests.widgets.host import (
    HOSTILE,
    NOW,
    Host,
    assert_harmless,
    drawn,
    listed,
    play,
    thread,
)
from widgets.glyphs import Look
from widgets.intents import FilterThreads, LeavePane, OpenThread, Selected
from widgets.thread_list import ThreadList


def pane(view: ThreadListView) -> Any:
    def build() -> list[Widget]:
        return [ThreadList(view)]

    return build


def of(app: Host) -> ThreadList:
    found = app.query_one(ThreadList)
    found.set_clock(NOW)
    return found


def many(count: int) -> ThreadListView:
    return listed(*(thread(f"t{i}") for i in range(count)))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 50), (36, 40), (12, 8)])
def test_hostile_titles_are_drawn_as_text(size: tuple[int, int]) -> None:
    rows = [
        thread(f"h{i}", text, detail=text, unread=i % 2 == 0)
        for i, text in enumerate(HOSTILE)
    ]

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = of(app)
        assert_harmless(found.rows)
        found.rows.focus()
        await pilot.pause()
        assert_harmless(found.rows)
        assert_harmless(found.title_line)
        if size[0] >= 80:
            assert "[/foo]" in "\n".join(drawn(found.rows))

    play(pane(listed(*rows)), act, size)


def test_the_cursor_stays_on_its_row_when_the_order_changes() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = of(app)
        found.focus_rows()
        await pilot.press("down", "j", "down")
        assert found.rows.cursor_key == "t3"
        found.view = listed(*(thread(f"t{i}") for i in reversed(range(8))))
        await pilot.pause()
        assert found.rows.cursor_key == "t3"
        found.view = listed(*(thread(f"t{i}") for i in (9, 8, 7, 6, 5)))
        await pilot.pause()
        assert found.rows.cursor_key is not None, "its row is gone: a row near it"

    app = play(pane(many(8)), act)
    assert [s.key for s in app.of(Selected)][:4] == ["t0", "t1", "t2", "t3"]


def test_keys_reach_every_row_and_enter_opens_it() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = of(app)
        found.focus_rows()
        await pilot.press("end")
        assert found.rows.cursor_key == "t199"
        assert found.rows.scroll_offset.y > 0
        await pilot.press("home", "pagedown")
        key = found.rows.cursor_key
        assert key is not None and 10 < int(key[1:]) < 40
        await pilot.press("pageup", "k", "enter")

    app = play(pane(many(200)), act)
    assert [i.thread_id for i in app.of(OpenThread)] == ["t0"]


def test_a_click_selects_and_a_double_click_opens() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        rows = of(app).rows
        await pilot.click(rows, offset=(10, 3))
        assert rows.cursor_key == "t2"
        await pilot.click(rows, offset=(10, 3), times=2)

    app = play(pane(many(8)), act)
    assert [i.thread_id for i in app.of(OpenThread)] == ["t2"]


def test_only_lines_that_changed_are_drawn_again() -> None:
    rows = [thread(f"t{i}") for i in range(20)]

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = of(app)
        await pilot.pause()
        asked: list[Region] = []
        refresh = type(found.rows).refresh

        def spy(*regions: Region, **options: bool) -> Any:
            asked.extend(regions or (Region(0, 0, 80, 999),))
            return refresh(found.rows, *regions, **options)

        found.rows.refresh = spy  # type: ignore[method-assign]
        changed = list(rows)
        changed[4] = thread("t4", "another title")
        found.view = listed(*changed)
        assert [(r.y, r.height) for r in asked] == [(5, 1)]
        asked.clear()
        found.set_clock(NOW + 1000)
        assert not asked, "two minutes ago and a second: still 2m"
        found.set_clock(NOW + 60_000)
        assert len(asked) == 20

    play(pane(listed(*rows)), act)


def test_ten_thousand_rows_cost_what_is_visible() -> None:
    view = many(10_000)

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = of(app)
        found.focus_rows()
        drawn_rows: list[int] = []
        draw = found.rows.draw

        def spy(entry: Any, row: int, canvas: Any) -> Any:
            drawn_rows.append(row)
            return draw(entry, row, canvas)

        found.rows.draw = spy  # type: ignore[method-assign]
        await pilot.press("end")
        await pilot.pause()
        assert found.rows.cursor_key == "t9999"
        assert 0 < len(drawn_rows) < 200

    play(pane(view), act)


def test_ages_and_marks_are_never_cut() -> None:
    row = thread("t1", "a title that is much longer than the pane", unread=True)

    async def act(app: Host, pilot: Pilot[None]) -> None:
        lines = drawn(of(app).rows)
        assert any(line.rstrip().endswith("•  2m") for line in lines), lines

    play(pane(listed(row)), act, (30, 40))


def test_the_filter_is_typed_shown_and_cleared() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = of(app)
        found.focus_rows()
        await pilot.press("slash", "a", "b")
        assert found.field.has_focus
        found.view = ThreadListView((), 0, "ab")
        await pilot.pause()
        text = "\n".join(drawn(found.rows))
        assert "No thread matches “ab”." in text
        assert "esc clears" in text
        await pilot.press("escape")
        assert found.rows.has_focus
        await pilot.press("escape")

    app = play(pane(many(3)), act)
    assert [i.text for i in app.of(FilterThreads)] == ["a", "ab", ""]
    assert len(app.of(LeavePane)) == 1


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (ThreadListView(), "No threads yet."),
        (ThreadListView(), "start one here"),
    ],
)
def test_nothing_is_said_in_one_sentence(view: ThreadListView, words: str) -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        assert words in "\n".join(drawn(of(app).rows))

    play(pane(view), act)


def test_what_is_waited_for_is_said_after_a_second_with_a_bar() -> None:
    """And not before; it changes with the clock alone, and goes with the wait."""

    async def act(app: Host, pilot: Pilot[None]) -> None:
        found = of(app)

        def seen(ms: int) -> str:
            found.set_clock(NOW + ms)
            return "\n".join(drawn(found.rows)).strip()

        assert not seen(0)
        assert not seen(900)
        assert seen(1_000).startswith("Waiting for it …  1s")
        assert [row.strip() for row in seen(61_000).splitlines()] == [
            "Waiting for it …  1m 01s",
            "━" * 15 + "─" * 15,
        ]
        found.view = ThreadListView(loading="Reading …")
        assert "Reading …  1m 02s" in seen(62_000), "the wait goes on"
        assert "━" * 30 in seen(600_000), "and the bar ends"
        found.view = ThreadListView()
        assert "No threads yet." in seen(601_000)
        found.view = ThreadListView(loading="Reading …")
        assert not seen(601_900), "another wait"

    play(pane(ThreadListView(loading="Waiting for it …")), act)


def test_second_lines_where_there_is_room_one_line_where_not() -> None:
    row = thread("t1", "title", detail="why it waits")

    def lines(size: tuple[int, int]) -> list[str]:
        found: list[str] = []

        async def act(app: Host, pilot: Pilot[None]) -> None:
            found.extend(drawn(of(app).rows))

        play(pane(listed(row)), act, size)
        return found

    tall = lines((36, 40))
    at = next(i for i, text in enumerate(tall) if "title" in text)
    assert "why it waits" in tall[at + 1]
    assert any("title" in t and "why it waits" in t for t in lines((80, 24)))
    assert not any("why it waits" in t for t in lines((36, 24)))


def test_plain_mode_says_the_status_in_words() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        text = "\n".join(drawn(of(app).rows))
        assert "2m ago" in text
        assert "new, ready: waits" in text
        assert not set(text) & set("▌○•│─")

    rows = listed(thread("t1", "title", detail="waits", unread=True))
    play(pane(rows), act, look=Look(plain=True))
