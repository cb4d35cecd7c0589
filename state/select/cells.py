"""One item -> one cell body: glyph, verb, subject, facts. Total over item kinds.

Owns the words for each kind of item. An unknown kind is shown as such, with its
JSON. Every string passes a text door here.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import assert_never

from state.dataclass import dataclass
from state.diff import count_unified, unified, whole
from state.items import (
    AgentActivity,
    AgentMessage,
    Checklist,
    CollabCall,
    Command,
    Compaction,
    FileDiff,
    HiddenCommand,
    HookPrompt,
    ImageView,
    Item,
    ItemStatus,
    Level,
    Notice,
    Patch,
    ProposedPlan,
    Reasoning,
    ReviewMode,
    Sleep,
    ThreadId,
    ToolCall,
    Unknown,
    UserMessage,
    WebSearch,
)
from state.model import Turn
from state.output import OutputText
from state.select.agent_cells import AgentFacts, activity_cell, collab_cell
from state.select.blocked import diagnosis, hidden_cell, hinted, ruled_words
from state.select.words import one_line, unwrap_command
from state.text import clean, reveal
from state.views import (
    AnswerCell,
    Bit,
    Bits,
    CellBody,
    CommandCell,
    EventCell,
    FileView,
    Glyph,
    NoticeCell,
    PatchCell,
    PlanCell,
    SaidCell,
    ThoughtCell,
    Tone,
)
from state.words import duration

JUDGED = "for its auto-review"
ENDED_ODDLY = "how it ended is not known here"


@dataclass(frozen=True, slots=True)
class CellWords:
    """What a cell must know beyond its item; equal values give equal cells."""

    stale: bool = False
    running: bool = False
    cwd: str = ""
    asking: tuple[tuple[str, str], ...] = ()
    unallowed: tuple[str, ...] = ()
    """items that were asked about, and ended before anybody allowed them"""
    judged: tuple[str, ...] = ()
    """items that wait for an auto-review"""
    denied: tuple[tuple[str, str], ...] = ()
    """notices of what auto-review denied, or could not judge, with the review's id"""
    let_out: tuple[str, ...] = ()
    """commands that were allowed to leave the sandbox: it stopped nothing of theirs"""
    terminals: tuple[str, ...] = ()
    agents: tuple[AgentFacts, ...] = ()
    """those that the item is about, or waits for"""

    @property
    def known(self) -> dict[ThreadId, AgentFacts]:
        """The agents by thread."""
        return {facts.id: facts for facts in self.agents}

    def cut_off(self, item: Item) -> str:
        """What is said of an item that its turn's end closed."""
        if item.id in self.unallowed:
            return "the turn ended before it was allowed"
        if isinstance(item.body, Command):
            return "still running when the turn ended; its end was not told"
        return "the turn ended before it was done"

    def asks(self, item: Item) -> bool:
        """A review about this item waits for the user."""
        return any(item_id == item.id for item_id, _ in self.asking)

    def waits(self, item: Item) -> bool:
        """It has not begun: an auto-review of it runs."""
        return item.id in self.judged and not item.ended and not self.stale


def item_body(item: Item, turn: Turn | None, words: CellWords) -> CellBody | None:
    """The cell of an item; None when there is nothing to draw."""
    body = item.body
    live = not item.ended and words.running and not words.stale
    match body:
        case UserMessage():
            images = tuple(reveal(image).text for image in body.images)
            return SaidCell(clean(body.text), images)
        case AgentMessage():
            text = clean(str(body.text))
            if not text.strip():
                return None
            return AnswerCell(text, live=live, commentary=body.phase == "commentary")
        case Reasoning():
            parts = body.summary or body.thought
            text = "\n\n".join(clean(str(part)) for part in parts).strip()
            return ThoughtCell(text, live=live) if text else None
        case ProposedPlan():
            return PlanCell("Proposed plan", markdown=clean(str(body.text)))
        case Checklist():
            steps = tuple((s.status, one_line(s.step)) for s in body.steps)
            return PlanCell("Plan", steps, clean(body.explanation or ""))
        case Command():
            return _command(item, body, turn, words, live=live)
        case HiddenCommand():
            return hidden_cell(item, body, turn)
        case Patch():
            return _patch(item, body, words, live=live)
        case Notice():
            tone, glyph = _LEVELS[body.level]
            return NoticeCell(
                tone,
                glyph,
                one_line(body.text),
                clean(body.detail or ""),
                dict(words.denied).get(item.id, ""),
            )
        case _:
            return _event(item, words, live=live)


