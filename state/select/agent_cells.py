"""Cells about agents: started, messaged, waited for, interrupted, completed, closed.

Owns their words for both kinds of the wire: v2 activities and v1 collaboration calls.
An agent is named by its path, or its nickname where it has none, with role, model and
effort, and with its state as it is now. Every string passes a text door here.
"""

from __future__ import annotations

from collections.abc import Mapping

from state.dataclass import dataclass
from state.items import AgentActivity, AgentReport, CollabCall, Item, ThreadId
from state.model import Thread
from state.select.agents import agent_sign
from state.select.words import one_line
from state.text import clean
from state.views import Bit, Bits, EventCell, Glyph, Tone
from state.words import cut, shorten_path

NAME, WORD = 80, 32
"""Cells that a name, or a role, model or state, may take; the engine's are shorter."""


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What a cell says of one agent; equal values give equal cells."""

    id: ThreadId
    label: str
    role: str = ""
    model: str = ""
    glyph: Glyph = Glyph.NONE
    tone: Tone = Tone.MUTED
    word: str = ""

    @property
    def words(self) -> str:
        """The name with the role: `/root/tester [explorer]`."""
        return f"{self.label} [{self.role}]" if self.role else self.label


def agent_facts(thread: Thread, *, stale: bool) -> AgentFacts:
    """What is known of an agent now."""
    glyph, tone, word = agent_sign(thread, stale=stale)
    return AgentFacts(
        thread.id,
        _name(thread.agent_path or "", thread.nickname or "") or _nameless(thread.id),
        cut(one_line(thread.role or ""), WORD),
        _model(thread.model, thread.effort),
        glyph,
        tone,
        word,
    )


def agents_named(item: Item) -> tuple[ThreadId, ...]:
    """The agents that an item is about, as far as it names them."""
    match item.body:
        case AgentActivity(agent_thread_id=thread_id):
            return (thread_id,)
        case CollabCall(receivers=receivers, reports=reports):
            ids = [*receivers, *(report.thread_id for report in reports)]
            return tuple(dict.fromkeys(ids))
        case _:
            return ()


def waits_for_all(item: Item) -> bool:
    """A wait that names nobody: the agent waits for whichever child is next."""
    body = item.body
    return isinstance(body, CollabCall) and body.tool == "wait" and not body.receivers


def _model(model: str | None, effort: str | None) -> str:
    return " ".join(cut(one_line(word), WORD) for word in (model, effort) if word)


def _name(path: str, nickname: str = "") -> str:
    """A path keeps its last name, a nickname its start."""
    return shorten_path(one_line(path), NAME) or cut(one_line(nickname), NAME)


def _nameless(thread_id: ThreadId) -> str:
    return f"agent {one_line(thread_id)[-8:]}"


# -- v2 --------------------------------------------------------------------------

_KINDS = {
    "started": (Glyph.WORK, Tone.WORK, "Started"),
    "interacted": (Glyph.NONE, Tone.MUTED, "Messaged"),
    "interrupted": (Glyph.INTERRUPTED, Tone.TEXT, "Interrupted"),
    "completed": (Glyph.DONE, Tone.MUTED, "Completed"),
}


def activity_cell(
    body: AgentActivity, known: Mapping[ThreadId, AgentFacts], *, stale: bool
) -> EventCell:
    """`Started /root/tester (gpt-6-luna high)`, and what the agent does now."""
    kind = cut(one_line(body.kind).capitalize(), WORD)
    fallback = (Glyph.NONE, Tone.MUTED, kind)
    glyph, tone, verb = _KINDS.get(body.kind, fallback)
    facts = known.get(body.agent_thread_id)
    label = _name(body.agent_path) or (facts.label if facts else "an agent")
    # As it was started, which the item tells, is not always as it runs now.
    model = _model(body.model, body.effort)
    if not model and facts is not None and body.kind != "completed":
        model = facts.model
    right: Bits = ()
    if facts is not None and body.kind in ("started", "interacted"):
        right = _state(facts)
        if body.kind == "started":
            # Nothing is live here but the agent: its glyph is what it does now.
            glyph, tone = facts.glyph, facts.tone
    elif stale and glyph is Glyph.WORK:
        glyph, tone = Glyph.STALE, Tone.MUTED
    return EventCell(
        glyph,
        tone,
        verb,
        label,
        right,
        aside=_aside(facts.role if facts else "", model),
        opens=body.agent_thread_id,
    )


def _state(facts: AgentFacts) -> Bits:
    return (Bit(facts.word, facts.tone),) if facts.word else ()


def _aside(role: str, model: str) -> str:
    parts = (f"[{role}]" if role else "", f"({model})" if model else "")
    return " ".join(part for part in parts if part)


# -- v1, and the waiting of both --------------------------------------------------

_TOOLS = {
    "wait": ("Waiting for", "Waited for", "Could not wait for"),
    "spawnAgent": ("Starting", "Started", "Could not start"),
    "sendInput": ("Messaging", "Messaged", "Could not message"),
    "closeAgent": ("Closing", "Closed", "Could not close"),
    "resumeAgent": ("Resuming", "Resumed", "Could not resume"),
}
"""While it goes on, when it is done, when it failed"""
_STATES = {
    "pendingInit": "starting",
    "running": "working",
    "errored": "failed",
    "shutdown": "closed",
    "notFound": "not found",
}


def collab_cell(
    body: CollabCall,
    known: Mapping[ThreadId, AgentFacts],
    sign: tuple[Glyph, Tone],
    *,
    live: bool,
) -> EventCell:
    """`Waiting for 2 agents`, `Started Robie [explorer] (gpt-5 high)`."""
    tool = cut(one_line(body.tool), WORD)
    doing, done, not_done = _TOOLS.get(body.tool, (tool, tool, tool))
    failed = sign[0] is Glyph.FAILED
    ids = body.receivers or (tuple(known) if body.tool == "wait" else ())
    facts = [known.get(i) or AgentFacts(i, _nameless(i)) for i in ids]
    only = facts[0] if len(facts) == 1 else None
    nobody = "agents" if body.tool == "wait" else "an agent"
    aside = ""
    right: Bits = ()
    if only is not None:
        model = _model(body.model, body.effort) or only.model
        aside = _aside(only.role, model if body.tool != "wait" else "")
        right = _state(only) if body.tool != "closeAgent" else ()
    elif facts:
        aside = ", ".join(one.words for one in facts[:6])
        aside += f" and {len(facts) - 6} more" if len(facts) > 6 else ""
    elif body.model or body.effort:
        aside = _aside("", _model(body.model, body.effort))
    return EventCell(
        *sign,
        doing if live else not_done if failed else done,
        only.label if only else f"{len(facts)} agents" if facts else nobody,
        right,
        "\n".join(_lines(body, known)),
        live=live,
        aside=aside,
        opens=only.id if only else None,
    )


def _lines(body: CollabCall, known: Mapping[ThreadId, AgentFacts]) -> list[str]:
    """What was said to them, and what each was last known to do."""
    said = [clean(body.prompt)] if body.prompt else []
    return [*said, *(_report(report, known) for report in body.reports)]


def _report(report: AgentReport, known: Mapping[ThreadId, AgentFacts]) -> str:
    facts = known.get(report.thread_id)
    name = facts.words if facts else _nameless(report.thread_id)
    state = _STATES.get(report.status) or cut(one_line(report.status), WORD)
    said = f" · {clean(report.message)}" if report.message else ""
    return f"{name}: {state}{said}"
