"""The ledger: what a review, an answer and an auto-review are called, and by whom."""

from __future__ import annotations

import json
from typing import Any

import pytest

from state.dataclass import replace
from state.events import (
    AutoReviewChanged,
    DenialApproved,
    EngineChanged,
    TurnEnded,
    WarningSeen,
)
from state.items import (
    Command,
    FileDiff,
    Item,
    ItemBody,
    ItemId,
    ItemStatus,
    Notice,
    Patch,
    RanOutside,
    ThreadId,
    TurnId,
)
from state.ledger import LedgerEntry, Outcome, Written, of_auto, of_rule
from state.ledger_export import Show, chosen, exported
from state.ledger_requests import of_review, standing
from state.model import (
    AutoReview,
    Decision,
    Engine,
    EnginePhase,
    Review,
    ReviewKey,
    ReviewKind,
    ReviewState,
    Settings,
    Thread,
    ThreadStatus,
    Turn,
    TurnStatus,
    World,
)
from state.reduce import reduce, reduce_thread
from state.select.ledger import facts, how, judge_of_a_retry, live_entries, merged
from state.tree import Forest
from tests.recordings import events

T = ThreadId("t")


def review(state: ReviewState = ReviewState.RESOLVED, **changes: Any) -> Review:
    facts: dict[str, Any] = {
        "key": ReviewKey("e", 0),
        "connection": 1,
        "method": "item/commandExecution/requestApproval",
        "kind": ReviewKind.COMMAND,
        "thread_id": T,
        "turn_id": None,
        "item_id": None,
        "approval_id": None,
        "params": "{}",
        "params_hash": "",
        "asked_ms": 1000,
        "command": "ls",
        "state": state,
    }
    return Review(**{**facts, **changes})


def answered(result: Any, **changes: Any) -> Review:
    decision = Decision("y", "Yes", json.dumps(result))
    return review(
        decision=decision,
        decided_ms=3000,
        resolved_ms=3100,
        resolved_by="you",
        **changes,
    )


@pytest.mark.parametrize(
    ("result", "outcome", "scope"),
    [
        ({"decision": "accept"}, Outcome.ALLOWED, "once"),
        ({"decision": "acceptForSession"}, Outcome.ALLOWED, "for the session"),
        ({"decision": "decline"}, Outcome.REFUSED, "once"),
        ({"decision": "cancel"}, Outcome.REFUSED, "once"),
        (
            {"decision": {"acceptWithExecpolicyAmendment": {}}},
            Outcome.ALLOWED,
            "by a rule",
        ),
        (
            {
                "decision": {
                    "applyNetworkPolicyAmendment": {
                        "network_policy_amendment": {"host": "h", "action": "deny"}
                    }
                }
            },
            Outcome.REFUSED,
            "by a rule",
        ),
        ({"permissions": {}}, Outcome.REFUSED, "once"),
        (
            {"permissions": {"network": {}}, "scope": "session"},
            Outcome.ALLOWED,
            "for the session",
        ),
        ({"permissions": {"a": 1}, "scope": "turn"}, Outcome.ALLOWED, "for the turn"),
        (
            {"action": "accept", "_meta": {"persist": "always"}},
            Outcome.ALLOWED,
            "always",
        ),
        ({"action": "decline"}, Outcome.REFUSED, "once"),
        ({"answers": {}}, Outcome.ANSWERED, "once"),
    ],
)
def test_an_answer_is_judged_by_what_was_sent(
    result: Any, outcome: Outcome, scope: str
) -> None:
    entry = of_review(answered(result))
    assert (entry.outcome, entry.scope, entry.who) == (outcome, scope, "you")
    assert entry.waited_ms == 2000
    assert json.loads(entry.sent) == result


WRITTEN = Written("Yes", '{"decision":"accept"}', False, "y", 2000, 2001)
UNSENT = WRITTEN._replace(sent_ms=None)
SHELL = WRITTEN._replace(via="you on the command line")


@pytest.mark.parametrize(
    "sent", [{"decision": "accept"}, {"action": "accept", "content": {}}]
)
def test_several_answered_together_were_each_allowed_once(sent: Any) -> None:
    bulk = Decision("y", "Yes, proceed · all 3 marked", json.dumps(sent), True)
    entry = of_review(replace(answered({}), decision=bulk))
    assert entry.scope == "once"


