"""From published worlds to read models for the widgets of the fleet screen.

Owns what the screen looks at (open thread, filter, shown review) and the builders;
asks for a read model only when something it depends on changed. Knows no widget.
Invariant: what it hands out is built from one world, the one last published.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar, cast

from state.dataclass import dataclass, replace
from state.items import ThreadId
from state.model import (
    EnginePhase,
    HistoryState,
    Review,
    ReviewKey,
    ReviewState,
    Settings,
    Thread,
    World,
)
from state.select.addresses import Addresses
from state.select.agent_detail import agent_detail
from state.select.agents import AgentTreeBuilder, TreeAsk
from state.select.banner import banner_view
from state.select.frame import composer_view, header_view, sandbox_line
from state.select.review import Place, all_pending, review_card
from state.select.review_parts import likeness
from state.select.same import kept
from state.select.side import running_reviews, side_view
from state.select.terminals import terminals_view
from state.select.threads import Group, ListAsk, ThreadListBuilder
from state.select.timeline import NO_PAST, TimelineBuilder
from state.select.transcript import TranscriptBuilder
from state.text import reveal
from state.tree import Forest
from state.usage import NO_METERS
from state.views import (
    AgentDetail,
    AgentTreeView,
    BannerView,
    ComposerView,
    HeaderView,
    ReviewCardView,
    SandboxLine,
    SideView,
    TerminalsView,
    ThreadListView,
    TimelineView,
    TranscriptView,
)

if TYPE_CHECKING:
    from state.store import Published

V = TypeVar("V")
Counts = tuple[tuple[Group, int], ...]


@dataclass(frozen=True, slots=True)
class Looking:
    """What the user looks at. `thread` None: a new thread is being written."""

    thread: ThreadId | None = None
    review: ReviewKey | None = None
    before: frozenset[tuple[ThreadId, ReviewKey]] = frozenset()
    """Those of the store that asked for the same as `review`"""
    marked: frozenset[ReviewKey] = frozenset()
    """Reviews that are to be answered together"""
    seen: frozenset[tuple[ReviewKey, str]] = frozenset()
    """Reviews that stood before the user, with the hash of what they asked"""
    ask: ListAsk = ListAsk()
    cwd: str = ""
    """For the eye, with `~`"""
    trusted: bool | None = None
    """Whether the engine trusts `cwd`; None: not known"""
    fresh: Settings | None = None
    """What a thread that starts in `cwd` would run under; None: not known"""
    tree: TreeAsk = TreeAsk()
    message: str = ""
    opening: ThreadId | None = None


class Presenter:
    """One world in, read models out."""

    def __init__(self, world: World, *, cwd: str, counts: Counts = ()) -> None:
        self.forest = Forest()
        self.world = world
        self.looking = Looking(cwd=cwd)
        self._counts = counts
        self._threads = ThreadListBuilder(self.forest)
        self._transcript = TranscriptBuilder(self.forest)
        self._addresses = Addresses(self.forest)
        self._agents = AgentTreeBuilder(self.forest)
        self._timeline = TimelineBuilder(self.forest)
        self.past = NO_PAST
        """What the store holds of the open tree, once somebody looks back"""
        self._shown: dict[str, object] = {}
        self.forest.update(world.threads, world.threads)
        self._addresses.update(world.threads, world.threads)
        self._threads.update(world, world.threads)
        self._listed = world
        self._unlisted: set[ThreadId] = set()
        """Changed, and not yet looked at by the list: it is drawn less often"""
        self._asking: dict[ThreadId, None] = {}
        self._note_asking(world.threads)
        self.meters = NO_METERS
        """What terminals' processes use, as last looked at"""
        self._holding: dict[ThreadId, None] = {}
        self._note_holding(world.threads)

    def take(self, step: Published) -> None:
        """The world moved on."""
        self.world = step.world
        self._counts = ()  # From the first publish on, all rows are read.
        self.forest.update(step.world.threads, step.dirty)
        self._addresses.update(step.world.threads, step.dirty)
        self._unlisted |= step.dirty
        self._note_asking(step.dirty)
        self._note_holding(step.dirty)
        opening = self.looking.opening
        if opening is not None and opening in step.dirty:
            thread = step.world.threads[opening]
            if thread.turns or thread.history is not HistoryState.NONE:
                self.look(opening=None)

    def look(self, **changes: object) -> None:
        """The user looks at something else."""
        self.looking = replace(self.looking, **changes)  # type: ignore[arg-type]

    # -- what there is -----------------------------------------------------------

    @property
    def thread(self) -> Thread | None:
        """The open thread."""
        open_id = self.looking.thread
        return self.world.threads.get(open_id) if open_id is not None else None

    def waiting(self) -> list[tuple[Thread, Review]]:
        """Every review that waits for the user, newest first."""
        return all_pending(self.world.threads[i] for i in self._asking)

    def _note_asking(self, dirty: Iterable[ThreadId]) -> None:
        for thread_id in dirty:
            thread = self.world.threads[thread_id]
            if thread.reviews or thread.auto_reviews or thread.asking:
                self._asking[thread_id] = None

    def _note_holding(self, dirty: Iterable[ThreadId]) -> None:
        for thread_id in dirty:
            thread = self.world.threads[thread_id]
            if thread.terminals or thread.ended_terminals:
                self._holding[thread_id] = None
            else:
                self._holding.pop(thread_id, None)

    @property
    def with_terminals(self) -> list[Thread]:
        """The threads that hold terminals, running or ended."""
        return [self.world.threads[thread_id] for thread_id in self._holding]

    def running_terminals(self, thread_id: ThreadId | None) -> int:
        """How many run in the tree that a thread belongs to."""
        if thread_id is None:
            return 0
        root = self.forest.root(thread_id)
        return sum(
            len(thread.terminals)
            for thread in self.with_terminals
            if self.forest.root(thread.id) == root
        )

    # -- read models -------------------------------------------------------------

    def _kept(self, place: str, view: V) -> V:
        """What was shown there before, if nothing differs: widgets compare by
        identity."""
        view = kept(cast(V, self._shown.get(place)), view)
        self._shown[place] = view
        return view

    def threads(self) -> ThreadListView:
        """The list."""
        ask = self.looking.ask
        ask = replace(ask, loading=self._waiting_for(), counts=self._counts)
        return self._list().view(ask)

    def _waiting_for(self) -> str:
        """What is waited for before it can be said that there is no thread; "" when
        that is known, or when nobody is there to say it."""
        if self.world.threads or self.world.listed:
            return ""
        match self.world.engine.phase:
            case EnginePhase.NONE | EnginePhase.CONNECTING:
                return "Waiting for the engine …"
            case EnginePhase.READY:
                return "Reading the threads …"
            case EnginePhase.LOST | EnginePhase.MISSING:
                return ""

    def _list(self) -> ThreadListBuilder:
        if self._listed is not self.world:
            self._threads.update(self.world, self._unlisted)
            self._listed, self._unlisted = self.world, set()
        return self._threads

    @property
    def counts(self) -> tuple[int, int]:
        """How many trees need the user, and how many work; nought when nobody knows."""
        if self.world.engine.phase is not EnginePhase.READY:
            return 0, 0
        listed = self._list()
        return listed.needs, listed.working

    def header(self) -> HeaderView:
        """The top line."""
        return self._kept(
            "header",
            header_view(
                self.world,
                needs=self._list().needs,
                working=self._threads.working,
                threads=self.threads().total,
            ),
        )

    def transcript(self) -> TranscriptView:
        """The open thread, or what to do without one."""
        thread = self.thread
        if thread is None:
            return TranscriptView(title="New thread", empty=self._invitation())
        loading = self.looking.opening == thread.id and not thread.turns
        return self._transcript.view(self.world, thread, loading=loading)

    def side(self) -> SideView:
        """Agents, terminals, reviews."""
        looking = self.looking
        view = side_view(
            self.world,
            self.forest,
            self.tree(),
            self._asking,
            self.meters,
            looking.marked,
        )
        return self._kept("side", view)

    def tree(self) -> AgentTreeView:
        """The agents of the open thread, shown as asked."""
        return self._agents.view(self.world, self.looking.thread, self.looking.tree)

    def terminals(self) -> TerminalsView:
        """All terminals of all threads."""
        view = terminals_view(self.world, self.forest, self._holding, self.meters)
        return self._kept("terminals", view)

    def agent(self, thread_id: ThreadId | None) -> AgentDetail | None:
        """What is known of one agent of any tree."""
        thread = self.world.threads.get(thread_id) if thread_id is not None else None
        if thread is None:
            return None
        view = agent_detail(self.world, self.forest, thread)
        return self._kept("agent", view)

    def timeline(self) -> TimelineView:
        """The agents of the open thread over time."""
        looking = self.looking
        return self._timeline.view(self.world, looking.thread, looking.tree, self.past)

    def banner(self) -> BannerView | None:
        """Something is wrong with the whole."""
        return self._kept("banner", banner_view(self.world))

    def _tree_of(self, thread: Thread | None) -> tuple[Thread, ...]:
        """The root of its tree, then the agents in it."""
        if thread is None:
            return ()
        root = self.world.threads.get(self.forest.root(thread.id))
        return () if root is None else (root, *self.forest.descendants(root.id))

    def status(self) -> SandboxLine:
        """The bottom line."""
        message = self.looking.message
        if self.world.engine.phase in (EnginePhase.LOST, EnginePhase.MISSING):
            message = message or self.world.store_error or ""  # No banner says it.
        line = sandbox_line(
            self.world,
            self.thread,
            message=message,
            terminals=self.running_terminals(self.looking.thread),
            fresh=self.looking.fresh,
            tree=self._tree_of(self.thread),
        )
        if self.world.engine.phase is EnginePhase.READY:
            asking = (self.world.threads[i] for i in self._asking)
            auto, since = running_reviews(asking)
            line = replace(line, auto=auto, auto_since_ms=since)
        return self._kept("status", line)

    def composer(self) -> ComposerView:
        """Where words go."""
        view = composer_view(
            self.world,
            self.thread,
            cwd=self.looking.cwd,
            agents=self._addresses.of(self.looking.thread),
        )
        return self._kept("composer", view)

    def card(self) -> ReviewCardView | None:
        """The review that is shown; None when it is unknown."""
        key = self.looking.review
        if key is None:
            return None
        waiting = self.waiting()
        keys = [review.key for _, review in waiting]
        found = [
            review
            for thread_id in self._asking
            if (review := self.world.threads[thread_id].reviews.get(key)) is not None
        ]
        if not found:
            return None
        # An id that was given away anew names the request that waits.
        review = min(found, key=lambda r: r.state is not ReviewState.PENDING)
        index = keys.index(key) + 1 if key in keys else 0
        together = self._together(review, waiting)
        place = Place(index, len(keys), *together, before=self.looking.before)
        asking = [self.world.threads[i] for i in self._asking]
        card = review_card(self.world, self.forest, review, place, asking)
        return self._kept("card", card)

    @property
    def folder(self) -> str:
        """Where a new thread would start, to be drawn."""
        return reveal(self.looking.cwd).text

    def _together(
        self, review: Review, waiting: list[tuple[Thread, Review]]
    ) -> tuple[tuple[Review, ...], int]:
        """What is marked with this one and asks for the same, and how many of those
        the user has not looked at yet."""
        looking = self.looking
        if review.key not in looking.marked or not review.ours:
            return (), 0
        own = likeness(review, self.world.threads[review.thread_id])
        others = tuple(
            other
            for thread, other in waiting
            if other.key in looking.marked
            and other.key != review.key
            and other.state is ReviewState.PENDING
            and likeness(other, thread) == own != ""
        )
        unseen = sum((o.key, o.params_hash) not in looking.seen for o in others)
        return others, unseen

    def _invitation(self) -> tuple[str, ...]:
        folder = self.folder
        rows = (
            f"What should Codex do in {folder}?" if folder else "What should Codex do?",
            "",
            "write below\tand press enter: a thread starts in this folder",
            "/\tevery command, with what it does",
            "n\tanother folder, model or sandbox",
        )
        if self.looking.trusted is not False:
            return rows
        return (
            *rows,
            "",
            "This folder is not trusted yet, so the thread starts read-only.",
            "Nothing is trusted by starting.",
        )
