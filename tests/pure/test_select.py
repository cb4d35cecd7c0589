"""What the screen says about a world: groups, bottom line, cells, card."""

from __future__ import annotations

from dataclasses import replace

import pytest

from state import events as e
from state.engine.errors import (
    EngineError,
    EngineLost,
    EngineSilent,
    EngineStartFailed,
)
from state.items import (
    AgentMessage,
    Command,
    Item,
    ItemId,
    ItemStatus,
    Text,
    ThreadId,
    TurnId,
    Unknown,
)
from state.model import (
    Account,
    Engine,
    EnginePhase,
    Origin,
    ReviewState,
    Sandbox,
    SandboxMode,
    Settings,
    Thread,
    ThreadStatus,
    TurnStatus,
    World,
)
from state.reduce import reduce
from state.reviews import AutoReview
from state.select.agents import AgentTreeBuilder
from state.select.banner import banner_view
from state.select.frame import composer_view, header_view, sandbox_line
from state.select.review import Place, all_pending, review_card
from state.select.threads import ListAsk, ThreadListBuilder
from state.select.transcript import TranscriptBuilder
from state.select.words import activity, command_line, error_line, unwrap_command
from state.tree import Forest
from state.views import (
    AnswerCell,
    CommandCell,
    EventCell,
    Glyph,
    NoticeCell,
    ThreadListView,
)
from tests.recordings import events as recorded

T, U = ThreadId("0001"), TurnId("u1")
READY = e.EngineChanged(Engine(EnginePhase.READY, epoch="recorded", version="0.169.0"))


def fold(history: list[e.Event]) -> World:
    world = World()
    for event in history:
        world = reduce(world, event)
    return world


def listed(world: World, ask: ListAsk | None = None) -> ThreadListView:
    forest = Forest()
    forest.update(world.threads, world.threads)
    builder = ThreadListBuilder(forest)
    builder.update(world, world.threads)
    return builder.view(ask or ListAsk())


def thread(**facts: object) -> Thread:
    return replace(Thread(T, preview="fix it"), **facts)  # type: ignore[arg-type]


def in_groups(view: ThreadListView) -> dict[str, list[str]]:
    return {g.title: [r.title for r in g.rows] for g in view.groups}


def test_a_thread_that_asks_needs_you_and_says_for_what() -> None:
    world = fold([READY])
    for event in recorded("a-cmd-approval-basic"):
        world = reduce(world, event)
        if isinstance(event, e.ReviewAsked):
            break
    (group,) = listed(world).groups
    assert group.title == "Needs you"
    (row,) = group.rows
    assert row.glyph is Glyph.NEED
    assert "".join(bit.text for bit in row.detail) == "command · touch /etc/lab-a-1"


def test_groups_follow_the_engines_word() -> None:
    world = World(
        threads={
            ThreadId(s): Thread(ThreadId(s), preview=s, status=ThreadStatus(s))
            for s in ("notLoaded", "idle", "active", "systemError")
        },
        engine=Engine(EnginePhase.READY),
    )
    assert in_groups(listed(world)) == {
        "Working": ["active"],
        "Ready": ["idle", "systemError"],
        "Not loaded": ["notLoaded"],
    }


def test_a_filter_looks_into_title_folder_and_model() -> None:
    threads = {
        ThreadId("1"): Thread(ThreadId("1"), preview="parser", cwd="/src/app"),
        ThreadId("2"): Thread(ThreadId("2"), preview="docs", model="gpt-6"),
        ThreadId("3"): Thread(ThreadId("3"), preview="old parser", archived=True),
    }
    world = World(threads=threads)
    for words, found in (
        ("PARSER", {"parser", "old parser"}),
        ("app", {"parser"}),
        ("gpt-6 docs", {"docs"}),
        ("nothing", set()),
    ):
        groups = in_groups(listed(world, ListAsk(filter=words)))
        assert {title for rows in groups.values() for title in rows} == found
    assert "Archived" not in in_groups(listed(world))
    assert "Archived" in in_groups(listed(world, ListAsk(archived=True)))
    by_folder = in_groups(listed(world, ListAsk(by_folder=True)))
    assert set(by_folder) == {"app", "no folder"}


def test_nothing_stale_keeps_a_live_glyph() -> None:
    world = World(threads={T: thread(status=ThreadStatus.ACTIVE)})
    (group,) = listed(world).groups
    assert group.rows[0].glyph is Glyph.STALE


