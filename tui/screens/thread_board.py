"""A board about one thread and what the engine says of its configuration.

Owns whose board it is and asking the engine as it opens. Does not own what is shown of
it. Invariants: the thread is looked up in the world in hand each time, never kept; what
the engine said is of the thread's own folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from state.controls import Controls
from state.items import ThreadId
from state.model import EnginePhase, Thread
from tui.screens.board import Board

if TYPE_CHECKING:
    from state.store import Published
    from tui.screens.fleet import FleetScreen


ASKING = "Asking the engine …"
AWAY = "There is no engine just now: this is last known, and nothing can be changed."


class ThreadBoard(Board):
    """Built on by the boards of a thread; without one they are about the defaults.
    `AGAIN_MS`: how often the engine is asked anew; 0: it is not."""

    AGAIN_MS: ClassVar[int] = 0

    def __init__(self, fleet: FleetScreen, thread_id: ThreadId | None) -> None:
        super().__init__(fleet)
        self.thread_id = thread_id
        self.controls: Controls | None = None
        """None: the engine has not said yet"""
        self._asked_ms = 0

    @property
    def away(self) -> bool:
        """There is no engine to ask: what stands here is last known."""
        return self.fleet.presenter.world.engine.phase is not EnginePhase.READY

    def take(self, step: Published) -> None:
        """An engine that is back is asked anew."""
        super().take(step)
        before, now = step.before.engine.phase, step.world.engine.phase
        if self.is_mounted and now is EnginePhase.READY and before is not now:
            self.run_worker(self.learn(), group="learn", exit_on_error=False)

    def opened(self) -> None:
        """Paint what is known, then ask the engine."""
        super().opened()
        self.run_worker(self.learn(), group="learn", exit_on_error=False)

    def set_clock(self, now_ms: int, frame: int) -> None:
        """Now and then ask anew: of a file that another window wrote engines tell
        nobody."""
        super().set_clock(now_ms, frame)
        if not self.AGAIN_MS or self.controls is None or self.away:
            self._asked_ms = now_ms
        elif now_ms - self._asked_ms >= self.AGAIN_MS:
            self._asked_ms = now_ms
            self.run_worker(self._look_again(), group="again", exit_on_error=False)

    async def _look_again(self) -> None:
        known = self.controls
        found = await self.fleet.services.engine.controls(self.folder)
        # What was asked for meanwhile, as after a save, is newer than this.
        if found is not None and self.controls is known and found != known:
            self.controls = found
            self.show()

    @property
    def thread(self) -> Thread | None:
        """Whose board it is, as it stands."""
        if self.thread_id is None:
            return None
        return self.fleet.presenter.world.threads.get(self.thread_id)

    async def learn(self) -> None:
        """Ask what the configuration is, and show it."""
        await self.ask_controls()
        self.show()

    async def ask_controls(self) -> None:
        """The configuration as it counts in the thread's folder."""
        with self.waiting_for(ASKING):
            self.controls = await self.fleet.services.engine.controls(self.folder)

    @property
    def folder(self) -> str:
        """Where the configuration is read: the thread's folder, else this window's."""
        thread = self.thread
        return (thread.cwd if thread else "") or self.fleet.services.cwd
