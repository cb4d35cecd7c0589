"""The agent tree full screen and over time: none, four, thirty and 650 agents, hostile
names, agents that end in each way, and a tree that does not hang together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from state.agents import AgentState
from state.events import Event
from tests.screens import scripts as s
from tests.screens.stage import DEMO, NOW, connected, keys, stage, told
from tests.screens.test_fleet import asking
from tests.snap import Size, Snap, sizes

Json = dict[str, Any]
ROOT = "01a1-root"
MINUTE = 60_000


def agent(
    key: str, path: str, parent: str = ROOT, status: str = "idle", **more: Any
) -> Json:
    """An agent as the engine lists it."""
    spawn = {
        "parent_thread_id": parent,
        "depth": path.count("/") - 1,
        "agent_path": path,
        "agent_nickname": more.pop("nickname", None),
        "agent_role": more.pop("role", None),
    }
    row = s.row(key, None, 20 * 60, status, **more)
    return {
        **row,
        "parentThreadId": parent,
        "source": {"subAgent": {"thread_spawn": spawn}},
        "agentNickname": spawn["agent_nickname"],
        "agentRole": spawn["agent_role"],
        "canAcceptDirectInput": False,
        "reasoningEffort": "low",
    }


def spawned(key: str, path: str, at: int, parent: str = ROOT, turn: str = "t1") -> Json:
    """Its parent's item says that it was started. `at`: ms before now."""
    body = {
        "type": "subAgentActivity",
        "id": f"spawn-{key}",
        "kind": "started",
        "agentThreadId": key,
        "agentPath": path,
        "model": "gpt-6-luna",
        "reasoningEffort": "medium",
        "startedAtMs": NOW - at,
        "completedAtMs": NOW - at,
    }
    params = {"threadId": parent, "turnId": turn, "item": body}
    return {"method": "item/completed", "params": params}


def turn(
    key: str,
    start: int,
    end: int | None = None,
    status: str = "completed",
    why: str = "",
) -> list[Json]:
    """A turn from `start` to `end`, in ms before now."""
    name = f"{key}-{start}"
    began: Json = {"id": name, "items": [], "status": "inProgress", "error": None}
    active = {"type": "active", "activeFlags": []}
    made: list[Json] = [
        _at(start, "thread/status/changed", threadId=key, status=active),
        _at(start, "turn/started", threadId=key, turn=began),
    ]
    if end is not None:
        error = {"message": why} if why else None
        ended = {**began, "status": status, "error": error}
        idle = {"type": "systemError" if why else "idle"}
        made += [
            _at(end, "turn/completed", threadId=key, turn=ended),
            _at(end, "thread/status/changed", threadId=key, status=idle),
        ]
    return made


def waits(key: str, name: str, start: int, end: int | None) -> list[Json]:
    """A wait of an agent in its turn `name`."""
    body: Json = {
        "type": "collabAgentToolCall",
        "id": f"wait-{start}",
        "tool": "wait",
        "status": "inProgress",
        "senderThreadId": key,
        "receiverThreadIds": [],
        "agentsStates": {},
        "startedAtMs": NOW - start,
        "completedAtMs": None,
    }
    where = {"threadId": key, "turnId": name}
    made = [_at(start, "item/started", **where, item=body)]
    if end is not None:
        done = {**body, "status": "completed", "completedAtMs": NOW - end}
        made.append(_at(end, "item/completed", **where, item=done))
    return made


def tokens(key: str, total: int) -> Json:
    used = {"totalTokens": total, "inputTokens": total, "outputTokens": 0}
    usage = {"total": used, "last": used, "modelContextWindow": 258_400}
    return _at(0, "thread/tokenUsage/updated", threadId=key, tokenUsage=usage)


def _at(ago: int, method: str, **params: Any) -> Json:
    return {"method": method, "params": params, "emittedAtMs": NOW - ago}


def root(name: str = "fix the parser cache") -> list[Json]:
    row = s.row(ROOT, name, 20 * 60, "idle")
    return [s.listed(row), s.opened(row), *turn(ROOT, 20 * MINUTE)]