MODES = [
    (Sandbox(SandboxMode.READ_ONLY), "□", "read-only", "calm"),
    (Sandbox(SandboxMode.WORKSPACE_WRITE), "◧", "workspace-write", "neutral"),
    (Sandbox(SandboxMode.FULL_ACCESS), "■", "FULL ACCESS", "danger"),
]


@pytest.mark.parametrize(("sandbox", "glyph", "mode", "level"), MODES)
def test_the_bottom_line_says_the_mode(
    sandbox: Sandbox, glyph: str, mode: str, level: str
) -> None:
    world = World(engine=Engine(EnginePhase.READY))
    settings = Settings(approval_policy="on-request", sandbox=sandbox, cwd="/ws")
    line = sandbox_line(world, thread(status=ThreadStatus.IDLE, settings=settings))
    assert (line.glyph, line.mode, line.level) == (glyph, mode, level)
    assert "asks you" in line.parts


def test_the_bottom_line_keeps_this_turn_apart_from_the_next() -> None:
    write = Settings(sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE), cwd="/ws")
    read = Settings(sandbox=Sandbox(SandboxMode.READ_ONLY), cwd="/ws")
    world = fold(
        [
            READY,
            e.SettingsChanged(T, write),
            e.ThreadStatusChanged(T, ThreadStatus.ACTIVE),
            e.TurnStarted(T, U),
            e.SettingsChanged(T, read),
        ]
    )
    line = sandbox_line(world, world.threads[T])
    assert line.mode == "workspace-write"
    assert line.parts[0] == "this turn → read-only from the next"


def test_the_bottom_line_says_what_it_does_not_know() -> None:
    known = Settings(sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE), cwd="/ws")
    gone = World(engine=Engine(EnginePhase.LOST))
    line = sandbox_line(gone, thread(status=ThreadStatus.ACTIVE, settings=known))
    assert (line.lead, line.level, line.glyph) == ("last known", "stale", "~")
    ready = World(engine=Engine(EnginePhase.READY))
    line = sandbox_line(ready, thread(status=ThreadStatus.NOT_LOADED, settings=known))
    assert line.lead == "not loaded · last known"
    line = sandbox_line(ready, thread(status=ThreadStatus.IDLE))
    assert line.mode == "sandbox unknown"


@pytest.mark.parametrize("more", [(), ("/tmp", "/home/dev/tmp"), ("/srv",)])
def test_no_writable_root_is_an_alarm(more: tuple[str, ...]) -> None:
    """Engines list the temporary folders as roots then."""
    sandbox = Sandbox(SandboxMode.WORKSPACE_WRITE, writable_roots=more)
    settings = Settings(sandbox=sandbox, cwd="/ws", workspace_roots=())
    world = World(engine=Engine(EnginePhase.READY))
    line = sandbox_line(world, thread(status=ThreadStatus.IDLE, settings=settings))
    assert line.level == "alarm"
    assert "no workspace root" in line.parts[0]
    assert not any("writable root" in part for part in line.parts)


def test_a_folder_that_is_writable_all_the_same_is_none() -> None:
    sandbox = Sandbox(SandboxMode.WORKSPACE_WRITE, writable_roots=("/tmp",))
    settings = Settings(sandbox=sandbox, cwd="/tmp/ws", workspace_roots=())
    world = World(engine=Engine(EnginePhase.READY))
    line = sandbox_line(world, thread(status=ThreadStatus.IDLE, settings=settings))
    assert line.level == "neutral"


def cells(world: World, which: Thread) -> list[object]:
    forest = Forest()
    forest.update(world.threads, world.threads)
    view = TranscriptBuilder(forest).view(world, which, loading=False)
    return [cell.body for cell in view.cells]


def test_a_transcript_says_what_was_said_and_run() -> None:
    world = fold([READY, *recorded("b-codemode")])
    for which in world.threads.values():
        bodies = cells(world, which)
        commands = [b for b in bodies if isinstance(b, CommandCell)]
        if commands:
            assert {c.verb for c in commands} <= {"Ran", "Running", "Background"}
            return
    pytest.fail("the recording has commands")


