"""The agent tree as rows, and what is known of one agent.

Owns the rows' words, what folding, filtering and hiding leave of a tree, and the
agent's facts. Does not own how agents stand (`state.agents`) nor sums
(`state.tree`). Invariant: a row is the very same object while nothing on it changed,
and an agent that needs somebody is never hidden as finished.
"""

from __future__ import annotations

from operator import is_

from state.agents import (
    FINISHED,
    LIVE,
    NEEDS,
    AgentState,
    agent_state,
    born_ms,
    waiting_reviews,
)
from state.dataclass import dataclass, replace
from state.items import ThreadId
from state.model import EnginePhase, Thread, World
from state.select.words import (
    activity,
    agent_label,
    agent_name,
    error_line,
    one_line,
    review_what,
    review_word,
    thread_title,
)
from state.tree import Forest, Tally
from state.views import (
    AgentRow,
    AgentTreeView,
    Bit,
    Bits,
    Glyph,
    Tone,
)
from state.words import count

SIGNS: dict[AgentState, tuple[Glyph, Tone]] = {
    AgentState.REVIEW: (Glyph.NEED, Tone.NEED),
    AgentState.INPUT: (Glyph.NEED, Tone.NEED),
    AgentState.AUTO: (Glyph.AUTO, Tone.AUTO),
    AgentState.WAITING: (Glyph.WORK, Tone.WORK),
    AgentState.RUNNING: (Glyph.WORK, Tone.WORK),
    AgentState.PENDING: (Glyph.STARTING, Tone.WORK),
    AgentState.READY: (Glyph.READY, Tone.MUTED),
    AgentState.INTERRUPTED: (Glyph.INTERRUPTED, Tone.TEXT),
    AgentState.COMPLETED: (Glyph.DONE, Tone.MUTED),
    AgentState.FAILED: (Glyph.FAILED, Tone.FAIL),
    AgentState.CLOSED: (Glyph.CLOSED, Tone.MUTED),
    AgentState.NOT_LOADED: (Glyph.NOT_LOADED, Tone.FAINT),
    AgentState.UNKNOWN: (Glyph.NOT_LOADED, Tone.FAINT),
}
ELSEWHERE = "not asked of this window"
_RESTS = "interrupted · next message resumes"


@dataclass(frozen=True, slots=True)
class TreeAsk:
    """How a tree is to be shown. `pins`: agents in the order of their digits."""

    folded: frozenset[ThreadId] = frozenset()
    filter: str = ""
    hide_finished: bool = False
    pins: tuple[ThreadId, ...] = ()


def state_sign(state: AgentState, *, stale: bool) -> tuple[Glyph, Tone, str]:
    """Glyph, tone and word. What is live and old news is only last known."""
    if stale and state in LIVE | {AgentState.PENDING}:
        return Glyph.STALE, Tone.MUTED, "last known"
    return (*SIGNS[state], str(state))


def agent_sign(thread: Thread, *, stale: bool = False) -> tuple[Glyph, Tone, str]:
    """Glyph, tone and word of one agent's own state."""
    return state_sign(agent_state(thread), stale=stale)


_Facts = tuple[str, Thread, Tally, tuple[bool, int, bool, bool]]