@pytest.mark.parametrize(
    ("by", "written", "who", "outcome"),
    [
        ("another client", None, "another client", Outcome.UNKNOWN),
        ("another client", WRITTEN, "you in another window", Outcome.ALLOWED),
        ("unseen", WRITTEN, "you in another window", Outcome.ALLOWED),
        ("you", SHELL, "you on the command line", Outcome.ALLOWED),
        ("another client", SHELL, "you on the command line", Outcome.ALLOWED),
        # Not known to have left: it may have been somebody else.
        ("another client", UNSENT, "you or another client", Outcome.UNKNOWN),
        ("unknown", UNSENT, "you or another client", Outcome.UNKNOWN),
        ("the turn's end", None, "the turn's end", Outcome.ENDED),
        ("the turn's end", WRITTEN, "the turn's end", Outcome.ENDED),
    ],
)
def test_who_decided(
    by: str, written: Written | None, who: str, outcome: Outcome
) -> None:
    entry = of_review(review(resolved_by=by, resolved_ms=5000), written)
    assert (entry.who, entry.outcome) == (who, outcome)
    credited = who.startswith("you ") and who != "you or another client"
    assert bool(entry.sent) is bool(entry.scope) is credited
    assert "sending not recorded" not in texts(entry)


def texts(entry: LedgerEntry) -> str:
    return "\n".join(f.text for f in facts(entry, World(), Forest()))


def run(status: ItemStatus, body: ItemBody, **changes: Any) -> Item:
    return replace(Item(ItemId("i"), body, status), **changes)


RAN = run(ItemStatus.FAILED, Command("ls", "/w", exit_code=1))
DECLINED = run(ItemStatus.DECLINED, Command("ls", "/w"))
BROKEN = run(ItemStatus.FAILED, Command("ls", "/w"))
FILE = Patch((FileDiff("/w/a", "add", ""),))
EDITS = {"kind": ReviewKind.EDITS, "command": None}


@pytest.mark.parametrize(
    ("changes", "item", "words"),
    [
        ({}, RAN, "another client allowed, scope unknown"),
        ({}, DECLINED, "another client refused"),
        ({}, BROKEN, "another client: answer unknown"),
        ({}, run(ItemStatus.IN_PROGRESS, Command("ls", "/w")), "answer unknown"),
        ({"resolved_by": "the turn's end"}, DECLINED, "ended by the turn's end"),
        ({"resolved_by": "unseen"}, DECLINED, "unseen refused"),
        # About a part of it, or made up for it: the item tells nothing of these.
        ({"approval_id": "a"}, RAN, "another client: answer unknown"),
        ({"host": "h"}, RAN, "another client: answer unknown"),
        (EDITS, run(ItemStatus.COMPLETED, FILE), "another client allowed, scope"),
        (EDITS, run(ItemStatus.FAILED, FILE), "another client: answer unknown"),
        (EDITS, run(ItemStatus.DECLINED, FILE), "another client refused"),
    ],
)
def test_another_clients_answer_is_inferred_from_the_item(
    changes: dict[str, Any], item: Item, words: str
) -> None:
    asked = review(**{"resolved_by": "another client", **changes})
    entry = of_review(asked, item=item)
    assert words in how(entry)
    assert entry.inferred is (entry.outcome in (Outcome.ALLOWED, Outcome.REFUSED))
    assert not entry.scope and not entry.sent
    assert ("what became of it" in texts(entry)) is entry.inferred
    (row,) = json.loads(exported([entry], {}))
    assert row["inferred"] is entry.inferred
    if asked.kind is ReviewKind.EDITS:
        assert entry.what == "/w/a"


@pytest.mark.parametrize("heard", ["you", "another client"])
def test_of_two_answers_the_first_one_counts(heard: str) -> None:
    """What became of the item says which it was."""
    no = Written("No", '{"decision":"decline"}', False, "d", 2000, 2001)
    asked = review(resolved_by=heard, resolved_ms=5000)
    assert of_review(asked, no, item=DECLINED).who.startswith("you")
    entry = of_review(asked, no, item=RAN)
    assert how(entry) == "another client allowed, scope unknown"
    assert entry.waited_ms == 4000 and not entry.sent
    assert "No: another answer was first" in texts(entry)
    assert of_review(asked, WRITTEN, item=DECLINED).who == "another client"
    assert of_review(asked, WRITTEN, item=RAN).who.startswith("you")
    assert of_review(asked, WRITTEN, item=BROKEN).who.startswith("you")


