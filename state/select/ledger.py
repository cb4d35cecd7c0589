"""The ledger of reviews as a list, and one entry with everything that is known of it.

Owns the words. What an entry is stands in `state.ledger`. Invariant: commands, paths,
hosts and JSON pass `reveal`, prose passes `clean`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from state import approvals as a
from state.dataclass import dataclass, replace
from state.forms import granted_words
from state.items import Command, Item, ThreadId
from state.ledger import LedgerEntry, Outcome, Written, of_auto, of_rule
from state.ledger_export import Show, chosen
from state.ledger_requests import of_review
from state.model import Review, Thread, World
from state.reviews import EITHER, ELSEWHERE, ENDED, ITS_CALL, NOT_OURS
from state.select.words import (
    agent_label,
    command_line,
    one_line,
    thread_title,
    unwrap_command,
)
from state.text import clean, reveal
from state.tree import Forest
from state.views import Bit, Bits, Fact, Glyph, LedgerRow, LedgerView, Tone
from state.words import duration

HERE, TREE, EVERY = "thread", "tree", "all"
SCOPES = {HERE: "this thread", TREE: "its tree", EVERY: "all threads"}
PAGE = 500
"""Rows that are made at once: each text passes a door, which takes its time"""
Names = dict[ThreadId, tuple[str, str]]
_SIGNS = {
    Outcome.WAITING: (Glyph.NEED, Tone.NEED),
    Outcome.RUNNING: (Glyph.AUTO, Tone.AUTO),
    Outcome.DECIDED: (Glyph.STARTING, Tone.MUTED),
    Outcome.SENT: (Glyph.STARTING, Tone.MUTED),
    Outcome.ALLOWED: (Glyph.DONE, Tone.MUTED),
    Outcome.ANSWERED: (Glyph.DONE, Tone.MUTED),
    Outcome.REFUSED: (Glyph.FAILED, Tone.TEXT),
    Outcome.DENIED: (Glyph.FAILED, Tone.FAIL),
    Outcome.FAILED: (Glyph.FAILED, Tone.NEED),
    Outcome.TIMED_OUT: (Glyph.FAILED, Tone.NEED),
    Outcome.UNKNOWN: (Glyph.STALE, Tone.MUTED),
    Outcome.ENDED: (Glyph.CLOSED, Tone.MUTED),
    Outcome.LOST: (Glyph.CLOSED, Tone.MUTED),
    Outcome.ABORTED: (Glyph.CLOSED, Tone.MUTED),
}


@dataclass(frozen=True, slots=True)
class LedgerAsk:
    """What the user looks at."""

    show: Show = Show.ALL
    scope: str = EVERY
    words: str = ""
    thread: ThreadId | None = None
    most: int = PAGE
    """Rows that are listed"""
    older: int = 0
    """Entries that were not read"""


def live_entries(threads: Iterable[Thread]) -> dict[str, LedgerEntry]:
    """What this window itself knows, by thread and id; newer than any row on disk."""
    found = {}
    for thread in threads:
        for review in thread.reviews.values():
            if review.method:
                entry = of_review(review, item=_item(review, thread))
                found[f"{thread.id}/{entry.id}"] = entry
        for auto in thread.auto_reviews.values():
            entry = of_auto(thread.id, auto)
            found[f"{thread.id}/{entry.id}"] = entry
        for entry in _by_rules(thread):
            found[f"{thread.id}/{entry.id}"] = entry
    return found


def _item(review: Review, thread: Thread) -> Item | None:
    turn = thread.turns.get(review.turn_id) if review.turn_id else None
    return turn.items.get(review.item_id) if turn and review.item_id else None


def _by_rules(thread: Thread) -> Iterator[LedgerEntry]:
    for turn in thread.turns.values():
        for item in turn.items.values():
            if isinstance(item.body, Command):
                entry = of_rule(thread.id, turn.id, item.id, item.body, item.started_ms)
                if entry is not None:
                    yield entry


def merged(
    stored: Iterable[LedgerEntry], live: dict[str, LedgerEntry]
) -> tuple[LedgerEntry, ...]:
    """Both, the live one where it knows more. A stored entry keeps what only the
    store knows: another window's answer."""
    result = {}
    for entry in stored:
        key = f"{entry.thread_id}/{entry.id}"
        if entry.outcome is Outcome.RUNNING and key not in live:
            # Its end came when nobody of us listened.
            entry = replace(entry, outcome=Outcome.UNKNOWN, who="auto-review")
        result[key] = entry
    for key, entry in live.items():
        known = result.get(key)
        result[key] = entry if known is None else _newer(known, entry)
    return tuple(result.values())


