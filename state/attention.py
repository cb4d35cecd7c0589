"""What is worth calling the user for, and how it is named outside the window.

Owns which events call, for whom, and the words. Invariants: a call names a thread and
a kind, never a command, a message or a file; what was known before is no news.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from state import events as e
from state.dataclass import dataclass
from state.items import ThreadId
from state.model import Thread, TurnStatus, World
from state.notify import Notify
from state.queue import burning
from state.text import reveal
from state.words import cut

WORDS = {
    "review": "needs you",
    "done": "turn done",
    "failed": "turn failed",
    "limit": "limit reached",
}
NAME_CELLS = 48


@dataclass(frozen=True, slots=True)
class Call:
    """One reason to look here. `name` has passed a door and is one short line."""

    kind: str
    thread_id: ThreadId
    name: str
    agent: bool = False

    @property
    def words(self) -> str:
        """A line for a notification."""
        return f"{self.name}: {WORDS[self.kind]}"


def calls_of(
    before: World,
    world: World,
    events: Iterable[e.Event],
    notify: Notify,
    *,
    watched: ThreadId | None = None,
) -> tuple[Call, ...]:
    """The calls of one published step. `watched`: the thread before the user's eyes;
    its turns need no call."""
    found: dict[tuple[str, ThreadId], Call] = {}
    for event in events:
        match event:
            case e.ReviewAsked(thread_id=thread_id, review=review):
                old = before.threads.get(thread_id)
                if not review.ours or (old is not None and review.key in old.reviews):
                    continue
                kind = "review"
            case e.TurnEnded(thread_id=thread_id, turn_id=turn_id):
                old = before.threads.get(thread_id)
                ran = old is not None and old.active_turn == turn_id
                kind = _ending(world.threads[thread_id], event) if ran else ""
                agent = world.threads[thread_id].is_agent
                if thread_id == watched or (agent and not notify.agents):
                    continue
            case _:
                continue
        if kind and notify.wants(kind):
            thread = world.threads[thread_id]
            call = Call(kind, thread_id, thread_name(thread, world), thread.is_agent)
            found.setdefault((kind, thread_id), call)
    return tuple(found.values())


def _ending(thread: Thread, event: e.TurnEnded) -> str:
    if event.status is TurnStatus.FAILED:
        turn = thread.turns.get(event.turn_id)
        return "limit" if turn is not None and burning(turn) else "failed"
    return "done" if event.status is TurnStatus.COMPLETED else ""


def thread_name(thread: Thread, world: World) -> str:
    """The name somebody gave it, else its folder: its first words are content."""
    root = thread
    for _ in range(64):
        above = world.threads.get(root.parent_id) if root.parent_id else None
        if above is None:
            break
        root = above
    name = root.name or PurePosixPath(root.cwd).name or "a thread"
    if thread.is_agent and thread.agent_path:
        name = f"{name} {thread.agent_path}"
    return cut(reveal(name).text.replace("\n", " "), NAME_CELLS)


def summary(calls: Sequence[Call]) -> str:
    """Several calls of one moment in a line."""
    if len(calls) == 1:
        return calls[0].words
    needs = sum(call.kind == "review" for call in calls)
    rest = len(calls) - needs
    parts = [counts(needs, 0, words=True)] if needs else []
    parts += [f"{rest} turn{'s' if rest > 1 else ''} ended"] if rest else []
    return ", ".join(parts)


def counts(needs: int, working: int, *, words: bool = False) -> str:
    """`▲2 ●3`, or in words; "" when there is nothing to say."""
    if words:
        verb = "needs" if needs == 1 else "need"
        parts = [f"{needs} {verb} you" if needs else ""]
        parts += [f"{working} working" if working else ""]
        return ", ".join(part for part in parts if part)
    parts = [f"▲{needs}" if needs else "", f"●{working}" if working else ""]
    return " ".join(part for part in parts if part)


def title(needs: int, working: int) -> str:
    """The terminal's title: our own counts only."""
    return f"{counts(needs, working)} codex-tui".strip()