@pytest.mark.parametrize(
    ("status", "exit_code", "verb", "glyph"),
    [
        (ItemStatus.IN_PROGRESS, None, "Running", Glyph.WORK),
        (ItemStatus.COMPLETED, 0, "Ran", Glyph.DONE),
        (ItemStatus.FAILED, 101, "Ran", Glyph.FAILED),
        (ItemStatus.FAILED, -1, "Ran", Glyph.CLOSED),
        (ItemStatus.DECLINED, None, "Did not run", Glyph.FAILED),
        (ItemStatus.CLOSED, None, "Ran", Glyph.INTERRUPTED),
    ],
)
def test_a_command_says_how_it_went(
    status: ItemStatus, exit_code: int | None, verb: str, glyph: Glyph
) -> None:
    body = Command("/bin/bash -lc 'cargo test'", exit_code=exit_code)
    item = Item(ItemId("i"), body, status)
    world = fold(
        [
            READY,
            e.ThreadStatusChanged(T, ThreadStatus.ACTIVE),
            e.TurnStarted(T, U),
            e.ItemStarted(T, U, item),
        ]
    )
    (cell,) = cells(world, world.threads[T])
    assert isinstance(cell, CommandCell)
    assert (cell.verb, cell.glyph, cell.command.text) == (verb, glyph, "cargo test")
    said = {-1: ["stopped"], 101: ["exit 101"]}.get(exit_code or 0, [])
    assert [bit.text for bit in cell.right] == said


def test_an_unknown_item_is_shown_as_such() -> None:
    item = Item(ItemId("i"), Unknown("hologram", '{"a":1}'), ItemStatus.COMPLETED)
    world = fold([READY, e.ItemCompleted(T, U, item)])
    (cell,) = cells(world, world.threads[T])
    assert isinstance(cell, EventCell)
    assert (cell.verb, cell.subject) == ("Unknown item", "hologram")
    assert '"a": 1' in cell.detail


def test_hostile_words_pass_a_door() -> None:
    evil = "\x1b]0;owned\x07 [/foo] \u202e \x9b31m"
    item = Item(ItemId("i"), AgentMessage(Text(evil)), ItemStatus.COMPLETED)
    command = Item(ItemId("c"), Command(f"echo {evil}"), ItemStatus.COMPLETED)
    world = fold([READY, e.ItemCompleted(T, U, item), e.ItemCompleted(T, U, command)])
    said, ran = cells(world, world.threads[T])
    assert isinstance(said, AnswerCell)
    assert isinstance(ran, CommandCell)
    for text in (said.markdown, ran.command.text):
        assert not set(text) & set("\x1b\x07\u202e\x9b")
    assert "[/foo]" in said.markdown
    assert "‹U+202E›" in ran.command.text


def test_a_cell_stays_the_same_object_until_its_item_changes() -> None:
    events = list(recorded("b-codemode"))
    world = fold([READY, *events])
    forest = Forest()
    forest.update(world.threads, world.threads)
    builder = TranscriptBuilder(forest)
    (which,) = [t for t in world.threads.values() if t.turns][:1]
    first = builder.view(world, which, loading=False)
    changed = reduce(
        world, e.ItemCompleted(which.id, U, Item(ItemId("n"), Command("ls")))
    )
    again = builder.view(changed, changed.threads[which.id], loading=False)
    assert len(again.cells) > len(first.cells)
    for old, new in zip(first.cells, again.cells, strict=False):
        assert old is new


@pytest.mark.parametrize("ends", [TurnStatus.INTERRUPTED, TurnStatus.COMPLETED])
def test_what_nobody_allowed_is_not_called_run(ends: TurnStatus) -> None:
    """Three commands are asked about; the turn is interrupted before any answer to
    the last two, or ends by itself, as when one refusal ends the script of all."""
    world = fold(
        [
            replace(event, status=ends)
            if isinstance(event, e.TurnEnded) and event.status is TurnStatus.INTERRUPTED
            else event
            for event in recorded("a-cmd-approval-parallel")
        ]
    )
    said = [
        cell
        for which in world.threads.values()
        for cell in cells(world, which)
        if isinstance(cell, CommandCell) and "turn ended" in cell.note
    ]
    assert said, "the recording has interrupted requests"
    assert {(cell.verb, cell.note) for cell in said} == {
        ("Did not run", "the turn ended before it was allowed")
    }


def auto(status: str, kind: str = "command") -> e.AutoReviewChanged:
    return e.AutoReviewChanged(T, AutoReview("r", U, ItemId("i"), status, "{}", kind))


def judged_world(status: str, kind: str = "command") -> World:
    item = Item(ItemId("i"), Command("touch /x"), ItemStatus.IN_PROGRESS)
    begun: list[e.Event] = [
        READY,
        e.ThreadStatusChanged(T, ThreadStatus.ACTIVE),
        e.TurnStarted(T, U),
    ]
    return fold([*begun, e.ItemStarted(T, U, item), auto(status, kind)])