def _newer(known: LedgerEntry, live: LedgerEntry) -> LedgerEntry:
    """A stored entry, and what this window knows of the same."""
    at = known.at
    earlier = known.earlier
    answered = max(at.sent or 0, at.decided or 0)
    if answered and answered < (live.again_ms or 0):
        # Read before the engine asked again: it never heard that answer.
        if known.label:
            letter, broad = "", known.scope not in ("", "once")
            words = (known.label, known.sent, broad, letter)
            earlier = (*earlier, Written(*words, at.decided or answered, at.sent))
        return replace(live, earlier=earlier)
    if known.label and not live.label:
        # Who gave it is told by its row; that it was not we, by what was heard here.
        elsewhere = known.who == "you" and live.who in NOT_OURS
        return replace(known, who=ELSEWHERE) if elsewhere else known
    if live.inferred < known.inferred and live.outcome is Outcome.UNKNOWN:
        return known  # The store has the item that tells.
    if at.sent is not None and live.at.sent is None:
        decided = live.outcome is Outcome.DECIDED
        outcome = Outcome.SENT if decided else live.outcome
        live = replace(live, at=live.at._replace(sent=at.sent), outcome=outcome)
    return replace(live, earlier=earlier)


def in_scope(ask: LedgerAsk, forest: Forest) -> frozenset[ThreadId] | None:
    """The threads the user looks at; None: all."""
    if ask.thread is None or ask.scope == EVERY:
        return None
    if ask.scope == HERE:
        return frozenset({ask.thread})
    return frozenset(t.id for _, t in forest.walk(forest.root(ask.thread)))


def ledger_view(
    entries: Sequence[LedgerEntry], world: World, forest: Forest, ask: LedgerAsk
) -> LedgerView:
    """The list."""
    names = names_of(entries, world, forest)
    found = chosen(entries, ask.show, ask.words, in_scope(ask, forest), names)
    return LedgerView(
        tuple(_row(entry, names[entry.thread_id]) for entry in found[: ask.most]),
        found=len(found),
        total=len(entries) + ask.older,
        older=ask.older,
        running=sum(entry.outcome is Outcome.RUNNING for entry in entries),
        empty=_empty(ask) if not found else (),
    )


def names_of(entries: Iterable[LedgerEntry], world: World, forest: Forest) -> Names:
    """Title and agent path of every thread that has an entry."""
    threads = {entry.thread_id for entry in entries}
    return {thread_id: owner(thread_id, world, forest) for thread_id in threads}


def owner(thread_id: ThreadId, world: World, forest: Forest) -> tuple[str, str]:
    """(title of the tree, agent path)."""
    thread = world.threads.get(thread_id)
    if thread is None:
        return f"thread {thread_id[-8:]}", ""
    root = world.threads.get(forest.root(thread_id), thread)
    return thread_title(root), agent_label(thread)


def _row(entry: LedgerEntry, name: tuple[str, str]) -> LedgerRow:
    title, agent = name
    glyph, tone = _SIGNS[entry.outcome]
    if entry.outcome is Outcome.WAITING and not entry.ours:
        glyph, tone = Glyph.NOT_LOADED, Tone.MUTED
    return LedgerRow(
        key=f"{entry.thread_id}/{entry.id}",
        thread_id=entry.thread_id,
        glyph=glyph,
        tone=tone,
        kind=entry.kind,
        owner=agent if agent not in ("", "/root") else title,
        what=what_words(entry),
        how=how(entry),
        asked_ms=entry.at.asked,
        retryable=entry.retryable and entry.retry_ms is None,
    )


def what_words(entry: LedgerEntry) -> str:
    """What was asked for, in one line."""
    return _what(entry.kind, entry.what)


@lru_cache(maxsize=8192)
def _what(kind: str, what: str) -> str:
    if kind in ("command", "edits", "input", "network"):
        return command_line(what)
    return reveal(one_line(what)).text


def how(entry: LedgerEntry) -> str:
    """Who decided what, in a few words."""
    who = entry.who
    match entry.outcome:
        case Outcome.WAITING if not entry.ours:
            return "waits for its own client"
        case Outcome.WAITING:
            return "waits for you again" if entry.earlier else "waits for you"
        case Outcome.RUNNING:
            return "auto-review running"
        case Outcome.DECIDED:
            return "you decided, not known to be sent"
        case Outcome.SENT:
            return "you answered, not confirmed"
        case Outcome.ALLOWED | Outcome.REFUSED if entry.auto is None:
            verb = "allowed" if entry.outcome is Outcome.ALLOWED else "refused"
            if verb == "refused" or not (entry.scope or entry.inferred):
                return f"{who} {verb}"
            scope = ", scope unknown" if entry.inferred else f" {entry.scope}"
            return f"{who} {verb}{scope}"
        case Outcome.ALLOWED:
            grade = f" · {one_line(entry.risk)} risk" if entry.risk else ""
            return f"auto-review allowed{grade}"
        case Outcome.DENIED:
            words = f"auto-review denied · {one_line(entry.risk) or 'unknown'} risk"
        case Outcome.FAILED:
            words = "auto-review failed"
        case Outcome.TIMED_OUT:
            words = "auto-review timed out"
        case Outcome.ANSWERED:
            return f"{who} answered"
        case Outcome.UNKNOWN if who in ("unseen", "unknown"):
            return "over, nobody of us saw how"
        case Outcome.UNKNOWN:
            return f"{who}: answer unknown"
        case Outcome.ABORTED if who == ITS_CALL:
            return "ended with its call"
        case _:
            return f"ended by {who or 'the engine'}"
    return f"{words} · retry approved" if entry.retry_ms else words


