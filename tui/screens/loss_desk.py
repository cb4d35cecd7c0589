"""After an engine's end: what was lost is kept, said once, and gone on with by hand.

Owns which losses are still open and what each act on them means. The counting is
`state.select.lost`, the dialog `widgets.loss_dialog`. Invariant: nothing is sent, woken
or answered here but by a key on the row of that thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.items import ThreadId
from state.select.lost import Loss, loss_banner, loss_rows, losses
from state.select.same import kept
from state.views import BannerView
from state.views.lost import LossRow
from widgets.loss_dialog import LossAct, LossDialog

if TYPE_CHECKING:
    from state.store import Published
    from tui.screens.fleet_acts import FleetActs

GO_ON = "Continue where you were interrupted."
NOTE = (
    f"c sends “{GO_ON}” in that thread, after showing what else loading it would set "
    "off. What was asked of you is not answered: the engine asks again if it needs to."
)


class LossDesk:
    """The losses of one fleet screen."""

    def __init__(self, fleet: FleetActs) -> None:
        self._fleet = fleet
        self._lost: dict[ThreadId, Loss] = {}
        self._dialog: LossDialog | None = None
        self._banner: BannerView | None = None

    def take(self, step: Published) -> None:
        """A published step: another engine's first one, or somebody who goes on."""
        if self._lost:
            threads = step.world.threads
            for thread_id in step.dirty & self._lost.keys():
                if threads[thread_id].active_turn is not None:
                    del self._lost[thread_id]
        if step.before.engine is not step.world.engine:
            self._lost |= losses(step.before, step.world)
        self._show()

    @property
    def rows(self) -> tuple[LossRow, ...]:
        """What is still open, one for each tree."""
        if not self._lost:
            return ()
        presenter = self._fleet.presenter
        return loss_rows(self._lost, presenter.world.threads, presenter.forest)

    def banner(self) -> BannerView | None:
        """One summary; None when nothing is open."""
        view = loss_banner(self._lost, len(self.rows)) if self._lost else None
        self._banner = kept(self._banner, view)
        return self._banner

    def open(self) -> None:
        """List them."""
        rows = self.rows
        if not rows:
            self._fleet.say("Nothing was lost with an engine, or you went on already.")
            return
        self._dialog = LossDialog(rows, NOTE, self._do)
        self._fleet.app.push_screen(self._dialog, self._closed)

    def _closed(self, _answer: None) -> None:
        self._dialog = None

    def _show(self) -> None:
        if self._dialog is None:
            return
        rows = self.rows
        if rows:
            self._dialog.show(rows)
        else:
            self._close()

    def _close(self) -> None:
        if self._dialog is not None and self._dialog.is_current:
            self._dialog.dismiss(None)

    def _do(self, doing: LossAct, root: ThreadId | None) -> None:
        if root is None or doing == "dismiss_all":
            self._lost.clear()
            self._close()
        elif doing == "dismiss":
            self._settle(root)
            self._show()
        else:
            self._close()
            self._fleet.open_thread(root)
            if doing == "open":
                self._settle(root)
        if doing == "go_on":
            # It counts as gone on with when its turn runs: the user may still say no.
            self._fleet.run_worker(
                self._fleet.send(GO_ON, queue=False), group="send", exit_on_error=False
            )
        self._fleet.refresh_views()

    def _settle(self, root: ThreadId) -> None:
        forest = self._fleet.presenter.forest
        for thread_id in [i for i in self._lost if forest.root(i) == root]:
            del self._lost[thread_id]
