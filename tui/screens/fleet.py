"""The fleet screen: threads, the open thread, agents, terminals, reviews.

Owns the layout, which pane is live and how read models reach the widgets. Does not
own what actions do (`tui.screens.fleet_acts`) nor the flows that take several steps
(`tui.screens.flows`). Invariant: an arriving review moves neither focus nor cursor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

import tui.compositor  # noqa: F401 - every screen from here on draws with it
from state import commands as c
from state.items import ThreadId
from state.model import EnginePhase
from state.select.threads import ListAsk
from state.select.words import tilde
from state.views import Bit, Tone
from tui.actions import ACTIONS, Place
from tui.meter import Meter
from tui.presenter import Presenter
from tui.screens.board import Board, keys_of
from tui.screens.fleet_acts import FleetActs
from tui.screens.pace import Pace
from tui.screens.shares import share
from tui.screens.shown import PANES, restyle, turn
from tui.screens.terminal_desk import TerminalDesk
from tui.screens.terminal_watch import TerminalWatch
from tui.services import NEW
from widgets.agent_tree import AgentTree
from widgets.banner import Banner
from widgets.bare import BareHorizontal, BareVertical, blank_lines
from widgets.composer import Composer
from widgets.composer_popup import SlashCommand
from widgets.counters import Counters
from widgets.header import Header
from widgets.review_card import ReviewCard
from widgets.review_inbox import ReviewInbox
from widgets.status_bar import StatusBar
from widgets.tabs import Tabs
from widgets.terminal_board import TerminalBoard
from widgets.thread_list import ThreadList
from widgets.title_line import Hairline, TitleLine
from widgets.transcript import Transcript

if TYPE_CHECKING:
    from state.events import Event
    from state.store import Published
    from state.views import TerminalRow
    from tui.services import Services

MESSAGE_SECONDS = 6.0
_SCREEN_PLACES = (Place.EVERYWHERE, Place.LISTS, Place.THREADS, Place.TERMINALS)


def _commands() -> list[SlashCommand]:
    return [
        SlashCommand(a.slash, a.args, a.help, a.aliases) for a in ACTIONS if a.slash
    ]


class FleetScreen(FleetActs):
    """Home."""

    CSS_PATH = "fleet.tcss"
    BINDINGS: ClassVar[list[BindingType]] = keys_of(
        *_SCREEN_PLACES, without=frozenset({"quit"})
    )

    def __init__(self, services: Services) -> None:
        super().__init__(classes="-pane-1")
        self.services = services
        self.presenter = Presenter(
            services.world,
            cwd=tilde(services.cwd, services.user_home),
            counts=services.remembered.counts,
        )
        table = services.processes
        self.meter = Meter(self.presenter, table.usage if table is not None else None)
        self.terminal_desk = TerminalDesk(self)
        self.terminal_watch = TerminalWatch(self)
        self.pane = 1
        self._list_pace = Pace(self, self.refresh_list)
        self._message_timer: Timer | None = None
        self.header = Header(id="header")
        self.tabs = Tabs(id="tabs")
        self.banner = Banner(id="banner")
        self.threads = ThreadList(id="threads")
        # Held, not looked for: what comes while we leave finds no children any more.
        self.center = BareVertical(id="center")
        self.right = BareVertical(id="right")
        self.heading = TitleLine(id="title")
        self.counters = Counters(id="counters")
        self.transcript = Transcript(id="transcript")
        self.card = ReviewCard(id="card")
        self.composer = Composer(_commands(), id="composer")
        self.agents = AgentTree(id="agents")
        self.terminals = TerminalBoard(id="terminals")
        self.reviews = ReviewInbox(id="reviews")
        self.status = StatusBar(id="status")

    def compose(self) -> ComposeResult:
        """Header, banner, columns, bottom line."""
        yield self.header
        yield self.tabs
        yield self.banner
        with BareHorizontal(id="columns"):
            with BareVertical(id="left"):
                yield self.threads
            yield Hairline(id="rule-left")
            with self.center:
                yield self.heading
                yield self.counters
                yield self.transcript
                yield self.composer
            yield Hairline(id="rule-right")
            yield self.right
        yield self.status

    def render_lines(self, crop: Region) -> list[Strip]:
        """What shows between the parts."""
        return blank_lines(self, crop)

    def on_mount(self) -> None:
        """Paint what the store knew."""
        self._return()
        self.refresh_list()
        if self.presenter.looking.thread is not None:
            self.threads.rows.select(self.presenter.looking.thread)
        self.refresh_views()
        self.set_clock(self.services.clock(), 0)
        self.go_to(1)
        self.call_after_refresh(self._complete)

    async def _complete(self) -> None:
        """The panes that the first paint does not have to wait for."""
        right, center = self.right, self.center
        if right.is_attached:  # else the window closes already
            await right.mount(self.agents, self.terminals, self.reviews)
        if not center.is_attached:
            return
        await center.mount(self.card, after=self.transcript)
        for pane in (self.agents, self.terminals):
            self.watch(pane.rows, "virtual_size", self._share_right, init=False)
        self.refresh_list()

    def _return(self) -> None:
        """To where the last window was."""
        view = self.services.remembered.view
        self.presenter.look(ask=ListAsk.kept(view), tree=self.tree_from(view))
        self.threads.show_filter(self.presenter.looking.ask.filter)
        open_id = view.get("open")
        thread_id = ThreadId(open_id) if isinstance(open_id, str) else None
        if thread_id is not None and thread_id in self.presenter.world.threads:
            self.open_thread(thread_id, focus=False)
        else:
            self.load_draft()

    # -- read models -> widgets --------------------------------------------------

    def take(self, step: Published) -> None:
        """The world moved on."""
        fresh = len(step.world.messages) and (
            step.world.messages is not step.before.messages
        )
        self.presenter.take(step)
        self.loss_desk.take(step)
        now, before = step.world.engine, step.before.engine
        if now.phase is EnginePhase.READY and before.phase is not EnginePhase.READY:
            self._look_again()
        if fresh:
            self.say(step.world.messages[-1])
        if not self.is_mounted:
            return
        self._mark_seen(step)
        self.refresh_views()
        self._list_pace.changed()

    def _look_again(self) -> None:
        """A connection stands: what is open is read from the engine."""
        opening, self.services.opening = self.services.opening, None
        if opening is not None:
            self.run_worker(self.begin_with(opening), group="flow", exit_on_error=False)
            return
        thread = self.presenter.thread
        if thread is None:
            self.run_worker(self.learn_trust(), group="trust", exit_on_error=False)
            return
        self.read_thread(thread.id)
        if thread.unread:
            self.act(c.MarkRead(thread.id))

    def _mark_seen(self, step: Published) -> None:
        """What happens before the user's eyes is read."""
        thread = self.presenter.thread
        if thread is None or not thread.unread or not self.app.app_focus:
            return
        before = step.before.threads.get(thread.id)
        if before is None or not before.unread:
            self.act(c.MarkRead(thread.id))

    def refresh_list(self) -> None:
        """The list, the header and the counters: at most four times a second."""
        presenter = self.presenter
        self.threads.view = presenter.threads()
        self.header.view = presenter.header()
        side = presenter.side()
        self.agents.show(side.tree)
        self.terminals.show(side.terminals)
        self.reviews.show(side.reviews)
        self._share_right()
        self.counters.view = side
        self.tabs.view = side
        self.tabs.needs = presenter.header().needs

    def _share_right(self) -> None:
        """Each pane of the right column as high as it needs, if there is a column."""
        room = self.right.size.height
        wide = self.has_class("-wide") and room > 0
        share((self.agents, self.terminals), room if wide else None)

    def on_screen_suspend(self) -> None:
        """Another screen lies over this one."""
        self.card.body.covered()

    def on_screen_resume(self) -> None:
        """It is gone: the card arms anew, as if it had been opened now."""
        self.card.body.uncovered()

    def on_resize(self) -> None:
        """Columns changed."""
        self.call_after_refresh(self._laid_out)

    def _laid_out(self) -> None:
        self.heading.ruled = not self.has_class("-narrow")
        self._share_right()

    def refresh_views(self) -> None:
        """The open thread and what frames it: with every publish."""
        presenter = self.presenter
        transcript = presenter.transcript()
        self.transcript.view = transcript
        self.places.returned()
        title = self.heading
        title.title = transcript.title or transcript.agent_path
        title.ruled = not self.has_class("-narrow")
        path = transcript.agent_path if transcript.title else ""
        title.detail = f"· {path}" if path else ""
        if presenter.thread is None:
            title.detail = f"· {presenter.folder}"
        right = transcript.right
        title.end = (Bit(right, Tone.MUTED),) if right else ()
        # Before the first publish nothing can be lost, and the desk need not be there.
        lost = self.loss_desk.banner() if "loss_desk" in vars(self) else None
        self.banner.view = presenter.banner() or lost
        self.status.view = presenter.status()
        self.composer.view = presenter.composer()
        if "queue_desk" in vars(self):  # nobody was there yet
            self.queue_desk.refresh()
        self.card.view = presenter.card()
        turn(self, "-reviewing", on=presenter.looking.review is not None)

    def offer(self, event: Event) -> None:
        """Something happened that no engine tells."""
        assert self.services.store is not None
        self.services.store.offer(event)

    def show_terminals(self, key: str | None = None) -> None:
        """Open the board, on this terminal."""
        self.terminal_watch.open(key)

    def chosen_terminal(self) -> TerminalRow | None:
        """The terminal under the cursor, while the pane of terminals is live."""
        return self.terminals.chosen if self.terminals.rows.has_focus else None

    @property
    def as_fleet(self) -> FleetScreen:
        """This screen, whole."""
        return self

    @property
    def live(self) -> bool:
        """The open thread works: its spinner turns."""
        view = self.transcript.view
        return view.live is not None and not (view.live.stale or view.live.need)

    def set_clock(self, now_ms: int, frame: int) -> None:
        """Tell all widgets the time, together."""
        for pane in (self.threads, self.agents, self.terminals, self.reviews):
            pane.set_clock(now_ms)
        if not self.services.still:
            self.terminal_watch.tick()
        for one in (self.header, self.status, self.banner, self.card):
            one.set_clock(now_ms)
        self.turn_spinner(now_ms, frame)

    def turn_spinner(self, now_ms: int, frame: int) -> None:
        """The open thread's clock ticks eight times a second, all others once."""
        self.transcript.set_clock(now_ms, frame)
        self.places.note()

    def say(self, text: str) -> None:
        """A sentence in the bottom line, for some seconds."""
        self.presenter.look(message=text)
        self._show_message(text)
        if self._message_timer is not None:
            self._message_timer.stop()
        if self.is_mounted:
            self._message_timer = self.set_timer(MESSAGE_SECONDS, self.hush)

    def _show_message(self, text: str) -> None:
        self.status.message = text
        for screen in self.app.screen_stack if self.is_mounted else ():
            if isinstance(screen, Board):
                screen.say(text)

    def hush(self) -> None:
        """The bottom line says nothing of its own any more."""
        if self._message_timer is not None:
            self._message_timer.stop()
        self._message_timer = None
        self.presenter.look(message="")
        self._show_message("")
        self.status.view = self.presenter.status()

    # -- panes -------------------------------------------------------------------

    def pane_widget(self, number: int) -> Widget:
        """The widget that has the focus of a pane."""
        match number:
            case 1:
                return self.threads.rows
            case 3:
                return self.agents.rows
            case 4:
                return self.terminals.rows
            case 5:
                return self.reviews.rows
        if self.presenter.looking.review is not None:
            return self.card
        if self.presenter.looking.thread is None:
            return self.composer.field
        return self.transcript

    def go_to(self, number: int) -> None:
        """Make a pane live, and visible where the layout shows one at a time."""
        if number != 2:
            self.disarm_interrupt()
        self.pane = number
        self._mark_pane()
        self.pane_widget(number).focus()

    def _mark_pane(self) -> None:
        # None of it where all panes are to be seen anyway: a whole card hides them.
        others = set(PANES) - {f"-pane-{self.pane}"}
        if not self.has_class(f"-pane-{self.pane}") or self.classes & others:
            self.remove_class(*others, update=False)
            self.add_class(f"-pane-{self.pane}", update=False)
            if not self.has_class("-wide") or self.has_class("-card-all"):
                restyle(self)
        self.tabs.open = self.pane

    def on_descendant_focus(self) -> None:
        """The title of the thread is heavy while its pane is live."""
        number = self._pane_of(self.focused)
        self.heading.live = number == 2
        if number and number != self.pane:
            self.pane = number
            self._mark_pane()

    def _pane_of(self, widget: Widget | None) -> int:
        above = widget.ancestors_with_self if widget is not None else ()
        for number, pane in (
            (1, self.threads),
            (2, self.center),
            (3, self.agents),
            (4, self.terminals),
            (5, self.reviews),
        ):
            if pane in above:
                return number
        return 0

    # -- drafts ------------------------------------------------------------------

    @property
    def draft_key(self) -> str:
        """Whose draft stands in the composer."""
        return self.presenter.looking.thread or NEW

    def load_draft(self) -> None:
        """The words that were left here."""
        self.composer.load(self.services.remembered.drafts.get(self.draft_key, ""))