@pytest.mark.parametrize(
    ("status", "kind", "verb", "doing"),
    [
        ("inProgress", "command", "Waits to run", "waiting for an auto-review"),
        ("approved", "command", "Running", "running touch /x"),
        ("inProgress", "writeStdin", "Running", "running touch /x"),
        ("inProgress", "networkAccess", "Running", "running touch /x"),
    ],
)
def test_what_its_auto_review_holds_back_has_not_begun(
    status: str, kind: str, verb: str, doing: str
) -> None:
    world = judged_world(status, kind)
    (cell,) = (
        cell for cell in cells(world, world.threads[T]) if isinstance(cell, CommandCell)
    )
    assert (cell.verb, activity(world.threads[T])) == (verb, doing)
    assert cell.note == ("for its auto-review" if verb == "Waits to run" else "")


@pytest.mark.parametrize(
    ("status", "verb", "note"),
    [
        ("aborted", "Did not run", "the turn ended before it was allowed"),
        ("inProgress", "Did not run", "the turn ended before it was allowed"),
        ("approved", "Ran", "still running when the turn ended; its end was not told"),
    ],
)
def test_a_turn_that_ends_before_its_auto_review(
    status: str, verb: str, note: str
) -> None:
    world = reduce(judged_world(status), e.TurnEnded(T, U, TurnStatus.INTERRUPTED))
    (cell,) = (
        cell for cell in cells(world, world.threads[T]) if isinstance(cell, CommandCell)
    )
    assert (cell.verb, cell.note) == (verb, note)


def test_an_interrupted_turn_says_that_it_can_go_on() -> None:
    world = fold(
        [
            READY,
            e.TurnStarted(T, U),
            e.TurnEnded(T, U, TurnStatus.INTERRUPTED),
        ]
    )
    (cell,) = cells(world, world.threads[T])
    assert isinstance(cell, EventCell)
    assert cell.glyph is Glyph.INTERRUPTED
    assert "next message resumes" in cell.subject


def test_a_failed_turn_says_why() -> None:
    world = fold([READY, *recorded("b-errors")])
    notices = [
        body
        for which in world.threads.values()
        for body in cells(world, which)
        if isinstance(body, NoticeCell) and body.glyph is Glyph.FAILED
    ]
    assert any("usage limit" in notice.text for notice in notices)


def test_a_warning_of_a_threads_start_stands_before_its_first_turn() -> None:
    """A turn's start is told in whole seconds, and both happen within one."""
    world = fold(
        [
            READY,
            e.WarningSeen(T, "early", 5_900),
            e.TurnStarted(T, U, at_ms=5_000),
            e.WarningSeen(T, "late", 6_100),
            e.TurnEnded(T, U, TurnStatus.INTERRUPTED),
        ]
    )
    told = [getattr(body, "text", "turn") for body in cells(world, world.threads[T])]
    assert told == ["early", "turn", "late"]


def test_a_card_shows_the_whole_of_what_is_asked() -> None:
    world = fold([READY])
    for event in recorded("a-cmd-approval-basic"):
        world = reduce(world, event)
        if isinstance(event, e.ReviewAsked):
            break
    ((_, review),) = all_pending(world.threads.values())
    forest = Forest()
    forest.update(world.threads, world.threads)
    card = review_card(world, forest, review, Place(1, 1), ())
    assert card.question == "Would you like to run the following command?"
    assert card.command is not None
    assert card.command.text == "touch /etc/lab-a-1"
    assert "without the sandbox" in "".join(b.text for b in card.runs_title)
    assert card.decisions[0].letter == "y"
    assert all(d.detail for d in card.decisions if d.broad)
    resolved = reduce(world, e.ReviewResolved(review.thread_id, review.key, 9))
    card = review_card(resolved, forest, review, Place(), ())
    assert card.decisions == ()
    assert card.review.state is ReviewState.RESOLVED
    assert card.state == "Ended by another client."


def test_the_agent_tree_rolls_up() -> None:
    world = fold([READY, *recorded("b-agents-basic")])
    forest = Forest()
    forest.update(world.threads, world.threads)
    parents = {t.parent_id for t in world.threads.values() if t.parent_id}
    (root,) = [p for p in parents if forest.is_root(p)]
    tree = AgentTreeBuilder(forest).view(world, root)
    assert tree.rows[0].name == "/root"
    assert len(tree.rows) > 1
    assert all(row.guide for row in tree.rows[1:])


def test_a_login_is_asked_for_once_it_is_known_to_be_missing() -> None:
    ready = Engine(EnginePhase.READY)
    assert banner_view(World(engine=ready)) is None
    nobody = World(engine=ready, account=Account("none", requires_login=True))
    banner = banner_view(nobody)
    assert banner is not None
    assert banner.title == "Not logged in"
    assert "draft" in composer_view(nobody, None, cwd="/ws").blocked
    own = World(engine=ready, account=Account("none", requires_login=False))
    assert banner_view(own) is None


