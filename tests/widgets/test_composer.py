"""The composer: no word is lost, nothing is sent or run that was not meant."""

from __future__ import annotations

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widget import Widget

from state.views import ComposerView
from tests.widgets.host import HOSTILE, Host, assert_harmless, drawn, play
from widgets.composer import Composer
from widgets.composer_popup import SlashCommand, matching, nearest
from widgets.intents import (
    CopyText,
    DraftChanged,
    LeavePane,
    RunShell,
    RunSlash,
    Say,
    SendDraft,
)

COMMANDS = (
    SlashCommand("new", "", "start a thread"),
    SlashCommand("rename", "NAME", "another name"),
    SlashCommand("resume", "[ID]", "open again"),
    SlashCommand("stop", "[ID|PATH]", "stop terminals", ("clean",)),
)
STEER = ComposerView("/root", "fix the cache", "steer", "gpt-5.2 high")
SEND = ComposerView("/root", "fix the cache", "send", "gpt-5.2 high")


def build() -> list[Widget]:
    return [Composer(COMMANDS)]


async def ready(app: Host, pilot: Pilot[None], view: ComposerView = STEER) -> Composer:
    composer = app.query_one(Composer)
    composer.view = view
    composer.focus()
    await pilot.pause()
    return composer


def test_enter_sends_and_the_words_stay_until_they_are_accepted() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot)
        await pilot.press(*"hello", "enter")
        assert composer.text == "hello"
        await pilot.press(*" you")
        composer.accepted("hello")
        assert composer.text == " you", "words typed since then stay"
        composer.accepted("something else")
        assert composer.text == " you"
        composer.accepted(" you")
        assert composer.text == ""

    app = play(build, act)
    sends = app.of(SendDraft)
    assert [(s.target, s.text, s.how) for s in sends] == [("/root", "hello", "send")]


@pytest.mark.parametrize("key", ["ctrl+j", "shift+enter", "alt+enter"])
def test_new_lines(key: str) -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot)
        await pilot.press("a", key, "b")
        assert composer.text == "a\nb"
        assert composer.field.size.height == 2

    assert not play(build, act).of(SendDraft)


def test_it_grows_to_eight_rows_and_then_scrolls() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot)
        heights = []
        for count in (1, 3, 8, 30):
            composer.load("\n".join(["x"] * count))
            await pilot.pause()
            heights.append(composer.field.size.height)
        assert heights == [1, 3, 8, 8]

    play(build, act)


def test_tab_queues_only_while_the_thread_works_and_there_is_text() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot, SEND)
        await pilot.press(*"later", "tab")
        composer.view = STEER
        composer.load("")
        composer.focus()
        await pilot.press("tab")
        composer.focus()
        await pilot.press(*"later", "tab")

    app = play(build, act)
    assert [(s.text, s.how) for s in app.of(SendDraft)] == [("later", "queue")]


def test_drafts_are_told_and_stored_ones_are_not_told_again() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot)
        composer.load("stored")
        await pilot.pause()
        assert not app.of(DraftChanged)
        await pilot.press("!")

    app = play(build, act)
    assert [(d.target, d.text) for d in app.of(DraftChanged)] == [("/root", "stored!")]


def test_the_popup_completes_and_runs_commands() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot)
        await pilot.press("/", "r", "e")
        assert [c.name for c in composer.popup.found] == ["rename", "resume"]
        assert_harmless(composer.popup)
        await pilot.press("down", "tab")
        assert composer.text == "/resume "
        assert not composer.popup.shown
        composer.load("")
        await pilot.press("/", "r", "e", "enter")
        assert composer.text == "/rename ", "it needs a name first"
        await pilot.press(*"x y", "enter")
        composer.load("")
        await pilot.press("/", "n", "enter")
        composer.load("/clean 2")
        await pilot.press("enter")

    app = play(build, act)
    assert [(r.name, r.args) for r in app.of(RunSlash)] == [
        ("rename", "x y"),
        ("new", ""),
        ("stop", "2"),
    ]
    assert not app.of(SendDraft)


def test_esc_closes_the_popup_first_then_leaves() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot)
        await pilot.press("/", "r", "escape")
        assert not composer.popup.shown
        assert not app.of(LeavePane)
        await pilot.press("escape")
        assert composer.text == "/r"

    assert len(play(build, act).of(LeavePane)) == 1