_LEVELS = {
    Level.INFO: (Tone.MUTED, Glyph.DONE),
    Level.WARNING: (Tone.NEED, Glyph.NONE),
    Level.ERROR: (Tone.FAIL, Glyph.FAILED),
}


def _event(item: Item, words: CellWords, *, live: bool) -> CellBody:
    body = item.body
    glyph, tone = _sign(item, words)
    match body:
        case ToolCall():
            return _tool(item, body, words, live=live)
        case AgentActivity():
            return activity_cell(body, words.known, stale=words.stale)
        case CollabCall():
            return collab_cell(body, words.known, (glyph, tone), live=live)
        case WebSearch():
            verb = "Searching" if live else "Searched"
            return EventCell(glyph, tone, verb, one_line(body.query), live=live)
        case ImageView():
            return EventCell(glyph, tone, "Viewed", reveal(body.path).text)
        case Sleep():
            verb = "Waiting" if live else "Waited"
            return EventCell(glyph, tone, verb, duration(body.duration_ms), live=live)
        case ReviewMode():
            verb = "Code review" if body.entered else "Code review ended"
            return EventCell(glyph, tone, verb, one_line(body.review))
        case Compaction():
            return EventCell(
                glyph, tone, "Compacted", "the context was summarised", live=live
            )
        case HookPrompt():
            text = "\n".join(clean(text) for text, _ in body.fragments)
            return EventCell(Glyph.NONE, Tone.MUTED, "Hook said", text)
        case Unknown():
            return EventCell(
                Glyph.NONE,
                Tone.MUTED,
                "Unknown item",
                one_line(body.type),
                detail=_pretty(body.json),
            )
        case _:
            raise AssertionError(f"not an event item: {type(body).__name__}")


def _sign(item: Item, words: CellWords) -> tuple[Glyph, Tone]:
    match item.status:
        case ItemStatus.COMPLETED:
            return Glyph.DONE, Tone.MUTED
        case ItemStatus.FAILED | ItemStatus.DECLINED:
            return Glyph.FAILED, Tone.FAIL
        case ItemStatus.CLOSED:
            return Glyph.INTERRUPTED, Tone.TEXT
        case ItemStatus.UNKNOWN:
            return Glyph.CLOSED, Tone.MUTED
        case ItemStatus.IN_PROGRESS:
            if words.stale:
                return Glyph.STALE, Tone.MUTED
            return Glyph.WORK, Tone.WORK
        case _:
            assert_never(item.status)


def _command(
    item: Item, body: Command, turn: Turn | None, words: CellWords, *, live: bool
) -> CommandCell:
    glyph, tone = _sign(item, words)
    user = body.source == "userShell"
    verb = "You ran" if user else "Ran"
    right: list[Bit] = []
    note = "outside the sandbox, by you" if user else ruled_words(body, turn)
    if item.id in words.terminals:
        verb, note = "Background", "runs on · /stop ends it"
        if not words.stale:
            glyph, tone = Glyph.WORK, Tone.WORK
    elif words.asks(item):
        verb = "Asked to run" if words.stale else "Asks to run"
        if not words.stale:
            glyph, tone = Glyph.NEED, Tone.NEED
    elif words.waits(item):
        verb, note = "Waits to run", JUDGED
    elif not item.ended:
        verb = "You run" if user else "Running"
    elif item.status is ItemStatus.DECLINED:
        verb, note = "Did not run", "declined"
    elif item.status is ItemStatus.CLOSED:
        note = words.cut_off(item)
        verb = "Did not run" if item.id in words.unallowed else verb
    elif item.status is ItemStatus.UNKNOWN:
        verb, note = "Command", ENDED_ODDLY
    code = body.exit_code
    if code is not None and code < 0:
        # It did not fail: whoever stopped it, or the engine's end, ended it.
        glyph, tone = Glyph.CLOSED, Tone.MUTED
        right.append(Bit("stopped", Tone.MUTED))
    elif item.status is ItemStatus.FAILED or code not in (None, 0):
        glyph, tone = Glyph.FAILED, Tone.FAIL
        word = "failed" if code is None else f"exit {code}"
        right.append(Bit(word, Tone.FAIL))
        told = diagnosis(item, turn) if item.id not in words.let_out else None
        if told is not None and not note:
            note = hinted(clean(told.sentence))
    if body.duration_ms is not None:
        right.append(Bit(duration(body.duration_ms), Tone.MUTED))
    script = unwrap_command(body.command).strip()
    return CommandCell(
        glyph,
        tone,
        verb,
        reveal(script, multiline=True),
        tuple(right),
        OutputText(str(body.output)),
        note,
        live=live,
    )


