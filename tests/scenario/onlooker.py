"""The safety rules of reviews, written down once more, from outside.

Owns the judgement: which answer that reached the engine was given by the user, by what
had the focus, what stood on screen, and when which key was pressed. Knows nothing of
the guard. Invariant: an answer passes only if every rule held at its key.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.driver import Driver
from tests.fakes import CWD, Json
from tests.scenario.glass import Glass

ARM_MS, QUIET_MS = 500, 50
LETTERS = "yapdnrb"
GRANTING = "yapr"


_FRAME = str.maketrans(dict.fromkeys("│┃╭╮╰╯┏┓┗┛▌▅▆▇█▄▃▂▁", " "))


class Theft(AssertionError):
    """An answer left that nobody gave."""


class Disturbed(AssertionError):
    """Something moved that the user had not moved, or words were lost."""


@dataclass
class Asked:
    """A request that waits, as the engine knows it. `mark`: words only it has, or,
    for twins, that only they have. `what`: command, long, network, permissions,
    question, secret or twin."""

    request_id: int
    thread_id: str
    mark: str
    what: str = "command"
    answered: bool = False

    @property
    def method(self) -> str:
        return _METHODS.get(self.what, COMMAND)

    @property
    def argv(self) -> list[str]:
        return ["touch", f"/srv/{self.mark}"]

    def params(self) -> Json:
        params: Json = {
            "threadId": self.thread_id,
            "turnId": f"turn-of-{self.thread_id}",
            "itemId": f"call-{self.request_id}",
            "startedAtMs": 1_800_000_000_000,
            "reason": "Allow it?",
            "cwd": CWD,
        }
        match self.what:
            case "permissions":
                params["permissions"] = {
                    "fileSystem": {"write": [f"/srv/{self.mark}", "/opt/other"]},
                    "network": None,
                }
            case "question":
                options = [
                    {"label": f"yes {self.mark}", "description": "a"},
                    {"label": "no", "description": "b"},
                ]
                asked = {"id": "q", "header": "Q", "question": f"Which {self.mark}?"}
                params["questions"] = [{**asked, "isOther": True, "options": options}]
            case "secret":
                asked = {"id": "q", "header": "Q", "question": f"The {self.mark} key?"}
                params["questions"] = [{**asked, "isSecret": True, "options": None}]
            case "network":
                host = f"{self.mark}.invalid"
                rule = {"host": host, "action": "allow"}
                params["kind"] = "command"
                params["networkApprovalContext"] = {"host": host, "protocol": "https"}
                deny = {"host": host, "action": "deny"}
                params["proposedNetworkPolicyAmendments"] = [rule, deny]
                params["availableDecisions"] = [
                    "accept",
                    "acceptForSession",
                    {"applyNetworkPolicyAmendment": {"network_policy_amendment": rule}},
                    "cancel",
                ]
            case _:
                amendment = {"execpolicy_amendment": self.argv}
                more = "\n" + "\n".join(f"true {n}" for n in range(45))
                shown = " ".join(self.argv) + (more if self.what == "long" else "")
                params["kind"] = "command"
                params["command"] = shown
                params["commandActions"] = [{"type": "unknown", "command": shown}]
                params["proposedExecpolicyAmendment"] = self.argv
                params["availableDecisions"] = [
                    "accept",
                    {"acceptWithExecpolicyAmendment": amendment},
                    "cancel",
                ]
        return params

    def letters(self, result: Json, shown: str) -> str:
        """The letters whose answer `result` is, on a card that says `shown`."""
        match self.what:
            case "permissions":
                return self._grant(result, shown)
            case "question" | "secret":
                return self._answer(result, shown)
        match result.get("decision"):
            case "accept":
                return "y"
            case "acceptForSession":
                return "a"
            case "decline":
                return "d"
            case "cancel":
                return "n"
            case {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": words}}:
                said = f"commands that start with `{' '.join(words)}`"
                return "p" if words and said in shown else ""
            case {
                "applyNetworkPolicyAmendment": {
                    "network_policy_amendment": {"host": host, "action": action}
                }
            }:
                letter = {"allow": "p", "deny": "b"}[action]
                return letter if host == f"{self.mark}.invalid" else ""
        return ""

    def _grant(self, result: Json, shown: str) -> str:
        granted = (result.get("permissions") or {}).get("fileSystem") or {}
        if not granted:
            return "dn"
        for path in (f"/srv/{self.mark}", "/opt/other"):
            given = path in granted.get("write", ())
            if f"[{' ' if given else 'x'}] write {path}" in shown:
                return ""
        if set(granted["write"]) - {f"/srv/{self.mark}", "/opt/other"}:
            return ""
        if result["scope"] == "session":
            return "" if result.get("strictAutoReview") else "a"
        return "r" if result.get("strictAutoReview") else "y"

    def _answer(self, result: Json, shown: str) -> str:
        answers = result["answers"]
        if not answers:
            return "dn"
        for said in answers["q"]["answers"]:
            if f"( ) {said}" in shown:
                return ""
        if self.what == "secret" and "written, not shown" not in shown:
            return ""
        return "y"


COMMAND = "item/commandExecution/requestApproval"
_METHODS = {
    "permissions": "item/permissions/requestApproval",
    "question": "item/tool/requestUserInput",
    "secret": "item/tool/requestUserInput",
}


@dataclass(frozen=True)
class Press:
    """One input of the user. `why_not`: why it cannot decide; "" when it may."""

    at: int
    name: str
    why_not: str = "not a letter"
    request_id: int | None = None
    mark: str = ""
    strip: bool = False
    shown: str = ""
    """The card's words when it was pressed"""


