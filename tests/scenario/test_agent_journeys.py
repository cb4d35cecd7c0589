"""Messages to agents by path and interrupts of branches: at screen and wire."""

from __future__ import annotations

from typing import Any

import pytest

from tests.driver import NARROW, NORMAL, WIDE, Driver, Play, Size, drive
from tests.fakes import FakeEngine, Json, Refused

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

IDLE: Json = {"type": "idle"}
ACTIVE: Json = {"type": "active", "activeFlags": []}


def agent(engine: FakeEngine, path: str, *, direct: bool = False, **more: Any) -> None:
    """An agent of the thread `awake`, below the one its path says."""
    name = path.rpartition("/")[2]
    above = path.rpartition("/")[0].rpartition("/")[2]
    parent = "thread-awake" if above == "root" else f"thread-{above}"
    spawn = {
        "parent_thread_id": parent,
        "depth": path.count("/") - 1,
        "agent_path": path,
        "agent_nickname": "Singer",
        "agent_role": None,
    }
    given: Json = {
        "status": dict(IDLE),
        "parentThreadId": parent,
        "sessionId": "thread-awake",
        "canAcceptDirectInput": direct,
        "agentNickname": "Singer",
        "model": "gpt-6-luna",
        "reasoningEffort": "high",
        "source": {"subAgent": {"thread_spawn": spawn}},
    }
    engine.add(name, **{**given, **more})


def tree(engine: FakeEngine) -> None:
    """A root, two agents of kinds that differ, and one below the first."""
    engine.add("awake", status=dict(IDLE))
    agent(engine, "/root/tester")
    agent(engine, "/root/tester/cases")
    agent(engine, "/root/docs", direct=True)


def run(play: Play, *, size: Size = NORMAL) -> None:
    drive(play, prepare=tree, size=size)


async def write(driver: Driver, text: str, *, to: str = "awake") -> None:
    if driver.open != f"thread-{to}":
        await driver.open_thread(to)
    await driver.press("i")
    await driver.type(text)


def sent(driver: Driver) -> list[tuple[str, str]]:
    """(thread, words) of everything that was sent to the engine's threads."""
    return [
        (params["threadId"], params["input"][0]["text"])
        for method in ("turn/start", "turn/steer", "thread/queue/add")
        for params in driver.engine.calls(method)
    ]


# -- whom ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
@pytest.mark.parametrize("draft", ["@/root/docs say it", "@docs say it"])
def test_a_message_goes_to_the_agent_it_begins_with(size: Size, draft: str) -> None:
    async def play(driver: Driver) -> None:
        await write(driver, draft)
        driver.sees("to /root/docs", "enter send")
        await driver.press("enter")
        assert sent(driver) == [("thread-docs", "say it")]
        assert driver.draft == ""
        assert driver.open == "thread-awake"

    run(play, size=size)


def test_a_path_is_completed_and_told_from_a_file() -> None:
    async def play(driver: Driver) -> None:
        await write(driver, "@tes")
        driver.sees("@/root/tester", "@/root/tester/cases", "through /root · Singer")
        driver.sees_not("@/root/docs")
        await driver.press("tab")
        assert driver.draft == "@/root/tester "
        await driver.press("ctrl+a", "ctrl+k")
        await driver.type("@src/cache.py is wrong")
        driver.sees("to /root · awake")
        await driver.press("enter")
        assert sent(driver) == [("thread-awake", "@src/cache.py is wrong")]

    run(play)


def test_an_unknown_path_names_who_is_there_and_keeps_the_words() -> None:
    async def play(driver: Driver) -> None:
        await write(driver, "@/root/testr do it")
        driver.sees("no agent of this tree")
        await driver.press("enter")
        driver.sees("There is no agent /root/testr here", "/root/tester")
        assert driver.draft == "@/root/testr do it"
        assert sent(driver) == []

    run(play)


def test_send_takes_a_path_or_a_name_and_gives_back_what_it_did_not_send() -> None:
    async def play(driver: Driver) -> None:
        await write(driver, "/send docs write it down")
        await driver.press("enter")
        assert sent(driver) == [("thread-docs", "write it down")]
        await driver.type("/send /root/nobody hello")
        await driver.press("enter")
        driver.sees("There is no agent /root/nobody")
        assert driver.draft == "/send /root/nobody hello"
        assert len(sent(driver)) == 1

    run(play)


# -- which way ----------------------------------------------------------------------