@pytest.mark.parametrize(
    ("command", "script"),
    [
        ("/bin/bash -lc 'ls -l'", "ls -l"),
        ("bash -c 'a; b'", "a; b"),
        ("bash -lc a b", "bash -lc a b"),
        ("/bin/echo -lc 'x'", "/bin/echo -lc 'x'"),
        ("'unclosed", "'unclosed"),
    ],
)
def test_only_a_shell_with_one_script_is_unwrapped(command: str, script: str) -> None:
    assert unwrap_command(command) == script


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("stream\nended", "stream ended"),
        ('{"error": {"message": "too long", "code": "x"}}', "too long"),
        (' {"message": "too\\nlong"}', "too long"),
        ('{"error": "too long"}', "too long"),
        ('{"detail": {"message": "too long"}}', '{"detail": {"message": "too long"}}'),
        ('{"error": {"code": 7}}', '{"error": {"code": 7}}'),
        ('{"error": "\\u001b[31mred"}', "red"),
        ('{"error": ', '{"error":'),
        ("{" * 9000, "{" * 9000),
        ('{"a":' * 3000 + "1" + "}" * 3000, '{"a":' * 3000 + "1" + "}" * 3000),
    ],
)
def test_an_error_says_its_sentence(message: str, said: str) -> None:
    assert error_line(message) == said


def test_a_command_on_one_line_says_that_there_is_more() -> None:
    assert command_line("bash -c 'one\ntwo'").endswith("…")


def test_origin_is_kept() -> None:
    seen = e.ThreadSeen(T, (("preview", "x"),), Origin.ROLLOUT, 7)
    kept = fold([seen]).threads[T]
    assert (kept.origin, kept.seen_ms) == (Origin.ROLLOUT, 7)


@pytest.mark.parametrize(
    ("error", "title", "detail"),
    [
        (EngineLost("its process ended"), "The engine ended", ""),
        (
            EngineLost("the engine was ended by SIGKILL"),
            "The engine ended",
            "by SIGKILL",
        ),
        (
            EngineLost("the engine exited with code 3"),
            "The engine ended",
            "with code 3",
        ),
        (
            EngineLost("the engine closed its output"),
            "The connection to the engine ended",
            "the engine closed its output",
        ),
        (EngineSilent(), "The engine does not answer", ""),
        (
            EngineStartFailed(
                "An engine cannot be started, for /x cannot be written (no space); "
                "make it writable.",
                [],
                None,
            ),
            "No engine can be started",
            "/x cannot be written (no space)",
        ),
    ],
)
def test_the_end_of_an_engine_in_plain_words(
    error: EngineError, title: str, detail: str
) -> None:
    gone = Engine(EnginePhase.LOST, sentence=str(error))
    banner = banner_view(World(engine=gone))
    assert banner is not None
    assert banner.title == title
    assert banner.title_detail == detail or not detail


def test_the_last_words_are_words() -> None:
    """Where and when the engine logged them is no news, and nothing in them acts."""
    stderr = (
        "2026-11-26T02:50:31.118274Z  WARN codex_core::sync: \x1b[31mno route\x1b[0m",
        "thread 'main' panicked at \u202esrc/main.rs:1",
        "\x1b]0;owned\x07[bold]kept[/bold]",
    )
    gone = Engine(EnginePhase.LOST, sentence="x", stderr=stderr)
    banner = banner_view(World(engine=gone))
    assert banner is not None
    assert banner.foot == "Its last lines:"
    assert banner.said == (
        "no route",
        "thread 'main' panicked at src/main.rs:1",
        "[bold]kept[/bold]",
    )


def test_as_of_is_when_what_is_shown_was_told() -> None:
    """Not when the window looked in vain: rows of yesterday are of yesterday."""
    old = Thread(ThreadId("t"), seen_ms=5_000)
    threads = {old.id: old}

    def as_of(engine: Engine) -> int | None:
        view = header_view(World(threads, engine), needs=0, working=0, threads=1)
        return view.as_of_ms

    lost = EnginePhase.LOST
    assert as_of(Engine(lost, since_ms=9_000)) == 5_000
    assert as_of(Engine(EnginePhase.MISSING, since_ms=9_000)) == 5_000
    assert as_of(Engine(lost, connection=1, since_ms=9_000)) == 9_000
    assert as_of(Engine(EnginePhase.CONNECTING, since_ms=9_000)) is None
    assert as_of(Engine(EnginePhase.READY, connection=1, since_ms=9_000)) is None
