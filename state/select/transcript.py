"""The open thread as cells: what was said, run, edited and asked, in order.

Owns how each item kind is worded. Cells of a turn are rebuilt only when the turn
changed, and an item's cell only when the item did: identity says so. Every string
passes a text door here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import count as counter

from state.dataclass import replace
from state.items import Item, ItemId, ThreadId, TurnId
from state.ledger import RETRYABLE
from state.ledger import judged as outcome_of
from state.model import (
    AutoReview,
    EnginePhase,
    HistoryState,
    Review,
    ReviewState,
    Send,
    SendState,
    Thread,
    Turn,
    TurnStatus,
    World,
)
from state.select.agent_detail import spawned_words, task_words
from state.select.agent_turns import AgentsOfTurns
from state.select.blocked import let_out
from state.select.cells import CellWords, item_body
from state.select.delivery import notice
from state.select.failures import failure_words
from state.select.words import (
    activity,
    agent_label,
    judged,
    one_line,
    pending,
    review_what,
    review_word,
    tree_title,
)
from state.text import clean
from state.tree import Forest
from state.views import (
    Bit,
    Cell,
    CellBody,
    EventCell,
    Glyph,
    LiveLine,
    NoticeCell,
    SaidCell,
    Tone,
    TranscriptView,
    TurnRule,
)
from state.words import count

_RULE = ItemId("codex-tui:rule")
_END = ItemId("codex-tui:end")
_SEND = TurnId("codex-tui:sends")
_NOTE = TurnId("codex-tui:notes")

NO_ANSWER = "the connection ended before an answer came"


class TranscriptBuilder:
    """Builds one thread's transcript at a time and remembers its cells."""

    def __init__(self, forest: Forest) -> None:
        self._forest = forest
        self._thread: ThreadId | None = None
        self._turns: dict[TurnId, tuple[Turn, CellWords, tuple[Cell, ...]]] = {}
        self._cells: dict[tuple[TurnId, ItemId], tuple[object, CellWords, Cell]] = {}
        self._agents = AgentsOfTurns(forest)
        self._reviews = _Reviews(Thread(ThreadId("")))
        self._revisions = counter(1)

    def view(self, world: World, thread: Thread, *, loading: bool) -> TranscriptView:
        """The transcript as it stands."""
        if thread.id != self._thread:
            self._thread = thread.id
            self._turns.clear()
            self._cells.clear()
            self._agents.clear()
        if not self._reviews.are_of(thread):
            self._reviews = _Reviews(thread)
        stale = world.engine.phase is not EnginePhase.READY
        cells: list[Cell] = []
        cells += self._head(world, thread)
        notes = deque(thread.notices)
        for number, turn in enumerate(thread.turns.values(), 1):
            while notes and _before(notes[0], turn):
                cells.extend(self._note(notes.popleft()))
            cells.extend(self._turn(thread, turn, number, stale=stale))
        for note in notes:
            cells.extend(self._note(note))
        cells.extend(self._sends(thread))
        cells.extend(self._undelivered(thread))
        tokens = thread.tokens.total if thread.tokens else 0
        return TranscriptView(
            thread_id=thread.id,
            title=tree_title(world.threads, thread),
            agent_path=agent_label(thread),
            right=f"{count(tokens)} tokens" if tokens else "",
            cells=tuple(cells),
            live=self._live(thread, stale=stale),
            older=thread.history is HistoryState.PARTIAL,
            loading=loading,
            empty=() if cells or loading else _nothing(thread),
        )

    def _turn(
        self, thread: Thread, turn: Turn, number: int, *, stale: bool
    ) -> tuple[Cell, ...]:
        words = _words(thread, turn, self._reviews, stale=stale)
        agents = self._agents.of(thread, turn, stale=stale)
        whole = replace(words, agents=tuple(f for _, fs in agents for f in fs))
        known = self._turns.get(turn.id)
        if known is not None and known[0] is turn and known[1] == whole:
            return known[2]
        cells: list[Cell] = []
        if number > 1:
            rule = TurnRule(number, turn.started_ms)
            cells.append(self._cell(turn.id, _RULE, turn.started_ms, words, rule))
        about = dict(agents)
        for item in turn.items.values():
            here = words
            if item.id in about:
                here = replace(words, agents=about[item.id])
            kept = self._cells.get((turn.id, item.id))
            if kept is not None and kept[0] is item and kept[1] == here:
                cells.append(kept[2])
                continue
            body = item_body(item, turn, here)
            if body is not None:
                cells.append(self._cell(turn.id, item.id, item, here, body))
        ending = _ending(turn)
        if ending is not None:
            cells.append(self._cell(turn.id, _END, turn, words, ending))
        built = tuple(cells)
        self._turns[turn.id] = (turn, whole, built)
        return built

    def _cell(
        self,
        turn_id: TurnId,
        item_id: ItemId,
        source: object,
        words: CellWords,
        body: CellBody,
    ) -> Cell:
        cell = Cell((turn_id, item_id), next(self._revisions), body)
        self._cells[turn_id, item_id] = (source, words, cell)
        return cell

    def _keyed(self, turn_id: TurnId, key: str, source: object, body: CellBody) -> Cell:
        item_id = ItemId(key)
        kept = self._cells.get((turn_id, item_id))
        if kept is not None and kept[0] is source:
            return kept[2]
        return self._cell(turn_id, item_id, source, CellWords(), body)

    def _head(self, world: World, thread: Thread) -> list[Cell]:
        """Who spawned an agent, from which turn, and its task where it is not among
        what was said."""
        if not thread.is_agent:
            return []
        spawn = thread.spawn
        model = (spawn and spawn.model) or thread.model
        effort = (spawn and spawn.effort) or thread.effort
        how = " ".join(one_line(word) for word in (model, effort) if word)
        rows = [("Spawned", spawned_words(world, thread), how)]
        task, note = task_words(thread)
        if not thread.preview:
            rows.append(("Task", task or note, ""))
        cells = []
        for source in rows:
            verb, subject, right = source
            key = (_NOTE, ItemId(f"codex-tui:{verb}"))
            kept = self._cells.get(key)
            if kept is not None and kept[0] == source:
                cells.append(kept[2])
                continue
            facts = (Bit(right, Tone.MUTED),) if right else ()
            body = EventCell(Glyph.NONE, Tone.MUTED, verb, subject, facts)
            cells.append(self._cell(*key, source, CellWords(), body))
        return cells

    def _note(self, notice: Item) -> list[Cell]:
        """A warning about the thread, where it came."""
        body = item_body(notice, None, CellWords())
        return [] if body is None else [self._keyed(_NOTE, notice.id, notice, body)]

    def _sends(self, thread: Thread) -> list[Cell]:
        return [
            self._keyed(_SEND, send.client_id, send, _send(send))
            for send in thread.sends.values()
            if send.state is not SendState.HELD  # these stand above the composer
        ]

    def _undelivered(self, thread: Thread) -> list[Cell]:
        """Never the end of a thread without a word about it."""
        left = thread.undelivered
        if not left or thread.active_turn is not None:
            return []
        return [self._keyed(_NOTE, "codex-tui:undelivered", left, notice(left))]

    def _live(self, thread: Thread, *, stale: bool) -> LiveLine | None:
        turn = thread.turns.get(thread.active_turn) if thread.active_turn else None
        if turn is None:
            return None
        if stale:
            return LiveLine("Working", turn.started_ms, stale=True)
        busy = self._forest.below(thread.id).working
        terminals = self._forest.total(thread.id).terminals
        right = ", ".join(
            f"{n} {word}{'s' if n > 1 else ''}"
            for n, word in ((busy, "agent"), (terminals, "terminal"))
            if n
        )
        asked = pending(thread)
        if asked:
            words = f"Waits for you · {review_word(asked[0].kind)}"
            return LiveLine(words, turn.started_ms, "r review", right, need=True)
        doing = activity(thread)
        words = "Working" if doing in ("", "working", "thinking", "writing") else ""
        words = words or doing[0].upper() + doing[1:]
        return LiveLine(words, turn.started_ms, "esc interrupt", right)