_EDIT_VERBS = {
    "add": ("Added", "Wants to add"),
    "delete": ("Deleted", "Wants to delete"),
    "update": ("Edited", "Wants to edit"),
}


def file_view(change: FileDiff, *, done: bool, cwd: str) -> FileView:
    """A changed file with its diff; the path relative to the thread's cwd."""
    verbs = _EDIT_VERBS.get(change.kind, ("Changed", "Wants to change"))
    # `reveal`, not `clean`: an edit that looks other than it is must show it.
    text = reveal(change.diff.expandtabs(4), multiline=True).text
    if change.kind == "update":
        lines = unified(text)
        added, removed = count_unified(text)
    else:
        deleted = change.kind == "delete"
        lines = whole(text, sign="-" if deleted else "+")
        length = len(text.splitlines())
        added, removed = (0, length) if deleted else (length, 0)
    path = change.path
    if cwd and path.startswith(cwd.rstrip("/") + "/"):
        path = path[len(cwd.rstrip("/")) + 1 :]
    if change.move_path:
        path = f"{path} → {change.move_path}"
    language = PurePosixPath(change.path).suffix.lstrip(".")
    verb = verbs[0] if done else verbs[1]
    return FileView(verb, reveal(path), added, removed, lines, one_line(language))


def _patch(item: Item, body: Patch, words: CellWords, *, live: bool) -> PatchCell:
    glyph, tone = _sign(item, words)
    done = item.status is ItemStatus.COMPLETED or live
    note = ""
    if words.asks(item):
        done = False
        if not words.stale:
            glyph, tone = Glyph.NEED, Tone.NEED
    elif words.waits(item):
        note, done = JUDGED, False
    elif item.status is ItemStatus.DECLINED:
        note, done = "declined: nothing was written", False
    elif item.status is ItemStatus.FAILED:
        note, done = "failed", False
    elif item.status is ItemStatus.CLOSED:
        note, done = words.cut_off(item), False
    elif item.status is ItemStatus.UNKNOWN:
        note, done = ENDED_ODDLY, False
    files = tuple(file_view(c, done=done, cwd=words.cwd) for c in body.changes)
    return PatchCell(glyph, tone, files, note)


def _tool(item: Item, body: ToolCall, words: CellWords, *, live: bool) -> EventCell:
    glyph, tone = _sign(item, words)
    name = f"{body.namespace}.{body.tool}" if body.namespace else body.tool
    verb = "Calling" if live else "Called"
    if words.asks(item) and not words.stale:
        glyph, tone, verb = Glyph.NEED, Tone.NEED, "Asks to call"
    elif words.waits(item):
        verb = "Waits to call"
    detail = "\n".join(
        clean(part) for part in (body.arguments, body.error or "", body.result) if part
    )
    if item.status is ItemStatus.UNKNOWN:
        name = f"{name} · {ENDED_ODDLY}"
    right: Bits = ()
    if body.duration_ms is not None:
        right = (Bit(duration(body.duration_ms), Tone.MUTED),)
    return EventCell(glyph, tone, verb, one_line(name), right, detail, live=live)


def _pretty(text: str) -> str:
    try:
        return clean(json.dumps(json.loads(text), indent=2, ensure_ascii=False))
    except ValueError:
        return clean(text)