def test_what_is_not_known_to_have_left_says_so() -> None:
    entry = of_review(review(resolved_by="unknown", resolved_ms=5000), UNSENT)
    assert "Yes: it is not known to have left" in texts(entry)
    assert entry.waited_ms == 4000
    inferred = of_review(review(resolved_by="unknown"), UNSENT, item=RAN)
    assert how(inferred) == "you or another client allowed, scope unknown"
    late = of_review(review(resolved_by="the turn's end"), WRITTEN)
    assert "Yes: it came too late" in texts(late)


def test_when_it_was_asked_is_told_whatever_the_engine_says() -> None:
    assert "1970-01-01 00:00:01 UTC" in texts(of_review(review()))
    for strange in (10**18, -(10**18), 10**30):
        assert "UTC" not in texts(of_review(review(asked_ms=strange)))


def test_decided_sent_and_confirmed_are_apart() -> None:
    decision = Decision("y", "Yes", '{"decision":"accept"}')
    decided = review(ReviewState.DECIDED, decision=decision, decided_ms=2000)
    sent = review(ReviewState.SENT, decision=decision, decided_ms=2000)
    assert how(of_review(decided)) == "you decided, not known to be sent"
    assert how(of_review(sent, WRITTEN)) == "you answered, not confirmed"
    assert of_review(sent, WRITTEN).at == (1000, 2000, 2001, None)
    lost = review(ReviewState.LOST)
    assert of_review(lost).who == "the engine's end"
    # Decided, and the engine ended before it told: nobody but you had a say.
    lost = review(ReviewState.LOST, decision=decision, decided_ms=2000)
    assert how(of_review(lost)) == "you decided, not known to be sent"
    assert how(of_review(lost, WRITTEN)) == "you answered, not confirmed"
    live = of_review(lost)
    (both,) = merged([of_review(lost, WRITTEN)], {f"t/{live.id}": live})
    assert how(both) == "you answered, not confirmed"


@pytest.mark.parametrize(
    ("changes", "rows", "words", "earlier"),
    [
        # Killed between writing down and sending; asked again since.
        ({"again_ms": 9000}, [(2000, None)], "waits for you again", 1),
        ({"again_ms": 9000}, [(2000, 2001)], "waits for you again", 1),
        # Decided since.
        ({"again_ms": 9}, [(2000, None)], "you decided, not known to be sent", 0),
        ({}, [(2000, 2001, True)], "waits for you again", 1),
        ({}, [(2000, 1, True), (3000, 3001)], "you answered, not confirmed", 1),
        # Somebody else answered what was never heard of us.
        (
            {"again_ms": 9, "state": ReviewState.RESOLVED, "resolved_by": "unknown"},
            [(2, None)],
            "over, nobody of us saw how",
            1,
        ),
    ],
)
def test_what_the_engine_did_not_hear_is_history(
    changes: dict[str, Any], rows: list[tuple[Any, ...]], words: str, earlier: int
) -> None:
    written = [Written("Yes", '{"decision":"accept"}', False, "y", *r) for r in rows]
    asked = review(**{"state": ReviewState.PENDING, **changes})
    entry = of_review(asked, *standing(asked, written))
    assert how(entry) == words
    assert len(entry.earlier) == earlier
    (row,) = json.loads(exported([entry], {}))
    assert len(row["unheard"]) == earlier
    said = [f.text for f in facts(entry, World(), Forest()) if f.label == "before"]
    assert len(said) == earlier and all("you decided “Yes”: it" in s for s in said)


def test_a_ledger_read_before_the_engine_asked_again() -> None:
    """The list is the store's rows and this window's newer ones."""
    stored = of_review(review(ReviewState.PENDING), WRITTEN)
    live = of_review(review(ReviewState.PENDING, again_ms=9000))
    (entry,) = merged([stored], {f"t/{live.id}": live})
    assert entry.outcome is Outcome.WAITING
    assert [one.label for one in entry.earlier] == ["Yes"]
    later = of_review(review(ReviewState.PENDING, again_ms=1500))
    (entry,) = merged([stored], {f"t/{later.id}": later})
    assert entry.outcome is Outcome.SENT and not entry.earlier