def six() -> list[Event]:
    """The tree of the mock-up: one of each kind."""
    first = f"{ROOT}-{20 * MINUTE}"
    names = {
        "01a2": "/root/researcher",
        "01a4": "/root/tester",
        "01a5": "/root/docs",
        "01a6": "/root/porter",
    }
    asks = s.asks_command("01a4", "01a4-300000", "c1", "cargo update -p criterion")
    asks = {**asks, "emittedAtMs": NOW - 2 * MINUTE}
    asks["params"]["startedAtMs"] = NOW - 2 * MINUTE
    return told(
        *root(),
        *(spawned(key, path, 14 * MINUTE, turn=first) for key, path in names.items()),
        *waits(ROOT, first, 14 * MINUTE, 9 * MINUTE),
        s.listed(
            agent("01a2", "/root/researcher", nickname="Singer", role="explorer"),
            agent("01a3", "/root/researcher/indexer", "01a2", nickname="Planck"),
            agent("01a4", "/root/tester", nickname="Rawls"),
            agent("01a5", "/root/docs", nickname="Lorentz"),
            agent("01a6", "/root/porter", nickname="Ptolemy"),
        ),
        *turn("01a2", 14 * MINUTE),
        spawned("01a3", "/root/researcher/indexer", 13 * MINUTE, "01a2", "01a2-840000"),
        *waits("01a2", "01a2-840000", 8 * MINUTE, 6 * MINUTE),
        *turn("01a3", 13 * MINUTE, 9 * MINUTE),
        *turn("01a5", 12 * MINUTE, 8 * MINUTE, "interrupted"),
        *turn("01a6", 9 * MINUTE, 4 * MINUTE, "failed", "context window exceeded"),
        *turn("01a4", 5 * MINUTE),
        asks,
        *(
            tokens(key, total)
            for key, total in (
                (ROOT, 41_000),
                ("01a2", 12_300),
                ("01a3", 3100),
                ("01a4", 9400),
                ("01a5", 1200),
                ("01a6", 5000),
            )
        ),
    )


def many(number: int) -> list[Event]:
    """A deep and wide tree: each fifth agent has four of its own."""
    rows, news = [], []
    for n in range(number):
        above = ROOT if n % 5 == 0 else f"02{n - n % 5:04d}"
        base = "/root" if n % 5 == 0 else f"/root/part_{n - n % 5:03d}"
        key, path = f"02{n:04d}", f"{base}/{'part' if n % 5 == 0 else 'step'}_{n:03d}"
        rows.append(agent(key, path, above))
        state = ("completed", "interrupted", "failed", None)[n % 4 if n % 7 else 3]
        ago = (number - n) * 1000
        end = None if state is None else ago // 2
        news += turn(
            key, ago, end, state or "", "it broke" if state == "failed" else ""
        )
        news.append(tokens(key, 100 * n + 7))
    pages = [s.listed(*rows[at : at + 100]) for at in range(0, number, 100)]
    return told(*root("a large refactoring"), *pages, *news)


HOSTILE = (
    "[bold red]/root[/]",
    "/root/\x1b[31mred\x1b]0;t\x07",
    "/root/\u202egnp.exe",
    "/root/" + "x" * 4000,
    "/root/日本語の名前はとても長い名前です",
    "/root/👩‍👩‍👧‍👦",
    "/root/line\nbreak\ttab",
)


def hostile() -> list[Event]:
    """An engine that lies about names."""
    rows = [
        agent(f"03{n:02d}", path, nickname=path, role=path, model=path)
        for n, path in enumerate(HOSTILE)
    ]
    broken = [turn(r["id"], 60_000, 30_000, "failed", r["agentNickname"]) for r in rows]
    return told(*root(), s.listed(*rows), *(news for one in broken for news in one))


def shown(events: Sequence[Event], **more: Any) -> Any:
    return stage(connected(), events, open_thread=ROOT, **more)


# -- the board ---------------------------------------------------------------------


