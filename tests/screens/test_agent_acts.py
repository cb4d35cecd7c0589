"""Writing to agents and interrupting them: the composer's words and the questions."""

from __future__ import annotations

from typing import Any

from state.events import Event
from state.pastes import marked
from tests.screens import scripts as s
from tests.screens.stage import DEMO, Json, connected, keys, stage, told
from tests.screens.test_agents import MINUTE, ROOT, agent, root, turn
from tests.screens.test_fleet import asking, midway
from tests.snap import Size, Snap, sizes

WRITE = "@/root/researcher look at the callers in the benchmark, too"


@sizes
def test_completes_agent_paths(snap_of: Snap, size: Size) -> None:
    """@r lists the agents of this tree that it could become."""
    app = stage(midway(), open_thread=DEMO)
    words = ["@/root/researcher", "@/root/researcher/callers", "through /root"]
    snap_of(app, size, run_before=keys("i", "@", "r"), must_contain=words)


@sizes
def test_names_the_agent_it_goes_to(snap_of: Snap, size: Size) -> None:
    app = stage(midway(), open_thread=DEMO, draft=WRITE)
    words = ["to /root/researcher", "asks which way"]
    snap_of(app, size, run_before=keys("i"), must_contain=words)


@sizes
def test_says_that_there_is_no_such_agent(snap_of: Snap, size: Size) -> None:
    app = stage(midway(), open_thread=DEMO, draft="@/root/resercher look again")
    words = ["no agent of this tree", "names the agents"]
    snap_of(app, size, run_before=keys("i"), must_contain=words)


@sizes
def test_asks_which_way(snap_of: Snap, size: Size) -> None:
    """The engine takes no messages for it: nothing was sent yet."""
    app = stage(midway(), open_thread=DEMO, draft=WRITE)
    words = ["Tell /root/researcher?", "Nothing was sent", "Fork it and send there"]
    snap_of(app, size, run_before=keys("i", "enter"), must_contain=words)


@sizes
def test_asks_how_much_to_interrupt(snap_of: Snap, size: Size) -> None:
    app = stage(midway(), open_thread=DEMO, draft="/interrupt")
    words = ["Interrupt /root?", "alone leaves them running", "the whole tree"]
    snap_of(app, size, run_before=keys("i", "enter"), must_contain=words)


@sizes
def test_asks_how_much_of_a_branch(snap_of: Snap, size: Size) -> None:
    """An agent that does not work itself, and terminals that will go on."""
    app = stage(asking(), open_thread=DEMO, draft="/interrupt /root/docs")
    words = ["itself does not work now", "2 background terminals keep running"]
    snap_of(app, size, run_before=keys("i", "enter"), must_contain=words)


@sizes
def test_an_agent_is_open(snap_of: Snap, size: Size) -> None:
    """Its own transcript, headed by the tree it is of and by its path."""
    app = stage(midway(), open_thread=DEMO)
    act = keys("3", "j", "enter", "2")
    snap_of(app, size, run_before=act, must_contain=["· /root/researcher"])


@sizes
def test_long_pastes_are_signs(snap_of: Snap, size: Size) -> None:
    """Two of them in a draft, words around them, written to an agent."""
    first, second = marked("a" * 1_048_000), marked("b\n" * 900)
    draft = f"@/root/docs read {first} and {second}, then say which one is newer"
    app = stage(midway(), open_thread=DEMO, draft=draft)
    words = ["[Pasted text · 1,048,000 characters]", "to /root/docs"]
    snap_of(app, size, run_before=keys("i"), must_contain=words)


@sizes
def test_asks_which_one(snap_of: Snap, size: Size) -> None:
    """A name that several threads begin with."""
    rows = [
        s.row("01a1fcfb-2b84-7563-b08b-dc8bffcc0001", "port to arm64", 60, "idle"),
        s.row("01a1fcfb-2b84-7563-b08b-dc8bffcc0002", "port to riscv", 90, "idle"),
    ]
    app = stage(
        midway(), told(s.listed(*rows)), open_thread=DEMO, draft="/send port hi"
    )
    words = ["Any of these could be meant", "port to arm64", "None of them"]
    act = keys("i", "enter", "down")
    snap_of(app, size, run_before=act, must_contain=words)


# -- cells about agents ------------------------------------------------------------


def call(key: str, tool: str, *ids: str, done: bool = True, **more: Any) -> Json:
    """A call of an older engine or model: it names threads, with what was said."""
    body: Json = {
        "type": "collabAgentToolCall",
        "id": key,
        "tool": tool,
        "status": "completed" if done else "inProgress",
        "senderThreadId": ROOT,
        "receiverThreadIds": list(ids),
        "agentsStates": {},
    }
    return s.item(ROOT, f"{ROOT}-{20 * MINUTE}", done=done, **{**body, **more})


def older(*, last: Json) -> list[Event]:
    """Agents that have a nickname and a role but no path, and what was done to them."""
    rows = [
        agent("01b1", "", nickname="Robie", role="explorer", model="gpt-5.6-luna"),
        agent("01b2", "", nickname="Turing", model="gpt-5.6-luna"),
        agent("01b3", "", nickname="Noether", model="gpt-5.6-luna"),
    ]
    said: Json = {"prompt": "read src/cache.py and say who calls evict", "model": "m-1"}
    ended = {"status": "completed", "message": "Three callers, all in cache.py."}
    broken = {"status": "errored", "message": "context window exceeded"}
    reports = {"01b1": ended, "01b2": broken, "01b3": {"status": "running"}}
    return told(
        *root(),
        s.listed(*rows),
        *turn("01b1", 9 * MINUTE, 8 * MINUTE),
        *turn("01b2", 9 * MINUTE, 7 * MINUTE, "failed", "context window exceeded"),
        *turn("01b3", 5 * MINUTE),
        call("c1", "spawnAgent", "01b1", reasoningEffort="low", **said),
        call("c2", "spawnAgent", prompt="one more", status="failed"),
        call("c3", "sendInput", "01b2", prompt="and the benchmark\nin bench/, too"),
        call("c4", "wait", "01b1", "01b2", "01b3", agentsStates=reports),
        call("c5", "closeAgent", "01b2"),
        call("c6", "resumeAgent", "01b2", agentsStates={"01b2": ended}),
        last,
    )


@sizes
def test_older_agents(snap_of: Snap, size: Size) -> None:
    """What the wire tells of them: names, roles, prompts and reports."""
    waits = call("c7", "wait", "01b1", "01b3", done=False)
    app = stage(connected(), older(last=waits), open_thread=ROOT)
    words = [
        "Started Robie [explorer]",
        "Could not start an agent",
        "Messaged Turing",
        "Waiting for 2 agents",
    ]
    snap_of(app, size, run_before=keys("2"), must_contain=words)


@sizes
def test_older_agents_hostile(snap_of: Snap, size: Size) -> None:
    """Names, prompts, states and tools that were made to do harm."""
    evil = "[bold red]\x1b]0;t\x07\u202egnp\u0085" + "x" * 900
    reports = {"01b1": {"status": evil, "message": evil}}
    last = call("c7", evil, "01b9", prompt=evil, model=evil, agentsStates=reports)
    app = stage(connected(), older(last=last), open_thread=ROOT)
    snap_of(app, size, run_before=keys("2"), must_contain=["agent 01b9"])
