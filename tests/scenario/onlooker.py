"""The safety rules of reviews, written down once more, from outside.

Owns the judgement: which answer that reached the engine was given by the user, by what
had the focus, what stood on screen, and when which key was pressed. Knows nothing of
the guard. Invariant: an answer passes only if every rule held at its key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.driver import Driver
from tests.fakes import CWD, Json

ARM_MS, QUIET_MS = 500, 50
LETTERS = "yapdn"


class Theft(AssertionError):
    """An answer left that nobody gave."""


class Disturbed(AssertionError):
    """Something moved that the user had not moved, or words were lost."""


@dataclass
class Asked:
    """A request that waits, as the engine knows it. `mark`: words only it has."""

    request_id: int
    thread_id: str
    mark: str
    network: bool
    answered: bool = False

    def params(self) -> Json:
        params: Json = {
            "kind": "command",
            "threadId": self.thread_id,
            "turnId": f"turn-of-{self.thread_id}",
            "itemId": f"call-{self.request_id}",
            "startedAtMs": 1_800_000_000_000,
            "environmentId": "local",
            "reason": "Allow it?",
            "cwd": CWD,
        }
        if self.network:
            host = f"{self.mark}.invalid"
            rule = {"host": host, "action": "allow"}
            params["networkApprovalContext"] = {"host": host, "protocol": "https"}
            params["proposedNetworkPolicyAmendments"] = [rule]
            params["availableDecisions"] = [
                "accept",
                "acceptForSession",
                {"applyNetworkPolicyAmendment": {"network_policy_amendment": rule}},
                "cancel",
            ]
        else:
            words = ["touch", f"/srv/{self.mark}"]
            amendment = {"execpolicy_amendment": words}
            params["command"] = " ".join(words)
            params["proposedExecpolicyAmendment"] = words
            params["availableDecisions"] = [
                "accept",
                {"acceptWithExecpolicyAmendment": amendment},
                "cancel",
            ]
        return params

    def letter(self, decision: object) -> str | None:
        """The letter whose answer `decision` is; None: none of them."""
        rule: Json
        if self.network:
            given = {"host": f"{self.mark}.invalid", "action": "allow"}
            rule = {"applyNetworkPolicyAmendment": {"network_policy_amendment": given}}
        else:
            argv = ["touch", f"/srv/{self.mark}"]
            rule = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": argv}}
        answers: list[tuple[str, object]] = [
            ("y", "accept"),
            ("a", "acceptForSession"),
            ("p", rule),
            ("d", "decline"),
            ("n", "cancel"),
        ]
        return next((key for key, answer in answers if answer == decision), None)


@dataclass(frozen=True)
class Press:
    """One input of the user. `why_not`: why it cannot decide; "" when it may."""

    at: int
    name: str
    why_not: str = "not a letter"
    request_id: int | None = None
    mark: str = ""
    strip: bool = False


@dataclass(frozen=True)
class Sample:
    """What an onlooker sees: does the card have the focus, what does it ask?"""

    focused: bool
    request_id: int | None
    mark: str


class Onlooker:
    """The safety rules, from outside. Sees the screen, the keys and the wire."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.pending: dict[int, Asked] = {}
        self.inputs: list[Press] = []
        self.last = Sample(focused=False, request_id=None, mark="")
        self.since = driver.loop.ms
        self.by_user = False
        self.judged = 0
        self.decided: list[str] = []

    def sample(self) -> Sample:
        """Look now."""
        driver = self.driver
        focused = not driver.dialog and driver.focused is driver.card
        view = driver.card.shown
        if not focused or view is None or not driver.fleet.has_class("-reviewing"):
            return Sample(focused=False, request_id=None, mark="")
        key = view.review.key.request_id
        asked = self.pending.get(key) if isinstance(key, int) else None
        same = asked is not None and asked.mark in view.review.params
        mark = asked.mark if asked is not None and same else ""
        return Sample(True, key if isinstance(key, int) else None, mark)

    def look(self, *, acted: bool, since: int) -> None:
        """Something happened between `since` and now; did the user do it?"""
        now = self.sample()
        if now != self.last:
            moved = (now.focused, now.request_id) != (
                self.last.focused,
                self.last.request_id,
            )
            if moved:
                self.by_user = acted
            self.last, self.since = now, since
        self.judge()

    def card_text(self) -> str:
        """What is drawn where the card is."""
        region = self.driver.card.region
        lines = self.driver.screen().splitlines()[region.y : region.bottom]
        return "\n".join(line[region.x : region.right] for line in lines)

    def press(self, name: str) -> None:
        """An input is about to arrive."""
        at = self.driver.loop.ms
        last = self.last
        if name not in LETTERS or len(name) != 1:
            self.inputs.append(Press(at, name))
            return
        text = self.card_text() if last.focused else ""
        reasons = [
            ("not in a card", not last.focused),
            ("the user did not go there", not self.by_user),
            ("not at rest", at - self.since < ARM_MS),
            ("not what is asked", not last.mark),
            ("not drawn", bool(last.mark) and last.mark not in text),
        ]
        why = next((word for word, holds in reasons if holds), "")
        strip = "again to grant it" in " ".join(text.split())
        self.inputs.append(Press(at, name, why, last.request_id, last.mark, strip))

    def judge(self) -> None:
        """Every answer that left must be one the user gave."""
        answers = self.driver.engine.answers()
        for sent in answers[self.judged :]:
            self.judged += 1
            self._judge(sent.at_ms, sent.message)

    def _judge(self, at: int, message: Json) -> None:
        def theft(why: str) -> Theft:
            tail = "\n".join(map(repr, self.inputs[-6:]))
            return Theft(f"{why}: {message} at {at}\n{tail}\n{self.driver.screen()}")

        asked = self.pending.get(message["id"])
        if asked is None or asked.answered:
            raise theft("nothing of this id waits")
        asked.answered = True
        letter = asked.letter(message.get("result", {}).get("decision"))
        if letter is None:
            raise theft("not an answer of this request")
        before = [p for p in self.inputs if p.at <= at and p.name != "click"]
        if not before:
            raise theft("nobody pressed anything")
        press = before[-1]
        self._meant(press, letter, asked, theft)
        self._alone(press, at, theft)
        if letter in "ap":
            # Between them only repetitions that came too early and were swallowed.
            earlier = before[:-1]
            while earlier and earlier[-1].strip and earlier[-1].name == letter:
                earlier = earlier[:-1]
            if not earlier:
                raise theft("a broad answer after one key")
            first = earlier[-1]
            self._meant(first, letter, asked, theft)
            self._alone(first, before[before.index(first) + 1].at, theft)
            if first.strip or not press.strip:
                raise theft("a broad answer without its strip")
            if press.at - first.at < QUIET_MS + ARM_MS:
                raise theft("a broad answer before its strip was at rest")
        self.decided.append(letter)

    def _meant(
        self, press: Press, letter: str, asked: Asked, theft: Callable[[str], Theft]
    ) -> None:
        if press.name != letter:
            raise theft(f"the last key was {press.name}, not {letter}")
        if press.why_not:
            raise theft(press.why_not)
        if press.request_id != asked.request_id or press.mark != asked.mark:
            raise theft("another request was on screen")

    def _alone(self, press: Press, until: int, theft: Callable[[str], Theft]) -> None:
        if until - press.at < QUIET_MS:
            raise theft("sent before the silence after the key")
        for other in self.inputs:
            near = abs(other.at - press.at) < QUIET_MS
            if near and other is not press and other.name != "click":
                raise theft(f"{other.name} within 50 ms")