@sizes
def test_one_of_each(snap_of: Snap, size: Size) -> None:
    words = ["researcher", "needs you", "interrupted", "failed", "completed", "41k"]
    act = keys("3", "a", "j", "j", "j")
    snap_of(shown(six()), size, run_before=act, must_contain=words)


@sizes
@pytest.mark.parametrize("theme", ["paper", "codex-ansi"])
def test_one_of_each_in_other_themes(snap_of: Snap, size: Size, theme: str) -> None:
    app = shown(six(), theme=theme)
    snap_of(app, size, run_before=keys("3", "a"), must_contain=["needs you"])


@sizes
def test_no_agents(snap_of: Snap, size: Size) -> None:
    act = keys("3", "a")
    words = ["/root", "fix the parser cache"]
    snap_of(shown(told(*root())), size, run_before=act, must_contain=words)


@sizes
def test_four(snap_of: Snap, size: Size) -> None:
    words = ["part_000", "step_001", "step_002", "step_003", "Agents · a large"]
    snap_of(shown(many(4)), size, run_before=keys("3", "a"), must_contain=words)


def each_state() -> list[Event]:
    """An agent in each state there is, as the wire tells it."""
    first = f"{ROOT}-{20 * MINUTE}"
    kinds = (
        *("asking", "answering", "reviewed", "waiting", "working", "starting"),
        *("halted", "done", "broken", "odd", "evicted", "closed"),
    )
    keys_of = {name: f"06{n:02d}" for n, name in enumerate(kinds)}
    rows = [agent(key, f"/root/{name}") for name, key in keys_of.items()]
    rows[-2]["status"] = rows[-1]["status"] = {"type": "notLoaded"}
    rows[-3]["status"] = {"type": "hibernating"}  # of an engine to come
    asks = s.asks_command("0600", "0600-300000", "c1", "cargo update")
    flags = {"type": "active", "activeFlags": ["waitingOnUserInput"]}
    review = {"status": "inProgress", "riskLevel": None, "rationale": None}
    guarded = {
        "threadId": "0602",
        "turnId": "0602-300000",
        "reviewId": "r1",
        "targetItemId": None,
        "startedAtMs": NOW - MINUTE,
        "review": review,
        "action": {"type": "command", "command": "git push", "cwd": "/w"},
    }
    close: Json = {
        "type": "collabAgentToolCall",
        "id": "x1",
        "tool": "closeAgent",
        "status": "completed",
        "senderThreadId": ROOT,
        "agentsStates": {},
        "receiverThreadIds": [keys_of["closed"]],
    }
    return told(
        *root(),
        s.listed(*rows),
        *(news for n in (0, 1, 2, 3, 4) for news in turn(f"06{n:02d}", 5 * MINUTE)),
        {**asks, "emittedAtMs": NOW - MINUTE},
        _at(0, "thread/status/changed", threadId="0601", status=flags),
        _at(0, "item/autoApprovalReview/started", **guarded),
        *waits("0603", "0603-300000", 4 * MINUTE, None),
        *turn("0606", 9 * MINUTE, 8 * MINUTE, "interrupted"),
        *turn("0607", 9 * MINUTE, 7 * MINUTE),
        *turn("0608", 9 * MINUTE, 6 * MINUTE, "failed", "context window exceeded"),
        s.item(ROOT, first, **close),
    )


@pytest.mark.parametrize("size", [(120, 40)], ids=["120x40"])
def test_each_state(snap_of: Snap, size: Size) -> None:
    words = [str(state) for state in AgentState if state is not AgentState.READY]
    act = keys("3", "a", "end")
    snap_of(shown(each_state()), size, run_before=act, must_contain=words)


@sizes
def test_thirty(snap_of: Snap, size: Size) -> None:
    words = ["part_000", "step_001", "Agents · a large refactoring"]
    snap_of(shown(many(30)), size, run_before=keys("3", "a"), must_contain=words)


@sizes
def test_650(snap_of: Snap, size: Size) -> None:
    """At the end of the list, with finished agents hidden."""
    act = keys("3", "a", "z", "end")
    words = ["finished hidden", "step_649"]
    snap_of(shown(many(650)), size, run_before=act, must_contain=words)


