"""A review as a card: who asks, what exactly, where, why, under which sandbox.

Owns the card's words. Built from the request alone when its item is unknown.
Nothing of what is asked is cut; every path, host and command passes `reveal`.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from state.dataclass import dataclass
from state.forms import granted_words
from state.items import ThreadId
from state.model import Review, ReviewKey, ReviewKind, ReviewState, Thread, World
from state.reviews import OURS
from state.select.cells import file_view
from state.select.review_parts import (
    asked_text,
    facts_of,
    fields_of,
    hidden_words,
    ladder_words,
    params_of,
    question_of,
    repeat_words,
)
from state.select.review_runs import runs_of
from state.select.words import (
    agent_label,
    one_line,
    patch_of,
    pending,
    thread_title,
)
from state.text import reveal
from state.tree import Forest
from state.views import FileView, ReviewCardView
from state.words import cut


def all_pending(threads: Iterable[Thread]) -> list[tuple[Thread, Review]]:
    """Every review of these threads that waits, newest need first."""
    found = [(t, r) for t in threads for r in pending(t)]
    return sorted(found, key=lambda pair: -pair[1].asked_ms)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card stands among those that wait, and with which others it is
    answered: `bulk` are marked and identical, `unseen` of them were not shown yet;
    `before`: those of the store that asked for the same."""

    index: int = 0
    total: int = 0
    bulk: tuple[Review, ...] = ()
    unseen: int = 0
    before: Set[tuple[ThreadId, ReviewKey]] = frozenset()


def review_card(
    world: World, forest: Forest, review: Review, place: Place, asking: Iterable[Thread]
) -> ReviewCardView:
    """The card of one review, as it stands now. `asking`: the threads that have
    reviews."""
    thread = world.threads[review.thread_id]
    review = thread.reviews.get(review.key, review)
    lead, command = asked_text(review)
    files = _files(review, thread)
    title, runs = runs_of(review, thread, params_of(review.params))
    warnings = hidden_words(review)
    for view in files:
        warnings += [w for w in view.path.warnings if w not in warnings]
    if review.kind is ReviewKind.EDITS and not files:
        warnings.append("The edits themselves are not known here.")
    pending = review.state is ReviewState.PENDING
    ladder, proposed = ladder_words(review)
    return ReviewCardView(
        review=review,
        index=place.index,
        total=place.total,
        question=question_of(review),
        facts=_facts(world, forest, thread, review),
        command=command,
        runs=runs,
        runs_title=title,
        files=files,
        decisions=review.decisions if pending and review.ours else (),
        warnings=tuple(warnings),
        state=_state(review),
        lead=lead,
        fields=fields_of(review) if pending and review.ours else (),
        ladder=ladder,
        proposed=proposed,
        repeat=repeat_words(review, asking, place.before) if pending else "",
        bulk=place.bulk,
        unseen=place.unseen,
    )


def _facts(
    world: World, forest: Forest, thread: Thread, review: Review
) -> tuple[tuple[str, str], ...]:
    root = world.threads[forest.root(thread.id)]
    facts = [("agent", f"{agent_label(thread)} · {cut(thread_title(root), 48)}")]
    cwd = review.cwd or thread.cwd
    if cwd:
        facts.append(("in", reveal(cwd).text))
    if review.unheard is not None and review.state is ReviewState.PENDING:
        # Decided before a connection ended: nobody must think it was answered.
        words = one_line(review.unheard.label)
        facts.append(("before", f"your “{words}” did not reach the engine"))
    return (*facts, *facts_of(review))


def _files(review: Review, thread: Thread) -> tuple[FileView, ...]:
    if review.kind is not ReviewKind.EDITS:
        return ()
    patch = patch_of(review, thread)
    if patch is None:
        return ()
    return tuple(file_view(c, done=False, cwd=thread.cwd) for c in patch.changes)


def _granted(review: Review) -> str:
    """Of permissions: which of those that were asked for."""
    if review.kind is not ReviewKind.PERMISSIONS or review.decision is None:
        return ""
    words = granted_words(review.decision.result)
    return f" Granted: {reveal(words).text}." if words else ""


def _state(review: Review) -> str:
    label = review.decision.label if review.decision else ""
    match review.state:
        case ReviewState.PENDING:
            return ""
        case ReviewState.DECIDED:
            return f"Decided: {label}. Not sent yet."
        case ReviewState.SENT:
            return f"Sent: {label}. The engine has not confirmed it yet."
        case ReviewState.RESOLVED:
            who = review.resolved_by or "somebody"
            if who == "unseen":
                return "It ended while no window of codex-tui was connected."
            if who not in OURS or not label:
                return f"Ended by {who}."
            return f"Answered by {who}: {label}.{_granted(review)}"
        case ReviewState.LOST:
            return "Went with the engine that asked. Nothing was answered."
