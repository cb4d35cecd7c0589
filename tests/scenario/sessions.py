"""Random sessions of a person and an engine with the running app.

Owns the acts and their chances; what is right is judged by `tests.scenario.onlooker`.
Invariant: a session is the same for the same seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from textual.widgets import TextArea

from tests.clockwork import Clockwork
from tests.driver import NARROW, NORMAL, WIDE, Driver, drive
from tests.fakes import FakeEngine
from tests.scenario.glass import Glass
from tests.scenario.onlooker import LETTERS, Asked, Disturbed, Onlooker
from widgets.review_inbox import ReviewInbox

STEPS = 30
SIZES = (NARROW, NORMAL, WIDE)
THREADS = ("alpha", "beta", "gamma")
OTHER_KEYS = (
    *("enter", "enter", "enter", "escape", "tab", "shift+tab", "up", "down", "space"),
    *"12345jk.,riovJ!/?YADNx0",
)
WORDS = ("yes", "and", "deny", "happy", "yay", "no", "ay", "d")
PASTES = ("y", "yes\ny\n", "a\na\n", "p", "delete the cache\nand y", "n\n\ny", "yyyy")
WAITS = (0, 1, 10, 30, 49, 51, 60, 100, 250, 300, 480, 499, 501, 600, 900)
WHATS = (
    *("command",) * 5,
    *("network", "network", "permissions", "permissions"),
    *("long",) * 3,
    *("question", "question", "secret", "secret", "secret"),
    *("twin",) * 4,
)
STALLS = (60, 300, 480, 520, 700, 700, 1200)


class Session:
    """One random session. Every step is a method; `run` draws them."""

    def __init__(self, driver: Driver, chance: random.Random, glass: Glass) -> None:
        self.driver = driver
        self.engine: FakeEngine = driver.engine
        self.loop: Clockwork = driver.loop
        self.chance = chance
        self.onlooker = Onlooker(driver, glass)
        self.numbers = 0
        self.near = False
        self.racing = False
        """the last input may not have been handled yet"""

    async def run(self, steps: int, *, near: bool = False) -> None:
        """`near`: most of it happens around cards."""
        acts: list[tuple[int, Callable[[], Any]]] = [
            (12, self.arrive),
            (5, self.resolve),
            (6, self.change),
            (14, self.time),
            (14, self.letter),
            (14, self.other_key),
            (5, self.paste),
            (6, self.burst),
            (6, self.click),
            (5, self.words),
            (16, self.go_to_card),
            (10, self.decide),
            (4, self.cross),
            (4, self.meddle),
            (6, self.fill),
            (4, self.cut),
            (5, self.mark),
            (4, self.refuse),
            (5, self.stall),
        ]
        weights = [weight for weight, _ in acts]
        self.near = near
        if near:
            around: tuple[Any, ...] = (self.go_to_card, self.decide, self.cross)
            around = (*around, self.meddle, self.fill, self.cut, self.mark)
            around = (*around, self.refuse, self.stall)
            weights = [14 if act in around else 4 for _, act in acts]
        for _ in range(steps):
            (_, act), *_ = self.chance.choices(acts, weights)
            await act()

    # -- the engine ------------------------------------------------------------------

    async def quietly(self, act: Callable[[], None], *, race: bool = False) -> None:
        """The engine does something: nothing of the user's may move."""
        if race or self.chance.random() < 0.3:
            act()  # A race: what follows comes at the same moment.
            return
        await self.pass_time(400)
        before = self.still_life()
        act()
        await self.pass_time(150)
        if self.still_life() != before:
            raise Disturbed(f"{before}\n{self.still_life()}\n{self.driver.screen()}")

    def still_life(self) -> tuple[object, ...]:
        """Focus, text and text cursor."""
        field = self.driver.composer.field
        open_id = self.driver.open
        top = self.driver.app.screen
        return (self.driver.focused, top, field.text, field.cursor_location, open_id)

    async def arrive(self, *, race: bool = False, what: str = "") -> None:
        self.numbers += 1
        number = self.numbers

        def act() -> None:
            thread_id = f"thread-{self.chance.choice(THREADS)}"
            kind = what or self.chance.choice(WHATS)
            mark = "mark-twin-0" if kind == "twin" else f"mark-{number}-0"
            asked = Asked(number, thread_id, mark, kind)
            self.onlooker.pending[number] = asked
            self.ask(asked)

        await self.quietly(act, race=race)

    def ask(self, asked: Asked) -> None:
        self.engine.ask(asked.request_id, asked.method, **asked.params())

    def some(self) -> Asked | None:
        """A request that waits: the one on screen by preference."""
        waiting = [a for a in self.onlooker.pending.values() if not a.answered]
        shown = self.onlooker.last.request_id
        on_screen = [a for a in waiting if a.request_id == shown]
        if on_screen and self.chance.random() < 0.6:
            return on_screen[0]
        return self.chance.choice(waiting) if waiting else None

    async def resolve(self, *, race: bool = False) -> None:
        asked = self.some()
        if asked is None:
            return

        def act() -> None:
            asked.answered = True  # by another client
            self.engine.resolve(asked.request_id, asked.thread_id)

        await self.quietly(act, race=race)

    async def change(self, *, race: bool = False) -> None:
        """What is asked becomes another thing, under the same id."""
        asked = self.some()
        if asked is None:
            return

        def act() -> None:
            if asked.answered or asked.what == "twin":
                return  # in the meantime; twins stay the same
            stem, turn = asked.mark.rsplit("-", 1)
            asked.mark = f"{stem}-{int(turn) + 1}"
            self.ask(asked)

        await self.quietly(act, race=race)

    # -- time ------------------------------------------------------------------------

    async def pass_time(self, ms: int, *, acted: bool = False) -> None:
        """From one thing that happens to the next, so that the onlooker knows when
        what changed, and whether a key was at work: one that arrived just now, or
        one that had to wait for those before it."""
        acted, until = acted or self.racing, self.loop.now + ms / 1000
        while True:
            since, held = self.loop.ms, self.driver.held
            await self.loop.settle()
            self.racing = False
            acted = acted or self.driver.held < held
            self.onlooker.look(acted=acted, since=since)
            if self.loop.now >= until:
                return
            acted = False
            self.loop.step(until)

    async def time(self) -> None:
        await self.pass_time(self.chance.choice(WAITS))

    # -- the user --------------------------------------------------------------------

    async def key(self, name: str, *, typed: bool = False) -> None:
        self.onlooker.press(name, typed=typed)
        before = self.driver.draft
        typing = self.typing() and not self.racing
        self.driver.key(name)
        if self.chance.random() < 0.15:
            self.racing = True  # the next thing comes at the same moment
            return
        await self.pass_time(0, acted=True)
        if typing and len(name) == 1 and name.isalpha():
            self.kept(before, name)

    def typing(self) -> bool:
        """The composer takes keys as text, the last one included, at once."""
        field = self.driver.composer.field
        return (
            not self.driver.dialog
            and not self.driver.held
            and self.driver.focused is field
            and field.selection.is_empty
            and self.driver.app.screen is self.driver.fleet
        )

    def kept(self, before: str, typed: str) -> None:
        now = self.driver.draft
        if len(now) != len(before) + len(typed) or typed not in now:
            raise Disturbed(f"{typed!r} typed into {before!r} gave {now!r}")

    async def letter(self) -> None:
        await self.key(self.chance.choice(LETTERS))

    async def other_key(self) -> None:
        await self.key(self.chance.choice(OTHER_KEYS))

    async def words(self) -> None:
        for character in self.chance.choice(WORDS):
            await self.key(character)
            await self.pass_time(self.chance.choice((20, 40, 80, 120)))

    async def paste(self) -> None:
        await self.loop.settle()
        self.onlooker.look(acted=True, since=self.loop.ms)
        text = self.chance.choice(PASTES)
        before, typing = self.driver.draft, self.typing()
        self.onlooker.press("paste")
        self.driver.feed(f"\x1b[200~{text}\x1b[201~")
        await self.pass_time(0, acted=True)
        if typing:
            self.kept(before, text)

    async def burst(self) -> None:
        """A paste that the terminal sends as bare keys."""
        for character in self.chance.choice(PASTES).replace("\n", "\r"):
            self.onlooker.press(character)
            self.driver.feed(character)
            if self.chance.random() < 0.3:
                await self.pass_time(self.chance.choice((0, 1, 5)), acted=True)
        await self.pass_time(0, acted=True)

    async def click(self) -> None:
        await self.loop.settle()
        width, height = self.driver.app.size
        x, y = self.chance.randrange(width), self.chance.randrange(height)
        spots = [self.driver.card.region, self.driver.composer.region]
        spots.append(self.driver.fleet.query_one(ReviewInbox).region)
        region = self.chance.choice(spots)
        if region.area and self.chance.random() < 0.6:
            x = self.chance.randrange(region.x, region.right)
            y = self.chance.randrange(region.y, region.bottom)
        if x < width and y < height:
            self.onlooker.press("click")
            self.driver.mouse(x, y)
        await self.pass_time(0, acted=True)

    async def go_to_card(self) -> None:
        """A person goes to the inbox and opens a card, at some pace."""
        await self.go_to_inbox()
        await self.pass_time(self.chance.choice((0, 60, 200)))
        if self.chance.random() < 0.3:
            await self.key(self.chance.choice(("j", "k", "down", "up")))
        await self.key("enter")
        await self.pass_time(self.chance.choice(WAITS))
        if self.chance.random() < 0.6:
            await self.letter()
            await self.pass_time(self.chance.choice(WAITS))

    async def go_to_inbox(self) -> None:
        for _ in range(4):
            if not self.driver.dialog and not self.writing():
                break
            await self.key("escape")
            await self.pass_time(60)
        await self.key("5")

    async def at_a_card(self) -> bool:
        """Whether a card has the focus; near cards one goes there first."""
        if not self.onlooker.last.focused and self.near:
            if all(asked.answered for asked in self.onlooker.pending.values()):
                await self.arrive()
                await self.pass_time(60)
            await self.go_to_inbox()
            await self.pass_time(60)
            await self.key("enter")
            await self.pass_time(self.chance.choice((60, 300, 600)))
        return self.onlooker.last.focused

    def writing(self) -> bool:
        return isinstance(self.driver.focused, TextArea)

    async def decide(self) -> None:
        """A person who does all as it should be done."""
        if not await self.at_a_card():
            return
        await self.pass_time(700)
        letter = self.chance.choice(LETTERS + "aapppb")
        await self.key(letter)
        if letter in "apb":
            await self.pass_time(self.chance.choice((60, 300, 300, 600, 700, 900)))
            await self.key(letter)
        await self.pass_time(100)

    async def fill(self) -> None:
        """Choose options and write into fields: neither decides."""
        if not await self.at_a_card():
            return
        for _ in range(self.chance.randrange(0, 3)):
            await self.key(self.chance.choice(("down", "up", "space", "space")))
            await self.pass_time(self.chance.choice((0, 60, 300)))
        for _ in range(3):
            if self.writes():
                break
            await self.key("down")
            await self.pass_time(60)
        await self.pass_time(self.chance.choice((0, 600, 600, 600)))
        if not self.writes() or self.chance.random() < 0.2:
            await self.letter()
            return
        await self.key("enter")
        pace = self.chance.choice((20, 60, 80, 120))
        for character in self.chance.choice(WORDS):
            await self.pass_time(pace)
            await self.key(character, typed=True)
        await self.pass_time(self.chance.choice((20, 80, 300)))
        await self.key(self.chance.choice(("enter", "enter", "escape", "tab")))
        await self.pass_time(self.chance.choice((0, 60, 300, 600)))
        await self.letter()

    def writes(self) -> bool:
        """Words are written into what is under the card's cursor."""
        form = self.driver.card._form
        return form is not None and form.writes is not None

    async def refuse(self) -> None:
        """No, and here is what to do instead: in words, at once."""
        if not await self.at_a_card():
            return
        await self.pass_time(700)
        await self.key(self.chance.choice("nnd"))
        await self.pass_time(self.chance.choice((20, 60, 100, 300)))
        pace = self.chance.choice((20, 60, 80, 120))
        for character in self.chance.choice(WORDS):
            await self.key(character)
            await self.pass_time(pace)
        await self.key(self.chance.choice(("enter", "escape", "tab", "backspace")))
        await self.pass_time(self.chance.choice((60, 600)))

    async def stall(self) -> None:
        """The app is busy, or stopped, for a while: what is pressed meanwhile is
        handled, or even read, when it goes on."""
        if not await self.at_a_card():
            return
        await self.pass_time(self.chance.choice((0, 60, 300, 700)))
        match self.chance.randrange(4):
            case 0:
                await self.change(race=True)
            case 1 | 2:
                # It has to arm anew.
                await self.key(self.chance.choice(("j", "k", "space", "enter")))
                await self.pass_time(self.chance.choice((30, 60, 300)))
        stopped, typed = self.chance.random() < 0.5, []
        for _ in range(self.chance.choice((1, 1, 1, 2))):
            self.loop.now += self.chance.choice((10, 60, 100, 300)) / 1000
            name = self.chance.choice((*"ydnydnapr", "j", "enter", "x"))
            self.onlooker.press(name)
            if stopped:
                typed.append(name)
            else:
                self.driver.key(name)
        self.loop.now += self.chance.choice(STALLS) / 1000
        if stopped:
            await self.pass_time(0, acted=self.racing)
        for name in typed:
            self.driver.key(name)
        await self.pass_time(0, acted=True)
        await self.pass_time(100)

    async def cut(self) -> None:
        """Another number of words for the rule in an opened strip."""
        if not await self.at_a_card():
            return
        await self.pass_time(700)
        await self.key("p")
        await self.pass_time(700)
        await self.key(self.chance.choice(("left", "right", "left")))
        await self.pass_time(self.chance.choice((0, 60, 300, 480, 600, 800)))
        await self.key("p")
        await self.pass_time(100)

    async def mark(self) -> None:
        """Mark what stands in the list, then look at one or all, then decide."""
        for _ in range(2 - len(self.twins())):
            await self.arrive(what="twin")
        await self.pass_time(100)
        await self.go_to_inbox()
        await self.pass_time(100)
        if self.chance.random() < 0.7:
            await self.mark_twins()
        for _ in range(self.chance.randrange(0, 3)):
            await self.key(self.chance.choice(("space", "space", "down", "up")))
        await self.key("enter")
        for _ in range(self.chance.choice((0, 0, 1, 2, 3))):
            await self.pass_time(self.chance.choice((100, 700, 700)))
            await self.key("j")
        await self.pass_time(700)
        letter = self.chance.choice("yd")
        await self.key(letter)
        await self.pass_time(self.chance.choice((100, 300, 700, 700)))
        await self.key(letter)
        await self.pass_time(100)

    async def mark_twins(self) -> None:
        """From the top of the list, all that ask for the same."""
        await self.key("home")
        for row in self.driver.fleet.query_one(ReviewInbox)._reviews:
            number = row.key.request_id if row.key is not None else None
            twin = number in self.twins()
            await self.key("space" if twin else "down")

    def twins(self) -> set[object]:
        waiting = [a for a in self.onlooker.pending.values() if not a.answered]
        return {a.request_id for a in waiting if a.what == "twin"}

    async def cross(self) -> None:
        """A decision and the engine's news meet on the way."""
        if not await self.at_a_card():
            return
        await self.pass_time(700)
        await self.key(self.chance.choice("ydn"))
        # News just before keep what follows for the next frame.
        await self.pass_time(self.chance.choice((20, 30)))
        await self.arrive(race=True)
        await self.pass_time(self.chance.choice((10, 15, 19)))
        chosen = [self.resolve, self.change, self.change]
        await self.chance.choice(chosen)(race=True)
        await self.pass_time(30)

    async def meddle(self) -> None:
        """Before an armed card: another thing is asked, a paste, any other key."""
        if not await self.at_a_card():
            return
        await self.pass_time(700)
        match self.chance.randrange(4):
            case 0:
                # Two keys at once: neither was meant.
                await self.key(self.chance.choice(("enter", "1", "x", "j", "y")))
                await self.pass_time(self.chance.choice((0, 20, 40, 49)))
                await self.key(self.chance.choice("ydn"))
            case 1:
                await self.change(race=True)
                await self.pass_time(self.chance.choice((60, 100, 300, 480)))
                await self.letter()
            case 2:
                await self.paste()
            case _:
                await self.key(self.chance.choice(("enter", "1", "space", "x")))
        await self.pass_time(100)


def prepare(engine: FakeEngine) -> None:
    """Three threads that work."""
    for name in THREADS:
        row = engine.add(name)
        row["status"] = {"type": "active", "activeFlags": ["waitingOnApproval"]}


def session(seed: int, *, near: bool = False, quick: bool = False) -> list[str]:
    """The letters that were decided. `quick`: on a small, still screen.

    Raises Theft, Disturbed."""
    chance = random.Random(seed)
    decided: list[str] = []

    async def play(driver: Driver) -> None:
        for name in THREADS:
            thread_id = f"thread-{name}"
            driver.engine.start_turn(thread_id, f"turn-of-{thread_id}")
        await driver.idle()
        with Glass(driver).watched() as glass:
            run = Session(driver, chance, glass)
            await run.run(STEPS, near=near)
            await run.pass_time(1500)
        decided.extend(run.onlooker.decided)

    try:
        drive(
            play,
            size=NARROW if quick else SIZES[seed % 3],
            prepare=prepare,
            still=quick or seed % 2 == 0,
            plain=seed % 5 == 4,
        )
    except AssertionError as error:
        error.add_note(f"seed {seed}")
        raise
    return decided
