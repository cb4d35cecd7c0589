"""Whether an engine that says nothing is still there.

Owns when it is asked, and when silence means that it hangs. Does not own what follows
(`state.engine.session`). Invariants: an engine that says anything is not asked; one
that answers, be it with an error, lives; one question too late is no proof, for this
program may have been the one that stood still.
"""

from __future__ import annotations

import asyncio

from state.dataclass import dataclass
from state.engine.errors import RequestFailed, RequestTimedOut
from state.engine.rpc import RpcClient

QUESTION = "server/diagnostics"


@dataclass(frozen=True, slots=True)
class Pulse:
    """Seconds: after so much silence it is asked, and has so long to say something;
    twice."""

    quiet: float = 10.0
    patience: float = 5.0


async def silence(rpc: RpcClient, pulse: Pulse) -> None:
    """Returns when the engine says nothing any more; until then it does not."""
    missed = 0
    while missed < 2:
        heard = rpc.counters.received
        if not missed:
            await asyncio.sleep(pulse.quiet)
        if rpc.counters.received == heard and not await _answers(rpc, pulse):
            missed += 1
        else:
            missed = 0


async def _answers(rpc: RpcClient, pulse: Pulse) -> bool:
    """Whether it says anything within its time; raises EngineLost."""
    heard = rpc.counters.received
    try:
        await rpc.call(QUESTION, timeout=pulse.patience)
    except RequestTimedOut:
        return rpc.counters.received != heard
    except RequestFailed:
        return True
    return True
