"""The model against what sandboxes really did, recorded: no engine is needed.

The recordings are made by the differential test (SANDBOX_RECORD names the folder).
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from state.permissions.box import Rule
from tests.sandbox.compare import UNTRIED, Tried, compared, loads

FOLDER = Path(__file__).parents[1] / "sandbox"
RECORDINGS = sorted(FOLDER.glob("outcomes-*.jsonl"))


@functools.cache
def _recorded(path: Path) -> list[Tried]:
    with path.open(encoding="utf-8") as lines:
        return loads(lines)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_the_model_says_what_happened(path: Path) -> None:
    pairs = list(compared(_recorded(path)))
    assert len(pairs) > 250
    assert not [str(pair) for pair in pairs if not pair.agrees]


@pytest.mark.parametrize("rule", [r for r in Rule if r not in UNTRIED], ids=str)
def test_each_rule_is_needed(rule: Rule) -> None:
    """Without it the model and the kernel part ways somewhere."""
    tried = _recorded(RECORDINGS[0])
    assert any(not pair.agrees for pair in compared(tried, frozenset({rule})))
