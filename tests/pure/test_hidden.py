"""Commands without an item: the judgement, its honesty, and their place in a turn."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import events as e
from state.dataclass import replace
from state.engine.wire.raw_calls import RawCalls
from state.hidden import EndedCall, hidden
from state.items import (
    AgentMessage,
    Command,
    HiddenCommand,
    Item,
    ItemId,
    ItemStatus,
    RanOutside,
    Stopped,
    Text,
    ThreadId,
    TurnId,
)
from state.model import Sandbox, SandboxMode, Settings, Thread, Turn, World
from state.permissions.diagnose import Context
from state.permissions.noise import Cell as ViolatedCell
from state.permissions.noise import Violation, read_row
from state.reduce import reduce
from state.select.blocked import hidden_cell, ruled_words, why
from state.views import Glyph, Tone

T, U = ThreadId("t"), TurnId("u")
WRITE = Context(sandbox=Sandbox(SandboxMode.WORKSPACE_WRITE), cwd="/ws", roots=("/ws",))
SETTINGS = Settings(sandbox=WRITE.sandbox, cwd="/ws")
EROFS = "touch: cannot touch '/etc/lab-x': Read-only file system\n"
PLAIN = (
    "Chunk ID: e99dff\nWall time: 0.0000 seconds\nProcess exited with code 1\n"
    f"Original token count: 14\nOutput:\n{EROFS}"
)
RULE = (
    'exec_command failed: CreateProcess { message: "Rejected(\\"`/bin/bash -lc '
    "'touch /etc/forbidden'` rejected: policy forbids commands starting with `touch "
    '/etc/forbidden`\\")" }'
)


def shell(output: str, command: str = "touch /etc/lab-x") -> EndedCall:
    return EndedCall("c1", "exec_command", "rollout", output, command, started_ms=50)


def cell(code: str, *printed: str) -> EndedCall:
    text = "\n".join(("Script completed\nWall time 0.2 seconds\nOutput:\n", *printed))
    return EndedCall("c1", "exec", "rollout", text, code=code, started_ms=50)


def result(output: str, code: int = 1) -> str:
    return json.dumps({"chunk_id": "7", "exit_code": code, "output": output})


def call(cmd: str) -> str:
    return f"const r=await tools.exec_command({json.dumps({'cmd': cmd})}); text(r);"


UNASKED = (
    "approval policy is {0}; reject command \u2014 you cannot ask for escalated "
    "permissions if the approval policy is {0}"
)
GRANULAR = (
    "Granular(GranularApprovalConfig { sandbox_approval: false, rules: true, "
    "skill_approval: true, request_permissions: true, mcp_elicitations: true })"
)


def outside(cmd: str) -> str:
    asked = {"cmd": cmd, "sandbox_permissions": "require_escalated"}
    return f"const r=await tools.exec_command({json.dumps(asked)}); text(r);"


CASES = [
    # (call, outputs shown by items, what was stopped, the command)
    (shell(PLAIN), (), Stopped.BLOCKED, "touch /etc/lab-x"),
    (shell(RULE, "touch /etc/forbidden"), (), Stopped.REFUSED, "touch /etc/forbidden"),
    (
        shell('exec_command failed: Rejected("rejected by user approval settings")'),
        (),
        Stopped.REFUSED,
        "touch /etc/lab-x",
    ),
    (
        cell(outside("touch /y"), f"Script error:\n{UNASKED.format(GRANULAR)}"),
        (),
        Stopped.REFUSED,
        "touch /y",
    ),
    (
        cell(call("ls") + outside("touch /y"), UNASKED.format("Never")),
        (),
        Stopped.REFUSED,
        "touch /y",
    ),
    (shell(UNASKED.format("Never"), "id"), (), Stopped.REFUSED, "id"),
    (
        shell("Command blocked by PreToolUse hook: not on my watch"),
        (),
        Stopped.REFUSED,
        "touch /etc/lab-x",
    ),
    (cell(call("echo > /opt/z"), result(EROFS)), (), Stopped.BLOCKED, "echo > /opt/z"),
    (
        cell("await tools.exec_command({cmd: `touch ${p}`}); text(r)", result(EROFS)),
        (),
        Stopped.MAYBE,
        "",
    ),
    (
        cell(call("touch /etc/a") + call("touch /etc/b"), result(EROFS)),
        (),
        Stopped.MAYBE,
        "",
    ),
    (cell(call("touch /etc/a"), EROFS), (), Stopped.MAYBE, "touch /etc/a"),
    (
        cell("text(await tools.exec_command({cmd: 'a \\'b\\''}))", RULE),
        (),
        Stopped.REFUSED,
        "/bin/bash -lc 'touch /etc/forbidden'",
    ),
]


@pytest.mark.parametrize(("call", "shown", "stopped", "command"), CASES)
def test_what_was_stopped(
    call: EndedCall, shown: tuple[str, ...], stopped: Stopped, command: str
) -> None:
    [found] = hidden(call, shown, WRITE)
    assert (found.stopped, found.command) == (stopped, command)


def test_a_cell_with_many_calls_names_each_by_its_place() -> None:
    code = (
        "const rs = await Promise.all(["
        'tools.exec_command({"cmd": "touch /etc/a"}),'
        "tools.exec_command({cmd: 'echo fine'}),"
        "tools.exec_command({cmd: `touch /etc/b`})]); text(rs)"
    )
    lines = {name: EROFS.replace("lab-x", name) for name in "ab"}
    results = [
        {"exit_code": 1, "output": lines["a"]},
        {"exit_code": 0, "output": "fine"},
        {"exit_code": 1, "output": lines["b"]},
    ]
    found = hidden(cell(code, json.dumps(results)), (), WRITE)
    assert [one.command for one in found] == ["touch /etc/a", "touch /etc/b"]
    shown = (lines["b"],)
    found = hidden(cell(code, json.dumps(results)), shown, WRITE)
    assert [one.command for one in found] == ["touch /etc/a"]


@pytest.mark.parametrize(
    "call",
    [
        shell("Process exited with code 0\nOutput:\nRead-only file system"),
        shell("Process exited with code 1\nOutput:\nassertion failed"),
        shell("Process running with session ID 4553\nOutput:\nserving"),
        cell(call("cat log"), result("grep found: Read-only file system", 0)),
        cell("text('hello')", "hello"),
        EndedCall("c", "update_plan", "rollout", EROFS),
        # An item says it: declined.
        shell('exec_command failed: Rejected("rejected by user")'),
        shell(
            'Rejected("This action was rejected due to unacceptable risk.\\nReason")'
        ),
    ],
)
def test_what_went_well_or_failed_by_itself_is_not_told(call: EndedCall) -> None:
    assert not hidden(call, (), WRITE)


def test_without_knowing_what_was_in_force_nothing_is_proven() -> None:
    [found] = hidden(shell(PLAIN), (), Context(cwd="/ws"))
    assert found.stopped is Stopped.MAYBE


# -- pairing ---------------------------------------------------------------------


CODE = call("touch /a")


def raw(kind: str, call_id: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "call_id": call_id, **more}


def test_a_call_and_its_output_are_one() -> None:
    calls = RawCalls("raw events")
    arguments = json.dumps({"cmd": "ls", "workdir": "/ws/sub"})
    began = raw("function_call", "1", name="exec_command", arguments=arguments)
    assert calls.feed(T, U, began, 10) is None
    assert calls.feed(T, U, raw("function_call_output", "2", output="x"), 11) is None
    ended = calls.feed(T, U, raw("function_call_output", "1", output="out"), 20)
    assert ended == (
        U,
        EndedCall(
            "1",
            "exec_command",
            "raw events",
            "out",
            "ls",
            "/ws/sub",
            started_ms=10,
            ended_ms=20,
        ),
    )
    assert calls.feed(T, U, raw("function_call_output", "1", output="out"), 21) is None


def test_a_cell_that_yields_prints_at_its_poll() -> None:
    calls = RawCalls("rollout")
    passed = {"internal_chat_message_metadata_passthrough": {"turn_id": "u"}}
    code = call("touch /etc/lab-x")
    calls.feed(
        T, None, raw("custom_tool_call", "1", name="exec", input=code, **passed), 1
    )
    parts = [{"type": "input_text", "text": "Script running with cell ID 6"}]
    calls.feed(T, None, raw("custom_tool_call_output", "1", output=parts), 2)
    poll = raw("function_call", "2", name="wait", arguments='{"cell_id":"6"}', **passed)
    calls.feed(T, None, poll, 3)
    ended = calls.feed(
        T, None, raw("function_call_output", "2", output=result(EROFS)), 4
    )
    assert ended is not None
    [found] = hidden(ended[1], (), WRITE)
    assert (found.command, found.stopped) == ("touch /etc/lab-x", Stopped.BLOCKED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "call_id", "name", "output", "input", "arguments", "text", "x"]
            ),
            inner
            | st.sampled_from(
                ["function_call", "custom_tool_call", "function_call_output", "exec"]
            ),
            max_size=5,
        )
    ),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=8))
def test_any_raw_item_is_survived(items: list[Any]) -> None:
    calls = RawCalls("rollout")
    for item in items:
        if isinstance(item, dict):
            ended = calls.feed(T, U, item, None)
            if ended is not None:
                hidden(ended[1], (), WRITE)


# -- the turn --------------------------------------------------------------------


def world(*items: Item) -> World:
    turn = Turn(U, items={item.id: item for item in items}, settings=SETTINGS)
    return World(threads={T: Thread(T, turns={U: turn}, settings=SETTINGS)})


def turn_of(one: World) -> Turn:
    return one.threads[T].turns[U]


def said(name: str, at: int) -> Item:
    return Item(ItemId(name), AgentMessage(Text(name)), ItemStatus.COMPLETED, at)


def ran(name: str, output: str, at: int = 50) -> Item:
    body = Command("touch /etc/lab-x", output=Text(output), exit_code=1)
    return Item(ItemId(name), body, ItemStatus.FAILED, at)


def test_it_stands_where_it_was_called() -> None:
    before = world(said("one", 10), said("two", 90))
    after = turn_of(reduce(before, e.CallEnded(T, U, shell(PLAIN))))
    kinds = [type(item.body).__name__ for item in after.items.values()]
    assert kinds == ["AgentMessage", "HiddenCommand", "AgentMessage"]
    # Heard of twice (live, and when the history is read), it is there once.
    again = reduce(
        reduce(before, e.CallEnded(T, U, shell(PLAIN))),
        e.CallEnded(T, U, shell(PLAIN)),
    )
    assert turn_of(again) == after


def test_an_item_of_the_engine_is_the_truth() -> None:
    call = shell(PLAIN)
    shown = world(ran("c1", EROFS))
    assert reduce(shown, e.CallEnded(T, U, call)) is shown
    late = reduce(world(said("one", 10)), e.CallEnded(T, U, call))
    late = reduce(late, e.ItemCompleted(T, U, ran("c1", EROFS)))
    bodies = [item.body for item in turn_of(late).items.values()]
    assert not any(isinstance(body, HiddenCommand) for body in bodies)
    # In a cell the ids differ: the words tell.
    made = reduce(world(), e.CallEnded(T, U, cell(CODE, result(EROFS))))
    assert len(turn_of(made).items) == 1
    made = reduce(made, e.ItemCompleted(T, U, ran("exec-9", EROFS)))
    assert [*turn_of(made).items] == ["exec-9"]


def test_history_keeps_it_in_its_place() -> None:
    live = reduce(
        world(said("one", 10), said("two", 90)), e.CallEnded(T, U, shell(PLAIN))
    )
    page = Turn(U, items={i.id: i for i in (said("one", 10), said("two", 90))})
    read = reduce(live, e.TurnsLoaded(T, (page,)))
    assert [*turn_of(read).items] == [*turn_of(live).items]


LET_OUT = RanOutside("touch", "/home/dev/.codex/rules/default.rules:3")


def test_a_rule_that_let_a_command_out_stays_with_it() -> None:
    """Whatever the engine tells of the item later, it does not know of the rule."""
    started = reduce(world(), e.ItemStarted(T, U, ran("c1", "")))
    ruled = reduce(started, e.RuleApplied(T, U, ItemId("c1"), LET_OUT))
    ended = reduce(ruled, e.ItemCompleted(T, U, ran("c1", EROFS)))
    page = Turn(U, items={ItemId("c1"): ran("c1", EROFS)})
    for one in (ruled, ended, reduce(ended, e.TurnsLoaded(T, (page,)))):
        [item] = turn_of(one).items.values()
        assert isinstance(item.body, Command)
        assert item.body.outside == LET_OUT
    assert reduce(world(), e.RuleApplied(T, U, ItemId("x"), LET_OUT)) == world()


def test_what_ran_outside_was_not_blocked_by_the_sandbox() -> None:
    turn, item = Turn(U, settings=SETTINGS), ran("c1", EROFS)
    assert why(item, turn) is not None
    assert isinstance(item.body, Command)
    let_out = replace(item, body=replace(item.body, outside=LET_OUT))
    assert why(let_out, turn) is None
    maybe = replace(item.body, outside=replace(LET_OUT, sure=False))
    assert why(replace(item, body=maybe), turn) is not None


@pytest.mark.parametrize(
    ("outside", "words"),
    [
        (LET_OUT, "outside the sandbox, by rule touch (default.rules:3)"),
        (replace(LET_OUT, sure=False), "may have run outside the sandbox: by rule"),
        (RanOutside("", "/x/a.rules:7", sure=False), "a.rules:7 is not clear"),
        (RanOutside("to\u202euch", "/r\x1b:1"), "to‹U+202E›uch"),
        (None, ""),
    ],
)
def test_words_on_a_rule(outside: RanOutside | None, words: str) -> None:
    body = Command("touch x", outside=outside)
    found = ruled_words(body, Turn(U, settings=SETTINGS))
    assert words in found if words else found == ""
    full = Settings(sandbox=Sandbox(SandboxMode.FULL_ACCESS))
    assert ruled_words(body, Turn(U, settings=full)) == ""


def test_the_cell_says_what_is_known_and_no_more() -> None:
    turn = Turn(U, settings=SETTINGS)
    sure = Item(ItemId("h"), hidden(shell(PLAIN), (), WRITE)[0], ItemStatus.FAILED, 50)
    assert isinstance(sure.body, HiddenCommand)
    drawn = hidden_cell(sure, sure.body, turn)
    assert (drawn.glyph, drawn.tone, drawn.verb) == (Glyph.DENIED, Tone.FAIL, "Blocked")
    assert "blocked writing /etc/lab-x" in drawn.note
    told = why(sure, turn)
    assert told is not None
    assert 'writable_roots = ["/etc"]' in told.setting
    one = hidden(cell("x(`${a}`)", result(EROFS)), (), WRITE)[0]
    drawn = hidden_cell(Item(ItemId("m"), one), one, turn)
    assert drawn.verb == "May have been blocked"
    assert "not told" in drawn.note


# -- the engine's own log -----------------------------------------------------------

SPANS_PLAIN = (
    'session_loop{thread_id=t}:turn{otel.name="session_task.turn" thread.id=t '
    "turn.id=u model=mock-model}:run_sampling_request{turn_id=u cwd=/ws}:"
    "dispatch_tool_call_with_code_mode_result{otel.name=exec_command thread.id=t "
    'call_id="c1" aborted=false}:unified_exec.exec_command{conversation.id=t '
    'turn_id="u" call_id="c1" unified_exec_process_id=1 mode="resumable"}'
)
SPANS_CELL = (
    "code_mode.broker.invoke_tool{conversation.id=t cell.id=2 runtime_tool_call_id="
    '"tool-1" tool_name="exec_command"}:dispatch_tool_call_with_code_mode_result{'
    'thread.id=t call_id="exec-1" aborted=false}:unified_exec.exec_command{'
    'conversation.id=t turn_id="u" call_id="exec-1" mode="resumable"}:'
    "unified_exec.open_session"
)
SAYS = (
    ": recorded sandbox violation: resource=filesystem backend=linux_sandbox "
    "reason=read_only_file_system path="
)
"""As 0.163 and 0.169 write them, shortened in the middle."""


@pytest.mark.parametrize(
    ("body", "call_id", "path"),
    [
        (f"{SPANS_PLAIN}{SAYS}unknown", "c1", ""),
        (f"{SPANS_CELL}{SAYS}unknown", "exec-1", ""),
        (f"{SPANS_CELL}{SAYS}/etc/a b", "exec-1", "/etc/a b"),
    ],
)
def test_a_row_of_the_engines_log(body: str, call_id: str, path: str) -> None:
    row = read_row(body, 7)
    assert row == Violation("t", "u", call_id, "read_only_file_system", path, 7)


@pytest.mark.parametrize(
    "body",
    [
        "",
        SPANS_PLAIN,
        f"x{SAYS}unknown",
        f"{SPANS_PLAIN}{SAYS}unknown\nturn_id=other",
        f'handle{{call_id="c1" thread.id=t}}{SAYS}unknown',
    ],
)
def test_what_is_no_row_of_it(body: str) -> None:
    assert read_row(body, 7) is None


@given(st.text())
def test_any_log_is_read(body: str) -> None:
    read_row(body + SAYS + body, 0)


ROW = Violation("t", "u", "exec-1", "read_only_file_system", "", 60)
CELL_OF = ViolatedCell("c1", call("touch /etc/a"), 50)
SILENT = "try { await tools.exec_command({cmd: 'touch /etc/a'}) } catch {}"


def logged_in(world: World, row: Violation, cell: ViolatedCell | None) -> World:
    return reduce(world, e.ViolationLogged(T, U, row, cell))


def bodies(world: World) -> list[HiddenCommand]:
    items = turn_of(world).items.values()
    return [item.body for item in items if isinstance(item.body, HiddenCommand)]


def test_the_log_tells_of_a_command_that_nothing_else_tells_of() -> None:
    """And no more than that it may have been blocked: its words reached nobody."""
    cell = ViolatedCell("c1", SILENT, 50)
    [found] = bodies(logged_in(world(), ROW, cell))
    assert (found.stopped, found.command) == (Stopped.MAYBE, "touch /etc/a")
    [item] = turn_of(logged_in(world(), ROW, cell)).items.values()
    shown = hidden_cell(item, found, turn_of(world()))
    assert (shown.verb, shown.tone) == ("May have been blocked", Tone.NEED)
    assert "engine's log" in str(shown)
    told = why(item, turn_of(world()))
    assert told is not None
    assert "read-only file system" in told.sentence
    assert "from what it wrote" in told.sentence
    assert "/sandbox" in told.remedy
    # Twice, from history and live, it is told once.
    twice = logged_in(logged_in(world(), ROW, cell), ROW, cell)
    assert bodies(twice) == [found]


def test_the_log_proves_that_what_a_cell_printed_was_a_failed_command() -> None:
    printed = cell(call("touch /etc/a"), EROFS)
    before = reduce(world(), e.CallEnded(T, U, printed))
    assert [body.stopped for body in bodies(before)] == [Stopped.MAYBE]
    after = logged_in(before, ROW, CELL_OF)
    assert [body.stopped for body in bodies(after)] == [Stopped.BLOCKED]
    # Whichever comes first, and however often.
    other = reduce(logged_in(world(), ROW, CELL_OF), e.CallEnded(T, U, printed))
    again = reduce(logged_in(after, ROW, CELL_OF), e.CallEnded(T, U, printed))
    assert bodies(after) == bodies(other) == bodies(again)
    [item] = turn_of(after).items.values()
    told = why(item, turn_of(after))
    assert told is not None
    assert told.sentence.endswith("counts it as stopped by its sandbox, too.")


@pytest.mark.parametrize("reason", ["permission_denied", "something_new"])
def test_another_failure_in_the_log_proves_nothing(reason: str) -> None:
    printed = cell(call("touch /etc/a"), EROFS)
    before = reduce(world(), e.CallEnded(T, U, printed))
    after = logged_in(before, replace(ROW, reason=reason), CELL_OF)
    assert [body.stopped for body in bodies(after)] == [Stopped.MAYBE]


def test_a_row_about_a_command_that_is_shown_adds_nothing() -> None:
    item = Item(ItemId("exec-1"), Command("touch /etc/a"), ItemStatus.FAILED)
    before = reduce(world(), e.ItemCompleted(T, U, item))
    assert logged_in(before, ROW, CELL_OF) == before
    # It came late: what the log told of is taken back.
    late = reduce(logged_in(world(), ROW, CELL_OF), e.ItemCompleted(T, U, item))
    assert bodies(late) == []


def test_a_row_adds_nothing_outside_a_sandbox_or_a_known_turn() -> None:
    settings = Settings(sandbox=Sandbox(SandboxMode.FULL_ACCESS), cwd="/ws")
    free = world()
    turn = replace(turn_of(free), settings=settings)
    thread = replace(free.threads[T], turns={U: turn})
    free = replace(free, threads={T: thread})
    assert logged_in(free, ROW, CELL_OF) == free
    other = e.ViolationLogged(T, TurnId("other"), ROW, None)
    assert reduce(world(), other) == world()


def test_each_row_stands_for_one_command_of_its_cell() -> None:
    code = call("touch /etc/a") + call("touch /etc/b") + call("touch /etc/c")
    printed = cell(code, result(EROFS))
    around = ViolatedCell("c1", code, 50)
    made = reduce(world(), e.CallEnded(T, U, printed))
    for name in ("exec-1", "exec-2", "exec-1"):
        made = logged_in(made, replace(ROW, call_id=name), around)
    assert [(b.stopped, b.command, b.source) for b in bodies(made)] == [
        (Stopped.MAYBE, "", "rollout"),
        (Stopped.MAYBE, "", "engine's log"),
    ]
