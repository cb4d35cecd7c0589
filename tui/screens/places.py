"""Where the reader was in each thread, for the next start: folds and the line on top.

Owns what is remembered of a transcript and when it is put back. Does not own drafts,
the list or which thread is open. Invariant: what the user does himself ends the putting
back; a place that is not held is not looked for in the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from state.items import ItemId, ThreadId, TurnId

if TYPE_CHECKING:
    from tui.services import Services
    from widgets.intents import FoldChanged
    from widgets.transcript import Transcript

Key = tuple[TurnId, ItemId]
MOST_FOLDS = 200


class Places:
    """Of one transcript. `returned` after it was given a view, `note` now and then."""

    def __init__(self, services: Services, transcript: Transcript) -> None:
        self._services = services
        self._transcript = transcript
        self._waiting: ThreadId | None = None
        self._wanted: Key | None = None

    def opened(self, thread_id: ThreadId | None) -> None:
        """Another thread is shown; its place is put back when its cells are there."""
        self._waiting = thread_id
        self._wanted = None

    def show(self, key: Key) -> None:
        """Put this cell at the top: now, or with the cells of the thread."""
        self._wanted = None if self._transcript.go_to(key) else key

    def returned(self) -> None:
        """The transcript has a view: put back what is held by now."""
        self._put_back()
        if self._wanted is not None:
            self.show(self._wanted)

    def _put_back(self) -> None:
        thread_id, shown = self._waiting, self._transcript
        if thread_id is None or shown.view.thread_id != thread_id:
            return
        if not shown.view.cells or not shown.port.ready:
            return
        self._waiting = None
        kept = self._kept(thread_id)
        shown.unfold(_keys(kept.get("unfolded")))
        top = kept.get("top")
        if isinstance(top, list) and len(top) == 3 and isinstance(top[2], int):
            for key in _keys([top[:2]]):
                shown.go_to(key, max(0, top[2]))

    def folded(self, change: FoldChanged) -> None:
        """The user folded or unfolded a cell."""
        kept = self._kept(change.thread_id)
        keys = [key for key in _keys(kept.get("unfolded")) if key != change.key]
        if change.unfolded:
            keys.append(change.key)
        lists = [list(key) for key in keys[-MOST_FOLDS:]]
        self._keep(change.thread_id, kept | {"unfolded": lists})

    def note(self) -> None:
        """Remember the line on top; costs nothing where nothing moved."""
        shown = self._transcript
        thread_id = shown.view.thread_id
        if thread_id is None or self._waiting is not None or not shown.port.ready:
            return
        place = shown.place
        kept = self._kept(thread_id)
        top = None if place is None else [*place[0], place[1]]
        if kept.get("top") != top:
            self._keep(thread_id, kept | {"top": top})

    def _kept(self, thread_id: ThreadId) -> dict[str, Any]:
        kept = self._services.remembered.view.get(f"place:{thread_id}")
        return kept if isinstance(kept, dict) else {}

    def _keep(self, thread_id: ThreadId, place: dict[str, Any]) -> None:
        self._services.keep_view(f"place:{thread_id}", place)


def _keys(found: Any) -> list[Key]:
    """What a store says, as far as it makes sense."""
    return [
        (TurnId(one[0]), ItemId(one[1]))
        for one in (found if isinstance(found, list) else ())
        if isinstance(one, list) and len(one) == 2 and all(map(_is_text, one))
    ]


def _is_text(value: object) -> bool:
    return isinstance(value, str)
