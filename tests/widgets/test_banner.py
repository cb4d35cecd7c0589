"""The banner: what an engine wrote last in few rows, and keys that are not letters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widget import Widget

from state.views import BannerView, Tone
from tests.widgets.host import HOSTILE, Host, play
from widgets.banner import Banner, last_rows
from widgets.field import LineField
from widgets.intents import PressKey

SAID = ("starting", "a very long line of many words", "it broke")


def test_the_end_is_shown_in_whole_lines_from_the_last_one_back() -> None:
    assert last_rows(SAID, 40, 9) == list(SAID)
    assert last_rows(SAID, 40, 2) == ["a very long line of many words", "it broke"]
    assert last_rows(SAID, 16, 2) == ["it broke"], "no half of a line"
    assert last_rows(SAID, 16, 3) == ["a very long line", "of many words", "it broke"]
    long = ("panicked: " + "why " * 20,)
    assert last_rows(long, 10, 2) == ["panicked:", "why why…"]
    assert last_rows((), 10, 2) == []


@given(
    st.lists(st.one_of(st.text(max_size=60), st.sampled_from(HOSTILE)), max_size=9),
    st.integers(10, 90),
    st.integers(1, 5),
)
def test_never_more_rows_than_there_may_be(
    lines: list[str], width: int, most: int
) -> None:
    assert len(last_rows(lines, width, most)) <= most


def banner(view: BannerView) -> Banner:
    made = Banner()
    made.set_reactive(Banner.view, view)
    made.add_class("-shown")
    return made


def text(one: Widget) -> list[str]:
    return [one.render_line(y).text.rstrip() for y in range(one.size.height)]


GONE = BannerView("Gone.", "", "Kept.", "Its last lines:", (("L", "all"),), said=SAID)


def test_a_bare_letter_is_offered_only_where_it_is_none() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        shown = app.query_one(Banner)
        app.set_focus(None)
        await pilot.pause()
        assert text(shown)[2].endswith("   L all")
        app.query_one(LineField).focus()
        await pilot.pause()
        assert text(shown)[2].endswith("   esc L all")
        await pilot.click(Banner, offset=(75, 2))
        app.set_focus(None)
        await pilot.pause()
        assert text(shown)[2].endswith("   L all")
        await pilot.click(Banner, offset=(75, 2))
        assert [i.key for i in app.of(PressKey)] == ["L", "L"]
        await pilot.click(Banner, offset=(69, 2))
        assert len(app.of(PressKey)) == 2, "there is no key"

    play(lambda: [banner(GONE), LineField()], act)


def test_it_is_as_high_as_what_it_says() -> None:
    def height(size: tuple[int, int], view: BannerView) -> int:
        found: list[int] = []

        async def act(app: Host, pilot: Pilot[None]) -> None:
            found.append(app.query_one(Banner).size.height)

        play(lambda: [banner(view)], act, size)
        return found[0]

    many = BannerView("Gone.", "", "", "", (), tone=Tone.FAIL, said=("line",) * 200)
    quiet = BannerView("Gone.", "", "", "", ())
    assert height((80, 24), quiet) == 3
    assert height((80, 24), many) == 6
    assert height((120, 40), many) == 8
