"""Who is played what: roles, beats, waiting for agents, refusals, facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tui.demo.director import NOT_SCRIPTED, Beat, Director, Scenario, SideThread
from tui.demo.expect import Checklist, Expectation, Where
from tui.demo.home import DemoHomeError, demo_parent
from tui.demo.provider import Verdict
from tui.demo.replies import Replies
from tui.demo.request import ModelRequest, ToolOutput
from tui.demo.scenario import DEMO
from tui.demo.steps import (
    Exec,
    FailResponse,
    Hold,
    HoldUntil,
    Reached,
    Say,
    Spawn,
    Stay,
    Step,
    Think,
    Usage,
    WaitAgents,
)

SCENARIO = Scenario(
    prompt="go",
    root=(
        Beat((Say("first", pace=1.0), Hold(4.0))),
        Beat((WaitAgents(),), until_final=("/root/a", "/root/b"), at_most=3),
        Beat((Say("accepted"),), refused=(Say("refused"),)),
        Beat((Say("at last"),), after=("/root/a",)),
    ),
    agents=(("/root/a", (Beat((Say("I am a"),)),)),),
    later=(Beat((Say("later"),)),),
    threads=(SideThread(prompt="beside", beats=(Beat((Say("side"),)),)),),
    verdicts=(("ls", Verdict("allow", "a look")),),
)


CUT = Scenario(
    prompt="go",
    root=(
        Beat((Say("remark", "commentary"), Exec("ls"), Say("Say"))),
        Beat((Say("end"),)),
    ),
    agents=(),
    later=(),
)


def request(
    reply: int = 0,
    *,
    thread: str = "T",
    turn: int = 0,
    path: str = "/root",
    answered: Sequence[str] = (),
    output: str = "",
    text: str = "",
) -> ModelRequest:
    items: list[Mapping[str, Any]] = [
        {
            "type": "agent_message",
            "author": author,
            "content": [{"type": "input_text", "text": "Message Type: FINAL_ANSWER"}],
        }
        for author in answered
    ]
    return ModelRequest(
        thread_id=thread,
        turn_id=f"{thread}-{turn}",
        root_turn_id=f"{thread}-{turn}",
        parent_thread_id=None,
        subagent=None,
        kind="turn",
        agent_path=path,
        model="m",
        cache_key=thread,
        cwd=None,
        user_text=text,
        task="",
        outputs=(ToolOutput("c", output),),
        input=tuple(items),
        turn_index=turn,
        reply_index=reply,
    )


def said(steps: Sequence[Step]) -> list[str]:
    return [
        step.text if isinstance(step, Say) else type(step).__name__ for step in steps
    ]


def test_the_root_waits_for_its_agents_and_then_answers() -> None:
    director = Director(SCENARIO)
    assert said(director(request(0))) == ["first", "Hold"]
    assert said(director(request(1))) == ["WaitAgents"]
    assert said(director(request(2, answered=["/root/a"]))) == ["WaitAgents"]
    both = ["/root/a", "/root/b"]
    assert said(director(request(3, answered=both))) == ["accepted"]
    assert said(director(request(4, answered=both))) == ["HoldUntil", "at last"]
    assert said(director(request(5, answered=both))) == ["Done."]


def test_waiting_ends_when_an_agent_never_answers() -> None:
    director = Director(SCENARIO)
    replies = [said(director(request(reply)))[-1] for reply in range(7)]
    waits = ["WaitAgents"] * 3
    assert replies == ["Hold", *waits, "accepted", "at last", "Done."]


def test_agents_that_were_quicker_are_not_waited_for() -> None:
    director = Director(SCENARIO)
    director(request(0))
    both = ["/root/a", "/root/b"]
    assert said(director(request(1, answered=both))) == ["accepted"]


def test_a_reply_that_was_lost_is_played_again() -> None:
    director = Director(SCENARIO)
    assert said(director(request(0))) == said(director(request(0)))


def test_a_declined_review_changes_what_is_said() -> None:
    director = Director(SCENARIO)
    for reply in range(4):
        director(request(reply))
    told = 'Rejected("rejected by user")'
    assert said(director(request(4, output=told))) == ["refused"]


def test_each_thread_has_its_own_role() -> None:
    director = Director(SCENARIO)
    director(request(0))
    assert said(director(request(0, thread="C", path="/root/a"))) == [
        "I am a",
        "Reached",
    ]
    zz = said(director(request(0, thread="D", path="/root/zz")))
    assert zz == ["later", "Reached"]
    assert said(director(request(0, thread="other"))) == ["later"]
    assert said(director(request(0, turn=1))) == ["later"]
    assert said(director(request(1))) == ["WaitAgents"]


def test_a_thread_beside_the_first_is_known_by_its_first_words() -> None:
    director = Director(SCENARIO)
    beside = request(0, thread="S", text="beside")
    assert said(director(beside)) == ["side"]
    assert said(director(request(0, text="go"))) == ["first", "Hold"]
    assert said(director(request(0, thread="S", turn=1, text="beside"))) == ["later"]
    assert said(director(request(0, turn=1, text="beside"))) == ["later"]


def test_a_reply_waits_until_an_agent_spoke() -> None:
    director = Director(replace(SCENARIO, root=SCENARIO.root[-1:]))
    waiting = director(request(0))[0]
    assert isinstance(waiting, HoldUntil)
    reached = director(request(0, thread="C", path="/root/a"))[-1]
    assert isinstance(reached, Reached)
    assert reached.event is waiting.event


def test_an_agent_that_stays_has_spoken_before() -> None:
    stays = (("/root/a", (Beat((Say("hm"), Stay())),)),)
    director = Director(replace(SCENARIO, agents=stays))
    steps = director(request(0, thread="C", path="/root/a"))
    assert said(steps) == ["hm", "Reached", "Stay"]


def test_what_has_no_verdict_is_denied() -> None:
    director = Director(SCENARIO)
    look = ({"role": "user", "content": [{"text": "run ls -l"}]},)
    assert director.review(replace(request(0), input=look)).outcome == "allow"
    other = ({"role": "user", "content": [{"text": "run rm"}]},)
    assert director.review(replace(request(0), input=other)) == NOT_SCRIPTED
    assert director.review(replace(request(0), input=())) == NOT_SCRIPTED


@pytest.mark.parametrize(("speed", "pace", "hold"), [(1, 1, 4), (2, 0.5, 2), (0, 0, 0)])
def test_speed_changes_every_pause(speed: float, pace: float, hold: float) -> None:
    steps = Director(SCENARIO, speed=speed)(request(0))
    assert isinstance(steps[0], Say)
    assert steps[0].pace == pace
    assert steps[1] == Hold(hold)


def _roles() -> dict[str, tuple[Beat, ...]]:
    beside = {side.prompt: side.beats for side in DEMO.threads}
    return {"/root": DEMO.root, "later": DEMO.later, **dict(DEMO.agents), **beside}


def test_every_role_of_the_demo_ends_with_words() -> None:
    """Or it fails or is interrupted; before, each reply goes on with a call."""
    talk = (Say, Think, Hold, Usage, Stay, FailResponse)
    for beats in _roles().values():
        for steps in (beats[-1].steps, beats[-1].refused or beats[-1].steps):
            assert all(isinstance(step, talk) for step in steps)
        for beat in beats[:-1]:
            assert not all(isinstance(step, talk) for step in beat.steps)


def test_every_agent_of_the_demo_is_started_by_the_one_above() -> None:
    spawned = {
        f"{path if path.startswith('/') else '/root'}/{step.name}"
        for path, beats in _roles().items()
        for beat in beats
        for step in beat.steps
        if isinstance(step, Spawn)
    }
    assert spawned == {path for path, _beats in DEMO.agents}
    assert len(spawned) == len(DEMO.agents)


def item(kind: str, thread: str) -> dict[str, Any]:
    activity = {"type": "subAgentActivity", "kind": kind, "agentThreadId": thread}
    return {"method": "item/completed", "params": {"item": activity}}


def test_a_fact_is_seen_by_as_many_different_values_as_it_needs() -> None:
    two = Expectation(
        "two",
        "",
        "item/completed",
        (Where("item.kind", "started"),),
        count=2,
        distinct="item.agentThreadId",
    )
    checklist = Checklist([two])
    assert checklist.feed(item("started", "A")) == []
    assert checklist.feed(item("started", "A")) == []
    assert checklist.feed(item("completed", "B")) == []
    assert checklist.missing == [two]
    assert checklist.feed(item("started", "B")) == [two]
    assert checklist.missing == []


def test_a_fact_of_the_other_answer_is_not_asked_for() -> None:
    accepted = Expectation("a", "", "m", answer="accept")
    assert Checklist([accepted], "accept").missing == [accepted]
    assert Checklist([accepted], "decline").missing == []


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        (Where("item.kind", "started"), True),
        (Where("item.kind", "start"), False),
        (Where("item.kind", "art", "contains"), True),
        (Where("item.kind", "ted", "ends"), True),
        (Where("item.kind", "start", "ends"), False),
        (Where("item.kind", "completed|started", "among"), True),
        (Where("item.kind", "completed|start", "among"), False),
        (Where("item.kind", None, "present"), True),
        (Where("item.kind.more", None, "present"), False),
        (Where("turn.id", "x"), False),
    ],
)
def test_conditions(where: Where, *, holds: bool) -> None:
    checklist = Checklist([Expectation("x", "", "item/completed", (where,))])
    assert bool(checklist.feed(item("started", "A"))) == holds


def test_other_messages_are_no_facts() -> None:
    checklist = Checklist([Expectation("x", "", "turn/completed")])
    assert checklist.feed({"id": 1, "result": {}}) == []
    assert checklist.feed({"method": "turn/completed"}) != []


def test_a_demo_in_a_temporary_folder_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(DemoHomeError, match="XDG_CACHE_HOME"):
        demo_parent()


def test_a_reply_that_a_message_cut_off_is_played_to_its_end() -> None:
    """Once for an engine that hung up late, once for one that did so early."""
    remark, call, mail = (
        {"type": "message", "role": "assistant"},
        {"type": "custom_tool_call"},
        {"type": "agent_message"},
    )
    director, replies = Director(CUT), Replies()

    def next_reply(*history: Mapping[str, Any], whole: bool = True) -> list[str]:
        asked = replies.numbered(replace(request(), input=history))
        steps = director(asked)
        replies.begins(asked, steps)
        if whole:
            replies.ended(asked)
        return said(steps)

    assert next_reply() == ["remark", "Exec", "Say"]
    assert next_reply(remark, mail) == ["Exec", "Say"]
    cut_again = (remark, mail, call, {"type": "custom_tool_call_output"}, mail)
    assert next_reply(*cut_again, whole=False) == ["Say"]
    assert next_reply(*cut_again, mail) == ["Say"], "nothing of it was taken"
    said_all = (*cut_again, mail, remark)
    assert next_reply(*said_all, mail) == ["end"], "mail after all of it cuts nothing"
