"""What the end of an engine cost: one row for each tree, and one sentence for all.

Owns the counting and the words. Pure: compares the world before the new engine's
first word with the one after it. Invariant: what is counted was running, open or
pending before and is not any more; nothing is guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from state.dataclass import dataclass
from state.items import ThreadId
from state.model import ReviewState, Thread, World
from state.select.words import thread_title
from state.tree import Forest
from state.views import BannerView, Tone
from state.views.lost import LossRow

_KINDS = (
    # what is counted, one of it, several
    ("turns", "turn interrupted", "turns interrupted"),
    ("items", "open item", "open items"),
    ("reviews", "review", "reviews"),
    ("terminals", "terminal", "terminals"),
)


@dataclass(frozen=True, slots=True)
class Loss:
    """What one thread lost."""

    turns: int = 0
    items: int = 0
    reviews: int = 0
    terminals: int = 0

    @property
    def any(self) -> bool:
        """Anything at all."""
        return bool(self.turns or self.items or self.reviews or self.terminals)


def losses(before: World, after: World) -> dict[ThreadId, Loss]:
    """Per thread, what it had in the old engine's last world and has no more.

    {} unless `after` is the first world of another process than before."""
    old, new = before.engine.epoch, after.engine.epoch
    if old is None or new is None or old == new:
        return {}
    found = {}
    for thread_id, thread in before.threads.items():
        now = after.threads.get(thread_id)
        if now is not None and now is not thread:
            loss = _loss(thread, now)
            if loss.any:
                found[thread_id] = loss
    return found


def _loss(before: Thread, after: Thread) -> Loss:
    turn = before.turns.get(before.active_turn) if before.active_turn else None
    ended = turn is not None and after.active_turn != turn.id
    return Loss(
        int(ended),
        sum(not item.ended for item in turn.items.values()) if turn and ended else 0,
        sum(
            review.state is not ReviewState.LOST
            and after.reviews.get(key, review).state is ReviewState.LOST
            for key, review in before.reviews.items()
        ),
        len(before.terminals.keys() - after.terminals.keys()),
    )


def loss_rows(
    lost: Mapping[ThreadId, Loss], threads: Mapping[ThreadId, Thread], forest: Forest
) -> tuple[LossRow, ...]:
    """One row for each tree, in the order of `lost`."""
    trees: dict[ThreadId, list[ThreadId]] = {}
    for thread_id in lost:
        if thread_id in threads:
            trees.setdefault(forest.root(thread_id), []).append(thread_id)
    rows = []
    for root, members in trees.items():
        if root not in threads:
            continue
        agents = sum(member != root for member in members)
        words = _words([lost[member] for member in members])
        if agents:
            words = f"{words} · {agents} agent{'s' if agents > 1 else ''} among them"
        rows.append(LossRow(root, thread_title(threads[root]), words))
    return tuple(rows)


def _words(found: Iterable[Loss]) -> str:
    total: Counter[str] = Counter()
    for loss in found:
        for name, *_ in _KINDS:
            total[name] += getattr(loss, name)
    return ", ".join(
        f"{total[name]} {one if total[name] == 1 else many}"
        for name, one, many in _KINDS
        if total[name]
    )


def loss_banner(lost: Mapping[ThreadId, Loss], trees: int) -> BannerView | None:
    """One summary, however many threads it was."""
    if not lost or not trees:
        return None
    return BannerView(
        "The engine ended and was started again.",
        "",
        f"In {trees} thread{'s' if trees > 1 else ''}: {_words(lost.values())}.",
        "Nothing was answered or woken for you.",
        (("L", "what each lost, how to go on"),),
        tone=Tone.NEED,
    )
