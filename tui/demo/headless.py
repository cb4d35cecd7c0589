"""`codex-tui demo --headless`: the demo without a screen, one line per change.

Owns the player: it starts the thread, answers as it was told to, and says which facts
were seen. Invariant: exit 0 means that the engine itself showed every fact and that
the files say the same.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from state import commands as c
from state import events as e
from state.answers import offers
from state.dataclass import replace
from state.engine.errors import EngineNotFound
from state.forms import form_of
from state.items import ThreadId
from state.model import Decision, EnginePhase, Review, ReviewState
from state.store import Published
from state.text import clean
from tui.demo.expect import Answer, Checklist
from tui.demo.home import DemoHomeError
from tui.demo.lines import Teller
from tui.demo.run import DemoOptions, DemoWorld, Ending, demo_world, openings

STALLED_SECONDS = 120.0
"""Without any news for so long, the rest will not come."""
SETTLE_SECONDS = 30.0
"""After the root's turn, for what agents still have to say."""
LETTERS: dict[Answer, str] = {"accept": "y", "decline": "d"}

Say = Callable[[str], None]


def headless_command(args: argparse.Namespace) -> int:
    """0: every fact was seen; 1: not, or no place for it; 3: no engine."""
    record = Path(args.record).expanduser() if args.record else None
    speed = 0.0 if args.speed is None else args.speed
    options = DemoOptions(codex_bin=args.codex_bin, record=record, speed=speed)
    return run_headless(options, args.answer)


def run_headless(options: DemoOptions, answer: Answer) -> int:
    """Play `options.scenario` to its end; the exit code."""
    try:
        return asyncio.run(_until_ended(options, answer))
    except (EngineNotFound, DemoHomeError) as error:
        print(error, file=sys.stderr)
        return 3 if isinstance(error, EngineNotFound) else 1
    except BrokenPipeError:
        raise
    except OSError as error:
        where = error.filename or options.record
        print(f"{where} cannot be used: {error.strerror}.", file=sys.stderr)
        return 1


async def _until_ended(options: DemoOptions, answer: Answer) -> int:
    with Ending() as ending:
        try:
            return await play(options, answer, say)
        except asyncio.CancelledError:
            if ending.code is None:
                raise
            return ending.code


def say(line: str) -> None:
    """A line for whoever reads along, also through a pipe."""
    print(line, flush=True)


async def play(options: DemoOptions, answer: Answer, say: Say) -> int:
    """Play it through the bridge, as the screen would. Raises as `demo_world`."""
    checklist = Checklist(options.scenario.expectations, answer)
    player = Player(checklist, answer, say)
    async with demo_world(replace(options, on_message=player.heard)) as world:
        await player.run(world)
        wrong = files_say(world, answer)
        if player.no_engine:
            return 3
    faults = [f"the script failed: {fault!r}" for fault in world.provider.faults]
    missing = [f"{fact.name}: {fact.sentence}" for fact in checklist.missing]
    for line in (*missing, *wrong, *faults):
        say(f"NOT SEEN  {clean(line)}")
    if missing or wrong or faults:
        return 1
    say(f"All {len(checklist.seen)} facts of the demo were seen.")
    return 0


def files_say(world: DemoWorld, answer: Answer) -> list[str]:
    """What the files contradict."""
    workspace = world.home.workspace
    wrong = [
        f"refused write: {name} is there, outside the workspace"
        for name in world.scenario.refused_files
        if (workspace / name).exists()
    ]
    for name in world.scenario.approved_files:
        there = (workspace / name).exists()
        if there and answer == "decline":
            wrong.append(f"not published: the declined command's {name} is there")
        if not there and answer == "accept":
            wrong.append(f"published: the approved command's {name} is not there")
    return wrong


class Player:
    """Looks on, tells, and answers each review as the user asked for."""

    def __init__(self, checklist: Checklist, answer: Answer, say: Say) -> None:
        self.no_engine = False
        self._checklist = checklist
        self._answer = answer
        self._write = say
        self._teller = Teller()
        self._facts: list[str] = []
        self._news = asyncio.Event()
        self._root: ThreadId | None = None
        self._ended = False
        self._greeted = False
        self._broken: BaseException | None = None
        self._world: DemoWorld | None = None

    async def run(self, world: DemoWorld) -> None:
        """From the start of the engine to the end of the scenario."""
        self._world = world
        services = world.services
        assert services.store is not None
        services.store.subscribe(self._published)
        await services.begin()
        await self._wait(lambda: self._greeted, STALLED_SECONDS)
        if self.no_engine or not self._greeted:
            self.no_engine = True
            return
        first, *beside = openings(world)
        self._root = await services.bridge.act(first)
        if self._root is None:
            return
        for other in beside:
            await services.bridge.act(other)
        await self._wait(lambda: self._ended, STALLED_SECONDS)
        # A terminal goes on printing for ever: what is still missing has a deadline.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._wait(lambda: not self._checklist.missing, STALLED_SECONDS)

    def heard(self, message: Mapping[str, Any]) -> None:
        """A message of the engine, before anything is made of it."""
        facts = self._checklist.feed(message)
        self._facts += [fact.sentence for fact in facts]
        self._news.set()

    async def _wait(self, done: Callable[[], bool], patience: float) -> None:
        """Until `done`, the engine's end, or no news for `patience` seconds."""
        while not (done() or self.no_engine or self._broken):
            self._news.clear()
            try:
                async with asyncio.timeout(patience):
                    await self._news.wait()
            except TimeoutError:
                break
        if self._broken is not None:
            raise self._broken

    def _published(self, step: Published) -> None:
        try:
            self._tell(step)
        except Exception as error:
            # A pipe nobody reads any more, or a fault of ours: `run` raises it.
            self._broken = error
        self._news.set()

    def _tell(self, step: Published) -> None:
        for event in step.events:
            line = self._teller.line(event, step.world)
            if line:
                self._write(line)
            self._follow(event, step)
        facts, self._facts = self._facts, []
        for fact in facts:
            self._write(f"seen: {fact}")

    def _follow(self, event: e.Event, step: Published) -> None:
        match event:
            case e.EngineChanged(engine):
                self._greeted = self._greeted or engine.phase is EnginePhase.READY
                if engine.phase in (EnginePhase.LOST, EnginePhase.MISSING):
                    self.no_engine = not self._greeted
                    self._ended = True
            case e.ReviewAsked(thread_id=thread_id, review=asked):
                # What is published now, not what was asked first, is answered.
                thread = step.world.threads[thread_id]
                self._decide(thread.reviews.get(asked.key))
            case e.TurnEnded(thread_id=thread_id) if thread_id == self._root:
                self._ended = True
            case _:
                pass

    def _decide(self, review: Review | None) -> None:
        if review is None or review.state is not ReviewState.PENDING:
            return
        decision = answering(review, self._answer)
        if decision is not None and self._world is not None:
            self._world.services.bridge.act(c.Decide(review, decision))


def answering(review: Review, answer: Answer) -> Decision | None:
    """The offered decision that means `answer`, this once and no more."""
    letter = LETTERS[answer]
    form = form_of(review.method, review.params)
    made = offers(review, form.defaults() if form else {})
    offered = (
        offer.decision
        for offer in made
        if offer.decision.letter == letter
        and not offer.decision.broad
        and not offer.problem
    )
    return next(offered, None)
