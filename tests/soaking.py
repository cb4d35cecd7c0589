"""How far the long tests look, and from where: the same for a seed.

SOAK_SEED: the first seed; SOAK_COUNT: how many. A soak that was stopped at seed N goes
on with SOAK_SEED=N. Without HYPOTHESIS_PROFILE=soak only the usual few are played.
"""

from __future__ import annotations

import os

SOAKING = os.environ.get("HYPOTHESIS_PROFILE") == "soak"


def seeds(usual: int, soaking: int) -> range:
    """The seeds to play."""
    first = int(os.environ.get("SOAK_SEED", "0")) if SOAKING else 0
    most = int(os.environ.get("SOAK_COUNT", soaking)) if SOAKING else usual
    return range(first, first + most)


def examples(usual: int) -> int:
    """How many examples of a test that says so itself; a soak looks at 5,000."""
    return 5_000 if SOAKING else usual
