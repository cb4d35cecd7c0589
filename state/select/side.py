"""The right column: agents, terminals and reviews of the open thread or of all.

Owns the tree's rows and roll-ups. Interrupted is a state of its own, not an ending.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from state.dataclass import replace
from state.items import ThreadId
from state.model import (
    EnginePhase,
    Review,
    ReviewKey,
    Thread,
    ThreadStatus,
    TurnStatus,
    World,
)
from state.select.terminals import terminal_rows
from state.select.words import (
    agent_label,
    agent_name,
    foreign,
    last_turn,
    one_line,
    pending,
    review_what,
    review_word,
    thread_title,
)
from state.tree import Forest
from state.usage import NO_METERS, Meters
from state.views import (
    AgentRow,
    Bit,
    Bits,
    Glyph,
    ReviewRow,
    SideView,
    TerminalRow,
    Tone,
)
from state.words import count


def side_view(
    world: World,
    forest: Forest,
    thread_id: ThreadId | None,
    asking: Iterable[ThreadId],
    meters: Meters = NO_METERS,
    marked: Set[ReviewKey] = frozenset(),
) -> SideView:
    """What stands in the right column while `thread_id` is open. `asking`: the
    threads that have reviews of any kind."""
    stale = world.engine.phase is not EnginePhase.READY
    agents: tuple[AgentRow, ...] = ()
    terminals: tuple[TerminalRow, ...] = ()
    tokens = 0
    failed = needy = 0
    if thread_id is not None and thread_id in world.threads:
        walked = list(forest.walk(forest.root(thread_id)))
        agents = tuple(_agent(guide, t, stale=stale) for guide, t in walked)
        tokens = sum(t.tokens.total for _, t in walked if t.tokens)
        terminals = terminal_rows(world, forest, (t for _, t in walked), meters)
        failed = sum(row.glyph is Glyph.FAILED for row in agents)
        needy = sum(row.glyph is Glyph.NEED for row in agents)
    reviews, auto = _reviews(world, forest, asking, marked, stale=stale)
    return SideView(
        agents=agents,
        agent_tokens=count(tokens) if tokens else "",
        terminals=terminals,
        reviews=reviews,
        agents_need=needy,
        agents_failed=failed,
        terminals_live=sum(row.live for row in terminals),
        reviews_need=sum(row.glyph is Glyph.NEED for row in reviews),
        reviews_auto=auto,
    )


def _agent(guide: str, thread: Thread, *, stale: bool) -> AgentRow:
    glyph, tone, word = agent_sign(thread, stale=stale)
    detail: Bits = ()
    asked = pending(thread)
    turn = last_turn(thread)
    if asked:
        tone_of = Tone.MUTED if stale else Tone.NEED
        detail = (Bit(f"needs you · {review_word(asked[0].kind)}", tone_of),)
    elif glyph is Glyph.FAILED:
        why = one_line(turn.error.message) if turn and turn.error else ""
        detail = (Bit(f"failed · {why}" if why else "failed", Tone.FAIL),)
    elif glyph is Glyph.INTERRUPTED:
        detail = (Bit("interrupted · next message resumes", Tone.MUTED),)
    name = agent_name(thread) if thread.is_agent else "/root"
    return AgentRow(
        id=thread.id,
        guide=guide,
        glyph=glyph,
        tone=tone,
        name=name,
        model=one_line(thread.model or ""),
        effort=one_line(thread.effort or ""),
        tokens=count(thread.tokens.total) if thread.tokens else "",
        detail=detail,
        word=word,
    )


def agent_sign(thread: Thread, *, stale: bool = False) -> tuple[Glyph, Tone, str]:
    """Glyph, tone and word of one agent's own state."""
    live = thread.status is ThreadStatus.ACTIVE
    if stale and (live or pending(thread)):
        return Glyph.STALE, Tone.MUTED, "last known"
    if pending(thread):
        return Glyph.NEED, Tone.NEED, "needs you"
    if live:
        return Glyph.WORK, Tone.WORK, "working"
    turn = last_turn(thread)
    ended = turn.status if turn else None
    if thread.status is ThreadStatus.SYSTEM_ERROR or ended is TurnStatus.FAILED:
        return Glyph.FAILED, Tone.FAIL, "failed"
    if ended is TurnStatus.INTERRUPTED or thread.agent_status == "interrupted":
        return Glyph.INTERRUPTED, Tone.TEXT, "interrupted"
    if thread.agent_status == "completed" or (
        thread.is_agent and ended is TurnStatus.COMPLETED
    ):
        return Glyph.DONE, Tone.MUTED, "completed"
    if thread.agent_status == "started":
        return Glyph.STARTING, Tone.WORK, "starting"
    if thread.status in (ThreadStatus.NOT_LOADED, ThreadStatus.UNKNOWN):
        return Glyph.NOT_LOADED, Tone.FAINT, "not loaded"
    return Glyph.READY, Tone.MUTED, "ready"


def running_reviews(threads: Iterable[Thread]) -> tuple[int, int]:
    """(how many auto-reviews run, since when the oldest does, in ms)."""
    began = [
        auto.started_ms or 0
        for thread in threads
        for auto in thread.auto_reviews.values()
        if auto.status == "inProgress"
    ]
    return len(began), min(began, default=0)


def _reviews(
    world: World,
    forest: Forest,
    asking: Iterable[ThreadId],
    marked: Set[ReviewKey],
    *,
    stale: bool,
) -> tuple[tuple[ReviewRow, ...], int]:
    rows: list[ReviewRow] = []
    others: list[ReviewRow] = []
    running = 0
    oldest = 0
    for thread in (world.threads[thread_id] for thread_id in asking):
        for auto in thread.auto_reviews.values():
            if auto.status == "inProgress":
                running += 1
                at = auto.started_ms or 0
                oldest = at if running == 1 else min(oldest, at)
        for review in pending(thread):
            row = _review(world, forest, thread, review, stale=stale)
            rows.append(replace(row, marked=True) if review.key in marked else row)
        for review in foreign(thread):
            row = _review(world, forest, thread, review, stale=stale)
            what = f"waits for its own client · {row.what}"
            quiet = replace(row, glyph=Glyph.NOT_LOADED, tone=Tone.MUTED, what=what)
            others.append(quiet)
    rows.sort(key=lambda row: -row.asked_ms)
    rows += sorted(others, key=lambda row: -row.asked_ms)
    if running:
        words = f"{running} auto-review{'s' if running > 1 else ''} running"
        rows.append(
            ReviewRow(None, Glyph.AUTO, Tone.AUTO, words, "", "", asked_ms=oldest)
        )
    return tuple(rows), running


def _review(
    world: World, forest: Forest, thread: Thread, review: Review, *, stale: bool
) -> ReviewRow:
    owner = agent_label(thread)
    if not thread.is_agent:
        owner = thread_title(world.threads[forest.root(thread.id)])
    return ReviewRow(
        key=review.key,
        glyph=Glyph.STALE if stale else Glyph.NEED,
        tone=Tone.MUTED if stale else Tone.NEED,
        kind=review_word(review.kind),
        who=owner,
        what=review_what(review, thread),
        asked_ms=review.asked_ms,
    )
