"""The id of a review on the command line is bound to all that it asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from state.model import ReviewKey
from state.review_id import review_id
from tests.pure.test_wire_requests import command


@pytest.mark.parametrize(
    "changes",
    [
        {"key": ReviewKey("other", 0)},
        {"key": ReviewKey("e", 1)},
        {"method": "item/fileChange/requestApproval"},
        {"thread_id": "x"},
        {"turn_id": "x"},
        {"item_id": "x"},
        {"approval_id": "x"},
        {"params_hash": "x"},
    ],
)
def test_another_request_has_another_id(changes: dict[str, Any]) -> None:
    found = command()
    other = replace(found, **changes)
    assert review_id(found, epoch_known=True) != review_id(other, epoch_known=True)


def test_another_connection_has_the_same_id() -> None:
    found = command()
    again = replace(found, connection=found.connection + 1)
    assert review_id(found, epoch_known=True) == review_id(again, epoch_known=True)


def test_a_remote_engines_life_is_left_out() -> None:
    found = command()
    other = replace(found, key=ReviewKey("x~1", 0))
    assert review_id(found, epoch_known=False) == review_id(other, epoch_known=False)
    assert review_id(found, epoch_known=False).startswith("0-")
