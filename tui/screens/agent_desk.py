"""Messages to agents by path, and interrupts of a branch: their questions and steps.

Owns whom a draft goes to, what is asked before it goes, and what is said when it goes
nowhere. The rules are `state.messaging` and `state.resolve`. Invariants: nothing is
sent to an agent that takes no messages; words leave the composer only when they are
recorded for whom the composer named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from state import commands as c
from state.agent_path import AgentPathError
from state.forking import fork_of
from state.items import ThreadId
from state.messaging import Way, addressed, matches, means_agent, told_root, way_to
from state.model import Thread
from state.resolve import AmbiguousThread, Unresolved, path_of, resolve
from state.select.interrupts import Reach, labels, reach, report
from state.select.words import agent_label
from state.words import cut
from tui.screens.late import dialogs

if TYPE_CHECKING:
    from tui.screens.flows import Flows

SENTENCE = 200
GONE = "That agent is gone; your words are kept."


class AgentDesk:
    """The questions about agents of one fleet screen."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows

    # -- whom -----------------------------------------------------------------------

    async def find(self, words: str) -> Thread | None:
        """The thread that a path or a name means from here; says why when none, and
        asks when several."""
        presenter = self._flows.presenter
        threads = presenter.world.threads
        here = presenter.looking.thread
        try:
            return threads[resolve(words, threads, caller=here)]
        except AmbiguousThread as problem:
            ask = dialogs.which(words, problem.found)
            answer = await self._flows.app.push_screen_wait(ask)
            chosen = self._now(ThreadId(answer)) if answer else None
            if answer and chosen is None:
                self._say(GONE)
            return chosen
        except Unresolved as problem:
            near = labels(problem.found) if problem.found else ""
            nearest = f" Nearest: {near}." if near else ""
            self._say(f"{problem}{nearest}")
        except AgentPathError as problem:
            self._say(str(problem))
        return None

    def _say(self, text: str) -> None:
        self._flows.say(cut(text, SENTENCE))

    async def send(self, thread: Thread, text: str, *, queue: bool) -> None:
        """Send a draft: to the open thread, or to the agent it begins with."""
        to = addressed(text)
        presenter = self._flows.presenter
        names = presenter.composer().agents
        called = matches(to.path, names, path_of(thread)) if to else []
        if to is None or not (called or means_agent(to.path)):
            await self.deliver(thread, text, text, queue=queue)
            return
        if not to.words:
            self._say(f"Write what {to.path} is to be told after its path.")
            return
        if len(called) == 1:
            target = presenter.world.threads.get(called[0].id)
        else:
            target = await self.find(to.path)
        if target is None:
            return
        await self.deliver(target, to.words, text, queue=queue)

    async def tell(self, args: str) -> None:
        """`/send PATH TEXT`"""
        path, _, words = args.partition(" ")
        if not path or not words.strip():
            self._restore(args)
            self._say("/send takes a path and what to say: /send /root/tester hello")
            return
        target = await self.find(path)
        # The command has left the composer: what is not sent comes back.
        if target is None or not await self.deliver(target, words.strip(), ""):
            self._restore(args)

    def _restore(self, args: str) -> None:
        composer = self._flows.composer
        if args and not composer.text:
            composer.load(f"/send {args}")
            self._flows.services.keep_draft(self._flows.draft_key, composer.kept)

    # -- which way ------------------------------------------------------------------

    async def deliver(
        self, target: Thread, words: str, draft: str, *, queue: bool = False
    ) -> bool:
        """Send `words` to a thread, asking which way where it takes no messages.

        `draft`: what leaves the composer when they are recorded. False: not sent."""
        if target.is_agent and target.direct_input is None:
            # What it takes is not known yet; looking tells, and wakes nothing.
            await self._flows.services.bridge.deliver(c.OpenThread(target.id))
            target = self._now(target.id) or target
        if way_to(target) is Way.DIRECT:
            return await self._flows.send_to(target, words, draft, queue=queue)
        threads = self._flows.presenter.world.threads
        root = threads[self._flows.presenter.forest.root(target.id)]
        usable = root.id != target.id and way_to(root) is Way.DIRECT
        path = agent_label(target)
        ask = dialogs.agent_way(
            path, words, root_works=root.active_turn is not None, through_root=usable
        )
        answer = await self._flows.app.push_screen_wait(ask)
        now = self._now(target.id)
        if answer in (None, "cancel"):
            return False
        if now is None:
            self._say(GONE)
            return False
        if answer == "fork":
            return await self._to_fork(now, words, draft)
        above = self._now(root.id)
        if above is None:
            self._say(GONE)
            return False
        told = told_root(path_of(now) or path, words)
        return await self._flows.send_to(above, told, draft, queue=queue)

    def _now(self, thread_id: ThreadId) -> Thread | None:
        """The thread as it is after a question; None: it is gone."""
        services = self._flows.services
        services.bridge.store.tick(services.clock())
        thread = services.bridge.store.world.threads.get(thread_id)
        return None if thread is None or thread.deleted else thread

    async def _to_fork(self, target: Thread, words: str, draft: str) -> bool:
        made = await self._flows.services.bridge.act(fork_of(target))
        forked = self._now(made) if made is not None else None
        if forked is None:
            self._say(
                f"{agent_label(target)} could not be forked; your words are kept."
            )
            return False
        sent = await self._flows.send_to(forked, words, draft, queue=False)
        self._flows.open_thread(forked.id)
        self._say(f"forked from {agent_label(target)}; the agent itself heard nothing")
        return sent

    # -- interrupting ---------------------------------------------------------------

    async def interrupt(self, args: str) -> None:
        """`/interrupt [PATH]`: at once when nobody works below, else it is asked."""
        presenter = self._flows.presenter
        thread = await self.find(args) if args.strip() else presenter.thread
        if thread is None:
            if not args.strip():
                self._say("Open a thread first, or name one: /interrupt PATH")
            return
        found = reach(presenter.forest, thread)
        if not found.tree:
            self._say(f"Nothing runs in {agent_label(thread)} or its tree.")
            return
        answer: str | None = "one"
        if found.below or not found.works:
            answer = await self._flows.app.push_screen_wait(dialogs.interrupt(found))
        if answer in (None, "cancel"):
            return
        await self._carry_out(found, answer or "")

    async def _carry_out(self, found: Reach, answer: str) -> None:
        deliver = self._flows.services.bridge.deliver
        match answer:
            case "one":
                wanted = [found.thread]
                self._say(f"interrupting {agent_label(found.thread)} …")
                await deliver(c.Interrupt(found.thread.id, found.thread.active_turn))
            case "branch":
                wanted = list(found.branch)
                self._say(f"interrupting {labels(wanted)} …")
                await deliver(c.InterruptBranch(found.thread.id))
            case _:
                wanted = list(found.tree)
                self._say(f"interrupting {labels(wanted)} …")
                await deliver(c.InterruptBranch(found.root))
        self._now(found.thread.id)
        if answer == "one":
            return  # How the turn ends stands in the transcript, right away.
        threads = self._flows.presenter.world.threads
        ids = [thread.id for thread in wanted]
        self._say(report(ids, threads, len(found.terminals)))