@sizes
def test_folded_and_pinned(snap_of: Snap, size: Size) -> None:
    act = keys("3", "a", "j", "p", "v", "j", "j", "p")
    words = ["+1", "G1", "G2"]
    snap_of(shown(six()), size, run_before=act, must_contain=words)


@sizes
def test_a_filter(snap_of: Snap, size: Size) -> None:
    act = keys("3", "a", "slash", *"index")
    words = ["indexer", "researcher"]
    snap_of(shown(six()), size, run_before=act, must_contain=words)


@sizes
def test_a_filter_that_finds_nobody(snap_of: Snap, size: Size) -> None:
    act = keys("3", "a", "slash", *"zz")
    words = ["No agent matches “zz”."]
    snap_of(shown(six()), size, run_before=act, must_contain=words)


@sizes
def test_hostile_names(snap_of: Snap, size: Size) -> None:
    act = keys("3", "a", "j", "j", "j")
    snap_of(shown(hostile()), size, run_before=act, must_contain=["failed"])


@sizes
def test_a_parent_that_is_missing(snap_of: Snap, size: Size) -> None:
    lost = agent("0500", "/root/gone/child", "0499")
    app = stage(connected(), told(s.listed(lost)), open_thread="0500")
    words = ["The parent of /root/gone/child is not known here."]
    snap_of(app, size, run_before=keys("3", "a"), must_contain=words)


@sizes
def test_evicted_while_it_is_selected(snap_of: Snap, size: Size) -> None:
    gone = {"threadId": "01a3", "status": {"type": "notLoaded"}}
    news = told(_at(0, "thread/status/changed", **gone))
    app = shown(six(), says=news)
    words = ["completed", *(["not loaded"] if size[0] > 80 else [])]
    snap_of(app, size, run_before=keys("3", "a", "j", "j"), must_contain=words)


@sizes
def test_the_pane(snap_of: Snap, size: Size) -> None:
    """The tree beside the transcript, as in the mock-up."""
    words = ["researcher", "tester"]
    words += ["needs you · command · 2m"] if size[0] > 80 else []
    snap_of(shown(six()), size, run_before=keys("3"), must_contain=words)


# -- over time ---------------------------------------------------------------------


@sizes
def test_over_time(snap_of: Snap, size: Size) -> None:
    words = ["Timeline", "20m shown", "working", "waits for you", "tester", "█"]
    act = keys("T", "j", "j", "j")
    snap_of(shown(six()), size, run_before=act, must_contain=words)


@sizes
@pytest.mark.parametrize("theme", ["paper", "codex-ansi"])
def test_over_time_in_other_themes(snap_of: Snap, size: Size, theme: str) -> None:
    app = shown(six(), theme=theme)
    snap_of(app, size, run_before=keys("T"), must_contain=["Timeline", "█", "┄"])


@sizes
def test_over_time_zoomed(snap_of: Snap, size: Size) -> None:
    """Nearer, and another moment: the events are those of then."""
    act = keys("T", "j", "j", "j", "j", "plus", *["H"] * 6)
    snap_of(
        shown(six()),
        size,
        run_before=act,
        must_contain=["docs at -", "10m shown"],
        each_anew=True,
    )


@sizes
def test_over_time_650(snap_of: Snap, size: Size) -> None:
    act = keys("T", "end")
    snap_of(shown(many(650)), size, run_before=act, must_contain=["step_649"])


@sizes
def test_over_time_demo(snap_of: Snap, size: Size) -> None:
    app = stage(asking(), open_thread=DEMO)
    words = ["./watch", "researcher", "asks: command"]
    snap_of(app, size, run_before=keys("T"), must_contain=words)


@sizes
def test_over_time_hostile(snap_of: Snap, size: Size) -> None:
    act = keys("T", "j", "j")
    snap_of(shown(hostile()), size, run_before=act, must_contain=["Timeline"])


@sizes
def test_over_time_without_agents(snap_of: Snap, size: Size) -> None:
    app = shown(told(*root()))
    snap_of(app, size, run_before=keys("T"), must_contain=["/root", "working"])