@pytest.mark.parametrize("state", [ReviewState.PENDING, ReviewState.LOST])
def test_what_a_killed_window_had_written_down_is_yours(state: ReviewState) -> None:
    """Its row was not brought up to date any more; the decision left, or may have."""
    entry = of_review(review(state), WRITTEN)
    assert (entry.who, how(entry)) == ("you", "you answered, not confirmed")
    unsent = of_review(review(state), WRITTEN._replace(sent_ms=None))
    assert how(unsent) == "you decided, not known to be sent"


def test_a_stored_answer_of_another_window_is_not_forgotten() -> None:
    live = of_review(review(resolved_by="another client"))
    stored = of_review(review(resolved_by="another client"), WRITTEN)
    assert merged((stored,), {f"t/{live.id}": live}) == (stored,)


@pytest.mark.parametrize(
    ("status", "risk", "rationale", "outcome", "failure"),
    [
        ("approved", "low", "fine", Outcome.ALLOWED, ""),
        ("denied", "high", "no", Outcome.DENIED, ""),
        ("denied", "high", "Automatic approval review failed: me", Outcome.DENIED, ""),
        (
            "denied",
            None,
            "Automatic approval review failed: guardian assessment was not valid JSON",
            Outcome.FAILED,
            "a bad answer",
        ),
        (
            "denied",
            None,
            "Automatic approval review failed: We\u2019re experiencing high demand",
            Outcome.FAILED,
            "the provider's error",
        ),
        (
            "denied",
            None,
            'Automatic approval review failed: {"error": {"message": "JSON"}}',
            Outcome.FAILED,
            "the provider's error",
        ),
        ("timedOut", None, None, Outcome.TIMED_OUT, "the reviewer did not answer"),
        ("aborted", None, None, Outcome.ABORTED, ""),
        ("inProgress", None, None, Outcome.RUNNING, ""),
        ("somethingNew", None, None, Outcome.UNKNOWN, ""),
    ],
)
def test_failures_of_the_reviewer_are_no_denials(
    status: str, risk: str | None, rationale: str | None, outcome: Outcome, failure: str
) -> None:
    auto = AutoReview("r", None, None, status, "{}", "command", risk, None, rationale)
    entry = of_auto(T, auto)
    assert entry.outcome is outcome
    assert entry.failure.startswith(failure)
    assert bool(entry.failure) is bool(failure)


def test_a_verdict_stands_once_below_what_was_judged() -> None:
    auto = AutoReview(
        "r", TurnId("u"), ItemId("i"), "denied", "{}", "command", "high", "low", "no", 1
    )
    thread = Thread(T, turns={TurnId("u"): Turn(TurnId("u"))})
    event = AutoReviewChanged(T, auto)
    once = reduce_thread(thread, event)
    again = reduce_thread(once, event)
    (item,) = again.turns[TurnId("u")].items.values()
    assert isinstance(item.body, Notice)
    assert "denied" in item.body.text
    assert ": no (" in item.body.text


def test_a_verdict_says_when_its_retry_was_approved() -> None:
    """Of a failure of the reviewer, too: the ledger lets that be tried again."""
    turn = Turn(TurnId("u"), items={ItemId("later"): later()})
    for status, risk in (("denied", "high"), ("timedOut", None)):
        auto = AutoReview("r", turn.id, ItemId("i"), status, "{}", "command", risk)
        thread = Thread(T, turns={turn.id: turn})
        thread = reduce_thread(thread, AutoReviewChanged(T, auto))
        assert said(thread, auto).endswith("(/approve allows one retry)")
        thread = reduce_thread(thread, DenialApproved(T, auto.id, 9))
        assert said(thread, auto).endswith("(one retry approved)")
        assert list(thread.turns[turn.id].items) == [ItemId("later"), auto.notice]


def later() -> Item:
    return Item(ItemId("later"), Command("ls"), ItemStatus.COMPLETED)


def said(thread: Thread, auto: AutoReview) -> str:
    body = thread.turns[TurnId("u")].items[auto.notice].body
    assert isinstance(body, Notice)
    return body.text