class _Reviews:
    """The reviews of a thread by turn: each turn asks for its own."""

    def __init__(self, thread: Thread) -> None:
        self._of = (thread.reviews, thread.auto_reviews)
        self.pending: dict[TurnId | None, list[Review]] = {}
        self.all: dict[TurnId | None, list[Review]] = {}
        self.autos: dict[TurnId | None, list[AutoReview]] = {}
        for review in pending(thread):
            self.pending.setdefault(review.turn_id, []).append(review)
        for review in thread.reviews.values():
            self.all.setdefault(review.turn_id, []).append(review)
        for auto in thread.auto_reviews.values():
            self.autos.setdefault(auto.turn_id, []).append(auto)

    def are_of(self, thread: Thread) -> bool:
        """Whether they are still what the thread has."""
        reviews, autos = self._of
        return reviews is thread.reviews and autos is thread.auto_reviews


def _before(note: Item, turn: Turn) -> bool:
    """Engines count turns in seconds, and warn as a thread starts: what was said in
    the second that a turn began in was said before it."""
    began = turn.started_ms
    return began is not None and (note.started_ms or 0) // 1000 <= began // 1000


def _words(thread: Thread, turn: Turn, reviews: _Reviews, *, stale: bool) -> CellWords:
    asked = {r.item_id: r for r in reviews.pending.get(turn.id, ())}
    all_of = reviews.all.get(turn.id, ())
    autos, settings = reviews.autos.get(turn.id, ()), turn.settings or thread.settings
    return CellWords(
        stale=stale,
        running=turn.id == thread.active_turn,
        cwd=thread.cwd,
        asking=tuple(
            sorted((str(i), review_what(r, thread)) for i, r in asked.items())
        ),
        unallowed=tuple(sorted(_unallowed(all_of, autos, turn))),
        judged=tuple(sorted(str(i) for i in (judged(auto) for auto in autos) if i)),
        denied=tuple(
            (str(auto.notice), auto.id)
            for auto in autos
            if outcome_of(auto)[0] in RETRYABLE
        ),
        let_out=let_out(all_of, autos, settings),
        terminals=tuple(sorted(i for i in thread.terminals if i in turn.items)),
    )