def judge_of_a_retry(thread: Thread) -> str:
    """Who reviews the retry of what was denied: the thread may be set otherwise now."""
    force = a.in_force(thread.settings)
    if force.policy == "never":
        return "as this thread asks nobody now, the retry is refused; see /approvals."
    if force.reviewer == "user" or force.policy == "untrusted":
        return "as this thread asks you now, the retry is reviewed by you."
    return "the retry is reviewed again and may be denied."


def _empty(ask: LedgerAsk) -> tuple[Bits, ...]:
    if ask.words:
        return ((Bit(f"No entry matches “{one_line(ask.words)}”."),),)
    if ask.show is Show.DENIALS:
        where = "in this thread" if ask.scope == HERE else "here"
        return (
            (Bit(f"No recent auto-review denials {where}."),),
            (
                Bit(
                    "Denials are recorded after auto-review rejects an action.",
                    Tone.MUTED,
                ),
            ),
        )
    return ((Bit("Nothing was asked yet."),),)


# -- one entry -------------------------------------------------------------------------


def facts(entry: LedgerEntry, world: World, forest: Forest) -> tuple[Fact, ...]:
    """Everything that is known of an entry."""
    title, agent = owner(entry.thread_id, world, forest)
    asker = (agent, title, moment(entry.at.asked) if entry.at.asked else "")
    rows = [Fact("asked by", " · ".join(filter(None, asker)))]
    text = reveal(unwrap_command(entry.what).strip(), multiline=True)
    rows.append(Fact(entry.kind, text.text, Tone.BRIGHT))
    rows += [Fact("", warning, Tone.NEED) for warning in text.warnings]
    if entry.cwd:
        rows.append(Fact("in", reveal(entry.cwd).text))
    if entry.reason and entry.reason != entry.what:
        rows.append(Fact("why", clean(entry.reason)))
    rows.append(
        Fact("outcome", f"{how(entry)}{_times(entry)}", _SIGNS[entry.outcome][1])
    )
    if entry.risk or entry.authorization:
        risk = one_line(entry.risk) or "unknown"
        given = one_line(entry.authorization) or "unknown"
        rows.append(Fact("judged", f"risk {risk} · authorisation {given}"))
    if entry.failure:
        rows.append(Fact("failure", clean(entry.failure), Tone.NEED))
        rows.append(Fact("", "This is no judgement: the action was not run."))
    elif entry.rationale:
        rows.append(Fact("rationale", clean(entry.rationale)))
    if entry.label:
        rows.append(Fact("answer", f"{one_line(entry.label)}{_fate(entry)}"))
    if granted := granted_words(entry.sent):
        rows.append(Fact("granted", reveal(granted).text))
    if entry.sent and entry.auto is None:
        rows.append(Fact("sent", reveal(entry.sent).text, Tone.MUTED))
    elif entry.outcome is Outcome.UNKNOWN:
        rows.append(Fact("sent", "not known: the engine only says that it is over"))
    elif entry.inferred:
        words = "not known: that it was {} is seen from what became of it"
        rows.append(Fact("sent", words.format(entry.outcome.value)))
    if entry.retry_ms is not None:
        rows.append(Fact("retry", "approved once; it is reviewed again"))
    rows += [_unheard(entry, one) for one in entry.earlier]
    return tuple(rows)


def _fate(entry: LedgerEntry) -> str:
    """What became of an answer that is not what answered; "" for any other."""
    if entry.sent or entry.auto is not None:
        return ""
    if entry.who == ENDED:
        return ": it came too late"
    if entry.who == EITHER:
        return ": it is not known to have left"
    return ": another answer was first"


def moment(at_ms: int) -> str:
    """When, to the second, wherever the reader is; "" for what is no moment."""
    try:
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _unheard(entry: LedgerEntry, one: Written) -> Fact:
    """A decision that came to nothing: it stays known, and that it came to nothing."""
    after = duration(max(0, one.decided_ms - entry.at.asked))
    words = "it was sent" if one.sent_ms is not None else "it is not known to have left"
    words = "it never left" if one.reopened else words
    why = "" if one.reopened else "; the engine did not hear it, and asked again"
    return Fact(
        "before", f"after {after} you decided “{one_line(one.label)}”: {words}{why}"
    )


def _times(entry: LedgerEntry) -> str:
    """The moments apart: waited, sent, confirmed."""
    words = []
    at = entry.at
    if entry.waited_ms is not None:
        verb = "took" if entry.auto is not None else "waited"
        words.append(f"{verb} {duration(entry.waited_ms)}")
    if entry.auto is None and not (entry.label and not entry.sent):
        if at.sent is not None:
            words.append("sent")
        elif at.decided is not None and entry.label:
            words.append("sending not recorded")
        if at.confirmed is not None and at.decided is not None:
            words.append(
                f"confirmed {duration(max(0, at.confirmed - at.decided))} later"
            )
        elif at.decided is not None:
            words.append("not confirmed")
    return f" · {' · '.join(words)}" if words else ""
