"""/push: what goes where and what it would start, then the push itself.

Owns the keys of the board and when they count. Does not own the push's life
(`push_desk`) nor words (`state.select.push`). Invariants: a key pushes only what has
been on the screen for half a second; whatever an agent could have put there is spelled
out and takes the same key again; enter never pushes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget

from state.items import ThreadId
from state.select.push import push_view
from state.select.push_words import Asked, Phase
from state.select.words import thread_title
from state.text import reveal
from tui.screens.board import Board
from tui.screens.push_desk import PushDesk
from widgets.push_page import PushPage, PushStrip
from widgets.sentences import KeyHints
from widgets.title_line import TitleLine

if TYPE_CHECKING:
    from textual import events

    from tui.screens.fleet import FleetScreen

ARM_MS = 500
LOOKING = "Looking at the repository …"
SOON = "Just drawn: look first, then press it again."
ARMED = (Phase.ARMED, Phase.ARMED_BARE)


class PushBoard(Board):
    """One thread's unpushed work."""

    CSS_PATH = "push.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "push(True)", "push", id="push.push", show=False),
        Binding("N", "push(False)", "without hooks", id="push.bare", show=False),
        Binding("left,h", "step(-1)", "branch", id="push.left", show=False),
        Binding("right", "step(1)", "branch", id="push.right", show=False),
        Binding("o", "remote", "other remote", id="push.remote", show=False),
        Binding("l", "look", "look again", id="push.look", show=False),
        Binding("v", "raw", "raw text", id="push.raw", show=False),
        Binding("x", "stop", "stop", id="push.stop", show=False),
        Binding("g", "request", "pull request", id="push.request", show=False),
        Binding("j,down", "scroll(1)", "down", id="push.down", show=False),
        Binding("k,up", "scroll(-1)", "up", id="push.up", show=False),
    ]

    def __init__(
        self, fleet: FleetScreen, desk: PushDesk, thread_id: ThreadId | None
    ) -> None:
        super().__init__(fleet)
        self.desk = desk
        self._about = thread_id
        self._raw = False
        self._closing = False
        self.heading = TitleLine("Push", id="heading")
        self.page = PushPage(id="page")
        self.strip = PushStrip(id="strip")
        self.hints = KeyHints(id="hints")

    def middle(self) -> ComposeResult:
        """The plan, the box, the keys."""
        yield self.heading
        with VerticalScroll(id="middle"):
            yield self.page
        yield self.strip
        yield self.hints

    def first_focus(self) -> Widget | None:
        """What is read first."""
        return self.query_one("#middle", VerticalScroll)

    def opened(self) -> None:
        """Paint, then look."""
        self.heading.live = True
        self.desk.on_change = self._drawn
        super().opened()
        self.desk.begin(self._about)

    def on_unmount(self) -> None:
        """A push goes on without anybody looking."""
        self.desk.on_change = lambda: None
        if self.desk.state.phase in ARMED:
            self.desk.state.phase = Phase.READY

    def _drawn(self) -> None:
        if self.is_mounted:
            self.show()

    def show(self) -> None:
        """Everything."""
        state, thread = self.desk.state, self.desk.thread
        services = self.fleet.services
        asked = Asked(
            phase=state.phase,
            title=thread_title(thread) if thread is not None else "",
            home=services.user_home,
            plan=state.plan,
            at=state.at,
            strays=state.strays,
            said=state.said,
            result=state.result,
            raw=self._raw,
            note=state.note,
            gh=" ".join(map(_quoted, state.gh)),
            request=state.request,
            remote=state.elsewhere,
        )
        view = push_view(asked)
        if state.phase is Phase.LOOKING:
            self.awaited.begin(LOOKING, services.clock())
        else:
            self.awaited.end(LOOKING)
        self.heading.detail = f"· {view.title}" if view.title else ""
        self.heading.end = view.end
        self.page.view = view.sections
        self.strip.title, self.strip.edge = view.strip_title, view.edge
        self.strip.view = view.strip
        self.hints.view = view.hints

    # -- keys ------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Any key but those that push, or show what it is about, closes the strip, and
        does nothing else."""
        kept = ("p", "N", "up", "down", "j", "k")
        if self.desk.state.phase in ARMED and event.key not in kept:
            self._phase(Phase.READY)
            event.stop()
            event.prevent_default()

    def _phase(self, phase: Phase) -> None:
        self.desk.state.phase = phase
        self.desk.state.since_ms = self.fleet.services.clock()
        self._raw = False
        self.show()

    def action_push(self, hooks: bool) -> None:
        """p, N"""
        state = self.desk.state
        plan = state.plan
        can = plan is not None and not plan.refusal and not state.elsewhere
        if plan is None or not can or state.phase not in (Phase.READY, *ARMED):
            return
        if not hooks and not plan.hooks:
            self.say("There are no hooks to leave out; p pushes.")
            return
        if self.fleet.services.clock() - state.since_ms < ARM_MS:
            self.say(SOON)
            return
        wanted = Phase.ARMED if hooks else Phase.ARMED_BARE
        if plan.grave(hooks=hooks) and state.phase is not wanted:
            self._phase(wanted)
            self.query_one("#middle").scroll_home(animate=False)
            return
        self._raw = False
        self.desk.push(hooks=hooks)

    def action_step(self, by: int) -> None:
        """left, right"""
        self._raw = False
        self.desk.step(by)

    def action_remote(self) -> None:
        """o"""
        self.desk.other_remote()

    def action_look(self) -> None:
        """l"""
        self._raw = False
        self.desk.look()

    def action_raw(self) -> None:
        """v"""
        self._raw = not self._raw
        self.show()
        self.query_one("#middle").scroll_home(animate=False)

    def action_stop(self) -> None:
        """x"""
        self.desk.stop()

    def action_request(self) -> None:
        """g"""
        self.desk.request()

    def action_scroll(self, by: int) -> None:
        """up, down"""
        self.query_one("#middle").scroll_relative(y=by, animate=False)


def _quoted(word: str) -> str:
    """As it would be typed, for the eye."""
    word = word.replace("\n", " ")
    return f'"{word}"' if " " in word else reveal(word).text