class AgentTreeBuilder:
    """Builds the tree a thread is in; remembers its rows."""

    def __init__(self, forest: Forest) -> None:
        self._forest = forest
        self._rows: dict[ThreadId, tuple[_Facts, AgentRow]] = {}
        self._states: dict[ThreadId, tuple[Thread, AgentState]] = {}
        self._root: ThreadId | None = None
        self._view = AgentTreeView()

    def view(
        self, world: World, thread_id: ThreadId | None, ask: TreeAsk | None = None
    ) -> AgentTreeView:
        """The tree, shown as asked. The same object while nothing on it changed."""
        ask = ask or TreeAsk()
        if thread_id is None or thread_id not in world.threads:
            return AgentTreeView(filter=ask.filter, hide_finished=ask.hide_finished)
        root = self._forest.root(thread_id)
        if root != self._root:
            self._root = root
            self._rows.clear()
            self._states.clear()
        stale = world.engine.phase is not EnginePhase.READY
        tree = [thread for _, thread in self._forest.walk(root)]
        only, found = self._shown(tree, ask)
        rows = tuple(
            self._row(guide, thread, ask, found, stale=stale)
            for guide, thread in self._forest.walk(
                root, folded=() if ask.filter else ask.folded, only=only
            )
            if only is None or root in only
        )
        self._view = _kept(self._view, self._whole(world, tree, rows, ask, only))
        return self._view

    def _shown(
        self, tree: list[Thread], ask: TreeAsk
    ) -> tuple[set[ThreadId] | None, set[ThreadId] | None]:
        """(threads to show, threads that a filter found); None: all."""
        words = ask.filter.lower().split()
        if not words and not ask.hide_finished:
            return None, None
        found = {
            thread.id
            for thread in tree
            if self._wanted(thread, ask.hide_finished) and self._matches(thread, words)
        }
        only = set(found)
        for thread in reversed(tree):  # children before their parents
            above = self._forest.parent(thread.id)
            if thread.id in only and above is not None:
                only.add(above)
        return only, found if words else None

    def _wanted(self, thread: Thread, hide: bool) -> bool:
        return not hide or self._state(thread) not in FINISHED

    def _matches(self, thread: Thread, words: list[str]) -> bool:
        if not words:
            return True
        parts = (
            thread.agent_path or "/root",
            thread.nickname,
            thread.role,
            thread.model,
            thread.effort,
            str(self._state(thread)),
        )
        haystack = " ".join(filter(None, parts)).lower()
        return all(word in haystack for word in words)

    def _state(self, thread: Thread) -> AgentState:
        known = self._states.get(thread.id)
        if known is None or known[0] is not thread:
            known = self._states[thread.id] = (thread, agent_state(thread))
        return known[1]

    def _row(
        self,
        guide: str,
        thread: Thread,
        ask: TreeAsk,
        found: set[ThreadId] | None,
        *,
        stale: bool,
    ) -> AgentRow:
        total = self._forest.total(thread.id)
        known = self._rows.get(thread.id)
        if known is not None:
            (its_guide, its_thread, its_total, its_look), row = known
            alike = its_thread is thread and its_total == total and its_guide == guide
            if alike and its_look == self._look(thread, ask, found, stale=stale):
                return row
        look = self._look(thread, ask, found, stale=stale)
        folded, pin, matches, _ = look
        below = total.threads - self._forest.own(thread.id).threads
        row = agent_row(guide, thread, total, self._state(thread), stale=stale)
        row = replace(
            row,
            branch=below > 0,
            folded=folded,
            hidden=below if folded else 0,
            pin=pin,
            matches=matches,
            sum_tokens=count(total.tokens) if below and total.tokens else "",
        )
        self._rows[thread.id] = ((guide, thread, total, look), row)
        return row

    @staticmethod
    def _look(
        thread: Thread, ask: TreeAsk, found: set[ThreadId] | None, *, stale: bool
    ) -> tuple[bool, int, bool, bool]:
        """(folded, digit it is pinned to, found by the filter, last known)."""
        one = thread.id
        folded = one in ask.folded and not ask.filter
        pin = ask.pins.index(one) + 1 if one in ask.pins else 0
        return folded, pin, found is None or one in found, stale

    def _whole(
        self,
        world: World,
        tree: list[Thread],
        rows: tuple[AgentRow, ...],
        ask: TreeAsk,
        only: set[ThreadId] | None,
    ) -> AgentTreeView:
        root = tree[0]
        total = self._forest.total(root.id)
        states = [self._state(thread) for thread in tree]
        hidden = 0
        if ask.hide_finished and not ask.filter and only is not None:
            hidden = sum(thread.id not in only for thread in tree[1:])
        stale = world.engine.phase is not EnginePhase.READY
        return AgentTreeView(
            root=root.id,
            title=thread_title(root),
            rows=rows,
            total=len(tree),
            tokens=count(total.tokens) if total.tokens else "",
            needs=0 if stale else sum(state in NEEDS for state in states),
            working=0 if stale else total.working,
            failed=sum(state is AgentState.FAILED for state in states),
            filter=ask.filter,
            hide_finished=ask.hide_finished,
            hidden=hidden,
            stale=stale,
            note=_orphan(root),
        )


