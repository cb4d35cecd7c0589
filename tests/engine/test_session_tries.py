"""What is told of an engine that cannot be reached: once, through all tries, and
without the secrets that it may have written."""

from __future__ import annotations

import asyncio
from pathlib import Path

from state.engine.errors import EngineNotFound, EngineStartFailed
from state.engine.session import EngineSession, SessionOptions
from state.engine.supervisor import Connection, ConnectOptions, SharedTarget, Target
from state.events import EngineChanged, Event
from state.model import Engine, EnginePhase

TOKEN = "sk-" + "a1b2c3d4" * 4
SAID = ["starting", f"refused with Authorization: Bearer {TOKEN}", f"key {TOKEN}"]


def told(fails: list[Exception]) -> list[Engine]:
    """What a session tells while each try ends like that, until it is closed."""
    events: list[Event] = []
    now = iter(range(1_000_000, 9_000_000, 500))

    async def reach(_target: Target, _options: ConnectOptions) -> Connection:
        if len(fails) == 1:
            asyncio.get_running_loop().call_soon(
                lambda: asyncio.ensure_future(session.close())
            )
        raise fails.pop(0)

    session = EngineSession(
        SharedTarget(None, Path("/nowhere")),
        SessionOptions(
            connect=ConnectOptions(
                state_dir=Path("/nowhere"), client_version="1", env={}
            ),
            clock=lambda: next(now),
            backoff=lambda _n: 0.0,
            reach=reach,
            pulse=None,
        ),
    )
    asyncio.run(session.run(events.append))
    return [e.engine for e in events if isinstance(e, EngineChanged)]


def test_a_try_takes_nothing_from_the_screen() -> None:
    failed = EngineStartFailed("It could not be started; see below.", SAID, 1)
    first, *tries, last = told([failed, failed, failed])
    assert first.phase is EnginePhase.CONNECTING
    assert last.phase is EnginePhase.NONE
    assert len(tries) >= 4, "an end, and a try before the next one"
    assert {one.phase for one in tries} == {EnginePhase.LOST}
    assert {one.since_ms for one in tries} == {tries[0].since_ms}
    assert {one.sentence for one in tries} == {str(failed)}
    assert {one.stderr for one in tries} == {tries[0].stderr}
    assert all(one.retry_at_ms is not None for one in tries)


def test_no_secret_of_an_engines_last_words_is_told() -> None:
    failed = EngineStartFailed("It could not be started.", SAID, 1)
    _, lost, *_ = told([failed])
    assert lost.stderr == (
        "starting",
        "refused with Authorization: [redacted]",
        "key [redacted]",
    )


def test_a_missing_engine_stays_missing_until_it_is_found() -> None:
    missing = EngineNotFound("No usable codex was found; install one.")
    _, *tries, _ = told([missing, missing])
    assert {one.phase for one in tries} == {EnginePhase.MISSING}
