"""Ways through background terminals, judged at the screen and at the wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from state.items import ThreadId
from tests.driver import NARROW, NORMAL, WIDE, Driver, Play, Size, drive
from tests.fakes import FakeEngine, Json, Refused
from tui.screens.terminals import TerminalsBoard

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

ROOT, CHILD, OTHER = "thread-awake", "thread-kid", "thread-other"
STOP, ALL = "thread/backgroundTerminals/terminate", "thread/backgroundTerminals/clean"


class Running:
    """The terminals a fake engine runs; a stopped one is gone, `stubborn` ones stay."""

    def __init__(self, stubborn: Sequence[str] = ()) -> None:
        self.of: dict[str, list[str]] = {
            ROOT: ["npm run dev", "cargo watch"],
            CHILD: ["tail -F log"],
            OTHER: ["qemu -M virt"],
        }
        self._stubborn = stubborn
        self.asked: list[str] = []
        self.figures: Callable[[str], Json] = lambda _line: {
            "cpuPercent": None,
            "rssKb": None,
        }

    def prepare(self, engine: FakeEngine) -> None:
        """One tree of two, and a thread beside it."""
        idle: Json = {"type": "idle"}
        engine.add("awake", status=dict(idle))
        spawn = {"parent_thread_id": ROOT, "depth": 1, "agent_path": "/root/kid"}
        engine.add(
            "kid",
            status=dict(idle),
            parentThreadId=ROOT,
            source={"subAgent": {"thread_spawn": spawn}},
            canAcceptDirectInput=False,
        )
        engine.add("other", status=dict(idle))
        engine.add("bare", status=dict(idle))
        engine.replies["thread/backgroundTerminals/list"] = self._listed
        engine.replies[STOP] = self._stopped

    def _listed(self, params: Json) -> Json:
        lines = self.of.get(params["threadId"], [])
        rows = [
            {"itemId": f"i-{line}", "processId": f"p-{line}", "command": line,
             "cwd": "/w", "osPid": None, **self.figures(line)}
            for line in lines
        ]  # fmt: skip
        self.asked.append(params["threadId"])
        return {"data": rows, "nextCursor": None}

    def _stopped(self, params: Json) -> Json:
        line = params["processId"][2:]
        mine = self.of[params["threadId"]]
        if line in mine and line not in self._stubborn:
            mine.remove(line)
            return {"terminated": True}
        return {"terminated": False}


def run(play: Play, size: Size = NORMAL, *, stubborn: Sequence[str] = ()) -> None:
    drive(play, prepare=Running(stubborn).prepare, size=size)


async def slash(driver: Driver, words: str) -> None:
    """Type a command into the composer of the open thread."""
    if not driver.composer.field.has_focus:
        await driver.press("i")
    await driver.type(words)
    await driver.press("enter")


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_bare_stop_names_all_of_the_tree_and_asks_once(size: Size) -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        await slash(driver, "/stop")
        driver.sees("Stop 3 terminals?", "npm run dev", "cargo watch", "tail -F log")
        driver.sees_not("qemu")
        assert not driver.engine.calls(STOP)
        await driver.press("enter")  # the harmless choice
        assert not driver.engine.calls(STOP)
        await slash(driver, "/clean")
        await driver.press("right", "enter")
        ended = [c["processId"] for c in driver.engine.calls(STOP)]
        assert sorted(ended) == ["p-cargo watch", "p-npm run dev", "p-tail -F log"]
        driver.sees("ended:")
        assert not driver.engine.calls(ALL)

    run(play, size)


def test_stop_by_number_and_by_path() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        await slash(driver, "/stop 2")
        driver.sees("Stop terminal 2?")
        await driver.press("right", "enter")
        (call,) = driver.engine.calls(STOP)
        one = {"p-npm run dev", "p-cargo watch", "p-tail -F log"}
        assert call["processId"] in one
        await slash(driver, "/stop 2")
        driver.sees("Terminal 2 had ended before")
        await slash(driver, "/stop 42")
        driver.sees("There is no terminal 42 here")
        await slash(driver, "/stop /root/kid")
        driver.sees("Stop terminal", "tail -F log")
        await driver.press("right", "enter")
        assert driver.engine.calls(STOP)[-1]["threadId"] == CHILD
        await slash(driver, "/stop /root/nobody")
        driver.sees("No terminal runs in /root/nobody")
        assert len(driver.engine.calls(STOP)) == 2

    run(play)


@pytest.mark.parametrize("size", [NARROW, NORMAL, WIDE])
def test_what_the_board_shows_is_what_stop_takes(size: Size) -> None:
    """From whichever thread; the question names the one it is of."""

    async def play(driver: Driver) -> None:
        rows = {r.command.text: r for r in driver.fleet.presenter.terminals().rows}
        assert len({row.number for row in rows.values()}) == 4
        await driver.open_thread("awake")
        await slash(driver, "/ps")
        lines = driver.screen().splitlines()
        for command, row in rows.items():
            line = next(line for line in lines if command[:6] in line)
            words = line.replace("▌", " ").split()
            assert words[0] == str(row.number), line
        await driver.press("escape")
        await slash(driver, f"/stop {rows['qemu -M virt'].number}")
        driver.sees("qemu -M virt · /root · other")
        await driver.press("right", "enter")
        (call,) = driver.engine.calls(STOP)
        assert (call["threadId"], call["processId"]) == (OTHER, "p-qemu -M virt")

    run(play, size)


def test_one_that_does_not_end_is_said() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("other")
        await slash(driver, "/stop")
        await driver.press("right", "enter")
        rows = driver.fleet.presenter.terminals().rows
        (number,) = [row.number for row in rows if row.thread_id == OTHER]
        driver.sees(f"still running: {number}")

    run(play, stubborn=["qemu -M virt"])


def test_a_thread_the_engine_lost_takes_its_terminals_along() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("other")

        def gone(_params: Json) -> Json:
            raise Refused("thread not found: thread-other")

        driver.engine.threads[OTHER]["status"] = {"type": "notLoaded"}
        driver.engine.replies[STOP] = gone
        await slash(driver, "/stop")
        await driver.press("right", "enter")
        thread = driver.fleet.presenter.world.threads[ThreadId(OTHER)]
        assert not thread.terminals
        assert len(thread.ended_terminals) == 1

    run(play)


def test_the_board_stops_dismisses_and_leads_on() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        await slash(driver, "/ps")
        assert isinstance(driver.app.screen, TerminalsBoard)
        driver.sees("4 in 2 threads", "npm run dev", "qemu -M virt", "/root/kid")
        await driver.press("x")
        driver.sees("Stop terminal 1?")
        await driver.press("right", "enter")
        assert len(driver.engine.calls(STOP)) == 1
        driver.sees("3 in 2 threads", "1 ended")
        await driver.press("home", "d")
        driver.sees("runs; x stops it.", "1 ended")
        await driver.press("end", "w")
        driver.sees("has ended: nothing reads there.")
        assert isinstance(driver.app.screen, TerminalsBoard)
        await driver.press("d")
        driver.sees_not("1 ended")
        await driver.press("t")
        assert len(driver.app.boards) == 1, "the board opens once"
        await driver.press("o")
        assert not driver.app.boards

    run(play)


def test_typing_into_one_is_its_agents() -> None:
    """Nothing is sent: a draft stands in the composer, of the root for a v2 agent."""

    async def play(driver: Driver) -> None:
        await driver.open_thread("awake")
        await slash(driver, "/ps")
        rows = driver.fleet.presenter.terminals().rows
        kid = next(r for r in rows if r.path == "/root/kid")
        board = driver.app.screen
        assert isinstance(board, TerminalsBoard)
        board.table.rows.select(kid.key)
        await driver.idle()
        await driver.press("w")
        assert driver.open == ROOT
        assert driver.draft.startswith("Tell /root/kid: in terminal p-tail -F log")
        driver.sees("No request types into a terminal")
        assert not driver.engine.calls("turn/start")

    run(play)


def test_quitting_a_shared_engine_asks_nothing() -> None:
    async def play(driver: Driver) -> None:
        await driver.press("ctrl+q")
        assert not driver.app.is_running

    run(play)


def test_a_private_engine_s_end_names_what_dies() -> None:
    """The second ctrl+q goes; the first one names terminals and stays."""

    async def play(driver: Driver) -> None:
        presenter = driver.fleet.presenter
        private = presenter.world.engine
        object.__setattr__(private, "how", "private")
        await driver.press("ctrl+q")
        driver.sees("Quit?", "npm run dev", "qemu -M virt", "Quit and end them")
        assert driver.app.is_running
        await driver.press("escape")
        assert driver.app.is_running
        await driver.press("ctrl+q", "right", "enter")
        assert not driver.app.is_running

    run(play)


# -- figures that only the engine knows ------------------------------------------------


@pytest.mark.parametrize("board", [True, False])
def test_the_engine_is_asked_for_figures_that_it_told(*, board: bool) -> None:
    """Its processes are not on this machine; most engines tell nothing, see below."""
    running = Running()
    now: dict[str, tuple[float | None, int | None]] = {"qemu -M virt": (7.4, 2048)}

    def figures(line: str) -> Json:
        cpu, kb = now.get(line, (None, None))
        return {"cpuPercent": cpu, "rssKb": kb}

    running.figures = figures

    async def play(driver: Driver) -> None:
        await driver.open_thread("other")
        if board:
            await slash(driver, "/ps")
        driver.sees("7%", *(["2M"] if board else []))
        now["qemu -M virt"] = (98.0, 3 << 20)
        running.asked.clear()
        await driver.wait(7_000)
        driver.sees("98%")
        driver.sees_not("7%")
        assert set(running.asked) == {OTHER}, "nobody asks about the others"
        # Nor while nobody sees them: another window, another board, another thread.
        driver.feed("\x1b[O")
        await driver.idle()
        running.asked.clear()
        await driver.wait(20_000)
        assert running.asked == []
        driver.feed("\x1b[I")
        await driver.wait(7_000)
        assert running.asked
        await driver.press("P")
        running.asked.clear()
        await driver.wait(20_000)
        assert running.asked == []
        await driver.press("escape")
        await driver.wait(7_000)
        assert running.asked
        if not board:
            await driver.open_thread("bare")
            await driver.wait(7_000)
            running.asked.clear()
            await driver.wait(20_000)
            assert running.asked == []
            await driver.open_thread("other")
        now["qemu -M virt"] = (None, None)
        await driver.wait(7_000)
        driver.sees_not("98%")
        running.asked.clear()
        await driver.wait(20_000)
        assert running.asked == []

    drive(play, prepare=running.prepare, size=WIDE, still=False)


def test_an_engine_without_figures_is_not_asked_again() -> None:
    running = Running()

    async def play(driver: Driver) -> None:
        await driver.open_thread("other")
        await slash(driver, "/ps")
        driver.sees("—")
        running.asked.clear()
        await driver.wait(30_000)
        assert running.asked == []

    drive(play, prepare=running.prepare, size=WIDE, still=False)
