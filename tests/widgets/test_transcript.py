"""The transcript stays where the reader is, whatever happens around it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual.events import MouseScrollUp
from textual.pilot import Pilot

from state.items import ItemId, ThreadId, TurnId
from state.views import AnswerCell, Cell, LiveLine, SaidCell, TranscriptView, TurnRule
from tests.clockwork import piloted
from tests.widgets.transcript_host import (
    NOW,
    Host,
    cells,
    command,
    every_kind,
    patch,
    talk,
    view,
)
from widgets.intents import CopyText, FoldChanged, LoadOlder, Say, TranscriptSized

SIZE = (60, 20)
SHAKEN = ((20, 5), (1, 1), (60, 20), (100, 3), (3, 60), (120, 40), (20, 1), (59, 21))
Body = Callable[[Host, Pilot[None]], Awaitable[None]]


@asynccontextmanager
async def hosted(
    shown: TranscriptView, size: tuple[int, int] = SIZE, *, focus: bool = True
) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    app = Host(shown)
    async with app.run_test(size=size, message_hook=app.keep) as pilot:
        app.transcript.set_clock(NOW, 0)
        app.screen.set_focus(app.transcript if focus else None)
        await pilot.pause()
        yield app, pilot


def run(shown: TranscriptView, body: Body, size: tuple[int, int] = SIZE) -> None:
    async def inner() -> None:
        async with hosted(shown, size) as (app, pilot):
            await body(app, pilot)

    piloted(inner())


def changed(rows: tuple[Cell, ...], index: int, body: object) -> tuple[Cell, ...]:
    cell = rows[index]
    new = replace(cell, revision=cell.revision + 1, body=body)  # type: ignore[arg-type]
    return (*rows[:index], new, *rows[index + 1 :])


# -- following the end


def test_it_opens_at_the_end_and_follows_it() -> None:
    rows = talk(50)

    async def body(app: Host, pilot: Pilot[None]) -> None:
        assert "out" in app.text()[-1]
        app.transcript.view = view((*rows, *cells(SaidCell("newest"), start=900)))
        await pilot.pause()
        assert app.text()[-1] == "  › newest"

    run(view(rows), body)


def test_scrolling_up_stops_following_and_the_end_key_resumes() -> None:
    rows = talk(50)

    async def body(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("up", "up", "up")
        before = app.text()
        app.transcript.view = view(
            (*rows, *cells(SaidCell("a"), SaidCell("b"), start=900))
        )
        await pilot.pause()
        after = app.text()
        assert after[1:-1] == before[1:-1]
        assert after[-1] == "  ↓ 4 new lines · G"
        await pilot.press("end")
        assert app.text()[-1] == "  › b"
        app.transcript.view = view((*rows, *cells(SaidCell("c"), start=901)))
        await pilot.pause()
        assert app.text()[-1] == "  › c"

    run(view(rows), body)


def test_scrolling_down_to_the_end_follows_again() -> None:
    rows = talk(50)

    async def body(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("k", "k")
        assert not app.transcript.port.follow
        await pilot.press("j", "j")
        assert app.transcript.port.follow

    run(view(rows), body)


def test_the_wheel_scrolls_and_releases_the_end() -> None:
    async def body(app: Host, pilot: Pilot[None]) -> None:
        before = app.text()
        await pilot._post_mouse_events([MouseScrollUp], button=0)
        await pilot.pause()
        assert not app.transcript.port.follow
        assert app.text()[5] in before

    run(view(talk(50)), body)


# -- the anchor


def test_older_turns_above_do_not_move_what_is_read() -> None:
    rows = talk(40, start=100)

    async def body(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("home", "down", "down", "down")
        before = app.text()
        app.transcript.view = view((*talk(60, start=40), *rows))
        await pilot.pause()
        assert app.text()[1:-1] == before[1:-1]

    run(view(rows), body)


def test_a_cell_above_that_grows_does_not_move_what_is_read() -> None:
    rows = talk(60)

    async def body(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("pageup", "pageup")
        before = app.text()
        grown = changed(rows, 3, SaidCell("grown " * 200))
        app.transcript.view = view(grown)
        await pilot.pause()
        assert app.text()[1:-1] == before[1:-1]

    run(view(rows), body)


@pytest.mark.parametrize("width", [40, 75, 110])
def test_a_resize_keeps_the_same_words_at_the_top(width: int) -> None:
    paragraphs = [
        AnswerCell(" ".join(f"w{n}.{k}" for k in range(120))) for n in range(12)
    ]

    async def body(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("home", *["down"] * 38)
        port = app.transcript.port
        first = port.row(port.anchor).text.split()[0]
        await pilot.resize_terminal(width, 20)
        await pilot.pause()
        assert first in port.row(port.anchor).text.split()
        assert not port.follow

    run(view(cells(*paragraphs)), body)


SHAKES = [random.Random(seed).choices(SHAKEN, k=8) for seed in range(12)]


@pytest.mark.parametrize("sizes", SHAKES, ids=str)
def test_the_end_is_followed_through_any_sizes_while_it_streams(
    sizes: list[tuple[int, int]],
) -> None:
    """Nobody scrolled: the end stays, however small the terminal was in between."""
    rows = cells(*(AnswerCell(f"answer {n} " + "word " * 40) for n in range(30)))

    async def body(app: Host, pilot: Pilot[None]) -> None:
        grown = rows
        for number, size in enumerate((*sizes, (60, 20))):
            for piece in range(3):
                text = f"{number}.{piece} " * (number * 9 + piece * 40)
                grown = changed(grown, 29, AnswerCell(f"{text} last{number}.{piece}"))
                app.transcript.view = view(grown)
                if piece == 1:
                    await pilot.resize_terminal(*size)
            await pilot.pause()
            assert app.transcript.port.follow, (number, size)
        assert "last8.2" in "".join(app.lines())

    run(view(rows), body)


def test_scrolling_through_guessed_heights_never_jumps() -> None:
    """Cells far above were never drawn, and their guessed heights are wrong."""
    rows = cells(
        *(
            AnswerCell("a\n" * (n % 7) + f"end {n}\n\n" + "```\nx\n```\n" * (n % 3))
            for n in range(400)
        )
    )

    async def body(app: Host, pilot: Pilot[None]) -> None:
        before = app.text()
        for _ in range(120):
            await pilot.press("up")
            after = app.text()
            assert after[2:-1] == before[1:-2]
            before = after

    run(view(rows), body)


# -- work done


def test_twenty_thousand_cells_draw_what_is_seen() -> None:
    rows = talk(20_000)

    async def body(app: Host, pilot: Pilot[None]) -> None:
        drawer = app.transcript.port.drawer
        assert drawer.drawn < 60
        drawn = drawer.drawn
        app.transcript.view = view((*rows, *cells(SaidCell("x"), start=99_999)))
        await pilot.pause()
        assert drawer.drawn == drawn + 1
        await pilot.press("home")
        assert app.text()[0].startswith("  › word 0")
        assert drawer.drawn < 150
        assert "about" in app.text()[-1]

    run(view(rows), body)


def test_a_growing_answer_repaints_its_own_lines_only() -> None:
    text = "\n\n".join(f"paragraph {n}" for n in range(4))
    rows = cells(AnswerCell(text, live=True))

    async def body(app: Host, pilot: Pilot[None]) -> None:
        painted = app.transcript.painted
        app.transcript.view = view(changed(rows, 0, AnswerCell(text + " x", live=True)))
        await pilot.pause()
        assert app.transcript.painted == painted + 1

    run(view(rows), body)


def test_the_spinner_repaints_one_line() -> None:
    live = LiveLine("Working", NOW - 5000)

    async def body(app: Host, pilot: Pilot[None]) -> None:
        painted = app.transcript.painted
        app.transcript.set_clock(NOW, 1)
        app.transcript.set_clock(NOW, 1)
        assert app.transcript.painted == painted + 1
        assert app.text()[-1] == "  ⠙ Working  5s"

    run(view(talk(50), live=live), body)


# -- folding


def test_v_unfolds_and_folds_the_current_cell() -> None:
    output = "\n".join(f"line {n}" for n in range(8))
    rows = cells(SaidCell("go"), command("make", output), SaidCell("done"))

    async def body(app: Host, pilot: Pilot[None]) -> None:
        folded = app.text()
        assert any("7 more lines · v shows all" in row for row in folded)
        await pilot.press("v")
        assert sum("line " in row for row in app.text()) == 8
        await pilot.press("v")
        assert app.text() == folded
        kinds = [i for i in app.intents if isinstance(i, FoldChanged)]
        assert [(i.key, i.unfolded) for i in kinds] == [
            (("turn", "item-1"), True),
            (("turn", "item-1"), False),
        ]

    run(view(rows), body)


def test_the_cell_the_keys_mean_has_a_bar_while_focused() -> None:
    rows = cells(SaidCell("go"), command("make", "1\n2\n3\n4\n5"), SaidCell("done"))

    async def body(app: Host, pilot: Pilot[None]) -> None:
        barred = [row for row in app.lines() if row.startswith("▌")]
        assert barred[0].startswith("▌ ✓ Ran make")
        await pilot.press("K")
        assert [r for r in app.lines() if r.startswith("▌")] == ["▌ › go"]
        app.screen.set_focus(None)
        await pilot.pause()
        assert not [row for row in app.lines() if row.startswith("▌")]

    run(view(rows), body)


def test_a_click_on_a_folded_row_unfolds_it() -> None:
    rows = cells(SaidCell("go"), command("make", "\n".join("abcdefgh")))

    async def body(app: Host, pilot: Pilot[None]) -> None:
        y = next(i for i, row in enumerate(app.text()) if "more lines" in row)
        await pilot.click(offset=(10, y))
        assert not any("more lines" in row for row in app.text())

    run(view(rows), body)


def test_nothing_to_fold_says_so() -> None:
    async def body(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("v")
        said = [type(i) for i in app.intents if type(i) is not TranscriptSized]
        assert said == [Say]

    run(view(cells(SaidCell("go"))), body)


# -- turns


def test_brackets_go_from_turn_to_turn() -> None:
    bodies = [
        body
        for turn in range(1, 6)
        for body in (TurnRule(turn, NOW), SaidCell(f"ask {turn}"), patch(20))
    ]

    async def body(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("left_square_bracket")
        assert "turn 5" in "".join(app.text()[:3])
        await pilot.press("left_square_bracket")
        assert "turn 4" in "".join(app.text()[:3])
        await pilot.press("right_square_bracket")
        assert "turn 5" in "".join(app.text()[:3])

    run(view(cells(*bodies)), body)


def test_a_place_can_be_left_and_found_again() -> None:
    rows = talk(80)

    async def body(app: Host, pilot: Pilot[None]) -> None:
        assert app.transcript.place is None
        await pilot.press("pageup", "pageup")
        place, before = app.transcript.place, app.text()
        assert place is not None
        await pilot.press("end")
        assert app.transcript.go_to(*place)
        assert app.text() == before
        assert not app.transcript.go_to((TurnId("turn"), ItemId("none")))

    run(view(rows), body)


# -- older turns


def test_the_top_asks_for_older_turns_once() -> None:
    rows = talk(40)

    async def body(app: Host, pilot: Pilot[None]) -> None:
        assert not [i for i in app.intents if isinstance(i, LoadOlder)]
        await pilot.press("home", "down", "up", "home")
        asked = [i for i in app.intents if isinstance(i, LoadOlder)]
        assert [i.thread_id for i in asked] == ["thread"]
        assert app.text()[0] == "  ↑ older turns"

    run(view(rows, older=True), body)


# -- selecting and copying


async def drag(
    pilot: Pilot[None], start: tuple[int, int], end: tuple[int, int]
) -> None:
    await pilot.mouse_down(offset=start)
    await pilot.hover(offset=end)
    await pilot.mouse_up(offset=end)


def test_a_selection_copies_the_source_not_the_drawing() -> None:
    words = " ".join(f"word{n}" for n in range(20))
    rows = cells(AnswerCell(words), command("make all", "one\ntwo\nthree"))

    async def body(app: Host, pilot: Pilot[None]) -> None:
        text = app.text()
        last = next(i for i, row in enumerate(text) if "three" in row)
        await drag(pilot, (0, 0), (40, last))
        await pilot.press("y")
        copied = [i.text for i in app.intents if isinstance(i, CopyText)]
        assert copied == [f"{words}\n\nRan make all\none\ntwo\nthree"]

    run(view(rows), body)


def test_a_selection_stays_on_its_words_when_the_end_grows() -> None:
    rows = talk(50)

    async def body(app: Host, pilot: Pilot[None]) -> None:
        y = next(i for i, row in enumerate(app.text()) if "step 49" in row)
        await drag(pilot, (4, y), (14, y))
        app.transcript.view = view((*rows, *cells(SaidCell("more"), start=900)))
        await pilot.pause()
        await pilot.press("y")
        copied = [i.text for i in app.intents if isinstance(i, CopyText)]
        assert copied == ["Ran step 49"]

    run(view(rows), body)


def test_a_selection_stays_on_its_words_when_older_turns_come() -> None:
    rows = talk(50, start=100)

    async def body(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("pageup")
        y = next(i for i, row in enumerate(app.text()) if "step " in row and i > 4)
        words = app.text()[y].split("  ")[1].removeprefix("✓ ")
        await drag(pilot, (4, y), (15, y))
        app.transcript.view = view((*talk(30, start=70), *rows))
        await pilot.pause()
        await pilot.press("y")
        copied = [i.text for i in app.intents if isinstance(i, CopyText)]
        assert copied == [words]

    run(view(rows), body)


def test_tabs_are_copied_as_tabs() -> None:
    rows = cells(AnswerCell("```\nif x:\n\treturn\n```"))

    async def body(app: Host, pilot: Pilot[None]) -> None:
        await drag(pilot, (0, 0), (40, 1))
        await pilot.press("y")
        copied = [i.text for i in app.intents if isinstance(i, CopyText)]
        assert copied == ["if x:\n\treturn"]

    run(view(rows), body)


def test_c_copies_the_current_cells_source() -> None:
    async def body(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        copied = [i.text for i in app.intents if isinstance(i, CopyText)]
        assert copied == ["**bold** and `code`"]

    run(view(cells(AnswerCell("**bold** and `code`"))), body)


def test_y_without_a_selection_says_what_to_do() -> None:
    async def body(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("y")
        said = [type(i) for i in app.intents if type(i) is not TranscriptSized]
        assert said == [Say]

    run(view(cells(SaidCell("go"))), body)


# -- states


def test_an_empty_thread_says_what_to_do() -> None:
    shown = TranscriptView(
        ThreadId("t"), empty=("What now?", "", "@\tname a file", "/trust it")
    )

    async def body(app: Host, pilot: Pilot[None]) -> None:
        rows = [row.strip() for row in app.text() if row.strip()]
        assert rows == ["What now?", "@   name a file", "/trust it"]
        assert app.text()[0] == ""

    run(shown, body)


def test_loading_is_silent_for_a_second() -> None:
    shown = TranscriptView(ThreadId("t"), loading=True, empty=("never",))

    async def body(app: Host, pilot: Pilot[None]) -> None:
        assert not "".join(app.text()).strip()
        app.transcript.set_clock(NOW + 1500)
        assert "Reading the thread …  1s" in "".join(app.text())
        app.transcript.set_clock(NOW + 9500)
        painted = app.transcript.painted
        rows = [row.strip() for row in app.text() if row.strip()]
        assert rows == ["Reading the thread …  9s", "━━" + "─" * 28]
        app.transcript.set_clock(NOW + 9900)
        assert app.transcript.painted == painted, "the same second, the same rows"

    run(shown, body)


def test_another_thread_opens_at_its_end() -> None:
    async def body(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("home")
        app.transcript.view = TranscriptView(ThreadId("other"), cells=talk(70))
        await pilot.pause()
        assert app.transcript.port.follow
        assert "out" in app.text()[-1] or "word" in "".join(app.text()[-3:])

    run(view(talk(50)), body)


@pytest.mark.parametrize("size", [(24, 5), (80, 24), (160, 50)])
def test_every_line_of_the_screen_is_exact_and_harmless(size: tuple[int, int]) -> None:
    bad = "[/foo] \x1b[31m \u202e 日本語 👨‍👩‍👧 " + "x" * 200
    rows = cells(*every_kind(bad))

    async def body(app: Host, pilot: Pilot[None]) -> None:
        widget = app.transcript
        for _ in range(30):
            for y in range(size[1]):
                strip = widget.render_line(y)
                assert strip.cell_length == size[0] == cell_len(strip.text)
                assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in strip.text)
                assert "\u202e" not in strip.text
            await pilot.press("pageup")

    run(view(rows, live=LiveLine("Working", NOW)), body, size)


def test_another_theme_redraws_everything() -> None:
    async def body(app: Host, pilot: Pilot[None]) -> None:
        before = app.transcript.port.frame
        app.theme = "textual-light"
        await pilot.pause()
        assert app.transcript.port.frame != before
        assert "out" in app.text()[-1]

    run(view(talk(50)), body)