def _unallowed(
    reviews: Iterable[Review], autos: Iterable[AutoReview], turn: Turn
) -> Iterator[str]:
    """Items of a turn whose request ended unanswered, or whose auto-review without a
    result: they never began; also where the turn came to its own end, as when the
    script that asked for them fails. A request with an id of its own is about what
    runs already."""
    if turn.status is TurnStatus.IN_PROGRESS:
        return
    for auto in autos:
        if auto.holds_back and auto.status in ("inProgress", "aborted"):
            yield str(auto.holds_back)
    for review in reviews:
        unanswered = review.decision is None and (
            review.state is ReviewState.LOST
            or (
                review.state is ReviewState.RESOLVED
                and review.resolved_by == "the turn's end"
            )
        )
        if unanswered and review.approval_id is None:
            yield str(review.item_id)


def _send(send: Send) -> SaidCell:
    words = {
        SendState.NOTED: "sending",
        SendState.SENT: "queued" if send.how == "queue" else "sent",
        SendState.SEEN: "",
        SendState.REFUSED: f"refused: {one_line(send.error or '')}",
        SendState.UNKNOWN: f"unknown: {one_line(send.error or NO_ANSWER)}",
        SendState.HELD: "held",
        SendState.DROPPED: "",
    }
    return SaidCell(clean(send.text), state=words[send.state])


def _ending(turn: Turn) -> CellBody | None:
    """What a turn's end leaves to say, beyond its items."""
    match turn.status:
        case TurnStatus.FAILED:
            error = turn.error
            if error is None:
                return NoticeCell(Tone.FAIL, Glyph.FAILED, "The turn failed.")
            return NoticeCell(Tone.FAIL, Glyph.FAILED, *failure_words(error))
        case TurnStatus.INTERRUPTED:
            return EventCell(
                Glyph.INTERRUPTED,
                Tone.TEXT,
                "Interrupted",
                "· the next message resumes",
            )
        case TurnStatus.COMPLETED if not turn.items and turn.error is None:
            return NoticeCell(
                Tone.NEED, Glyph.DENIED, "A hook stopped this prompt; nothing ran."
            )
        case _:
            return None


def _nothing(thread: Thread) -> tuple[str, ...]:
    if thread.is_agent:
        return ("Nothing was said here yet.",)
    if thread.history is HistoryState.COMPLETE:
        return ("This thread has no turns yet.", "i  write the first message")
    return ("Nothing of this thread is kept here yet.",)
