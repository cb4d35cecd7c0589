"""Which entries of the ledger are looked at, and the same as JSON for other programs.

Owns filter, search and export. Pure. Invariant: what is exported is what was chosen,
with the raw texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from state.items import ThreadId
from state.ledger import LedgerEntry, Outcome, action_of


class Show(StrEnum):
    """What the ledger shows."""

    ALL = "everything"
    WAITING = "waiting"
    YOURS = "decisions"
    AUTO = "auto-reviews"
    DENIALS = "denials"


def chosen(
    entries: Iterable[LedgerEntry],
    show: Show,
    words: str = "",
    threads: frozenset[ThreadId] | None = None,
    names: Mapping[ThreadId, tuple[str, str]] | None = None,
) -> list[LedgerEntry]:
    """The entries of these threads (None: all) that match, newest first. `names`:
    title and agent path by thread, which words are found in, too."""
    wanted = words.casefold().split()
    found = [
        entry
        for entry in entries
        if (threads is None or entry.thread_id in threads)
        and _shown(entry, show)
        and _matches(entry, wanted, names or {})
    ]
    return sorted(found, key=lambda entry: (-entry.at.asked, entry.id))


def _shown(entry: LedgerEntry, show: Show) -> bool:
    match show:
        case Show.WAITING:
            return entry.outcome in (
                Outcome.WAITING,
                Outcome.RUNNING,
                Outcome.DECIDED,
                Outcome.SENT,
            )
        case Show.YOURS:
            asked = entry.auto is None and not entry.by_rule
            return asked or bool(entry.retry_ms)
        case Show.AUTO:
            return entry.auto is not None
        case Show.DENIALS:
            return entry.retryable
    return True


def _matches(
    entry: LedgerEntry, words: list[str], names: Mapping[ThreadId, tuple[str, str]]
) -> bool:
    if not words:
        return True
    text = " ".join(
        (
            entry.what,
            entry.kind,
            entry.who,
            entry.outcome.value,
            entry.label,
            entry.rationale,
            entry.reason,
            entry.cwd,
            entry.scope,
            entry.tool,
            *names.get(entry.thread_id, ()),
        )
    ).casefold()
    return all(word in text for word in words)


# -- export ----------------------------------------------------------------------------


def exported(
    entries: Iterable[LedgerEntry], names: Mapping[ThreadId, tuple[str, str]]
) -> str:
    """The entries as JSON, oldest first. `names`: title and agent path by thread."""
    rows = rows_of(reversed(chosen(entries, Show.ALL)), names)
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def rows_of(
    entries: Iterable[LedgerEntry], names: Mapping[ThreadId, tuple[str, str]]
) -> list[dict[str, Any]]:
    """Each as a JSON object."""
    return [
        {
            "id": entry.id,
            "threadId": entry.thread_id,
            "thread": names.get(entry.thread_id, ("", ""))[0],
            "agent": names.get(entry.thread_id, ("", ""))[1],
            "turnId": entry.turn_id,
            "kind": entry.kind,
            "what": entry.what,
            "cwd": entry.cwd,
            "reason": entry.reason,
            "ours": entry.ours,
            "outcome": entry.outcome.value,
            "who": entry.who or None,
            "answer": entry.label or None,
            "scope": entry.scope or None,
            "inferred": entry.inferred,
            "sent": action_of(entry.sent) or None,
            "askedMs": entry.at.asked,
            "decidedMs": entry.at.decided,
            "sentMs": entry.at.sent,
            "confirmedMs": entry.at.confirmed,
            "waitedMs": entry.waited_ms,
            "risk": entry.risk or None,
            "authorization": entry.authorization or None,
            "rationale": entry.rationale or None,
            "failure": entry.failure or None,
            "retryApprovedMs": entry.retry_ms,
            "askedAgainMs": entry.again_ms,
            "unheard": [
                {
                    "answer": one.label,
                    "sent": action_of(one.result) or None,
                    "decidedMs": one.decided_ms,
                    "sentMs": one.sent_ms,
                }
                for one in entry.earlier
            ],
        }
        for entry in entries
    ]
