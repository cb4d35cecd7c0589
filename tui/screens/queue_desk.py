"""The queue dialog's life on the fleet screen: opened, kept true, its acts carried out.

Owns what each act on a queued or kept message means. The dialog is
`widgets.queue_dialog`, the rules are `state.queue`. Invariant: an act names the message
by its client id, so it never hits another one that took its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from state import commands as c
from state.items import ThreadId
from state.model import Thread
from state.queue import held, moved, stopped, too_long
from state.select.words import one_line, thread_title
from widgets.queue_dialog import Doing, QueueDialog, QueueRow

if TYPE_CHECKING:
    from tui.screens.fleet_acts import FleetActs

HELD = (
    "Held ones are kept here, out of the engine's sight, until you put them back: h, U."
)
NOTE = (
    f"Queued messages are sent one after another when the running turn is over. {HELD}"
)
STOPPED = (
    "The last turn was interrupted, so the queue waits: s sends it on, and so does the "
    f"end of the next turn. {HELD}"
)


class QueueDesk:
    """The dialog of one fleet screen."""

    def __init__(self, fleet: FleetActs) -> None:
        self._fleet = fleet
        self._dialog: QueueDialog | None = None
        self._thread_id: ThreadId | None = None
        self._shown: tuple[QueueRow, ...] = ()
        self._note = NOTE

    @property
    def _thread(self) -> Thread | None:
        if self._thread_id is None:
            return None
        return self._fleet.presenter.world.threads.get(self._thread_id)

    def open(self) -> None:
        """Show the queue of the open thread."""
        thread = self._fleet.presenter.thread
        if thread is None:
            self._fleet.say("Open a thread first.")
            return
        self._thread_id = thread.id
        self._shown = queue_rows(thread)
        title = thread_title(thread)
        self._note = note_of(thread)
        self._dialog = QueueDialog(title, self._note, self._shown, self._do)
        self._fleet.app.push_screen(self._dialog, self._closed)

    def _closed(self, _answer: None) -> None:
        self._dialog = None

    def refresh(self) -> None:
        """The world moved on."""
        thread = self._thread
        if self._dialog is None or thread is None:
            return
        rows, note = queue_rows(thread), note_of(thread)
        if rows != self._shown or note != self._note:
            self._shown, self._note = rows, note
            self._dialog.show(rows, note)

    def put_back(self) -> None:
        """Queue again all that is held of the open thread."""
        self._fleet.run_worker(
            self._put_back(self._fleet.presenter.thread, ""),
            group="send",
            exit_on_error=False,
        )

    async def _put_back(self, thread: Thread | None, only: str) -> None:
        if thread is None or not held(thread):
            self._fleet.say("Nothing is held here.")
            return
        if not await self._fleet.wake(thread.id, because="to queue this"):
            return
        holding = self._fleet.services.bridge.holding
        name = next((s.client_id for s in held(thread) if s.client_id == only), None)
        taken = await holding.put_back(thread, name)
        if taken:
            self._fleet.say(f"{taken} queued again")
        else:
            self._fleet.say("The engine took none of them; they are kept.")

    def _do(self, doing: Doing, key: str, text: str) -> None:
        thread = self._thread
        if thread is None:
            return
        if doing == "back":
            self._later(self._put_back(thread, ""))
        elif doing == "start":
            self._fleet.act(c.StartQueue(thread.id))
        elif any(send.client_id == key for send in held(thread)):
            self._do_held(thread, doing, key, text)
        else:
            self._do_queued(thread, doing, key, text)

    def _do_held(self, thread: Thread, doing: Doing, key: str, text: str) -> None:
        send = next(send for send in held(thread) if send.client_id == key)
        bridge = self._fleet.services.bridge
        match doing:
            case "edit":
                if not self._refused(text):
                    self._later(bridge.holding.rewrite(thread.id, send, text))
            case "delete":
                self._fleet.act(c.DropHeld(thread.id, send.client_id))
            case "hold":
                self._later(self._put_back(thread, key))
            case _:
                self._fleet.say("What is held has no place in the line.")

    def _do_queued(self, thread: Thread, doing: Doing, key: str, text: str) -> None:
        entry = next((e for e in thread.queue if e.client_id == key), None)
        if entry is None:
            self._fleet.say("That message had left the queue before.")
            return
        match doing:
            case "edit":
                if not self._refused(text):
                    self._fleet.act(c.EditQueued(thread.id, entry.id, text))
            case "up" | "down":
                ids = [e.id for e in thread.queue]
                order = moved(ids, entry.id, -1 if doing == "up" else 1)
                if list(order) != ids:
                    self._fleet.act(c.MoveQueued(thread.id, order))
            case "delete":
                self._fleet.act(c.DeleteQueued(thread.id, entry))
            case _:
                self._fleet.act(c.HoldQueued(thread.id, (entry,)))

    def _refused(self, text: str) -> bool:
        why = too_long(text)
        if why:
            self._fleet.say(why)
        return bool(why)

    def _later(self, work: object) -> None:
        self._fleet.run_worker(
            work,  # type: ignore[arg-type]
            group="queue",
            exit_on_error=False,
        )


def note_of(thread: Thread) -> str:
    """What becomes of the queue."""
    return STOPPED if stopped(thread) else NOTE


def queue_rows(thread: Thread) -> tuple[QueueRow, ...]:
    """What waits, then what is held."""
    waiting = [QueueRow(e.client_id, one_line(e.text), e.text) for e in thread.queue]
    kept = [
        QueueRow(s.client_id, one_line(s.text), s.text, held=True, why=s.error or "")
        for s in held(thread)
    ]
    return (*waiting, *kept)
