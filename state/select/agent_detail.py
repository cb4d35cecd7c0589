"""What is known of one agent: who spawned it and from which turn, its task, its end.

Owns those words, for the tree's detail, the head of an agent's transcript and the
command line. Does not own rows (`state.select.agents`). Invariant: a task that the
wire carries only as ciphertext is called not readable, never shown as empty.
"""

from __future__ import annotations

from state.agents import LIVE, AgentState, agent_state, is_loaded
from state.model import EnginePhase, HistoryState, Thread, World
from state.select.agents import agent_nick, doing_words, failed_words, state_sign
from state.select.words import agent_label, one_line
from state.text import clean
from state.tree import Forest
from state.views import AgentDetail, Bit, Bits, Tone
from state.words import count

NOT_READABLE = "not readable: the engine passes it on as ciphertext"
NOT_TOLD = "not known: nobody told it when it was spawned"


def agent_detail(world: World, forest: Forest, thread: Thread) -> AgentDetail:
    """What is known of one agent."""
    stale = world.engine.phase is not EnginePhase.READY
    state = agent_state(thread)
    _, tone, word = state_sign(state, stale=stale)
    facts: list[tuple[str, Bits]] = [("state", _state_words(thread, state, tone, word))]
    facts.append(("spawned", (Bit(spawned_words(world, thread)),)))
    if nick := agent_nick(thread):
        facts.append(("called", (Bit(nick),)))
    facts.append(("runs", (Bit(_model_words(thread)),)))
    total = forest.total(thread.id)
    own = thread.tokens.total if thread.tokens else 0
    tokens = f"{count(own)}" if own else "not told"
    if total.threads > 1:
        tokens += f" · {count(total.tokens)} with {total.threads - 1} below"
    facts.append(("tokens", (Bit(tokens),)))
    task, note = task_words(thread)
    words = clean(thread.latest.words) if thread.latest else ""
    return AgentDetail(
        thread.id, agent_label(thread), tuple(facts), task, note, words.strip()
    )


def _state_words(thread: Thread, state: AgentState, tone: Tone, word: str) -> Bits:
    bits = [Bit(word, tone)]
    more = doing_words(thread, state) if state in LIVE else ""
    if state is AgentState.FAILED:
        more = failed_words(thread).removeprefix("failed").removeprefix(" · ")
    elif state is AgentState.INTERRUPTED:
        more = "next message resumes"
    if more:
        bits.append(Bit(f" · {more}", Tone.MUTED))
    if not is_loaded(thread) and state is not AgentState.NOT_LOADED:
        bits.append(Bit(" · not loaded, a message loads it again", Tone.MUTED))
    return tuple(bits)


def spawn_turn(world: World, agent: Thread) -> int | None:
    """Which turn of its parent spawned an agent, when all turns are held."""
    spawn, above = agent.spawn, agent.parent_id
    parent = world.threads.get(above) if above is not None else None
    if spawn is None or parent is None or spawn.turn_id not in parent.turns:
        return None
    if parent.history is not HistoryState.COMPLETE:
        return None
    return list(parent.turns).index(spawn.turn_id) + 1


def spawned_words(world: World, thread: Thread) -> str:
    """Who spawned it, and from which turn."""
    if not thread.is_agent:
        return "a thread of its own"
    above = world.threads.get(thread.parent_id) if thread.parent_id else None
    if above is None:
        return "by a thread that is not known here"
    turn = spawn_turn(world, thread)
    where = f", turn {turn}" if turn else ""
    return f"by {agent_label(above)}{where}"


def _model_words(thread: Thread) -> str:
    spawn = thread.spawn
    model = (spawn and spawn.model) or thread.model
    effort = (spawn and spawn.effort) or thread.effort
    words = " ".join(one_line(word) for word in (model, effort) if word)
    now = " ".join(one_line(w) for w in (thread.model, thread.effort) if w)
    if spawn is None or now == words or not now:
        return words or "model not told"
    return f"{words} as spawned, {now} now"


def task_words(thread: Thread) -> tuple[str, str]:
    """(its task, why it cannot be shown)."""
    if not thread.is_agent:
        return clean(thread.preview).strip(), ""
    spawn = thread.spawn
    if spawn is not None and spawn.task is not None:
        return clean(spawn.task).strip(), ""
    if thread.preview:
        return clean(thread.preview).strip(), ""
    return "", NOT_READABLE if spawn is not None else NOT_TOLD
