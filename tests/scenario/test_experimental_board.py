"""/experimental as a person uses it; the oracle is the bytes at the fake engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.driver import Driver, drive
from tests.fakes import FakeEngine, Refused
from tests.scenario.test_approvals_board import ONE, UPDATE
from tests.scenario.test_approvals_board import prepare as prepare_controls
from tests.screens import control_scripts as cs

pytestmark = pytest.mark.usefixtures("drawn_when_asked")

Json = dict[str, Any]
FEATURES = [
    cs.feature("sleep", "beta", title="Stay awake", description="Keeps it awake."),
    cs.feature("hooks", "stable", on=True, default=True),
    cs.feature("gone", "removed"),
]


def prepare(engine: FakeEngine) -> None:
    prepare_controls(engine)
    engine.replies["experimentalFeature/list"] = lambda _: {"data": FEATURES}
    engine.replies["config/value/write"] = lambda _: {"status": "ok"}
    engine.replies["config/batchWrite"] = lambda _: {"status": "ok"}


def written(engine: FakeEngine) -> list[Json]:
    return [*engine.calls("config/value/write"), *engine.calls("config/batchWrite")]


def test_a_feature_is_written_by_enter_and_not_before() -> None:
    """And is no change any more, though a stronger layer leaves it without effect."""

    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        said = cs.controls(user={"features": {"sleep": True}})["config/read"]
        driver.engine.replies["config/read"] = lambda _: said
        await driver.press("F", "down", "down", "space")
        driver.sees("off → on", "1 changed")
        assert written(driver.engine) == []
        await driver.press("enter")
        (params,) = written(driver.engine)
        assert params["keyPath"] == "features.sleep"
        assert params["value"] is True
        driver.sees("from the next thread on")
        await driver.press("end", "space")
        driver.sees("it has no effect any more")
        await driver.press("enter")
        assert len(written(driver.engine)) == 1

    drive(play, prepare=prepare)


def test_what_the_engine_refuses_to_save_stays_turned() -> None:
    """Nothing that was turned is lost: the refusal is said, enter tries again."""

    def refuse(_: Json) -> Json:
        raise Refused("config.toml is read-only")

    async def play(driver: Driver) -> None:
        on: list[Json] = []
        writes, lists = "config/value/write", "experimentalFeature/list"
        driver.engine.replies[writes] = refuse
        driver.engine.replies[lists] = lambda _: {"data": [*on, *FEATURES[len(on) :]]}
        await driver.open_thread("one")
        await driver.press("F", "down", "down", "space", "enter")
        driver.sees("config.toml is read-only", "off → on", "1 changed")

        def write(_: Json) -> Json:
            on.append(cs.feature("sleep", "beta", on=True, title="Stay awake"))
            return {"status": "ok"}

        driver.engine.replies[writes] = write
        await driver.press("enter")
        assert len(written(driver.engine)) == 2
        driver.sees("Saved")
        driver.sees_not("changed", "off → on")

    drive(play, prepare=prepare)


def test_what_an_administrator_does_not_allow_is_marked_and_can_only_end() -> None:
    async def play(driver: Driver) -> None:
        engine = driver.engine
        limits = {**cs.DENY_FULL, "featureRequirements": {"sleep": False}}
        engine.replies["configRequirements/read"] = lambda _: {"requirements": limits}
        await driver.open_thread("one")
        await driver.press("F")
        driver.sees("⊘ not allowed · the engine's default", "⊘ held off")
        await driver.press("space")
        driver.sees("Your administrator does not allow auto-review")
        await driver.press("down", "space")
        driver.sees("does not allow auto-review here")
        await driver.press("down", "space")
        driver.sees("Your administrator holds this one off")
        known = cs.controls(user={"approvals_reviewer": "auto_review"})
        engine.replies["config/read"] = lambda _: known["config/read"]
        await driver.press("escape", "F", "down", "space", "enter")
        assert "approvals_reviewer" in str(written(engine))

    drive(play, prepare=prepare)


def test_esc_leaves_everything_as_it_is() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await driver.press("F", "down", "down", "space", "escape")
        assert driver.dialog == ""
        assert written(driver.engine) == []

    drive(play, prepare=prepare)


def test_smart_approvals_on_and_off() -> None:
    async def play(driver: Driver) -> None:
        engine = driver.engine
        await driver.open_thread("one")
        engine.start_turn(ONE, "t1")
        await driver.press("F", "space", "enter")
        assert engine.calls(UPDATE) == [
            {
                "threadId": ONE,
                "approvalPolicy": "on-request",
                "approvalsReviewer": "auto_review",
                "permissions": ":workspace",
            }
        ]
        now = engine.calls("turn/settings/update")
        assert [c["approvalsReviewer"] for c in now] == ["auto_review"]
        driver.sees("Smart Approvals are on", "now Approve for me")
        await driver.press("space")
        driver.sees("Off clears the thread's own reviewer: then you")
        await driver.press("enter")
        assert engine.calls(UPDATE)[-1] == {
            "threadId": ONE,
            "approvalsReviewer": "user",
        }
        driver.sees("in force now: you")

    drive(play, prepare=prepare)


def test_the_default_reviewer_is_a_choice_of_its_own() -> None:
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
        await driver.press("F", "down", "space", "enter")
        (params,) = written(driver.engine)
        assert params["keyPath"] == "approvals_reviewer"
        assert params["value"] == "auto_review"
        assert driver.engine.calls(UPDATE) == []
        assert "smart_approvals" not in str(driver.engine.sent)

    drive(play, prepare=prepare)
