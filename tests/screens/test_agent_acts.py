"""Writing to agents and interrupting them: the composer's words and the questions."""

from __future__ import annotations

from tests.screens.stage import DEMO, keys, stage
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
