"""What is in force is told with where it is from, and never against the engine."""

from __future__ import annotations

from typing import Any

import pytest

from state import approvals as a
from state.controls import Controls, Layer, LayerKind, Limits, Value
from state.dataclass import replace
from state.items import ThreadId, TurnId
from state.model import Sandbox, SandboxMode, Settings, Thread, ThreadStatus, Turn
from state.select.approvals import (
    DEFAULT,
    NEXT,
    PROJECT,
    THREAD,
    TURN,
    Asked,
    approvals_view,
)
from state.usual import under_limits
from state.views import ApprovalsView, Setting

USER = Layer(LayerKind.USER, "/home/me/config.toml")
ASK = Settings(
    approval_policy="on-request", reviewer="user", profile=a.WORKSPACE, cwd="/src"
)
FOR_ME = replace(ASK, reviewer="auto_review")


def controls(
    policy: str = "on-request", mode: str = "workspace-write", **limits: Any
) -> Controls:
    """The user's file says these two; an administrator limits the rest."""
    return Controls(
        cwd="/src",
        root="/src",
        trusted=True,
        values={
            "approval_policy": Value(policy, USER),
            "sandbox_mode": Value(mode, USER),
        },
        limits=Limits(**limits),
    )


def thread(settings: Settings, turn: Turn | None = None) -> Thread:
    """One that may be running."""
    turns = {} if turn is None else {turn.id: turn}
    status = ThreadStatus.IDLE if turn is None else ThreadStatus.ACTIVE
    return Thread(
        ThreadId("t"),
        status=status,
        settings=settings,
        turns=turns,
        active_turn=None if turn is None else turn.id,
    )


def board(
    of: Thread | None,
    scope: str,
    known: Controls | None = None,
    *,
    wanted: a.Wanted | None = None,
    after: Settings | None = None,
) -> ApprovalsView:
    asked = Asked(wanted or a.in_force(of.settings if of else None), scope)
    return approvals_view(of, known or controls(), asked, {}, after=after)


def aside(setting: Setting) -> str:
    return "".join(bit.text for bit in setting.aside)


def rows(view: ApprovalsView) -> dict[str, tuple[str, str]]:
    return {
        row.label: ("".join(bit.text for bit in row.words), row.source)
        for row in view.in_force
    }


def test_a_reviewer_switched_in_a_turn_is_not_what_it_began_with() -> None:
    begun = Turn(TurnId("1"), settings=FOR_ME)
    for switched, source, row in (
        (False, "as the turn began", "as it began"),
        (True, "set for this turn", "reviewer set for this turn"),
    ):
        it = thread(ASK, replace(begun, switched=switched))
        view = board(it, TURN, wanted=a.in_force(FOR_ME))
        assert aside(view.reviewer) == source
        assert rows(view)["Running turn"][1] == row


def test_what_counts_for_the_next_turn_alone_is_not_called_the_threads() -> None:
    it = thread(FOR_ME)
    view = board(it, NEXT, after=ASK)
    assert aside(view.reviewer) == "for that turn alone"
    assert aside(view.policy) == "as in config.toml"
    assert rows(view)["After it"][1] == "put back then"


def test_the_thread_is_what_it_gets_back_and_can_keep_what_counted_once() -> None:
    """Else “in force already” would be said of what is put back a turn later."""
    it = thread(FOR_ME)
    kept = board(it, THREAD, wanted=a.SMART.wanted, after=ASK)
    assert kept.refused == ""
    assert [row.name for row in kept.presets if row.current] == ["Ask for approval"]
    assert aside(kept.reviewer) == "you → auto-review"
    own = board(it, THREAD, wanted=a.in_force(ASK), after=ASK)
    assert own.refused == ""
    said = ["".join(bit.text for bit in line) for line in own.sentences]
    assert any("next turn alone is taken back" in line for line in said)
    assert board(it, THREAD, wanted=a.SMART.wanted).refused


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"policies": ("untrusted", "on-request")}, "asks you for everything"),
        ({"sandboxes": ("workspace-write", "read-only")}, "□ read-only"),
        ({"profiles": (":read-only",)}, "sandbox unknown"),
        ({"reviewers": ("auto_review",), "policies": ("on-request",)}, "auto-review"),
    ],
    ids=("policy", "sandbox", "profile", "reviewer"),
)
def test_what_an_administrator_forbids_is_not_said_to_be_in_force(
    limits: dict[str, tuple[str, ...]], words: str
) -> None:
    """As engines were seen to fall back for a new thread."""
    view = board(None, DEFAULT, controls("never", "danger-full-access", **limits))
    told, source = rows(view)["New threads"]
    assert words in told
    assert "your administrator" in source


def test_a_thread_that_fell_back_has_it_from_the_administrator() -> None:
    known = controls(mode="danger-full-access", sandboxes=("read-only",))
    fallen = replace(ASK, profile=None, sandbox=Sandbox(SandboxMode.READ_ONLY))
    assert aside(board(thread(fallen), THREAD, known).sandbox) == (
        "from your administrator"
    )
    allowed = controls(sandboxes=("read-only", "workspace-write"))
    assert under_limits(ASK, allowed) == ASK


@pytest.mark.parametrize("scope", [PROJECT, DEFAULT])
def test_untrusted_goes_into_no_file(scope: str) -> None:
    wanted = a.in_force(ASK)._replace(policy="untrusted")
    view = board(thread(ASK), scope, wanted=wanted)
    assert "no longer read" in view.refused
    assert [o.value for o in view.policy.options if o.blocked] == ["untrusted"]
    assert not board(thread(ASK), THREAD, wanted=wanted).refused


@pytest.mark.parametrize(
    ("on", "words"),
    [
        (("rules", "mcp_elicitations"), "asks you about some"),
        (tuple(name for name, _ in a.SWITCHES), "asks you about all"),
        ((), "asks about nothing"),
    ],
)
def test_how_much_the_granular_policy_asks_is_said(
    on: tuple[str, ...], words: str
) -> None:
    granular = tuple((name, True) for name in on)
    settings = replace(ASK, approval_policy="granular", granular=granular)
    told, _ = rows(board(thread(settings), THREAD))["This thread"]
    assert told.endswith(words)