@dataclass(frozen=True)
class Sample:
    """What an onlooker sees: does the card have the focus, what does it ask?"""

    focused: bool
    request_id: int | None
    mark: str
    filled: str = ""
    """What is filled in and chosen; another thing would be sent after each change"""


class Onlooker:
    """The safety rules, from outside. Sees the screen, the keys and the wire."""

    def __init__(self, driver: Driver, glass: Glass) -> None:
        self.driver = driver
        self.glass = glass
        self.pending: dict[int, Asked] = {}
        self.inputs: list[Press] = []
        self.last = Sample(focused=False, request_id=None, mark="")
        self.since = driver.loop.ms
        self.by_user = False
        self.judged = 0
        self.read: tuple[int | None, str] | None = None
        """What was on the card since it has the focus; one may scroll then"""
        self.shown: set[tuple[int, str]] = set()
        """Requests that were on screen, at rest, with what they asked"""
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
        form = driver.card._form
        filled = f"{form.values} {form.words} {form.unfolded}" if form else ""
        return Sample(True, key if isinstance(key, int) else None, mark, filled)

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
        asked = (now.request_id, now.mark)
        if not now.focused:
            self.read = None
        elif self.read != asked and now.mark and now.mark in self.card_text():
            self.read = asked
        rested = self.driver.loop.ms - self.since >= ARM_MS
        if now.focused and rested and now.request_id is not None:
            self.shown.add((now.request_id, now.mark))
        self.judge()

    def card_text(self) -> str:
        """What is drawn where the card is."""
        lines = self.glass.lines(self.driver.card.region)
        drawn = [line.translate(_FRAME).strip() for line in lines]
        # Without colours an opened strip has a mark before each of its lines.
        return " ".join(" ".join(line.removeprefix(">") for line in drawn).split())

    def press(self, name: str, *, typed: bool = False) -> None:
        """An input is about to arrive. `typed`: as a word of a field."""
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
            ("not drawn", self.read != (last.request_id, last.mark)),
            ("typed into a field", typed),
            ("something is folded", name in GRANTING and self._folded()),
            ("its answer was out of sight", not self._answer_seen(name)),
        ]
        why = next((word for word, holds in reasons if holds), "")
        strip = "again to grant it" in text or "again to block it" in text
        press = Press(at, name, why, last.request_id, last.mark, strip, text)
        self.inputs.append(press)

    def _answer_seen(self, letter: str) -> bool:
        """The row that says what the letter answers stands on the screen."""
        rows = self.glass.lines(self.driver.card.region)
        row = re.compile(rf"^[ >]*{letter}  \S")
        return any(row.match(line.translate(_FRAME)) for line in rows)

    def _folded(self) -> bool:
        form = self.driver.card._form
        return form is not None and form.folded

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
        before = [p for p in self.inputs if p.at <= at and p.name != "click"]
        if not before:
            raise theft("nobody pressed anything")
        press = before[-1]
        letters = asked.letters(message.get("result", {}), press.shown)
        if not letters:
            raise theft("not an answer of this request, or not the one on screen")
        together = press.request_id != asked.request_id and "marked" in press.shown
        if together and (asked.request_id, asked.mark) not in self.shown:
            raise theft("answered with others, never looked at")
        self._meant(press, letters, asked, theft, together=together)
        self._alone(press, at, theft)
        self._no_words(press, theft)
        if press.name in "apb" or together:
            # Between them only repetitions that came too early and were swallowed,
            # and keys that chose another rule.
            earlier = before[:-1]
            while earlier and (
                (earlier[-1].strip and earlier[-1].name == press.name)
                or (earlier[-1].name in ("left", "right") and press.name == "p")
            ):
                earlier = earlier[:-1]
            if not earlier:
                raise theft("a broad answer after one key")
            first = earlier[-1]
            self._meant(first, press.name, asked, theft, together=together)
            self._alone(first, before[before.index(first) + 1].at, theft)
            self._no_words(first, theft)
            if first.strip or not press.strip:
                raise theft("a broad answer without its strip")
            if press.at - first.at < QUIET_MS + ARM_MS:
                raise theft("a broad answer before its strip was at rest")
        self.decided.append(press.name)

    def _meant(
        self,
        press: Press,
        letters: str,
        asked: Asked,
        theft: Callable[[str], Theft],
        *,
        together: bool,
    ) -> None:
        if press.name not in letters or len(press.name) != 1:
            raise theft(f"the last key was {press.name}, not {letters}")
        if press.why_not:
            raise theft(press.why_not)
        same = press.request_id == asked.request_id or together
        if not same or press.mark != asked.mark:
            raise theft("another request was on screen")

    def _no_words(self, press: Press, theft: Callable[[str], Theft]) -> None:
        """Not right behind what is neither a letter nor a move of any card."""
        for other in self.inputs:
            if 0 < press.at - other.at < ARM_MS and _stray(other.name):
                raise theft(f"one of the words with {other.name}")

    def _alone(self, press: Press, until: int, theft: Callable[[str], Theft]) -> None:
        if until - press.at < QUIET_MS:
            raise theft("sent before the silence after the key")
        for other in self.inputs:
            near = abs(other.at - press.at) < QUIET_MS
            if near and other is not press and other.name != "click":
                raise theft(f"{other.name} within 50 ms")


def _stray(name: str) -> bool:
    """Nothing that a card knows."""
    return name == "paste" or (len(name) == 1 and name not in f"{LETTERS}jkovc \r")
