"""Settings for the next turn alone: set, kept on disk, and put back when it has begun.

Owns when to put back and when not to. The engine knows no such scope: what is set
counts from the next turn on, and a running turn keeps what it began with, so the
thread gets its own settings back as soon as that turn runs. Invariants: what is to be
put back is on disk before the change leaves; a thread that somebody else changed in
the meantime is left alone; what the user sets for the thread itself stays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from state import approvals as a
from state.changes import ChangeNextTurn, ChangeSettings
from state.dataclass import dataclass, replace
from state.db.codec import decode, encode
from state.events import MessageShown
from state.items import ThreadId, TurnId
from state.model import Settings, Thread
from state.store import Published
from state.text import reveal

if TYPE_CHECKING:
    from tui.bridge import Bridge

VIEW_KEY = "once"
NOT_APART = "The next turn runs as the thread is set"


@dataclass(frozen=True, slots=True)
class Kept:
    """What one thread gets back. `running`: the turn that ran when it was set."""

    change: ChangeSettings
    before: Settings
    at_ms: int
    running: TurnId | None = None


class Once:
    """A part of the bridge."""

    def __init__(self, bridge: Bridge, clock: Callable[[], int]) -> None:
        self._bridge = bridge
        self._clock = clock
        self._kept: dict[ThreadId, Kept] = {}

    def remember(self, stored: Any) -> None:
        """What an earlier window left to be put back: JSON texts by thread."""
        for thread_id, text in stored.items() if isinstance(stored, dict) else ():
            try:
                self._kept[ThreadId(str(thread_id))] = decode(Kept, text)
            except (msgspec.DecodeError, TypeError):
                continue  # of another version: nothing can be put back from it

    def after(self, thread_id: ThreadId) -> Settings | None:
        """What a thread gets back once its next turn has begun."""
        kept = self._standing(self._bridge.store.world.threads.get(thread_id))
        return None if kept is None else kept.before

    def _standing(self, thread: Thread | None) -> Kept | None:
        """What is kept for a thread that is still set as we set it."""
        kept = self._kept.get(thread.id) if thread is not None else None
        if kept is None or thread is None or thread.settings is None:
            return None
        return kept if _still(thread.settings, kept.change) else None

    async def begin(self, command: ChangeNextTurn) -> None:
        """Keep what is in force, then change it."""
        change = command.change
        thread = self._bridge.store.world.threads.get(change.thread_id)
        if thread is None or thread.settings is None:
            self._say("What this thread runs under is not known; nothing was changed.")
            return
        earlier = self._standing(thread)
        before = earlier.before if earlier is not None else thread.settings
        if _same(_with(thread.settings, change), before):
            # The thread's own: there is nothing to put back any more.
            self._kept.pop(thread.id, None)
            change = replace(_back(thread.id, before), note=NOT_APART)
        else:
            now = self._clock()
            self._kept[thread.id] = Kept(change, before, now, thread.active_turn)
        if not await self._save():
            self._say("It could not be saved, so nothing was changed.")
            return
        await self._bridge.deliver(change)

    async def settle(self, change: ChangeSettings) -> None:
        """The user set this for the thread itself: it is not put back."""
        thread = self._bridge.store.world.threads.get(change.thread_id)
        kept = self._kept.get(change.thread_id)
        if kept is None or thread is None or thread.settings is None:
            return
        before = _with(kept.before, change)
        alone = _joined(kept.change, change)
        if _same(_with(thread.settings, change), before):
            del self._kept[thread.id]
        else:
            self._kept[thread.id] = replace(kept, before=before, change=alone)
        await self._save()

    def watch(self, step: Published) -> None:
        """Put back what is due."""
        if not self._kept:
            return
        for thread_id in step.dirty:
            kept = self._kept.get(thread_id)
            if kept is not None and _begun(step.world.threads[thread_id], kept):
                del self._kept[thread_id]
                self._bridge.spawn(self._put_back(step.world.threads[thread_id], kept))

    async def _put_back(self, thread: Thread, kept: Kept) -> None:
        if thread.settings is not None and _still(thread.settings, kept.change):
            await self._bridge.deliver(_back(thread.id, kept.before))
        elif thread.settings is not None and thread.settings != kept.before:
            self._say("This thread's settings were changed meanwhile; they stay so.")
        await self._save()

    async def _save(self) -> bool:
        keeper = self._bridge.keeper
        if keeper is None:
            return True
        texts = {thread_id: encode(kept) for thread_id, kept in self._kept.items()}
        keeper.writer.view_state(VIEW_KEY, msgspec.json.encode(texts).decode())
        return await keeper.writer.flush()

    def _say(self, text: str) -> None:
        self._bridge.store.offer(MessageShown(text))


def _begun(thread: Thread, kept: Kept) -> bool:
    """A turn began after the change was made."""
    if thread.active_turn not in (None, kept.running):
        return True
    return any(
        (turn.started_ms or 0) > kept.at_ms and turn.id != kept.running
        for turn in thread.turns.values()
    )


def _still(settings: Settings, change: ChangeSettings) -> bool:
    """The thread is set as we set it."""
    force = a.in_force(settings)
    return (
        change.policy in (None, force.policy)
        and change.reviewer in (None, force.reviewer)
        and change.profile in (None, settings.profile, force.sandbox)
        and change.sandbox in (None, settings.sandbox)
    )


def _with(settings: Settings, change: ChangeSettings) -> Settings:
    """The settings with what a change touches."""
    wanted = a.Wanted(
        change.policy or "",
        change.reviewer or "",
        change.profile or a.KEEP,
        settings.granular if change.policy is None else change.granular,
    )
    changed = a.after(settings, wanted)
    if change.sandbox is not None:
        changed = replace(changed, sandbox=change.sandbox, profile=None)
    return changed


def _joined(first: ChangeSettings, then: ChangeSettings) -> ChangeSettings:
    """Both changes, one after the other."""
    boxed = then.profile is not None or then.sandbox is not None
    policed = then.policy is not None
    return replace(
        first,
        policy=then.policy if policed else first.policy,
        granular=then.granular if policed else first.granular,
        reviewer=then.reviewer or first.reviewer,
        profile=then.profile if boxed else first.profile,
        sandbox=then.sandbox if boxed else first.sandbox,
    )


def _same(settings: Settings, other: Settings) -> bool:
    """Both are the same choice, also of a sandbox that no profile names."""
    one = a.in_force(settings)
    if one != a.in_force(other):
        return False
    return one.sandbox != a.KEEP or settings.sandbox == other.sandbox


def _back(thread_id: ThreadId, before: Settings) -> ChangeSettings:
    profile = before.profile
    name = reveal(a.name_of(before)).text
    return ChangeSettings(
        thread_id,
        policy=before.approval_policy,
        granular=before.granular,
        reviewer=a.reviewer_of(before),
        profile=profile,
        sandbox=before.sandbox if profile is None else None,
        note=f"That counts for this turn alone; from the next on: {name}",
    )