def _kept(old: AgentTreeView, new: AgentTreeView) -> AgentTreeView:
    """`old` if it shows the same rows and the same words."""
    same_rows = len(old.rows) == len(new.rows) and all(map(is_, old.rows, new.rows))
    if not same_rows:
        return new
    words = all(
        getattr(old, name) == getattr(new, name)
        for name in AgentTreeView.__dataclass_fields__
        if name != "rows"
    )
    return old if words else replace(new, rows=old.rows)


def _orphan(root: Thread) -> str:
    if not root.is_agent:
        return ""
    return f"The parent of {agent_label(root)} is not known here."


def agent_row(
    guide: str, thread: Thread, total: Tally, state: AgentState, *, stale: bool
) -> AgentRow:
    """A row by itself: nothing folded, nothing filtered."""
    glyph, tone, word = state_sign(state, stale=stale)
    detail, since = _detail(thread, state, stale=stale)
    spawn = thread.spawn
    live = state in LIVE and not stale
    return AgentRow(
        id=thread.id,
        guide=guide,
        glyph=glyph,
        tone=tone,
        name=agent_name(thread) if thread.is_agent else "/root",
        model=one_line((spawn and spawn.model) or thread.model or ""),
        effort=one_line((spawn and spawn.effort) or thread.effort or ""),
        tokens=count(thread.tokens.total) if thread.tokens else "",
        detail=detail,
        detail_ms=since,
        word=word,
        path=agent_label(thread),
        label=agent_nick(thread),
        activity=doing_words(thread, state) if live else _left(thread, state),
        since_ms=born_ms(thread),
        reviews=total.reviews,
        autos=total.autos,
        terminals=total.terminals,
        needs=state in NEEDS,
    )


def agent_nick(thread: Thread) -> str:
    """Nickname and role, as far as it has them: `Singer, reviewer`."""
    words = (one_line(thread.nickname or ""), one_line(thread.role or ""))
    return ", ".join(word for word in words if word)


def _detail(
    thread: Thread, state: AgentState, *, stale: bool
) -> tuple[Bits, int | None]:
    asked = waiting_reviews(thread)
    if asked:
        tone = Tone.MUTED if stale else Tone.NEED
        words = f"{AgentState.REVIEW} · {review_word(asked[0].kind)}"
        return (Bit(words, tone),), asked[0].asked_ms
    if state in NEEDS:
        tone = Tone.MUTED if stale else Tone.NEED
        return (Bit(f"{state} · {ELSEWHERE}", tone),), None
    if state is AgentState.FAILED:
        return (Bit(failed_words(thread), Tone.FAIL),), None
    if state is AgentState.INTERRUPTED:
        return (Bit(_RESTS, Tone.MUTED),), None
    if thread.deleted:
        return (Bit("deleted", Tone.MUTED),), None
    return (), None


def failed_words(thread: Thread) -> str:
    error = thread.latest.error if thread.latest else None
    why = error_line(error.message) if error else ""
    return f"failed · {why}" if why else "failed"


def doing_words(thread: Thread, state: AgentState) -> str:
    """What it does now."""
    asked = waiting_reviews(thread)
    if asked:
        return f"{review_word(asked[0].kind)} · {review_what(asked[0], thread)}"
    if state is AgentState.WAITING:
        return ""  # Its state says it all.
    return ELSEWHERE if state in NEEDS else activity(thread)


def _left(thread: Thread, state: AgentState) -> str:
    """What there is to say of one that does nothing now."""
    match state:
        case AgentState.FAILED:
            error = thread.latest.error if thread.latest else None
            return error_line(error.message) if error else ""
        case AgentState.INTERRUPTED:
            return "next message resumes"
        case AgentState.COMPLETED:
            return one_line(thread.latest.words) if thread.latest else ""
    return ""