def test_an_unknown_command_is_a_sentence_and_the_text_stays() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot)
        composer.load("/renam it")
        await pilot.press("enter")
        assert composer.text == "/renam it"

    app = play(build, act)
    assert "/rename" in app.of(Say)[0].text
    assert not app.of(SendDraft)
    assert not app.of(RunSlash)


@pytest.mark.parametrize(
    "text", ["/home/x/y.rs fails", "/etc/passwd", " /new", "a /new", "//", "/ x"]
)
def test_a_draft_that_begins_with_a_path_is_sent(text: str) -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot)
        composer.load(text)
        await pilot.press("enter")

    app = play(build, act)
    assert [s.text for s in app.of(SendDraft)] == [text]


def test_a_shell_command_is_typed_never_pasted_never_restored() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot)
        await pilot.press("!", *"ls", "enter")
        composer.load("")
        composer.field.post_message(events.Paste("!rm -rf ~"))
        await pilot.pause()
        await pilot.press("enter")
        composer.load("!reboot")
        await pilot.press("enter")
        composer.load("")
        await pilot.press("!", "backspace")
        composer.field.post_message(events.Paste("!halt"))
        await pilot.pause()
        await pilot.press("enter")

    app = play(build, act)
    assert [r.command for r in app.of(RunShell)] == ["ls"]
    assert [s.text for s in app.of(SendDraft)] == ["!rm -rf ~", "!reboot", "!halt"]


def test_a_paste_is_one_change_without_controls() -> None:
    pasted = "one\r\ntwo\rthree \x1b[31mred\x1b]52;c;x\x07 \u202e[/foo]\x00"

    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot)
        composer.field.post_message(events.Paste(pasted))
        await pilot.pause()
        assert composer.text == "one\ntwo\nthree [31mred]52;c;x [/foo]"
        assert_harmless(composer.field)
        big = "word " * 9 + "end\n"
        composer.load("")
        composer.field.post_message(events.Paste(big * 20_000))
        await pilot.pause()
        assert composer.text == big * 20_000
        assert composer.field.text == "[Pasted text · 980,000 characters]"
        assert composer.field.size.height == 1
        await pilot.press("x")
        assert composer.text.endswith("end\nx")

    app = play(build, act)
    assert len(app.of(DraftChanged)) == 3


def test_a_line_of_a_megabyte_can_still_be_typed_into() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot)
        composer.field.post_message(events.Paste("x" * 1_000_000))
        await pilot.pause()
        await pilot.press("y")
        assert len(composer.text) == 1_000_001
        assert_harmless(composer.field)

    play(build, act)


def test_ctrl_c_copies_a_selection_and_is_nobodys_without_one() -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        await ready(app, pilot)
        await pilot.press(*"ab", "ctrl+c", "shift+left", "ctrl+c")

    app = play(build, act)
    assert [c.text for c in app.of(CopyText)] == ["b"]


@pytest.mark.parametrize("width", [120, 80, 44, 24])
def test_the_box_says_to_whom_and_hints_go_first(width: int) -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot)
        for part in composer.lines:
            assert_harmless(part)
        top, bottom = drawn(composer.lines[0])[0], drawn(composer.lines[1])[0]
        assert "to /root" in top
        assert "enter" in bottom
        assert ("commands" in bottom) == (width >= 80)
        composer.view = ComposerView("/root", "t", "none", "", "kept as a draft")
        assert "kept as a draft"[: width - 12] in drawn(composer.lines[1])[0]

    play(build, act, (width, 20))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_targets(text: str) -> None:
    async def act(app: Host, pilot: Pilot[None]) -> None:
        composer = await ready(app, pilot, ComposerView(text, text, "send", text, text))
        composer.load(text)
        await pilot.pause()
        for part in (*composer.lines, composer.prompt, composer.field):
            assert_harmless(part)

    play(build, act)


def test_names_are_matched_and_guessed() -> None:
    assert [c.name for c in matching(COMMANDS, "")] == [c.name for c in COMMANDS]
    assert [c.name for c in matching(COMMANDS, "cl")] == ["stop"]
    assert nearest(COMMANDS, "renam")[0] == "rename"
    assert nearest(COMMANDS, "zzzz") == []
