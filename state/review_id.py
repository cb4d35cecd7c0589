"""The name a review has outside of a running window: on the command line.

Owns the name and its comparison. It says more than the engine's request id, which
restarts with the engine: it is bound to the engine's life, the method, the thread,
turn, item and the very words that are asked. Pure. Invariant: two requests that differ
in any of these have different names.
"""

from __future__ import annotations

import hashlib
import json

from state.model import Review
from state.pattern import late_pattern

_DIGITS = 12
_SHAPE = late_pattern(rf".+-[0-9a-f]{{{_DIGITS}}}")


def review_id(review: Review, *, epoch_known: bool) -> str:
    """`7-3f09ab12cd34`: the request id, then what binds it. `epoch_known` False: the
    engine is remote, each connection names its life anew, so that is left out."""
    key = review.key
    bound = json.dumps(
        [
            key.epoch if epoch_known else None,
            key.request_id,
            review.method,
            review.thread_id,
            review.turn_id,
            review.item_id,
            review.approval_id,
            review.params_hash,
        ]
    )
    digest = hashlib.sha256(bound.encode()).hexdigest()[:_DIGITS]
    return f"{key.request_id}-{digest}"


def is_review_id(name: str) -> bool:
    """Whether this has the shape of one."""
    return _SHAPE.fullmatch(name) is not None
