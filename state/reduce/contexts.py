"""Reducer for what the rollout says that a turn runs under.

Owns which word counts. Invariant: what is told of a profile by name stays a name; the
rollout tells it in other words.
"""

from __future__ import annotations

from state.dataclass import replace
from state.items import TurnId
from state.model import Settings, Thread


def with_context(thread: Thread, turn_id: TurnId, told: Settings) -> Thread:
    """The rollout's word counts for its turn, where what was told before differs. Of
    an agent it is often the only word: it is its thread's, too, from then on."""
    turn = thread.turns.get(turn_id)
    if turn is None:
        return thread
    newest = turn.id == tuple(thread.turns)[-1]
    if newest and (thread.settings is None or thread.is_agent):
        settings = _joined(thread.settings, told)
        if settings is not thread.settings:
            thread = replace(thread, settings=settings)
    settings = _joined(turn.settings, told)
    if settings is turn.settings:
        return thread
    turn = replace(turn, settings=settings)
    return replace(thread, turns={**thread.turns, turn.id: turn})


def _joined(known: Settings | None, told: Settings) -> Settings:
    if known is None:
        return told
    if known.profile is not None and told.profile in (None, known.profile):
        return known
    mine, theirs = known.sandbox, told.sandbox
    if mine is None or theirs is None:
        return told
    if (mine.mode, mine.network) == (theirs.mode, theirs.network):
        return known
    roots = told.workspace_roots
    return replace(
        told, workspace_roots=known.workspace_roots if roots is None else roots
    )