@pytest.mark.parametrize("running", [False, True])
def test_an_agent_that_takes_no_messages_is_told_through_the_root(
    *, running: bool
) -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        if running:
            driver.engine.start_turn("thread-awake", "turn-1")
        await write(driver, "@tester run them again")
        driver.sees("to /root/tester", "asks which way")
        await driver.press("enter")
        driver.sees("takes no messages", "tell /root/tester: run them again")
        driver.sees("steers its running turn" if running else "starts a turn")
        assert sent(driver) == []
        await driver.press("right", "enter")
        told = ("thread-awake", "tell /root/tester: run them again")
        assert sent(driver) == [told]
        method = "turn/steer" if running else "turn/start"
        assert len(driver.engine.calls(method)) == 1
        assert driver.draft == ""

    run(play)


def test_typing_in_its_own_pane_asks_too_and_esc_keeps_the_draft() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        driver.fleet.open_thread("thread-tester")  # type: ignore[arg-type]
        await driver.idle()
        await driver.press("i")
        driver.sees("to /root/tester", "through /root, or a fork")
        await driver.type("hello")
        await driver.press("enter", "escape")
        assert driver.draft == "hello"
        await driver.press("enter", "enter")  # The first choice keeps it as well.
        assert driver.draft == "hello"
        assert sent(driver) == []

    run(play)


def test_a_fork_is_a_thread_of_its_own_and_gets_the_words() -> None:
    async def play(driver: Driver) -> None:
        await write(driver, "@tester what did you find?")
        await driver.press("enter", "right", "right", "enter")
        (fork,) = driver.engine.calls("thread/fork")
        assert fork["threadId"] == "thread-tester"
        ((thread, words),) = sent(driver)
        assert words == "what did you find?"
        assert thread == driver.open
        assert thread not in ("thread-tester", "thread-awake")

    run(play)


def test_an_agent_that_goes_between_typing_and_sending_keeps_the_words() -> None:
    async def play(driver: Driver) -> None:
        await write(driver, "@tester run them again")
        await driver.press("enter")
        driver.engine.notify("thread/deleted", threadId="thread-tester")
        await driver.idle()
        await driver.press("right", "enter")
        assert sent(driver) == []
        assert driver.draft == "@tester run them again"
        driver.sees("gone; your words are kept")

    run(play)


def test_an_evicted_agent_is_told_through_its_root() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        driver.engine.status("thread-tester", "notLoaded")
        await write(driver, "@tester again")
        await driver.press("enter", "right", "enter")
        assert sent(driver) == [("thread-awake", "tell /root/tester: again")]

    run(play)


def test_without_a_parent_only_the_fork_is_offered() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("lost")
        await driver.press("i")
        await driver.type("hello")
        await driver.press("enter")
        driver.sees("The thread above it is not known here", "Fork it and send there")
        driver.sees_not("Through /root")
        assert sent(driver) == []

    def prepare(engine: FakeEngine) -> None:
        agent(engine, "/root/gone/lost", parentThreadId="thread-gone")

        def listed(params: Json) -> Json:
            rows = [] if params.get("ancestorThreadId") else [*engine.threads.values()]
            return {"data": rows if not params.get("archived") else []}

        engine.replies["thread/list"] = listed

    drive(play, prepare=prepare)


# -- interrupting -------------------------------------------------------------------


def working(driver: Driver) -> None:
    """Root, tester and what is below it work; docs does not."""
    for name in ("awake", "tester", "cases"):
        driver.engine.start_turn(f"thread-{name}", f"turn-{name}")


def interruptible(driver: Driver, *, stubborn: str = "") -> None:
    """An interrupt ends the turn, but that of the stubborn one."""

    def reply(params: Json) -> Json:
        thread_id = params["threadId"]
        if thread_id == f"thread-{stubborn}":
            raise Refused("cannot be interrupted just now")
        driver.engine.end_turn(thread_id, params["turnId"], "interrupted")
        return {}

    driver.engine.replies["turn/interrupt"] = reply


def interrupted(driver: Driver) -> list[str]:
    return [p["threadId"] for p in driver.engine.calls("turn/interrupt")]


async def ask(driver: Driver, words: str = "/interrupt") -> None:
    if not driver.composer.field.has_focus:
        await driver.press("i")
    await driver.type(words)
    await driver.press("enter")