def test_what_ended_an_auto_review_is_not_always_its_turn() -> None:
    """A call of a script that is given up, as its neighbour was denied; an engine."""
    turn = Turn(TurnId("u"))
    running = Thread(
        T, status=ThreadStatus.ACTIVE, turns={turn.id: turn}, active_turn=turn.id
    )
    over = replace(running, active_turn=None)
    auto = AutoReview("r", turn.id, None, "aborted", "{}", "command")
    for thread, who, words in (
        (running, "its call's end", "the call it was about was given up"),
        (over, "the turn's end", "ended with the turn"),
    ):
        after = reduce_thread(thread, AutoReviewChanged(T, auto))
        assert of_auto(T, after.auto_reviews["r"]).who == who
        assert words in said(after, auto)
    for gap, who in ((50, "the turn's end"), (9_000, "its call's end")):
        # Of a cell's calls an engine tells the end before that of the turn.
        told = replace(auto, completed_ms=10_000)
        after = reduce_thread(running, AutoReviewChanged(T, told))
        stop = TurnEnded(T, turn.id, TurnStatus.INTERRUPTED, at_ms=10_000 + gap)
        after = reduce_thread(after, stop)
        assert of_auto(T, after.auto_reviews["r"]).who == who
        assert ("ended with the turn" in said(after, auto)) is (gap < 1_000)
    begun = reduce_thread(
        running, AutoReviewChanged(T, replace(auto, status="inProgress"))
    )
    world = World(engine=Engine(EnginePhase.READY, epoch="1"), threads={T: begun})
    world = reduce(world, EngineChanged(Engine(EnginePhase.READY, epoch="2")))
    assert of_auto(T, world.threads[T].auto_reviews["r"]).who == "the engine's end"
    assert "ended with the engine" in said(world.threads[T], auto)


@pytest.mark.parametrize(
    ("policy", "reviewer", "words"),
    [
        ("on-request", "auto_review", "reviewed again and may be denied"),
        ("on-request", "user", "reviewed by you"),
        ("untrusted", "auto_review", "reviewed by you"),
        ("never", "auto_review", "is refused"),
    ],
)
def test_who_reviews_a_retry_is_who_the_thread_asks_now(
    policy: str, reviewer: str, words: str
) -> None:
    settings = Settings(approval_policy=policy, reviewer=reviewer)
    assert words in judge_of_a_retry(Thread(T, settings=settings))


def test_the_engines_doubled_words_are_dropped_and_the_breaker_is_explained() -> None:
    told = [e.text for e in events("a-guardian-basic") if isinstance(e, WarningSeen)]
    assert not [text for text in told if text.startswith("Automatic approval review")]


def test_what_a_rule_decided_is_an_entry_and_no_decision_of_yours() -> None:
    outside = RanOutside("make test", "/home/u/.codex/rules/default.rules:3")
    body = Command("make test", "/w", outside=outside)
    named = (T, TurnId("u"), ItemId("i"))
    entry = of_rule(*named, body, 5)
    assert entry is not None and how(entry) == "a rule allowed"
    assert "`make test` at /home/u/.codex/rules/default.rules:3" in entry.reason
    assert chosen([entry], Show.YOURS) == [] and chosen([entry], Show.ALL) == [entry]
    item = Item(named[2], body, ItemStatus.COMPLETED, started_ms=5)
    turn = Turn(named[1], items={item.id: item})
    live = live_entries([Thread(T, turns={turn.id: turn})])
    assert live == {f"t/{entry.id}": entry}
    perhaps = replace(body, outside=RanOutside("", "x.rules:1", sure=False))
    guessed = of_rule(*named, perhaps, 5)
    assert guessed is not None and guessed.who == "perhaps a rule"
    assert of_rule(*named, Command("ls"), 5) is None


def test_filters_and_export() -> None:
    entries = [
        of_review(answered({"decision": "accept"})),
        of_review(review(ReviewState.PENDING, key=ReviewKey("e", 1), asked_ms=9000)),
        of_auto(T, AutoReview("r", None, None, "denied", "{}", "command", "high")),
    ]
    assert [e.outcome for e in chosen(entries, Show.WAITING)] == [Outcome.WAITING]
    assert [e.outcome for e in chosen(entries, Show.DENIALS)] == [Outcome.DENIED]
    assert len(chosen(entries, Show.ALL, "allowed you")) == 1
    assert chosen(entries, Show.ALL, "", frozenset({ThreadId("other")})) == []
    rows = json.loads(exported(entries, {T: ("title", "/root")}))
    assert [row["outcome"] for row in rows] == ["denied", "allowed", "waiting"]
    assert rows[1]["sent"] == {"decision": "accept"}
    assert rows[1]["thread"] == "title"
