"""/experimental as a person uses it; the oracle is the bytes at the fake engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.driver import Driver, drive
from tests.fakes import FakeEngine
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
    async def play(driver: Driver) -> None:
        await driver.open_thread("one")
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
