"""The agent tree under a person's hands: fold, filter, pin, jump, full screen, time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.driver import NARROW, WIDE, Driver, drive
from tests.fakes import FakeEngine, Json, turn_row
from widgets.agent_tree import AgentRows

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

ROOT = "thread-root"
AGENTS = {
    "one": ("/root/one", ROOT),
    "one_deep": ("/root/one/deep", "thread-one"),
    "two": ("/root/two", ROOT),
}


def prepare(engine: FakeEngine) -> None:
    engine.add("root", title="the root", status={"type": "idle"})
    for key, (path, parent) in AGENTS.items():
        add(engine, key, path, parent)


def add(engine: FakeEngine, key: str, path: str, parent: str) -> None:
    """An agent that nobody has heard of yet."""
    spawn = {"parent_thread_id": parent, "depth": 1, "agent_path": path}
    engine.add(
        key,
        parentThreadId=parent,
        source={"subAgent": {"thread_spawn": spawn}},
        status={"type": "notLoaded"},
    )


def started(key: str, path: str) -> Json:
    """The item by which its parent tells that it was started."""
    return {
        "type": "subAgentActivity",
        "id": f"spawn-{key}",
        "kind": "started",
        "agentThreadId": f"thread-{key}",
        "agentPath": path,
        "model": "gpt-6-luna",
        "reasoningEffort": "low",
    }


def spawn(driver: Driver, key: str, path: str, parent: str) -> None:
    """Its parent says that it was started, and it begins."""
    body = started(key, path)
    driver.engine.notify("item/completed", threadId=parent, turnId="t1", item=body)
    driver.engine.status(f"thread-{key}", "active")


async def grown(driver: Driver) -> Driver:
    """A thread with three agents, one of them below another; open it."""
    await driver.open_thread("the root")
    for key, (path, parent) in AGENTS.items():
        spawn(driver, key, path, parent)
    return await driver.idle()


def cursor(driver: Driver) -> str | None:
    """The agent under the cursor of the list that has the focus."""
    rows = driver.focused
    assert isinstance(rows, AgentRows)
    return rows.cursor_key


def shown(driver: Driver) -> list[str]:
    """The names in the tree, as far as it is shown."""
    return [row.name for row in driver.fleet.presenter.tree().rows]


def test_folding_and_walking_the_tree() -> None:
    async def play(driver: Driver) -> None:
        await grown(driver)
        await driver.press("3", "j")
        assert cursor(driver) == "thread-one"
        await driver.press("left")
        driver.sees("one +1").sees_not("deep")
        await driver.press("left")
        assert cursor(driver) == ROOT, "a folded one goes to its parent"
        await driver.press("j", "right", "right")
        driver.sees("deep")
        assert cursor(driver) == "thread-one_deep"
        await driver.press("v")
        driver.sees("has no agents below it")

    drive(play, prepare=prepare, size=WIDE)


def test_a_filter_is_typed_and_cleared() -> None:
    async def play(driver: Driver) -> None:
        await grown(driver)
        await driver.press("3", "slash")
        await driver.type("deep")
        assert shown(driver) == ["/root", "one", "deep"]
        await driver.press("enter")
        assert driver.fleet.pane == 3
        await driver.press("escape")
        assert shown(driver)[-1] == "two"
        assert driver.fleet.pane == 3, "one esc clears, the next leaves"

    drive(play, prepare=prepare, size=WIDE)


def test_pins_are_digits_after_g_and_nothing_without_it() -> None:
    async def play(driver: Driver) -> None:
        await grown(driver)
        await driver.press("3", "j", "j", "p")
        driver.sees("G 1 goes to /root/one/deep", "G1")
        await driver.press("j", "p", "1")
        assert driver.fleet.pane == 1, "a digit alone is a pane"
        await driver.press("G")
        driver.sees("1 /root/one/deep", "2 /root/two")
        await driver.press("2")
        assert driver.open == "thread-two"
        await driver.press("1", "G", "7")
        driver.sees("No agent is pinned to 7.")
        await driver.press("1")
        assert driver.fleet.pane == 1
        await driver.press("G")
        await driver.wait(5000)
        await driver.press("1")
        assert driver.open == "thread-two", "too late: a pane again"
        await driver.press("3", "home", "j", "j", "p")
        driver.sees("is not pinned any more")

    drive(play, prepare=prepare, size=WIDE)


def test_g_in_the_transcript_is_its_end() -> None:
    async def play(driver: Driver) -> None:
        await grown(driver)
        await driver.press("3", "j", "p", "2", "G", "1")
        assert driver.open == ROOT
        assert driver.fleet.pane == 1

    drive(play, prepare=prepare, size=WIDE)


def test_full_screen_and_back_and_over_time() -> None:
    async def play(driver: Driver) -> None:
        await grown(driver)
        await driver.press("a")
        assert (driver.dialog, driver.fleet.pane) == ("", 3)
        await driver.press("a")
        assert driver.dialog == "AgentsBoard"
        driver.sees("model", "tokens", "gpt-6-luna low", "a thread of its own")
        await driver.press("j", "j", "T")
        assert driver.dialog == "TimelineBoard"
        assert driver.app.screen.heading.title == "deep"  # type: ignore[attr-defined]
        await driver.press("plus", "left", "minus", "f", "0", "j")
        driver.sees("working", "interrupted")
        await driver.press("T")
        assert driver.dialog == "AgentsBoard"
        assert cursor(driver) == "thread-two", "one cursor for the tree, everywhere"
        await driver.press("escape")
        assert driver.dialog == ""
        assert cursor(driver) == "thread-two"
        await driver.press("i")
        await driver.type("/agents")
        await driver.press("enter")
        assert driver.dialog == "AgentsBoard"
        await driver.press("end", "enter")
        assert (driver.dialog, driver.open) == ("", "thread-two")
        driver.sees("Spawned", "gpt-6-luna low")
        await driver.press("3")
        assert cursor(driver) == "thread-two", "the pane stands on the opened agent"

    drive(play, prepare=prepare, size=WIDE)


def test_which_turn_spawned_an_agent_is_learned_when_it_is_opened() -> None:
    """Its parent was never opened: its turns are read, once."""

    def reads(driver: Driver) -> int:
        calls = driver.engine.calls("thread/turns/list")
        full = [c["threadId"] for c in calls if c["itemsView"] == "full"]
        return full.count("thread-young")

    async def play(driver: Driver) -> None:
        await driver.open_thread("the root")
        add(driver.engine, "young", "/root/new", ROOT)
        spawn(driver, "young", "/root/new", ROOT)
        turns = [turn_row(name, status="completed") for name in ("t0", "t1")]
        driver.engine.turns["thread-young"] = turns
        begun = turn_row("t1")  # heard live, so its past was never asked for
        driver.engine.notify("turn/started", threadId="thread-young", turn=begun)
        add(driver.engine, "younger", "/root/new/deep", "thread-young")
        spawn(driver, "younger", "/root/new/deep", "thread-young")
        await driver.idle()
        assert reads(driver) == 0
        for _ in range(2):
            await driver.press("1", "enter", "3", "end", "enter")
            driver.sees("Spawned by /root/new, turn 2", "gpt-6-luna low")
            assert reads(driver) == 1

    drive(play, prepare=prepare, size=WIDE)


def test_the_cursor_of_the_tree_follows_what_is_opened() -> None:
    async def play(driver: Driver) -> None:
        await grown(driver)
        await driver.press("3", "j", "j", "p", "k", "p", "left", "1", "G", "1")
        assert driver.open == "thread-one_deep"
        await driver.press("3")
        assert cursor(driver) == "thread-one", "where it is folded away"
        await driver.press("right", "end", "1", "G", "1", "3")
        assert cursor(driver) == "thread-one_deep", "though it was open already"
        await driver.press("2", "end")
        driver.engine.status("thread-two", "idle")
        await driver.idle()
        await driver.press("3", "end")
        driver.engine.status("thread-two", "active")
        await driver.idle()
        assert cursor(driver) == "thread-two", "news does not move it"

    drive(play, prepare=prepare, size=WIDE)


def test_the_cursor_follows_in_a_pane_that_is_not_shown() -> None:
    """Of forty agents the third: what is above it is seen when the pane is shown."""

    def crowd(engine: FakeEngine) -> None:
        prepare(engine)
        for n in range(40):
            spawn = {"parent_thread_id": ROOT, "depth": 1, "agent_path": f"/root/n{n}"}
            source = {"subAgent": {"thread_spawn": spawn}}
            engine.add(f"z{n:02d}", parentThreadId=ROOT, source=source)

    async def play(driver: Driver) -> None:
        await grown(driver)
        for at, seen in ((2, "/root"), (38, "n3"), (3, "n0")):
            await driver.press("a", "a", "home", *["j"] * at, "enter")
            assert driver.fleet.pane == 2
            await driver.press("3")
            assert cursor(driver) == driver.open
            driver.sees(seen)

    drive(play, prepare=crowd, size=NARROW)


def test_who_asks_is_found_through_a_fold() -> None:
    async def play(driver: Driver) -> None:
        await grown(driver)
        driver.engine.status("thread-one_deep", "active", "waitingOnApproval")
        await driver.idle()
        await driver.press("3", "home", "J")
        assert cursor(driver) == "thread-one_deep"
        await driver.press("home", "K")
        assert cursor(driver) == "thread-one_deep", "round the other way"
        driver.engine.status("thread-one_deep", "active")
        await driver.idle()
        await driver.press("J")
        driver.sees("No agent of this tree needs you.")

    drive(play, prepare=prepare, size=WIDE)


def test_the_next_window_finds_the_tree_as_it_was(tmp_path: Path) -> None:
    async def first(driver: Driver) -> None:
        await grown(driver)
        await driver.press("3", "j", "left", "p", "z")
        driver.sees("finished agents hidden")

    async def second(driver: Driver) -> None:
        ask = driver.fleet.presenter.looking.tree
        assert ask.folded == {"thread-one"}
        assert ask.pins == ("thread-one",)
        assert ask.hide_finished

    drive(first, prepare=prepare, size=WIDE, home=tmp_path)
    drive(second, prepare=prepare, size=WIDE, home=tmp_path)


def test_without_a_thread_the_boards_say_what_to_do() -> None:
    async def play(driver: Driver) -> None:
        await driver.press("T")
        driver.sees("Open a thread first")
        assert driver.dialog == ""

    drive(play)