def test_esc_twice_interrupts_the_open_one_and_says_who_goes_on() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        working(driver)
        interruptible(driver)
        await driver.idle()
        await driver.press("escape", "escape")
        assert interrupted(driver) == ["thread-awake"]
        driver.sees("2 agents below keep running", "/interrupt offers the branch")

    run(play)


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_a_branch_is_asked_about_and_ends_leaves_first(size: Size) -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        working(driver)
        interruptible(driver)
        await driver.idle()
        await ask(driver)
        driver.sees("Interrupt /root?", "alone leaves them running", "/root/tester")
        assert interrupted(driver) == []
        await driver.press("right", "right", "enter")
        assert interrupted(driver) == ["thread-cases", "thread-tester", "thread-awake"]
        driver.sees("interrupted /root, /root/tester, /root/tester/cases")

    run(play, size=size)


def test_one_agent_or_its_branch_or_the_tree_by_path() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        working(driver)
        interruptible(driver)
        await driver.idle()
        await ask(driver, "/interrupt tester/cases")
        assert interrupted(driver) == ["thread-cases"]
        await ask(driver, "/interrupt tester")
        assert interrupted(driver)[1:] == ["thread-tester"]
        await ask(driver, "/interrupt tester")
        driver.sees("itself does not work now", "the whole tree, 1 working")
        await driver.press("right", "enter")
        assert interrupted(driver)[2:] == ["thread-awake"]
        await ask(driver, "/interrupt docs")
        driver.sees("Nothing runs in /root/docs or its tree")

    run(play)


def test_who_did_not_end_is_named() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        working(driver)
        interruptible(driver, stubborn="tester")
        await driver.idle()
        await ask(driver)
        await driver.press("right", "right", "enter")
        driver.sees("still working: /root/tester")

    run(play)


def test_an_interrupt_that_is_not_chosen_does_nothing() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        working(driver)
        await driver.idle()
        await ask(driver)
        await driver.press("enter")
        await ask(driver, "/interrupt nobody")
        driver.sees("no thread is called “nobody”")
        assert interrupted(driver) == []

    run(play)


# -- words that mean several ----------------------------------------------------------


def twins(engine: FakeEngine) -> None:
    """Two threads whose names begin alike; in one, two agents have the same path."""
    tree(engine)
    agent(engine, "/root/twin", direct=True)
    row = dict(engine.threads["thread-twin"], id="thread-twin-2")
    engine.threads["thread-twin-2"] = dict(row, agentNickname="Planck")
    engine.add("a", title="pair one", status=dict(IDLE))
    engine.add("b", title="pair two", status=dict(IDLE))


PAIR, TWIN = ("pair one", "pair two"), ("/root/twin", "Singer · …ead-twin", "Planck")


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("/send pair hello", PAIR),
        ("/interrupt pair", PAIR),
        ("/send twin hello", TWIN),
        ("/interrupt /root/twin", TWIN),
        ("@/root/twin hello", TWIN),
        ("@twin hello", TWIN),
    ],
)
def test_words_that_mean_several_list_them_and_do_nothing(
    words: str, named: tuple[str, ...], size: Size
) -> None:
    async def play(driver: Driver) -> None:
        await write(driver, words)
        if words.startswith("@"):
            driver.sees("2 are called so", "asks which one")
        await driver.press("enter")
        driver.sees(*named, "None of them")
        await driver.press("enter")  # typed ahead: it chooses nothing
        assert driver.dialog == ""
        assert sent(driver) == []
        assert interrupted(driver) == []
        if not words.startswith("/interrupt"):
            assert driver.draft == words

    drive(play, prepare=twins, size=size)


@pytest.mark.parametrize("words", ["/send twin hello", "@/root/twin hello"])
@pytest.mark.parametrize("keys", [("down", "down", "enter"), ("2", "enter")])
def test_the_one_that_is_chosen_gets_the_words(
    words: str, keys: tuple[str, ...]
) -> None:
    async def play(driver: Driver) -> None:
        await write(driver, words)
        await driver.press("enter", *keys)
        assert sent(driver) == [("thread-twin-2", "hello")]
        assert driver.draft == ""

    drive(play, prepare=twins)


def test_one_that_goes_while_it_is_asked_about_keeps_the_words() -> None:
    async def play(driver: Driver) -> None:
        await write(driver, "/send twin hello")
        await driver.press("enter", "2")
        driver.engine.notify("thread/deleted", threadId="thread-twin-2")
        await driver.idle()
        await driver.press("enter")
        assert sent(driver) == []
        assert driver.draft == "/send twin hello"
        driver.sees("gone; your words are kept")

    drive(play, prepare=twins)
