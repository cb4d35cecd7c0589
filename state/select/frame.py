"""Header, bottom line and composer: what frames the open thread.

Owns the truth of the bottom line: what the running turn may do, what the next one
may, and the words for not knowing. Unknown is shown as unknown, stale as stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from state.agents import (
    in_force,
    is_full_access,
    laxer,
    rootless,
    runs_unboxed,
)
from state.dataclass import replace
from state.messaging import AgentName, Way, way_to
from state.model import (
    EnginePhase,
    Sandbox,
    SandboxMode,
    Settings,
    Thread,
    ThreadStatus,
    World,
)
from state.queue import held, stopped
from state.reviews import REVIEWER_WORDS, switches
from state.select.words import agent_label, has_ended, one_line, tree_title
from state.text import reveal
from state.views import (
    Bit,
    Bits,
    ComposerView,
    Glyph,
    HeaderView,
    SandboxLine,
    Tone,
)

Level = Literal["calm", "neutral", "danger", "alarm", "stale"]
_MODES: dict[SandboxMode, tuple[str, str, Level]] = {
    SandboxMode.READ_ONLY: ("□", "read-only", "calm"),
    SandboxMode.WORKSPACE_WRITE: ("◧", "workspace-write", "neutral"),
    SandboxMode.FULL_ACCESS: ("■", "FULL ACCESS", "danger"),
    SandboxMode.EXTERNAL: ("■", "external sandbox", "danger"),
}
_PROFILES: dict[str, tuple[str, str, Level]] = {
    ":read-only": _MODES[SandboxMode.READ_ONLY],
    ":workspace": _MODES[SandboxMode.WORKSPACE_WRITE],
    ":danger-full-access": _MODES[SandboxMode.FULL_ACCESS],
}


def header_view(world: World, *, needs: int, working: int, threads: int) -> HeaderView:
    """The top line."""
    engine = world.engine
    version = engine.version or ""
    place = "remote" if engine.how == "remote" else "local"
    match engine.phase:
        case EnginePhase.READY:
            label, glyph, tone = f"{place} {version}".strip(), Glyph.WORK, Tone.WORK
        case EnginePhase.LOST:
            label = "engine gone" if has_ended(engine.sentence or "") else "no answer"
            glyph, tone = Glyph.FAILED, Tone.FAIL
        case EnginePhase.MISSING:
            label, glyph, tone = "no engine", Glyph.FAILED, Tone.FAIL
        case EnginePhase.NONE | EnginePhase.CONNECTING:
            label, glyph, tone = "connecting", Glyph.STARTING, Tone.MUTED
    ready = engine.phase is EnginePhase.READY
    return HeaderView(
        glyph,
        tone,
        label,
        needs=needs if ready else 0,
        working=working if ready else 0,
        threads=threads,
        as_of_ms=_as_of(world) if threads else None,
        aside=_aside(world),
    )


def _aside(world: World) -> str:
    """Another codex is installed than the one that runs."""
    engine = world.engine
    ready = engine.phase is EnginePhase.READY
    if not ready or engine.installed in (None, engine.version):
        return ""
    return f"{one_line(engine.installed or '')} is installed"


def _as_of(world: World) -> int | None:
    """Until when what is shown was told; None: it is told, or is about to be."""
    engine = world.engine
    if engine.phase not in (EnginePhase.LOST, EnginePhase.MISSING):
        return None
    if engine.connection:
        return engine.since_ms
    # This window never heard an engine: the rows are from the last one that did.
    told = max((thread.seen_ms for thread in world.threads.values()), default=0)
    return told or engine.since_ms


def sandbox_mode(settings: Settings | None) -> tuple[str, str, Level]:
    """Glyph, words and level of a setting; unknown is said."""
    if settings is None or (settings.sandbox is None and settings.profile is None):
        return "?", "sandbox unknown", "stale"
    if settings.profile in _PROFILES:
        return _PROFILES[settings.profile]
    if settings.profile is not None:
        level: Level = "neutral"
        if settings.sandbox and settings.sandbox.mode is SandboxMode.FULL_ACCESS:
            level = "danger"
        return "◧", f"profile {reveal(settings.profile).text}", level
    assert settings.sandbox is not None
    return _MODES[settings.sandbox.mode]


def asks(settings: Settings) -> str:
    """Who is asked, in words."""
    match settings.approval_policy:
        case "never":
            return "never asks"
        case None:
            return ""
        case "untrusted":
            return "asks you for everything"
        case "on-request" | "on-failure" | "granular":
            who = reviewer_words(settings.reviewer)
            if settings.approval_policy != "granular":
                return f"asks {who}"
            on = [on for _, on in switches(settings.granular)]
            if not any(on):
                return "asks about nothing"
            return f"asks {who} about {'all' if all(on) else 'some'}"
        case unknown:
            return f"approvals {reveal(unknown).text}"


def reviewer_words(reviewer: str | None) -> str:
    """Who answers; one we don't know by the engine's own name."""
    known = REVIEWER_WORDS.get(reviewer or "user")
    return known or reveal(reviewer or "").text


def writable_roots(settings: Settings) -> int:
    """How many workspace roots a turn may write to (temp folders not counted)."""
    sandbox = settings.sandbox
    if sandbox is None or sandbox.mode is not SandboxMode.WORKSPACE_WRITE:
        return 0
    if rootless(settings):
        return 0
    roots = set(sandbox.writable_roots)
    if settings.workspace_roots is not None:
        roots.update(settings.workspace_roots)
    elif settings.cwd:
        roots.add(settings.cwd)
    return len(roots)


def sandbox_line(
    world: World,
    thread: Thread | None,
    *,
    message: str = "",
    terminals: int | None = None,
    fresh: Settings | None = None,
    tree: Sequence[Thread] = (),
) -> SandboxLine:
    """The bottom line for the open thread or agent. `terminals`: how many run in its
    tree; None: count its own. `fresh`: what a new thread here would get. `tree`: the
    root of its tree, then the agents in it."""
    if thread is None:
        return _fresh_line(fresh, message, held=world.managed_network)
    turn = thread.turns.get(thread.active_turn) if thread.active_turn else None
    now = in_force(thread)
    following = thread.settings
    running = len(thread.terminals) if terminals is None else terminals
    glyph, mode, level = sandbox_mode(now)
    parts = _parts(now, held=world.managed_network)
    lead = ""
    engine_ready = world.engine.phase is EnginePhase.READY
    loaded = thread.status not in (ThreadStatus.NOT_LOADED, ThreadStatus.UNKNOWN)
    if turn is not None and now is not following and _differs(now, following):
        parts = [f"this turn → {sandbox_mode(following)[1]} from the next", *parts]
    if not engine_ready or not loaded:
        known = now is not None and sandbox_mode(now)[2] != "stale"
        lead = "not loaded · last known" if engine_ready else "last known"
        if not known:
            lead = "not loaded" if engine_ready else ""
        level, glyph = "stale", "~" if known else ""
    elif thread.asked is not None:
        level, lead = "alarm", f"asked for {_asked(thread.asked)}, in force"
    elif tree and thread.id != tree[0].id and laxer(now, in_force(tree[0])):
        # An agent keeps what it was spawned with, whatever its thread is set to.
        asked = sandbox_mode(in_force(tree[0]))[1]
        level, lead = "alarm", f"asked for {asked}, in force"
        parts.insert(0, "as it was spawned")
    elif looser := _looser(thread, now, tree):
        level = "alarm"
        parts.insert(0, looser)
    elif rootless(now):
        level = "alarm"
        parts.insert(0, "no workspace root: its folder is not writable")
    return SandboxLine(
        glyph,
        mode,
        level,
        tuple(p for p in parts if p),
        lead=lead,
        terminals=running,
        hints=("/ps /stop",) if running else (),
        message=message,
    )


def _asked(asked: str) -> str:
    """A mode by its word, a profile by its name."""
    known = next((words for mode, words in _MODES.items() if mode == asked), None)
    return known[1] if known is not None else reveal(asked).text


def _looser(thread: Thread, now: Settings | None, tree: Sequence[Thread]) -> str:
    """Agents at work below that may do more than their thread may now."""
    if not tree or thread.id != tree[0].id:
        return ""
    found = [t for t in tree[1:] if t.active_turn and laxer(in_force(t), now)]
    if not found:
        return ""
    mode = sandbox_mode(in_force(found[0]))[1]
    have = f"and {len(found) - 1} more still have" if found[1:] else "still has"
    return f"{agent_label(found[0])} {have} {mode}"


def _fresh_line(fresh: Settings | None, message: str, *, held: bool) -> SandboxLine:
    """No thread is open: what a new one would get."""
    if fresh is None:
        return SandboxLine("", "no thread open", "calm", message=message)
    glyph, mode, level = sandbox_mode(fresh)
    parts = tuple(part for part in _parts(fresh, held=held) if part)
    lead = "a new thread here:"
    return SandboxLine(glyph, mode, level, parts, lead=lead, message=message)


def fresh_settings(today: Settings | None, *, trusted: bool) -> Settings | None:
    """What a thread gets that is started by writing: nothing writable without trust."""
    if today is None or trusted:
        return today
    box = Sandbox(SandboxMode.READ_ONLY)
    return replace(today, sandbox=box, profile=None)


def _differs(now: Settings | None, following: Settings | None) -> bool:
    return sandbox_mode(now)[1] != sandbox_mode(following)[1]


def _parts(settings: Settings | None, *, held: bool) -> list[str]:
    """`held`: an administrator's proxy counts, not the thread's own switch."""
    if settings is None:
        return []
    sandbox = settings.sandbox
    if is_full_access(settings):
        return ["no sandbox", "network on", asks(settings), "writes anywhere"]
    parts = []
    if sandbox is not None and sandbox.mode is not SandboxMode.EXTERNAL:
        parts.append(network_words(sandbox, held=held))
    parts.append(asks(settings))
    roots = writable_roots(settings)
    if roots:
        parts.append(f"{roots} writable root{'s' if roots > 1 else ''}")
    return parts


def network_words(sandbox: Sandbox, *, held: bool) -> str:
    """Whether commands reach the network; `held` as in `_parts`."""
    if held:
        return "network managed"
    return "network on" if sandbox.network else "network off"


def sandbox_words(sandbox: Sandbox) -> str:
    """The mode in the words of the bottom line."""
    return _MODES[sandbox.mode][1]


def composer_view(
    world: World,
    thread: Thread | None,
    *,
    cwd: str,
    agents: tuple[AgentName, ...] = (),
) -> ComposerView:
    """Where words would go, and what sending would do."""
    blocked = ""
    if world.engine.phase is not EnginePhase.READY:
        blocked = "kept as a draft until the engine is back"
    elif world.account.kind == "none" and world.account.requires_login:
        blocked = "not logged in: kept as a draft"
    if thread is None:
        return ComposerView("a new thread", reveal(cwd).text, "start", blocked=blocked)
    running = thread.active_turn is not None
    facts = " ".join(one_line(word) for word in (thread.model, thread.effort) if word)
    tokens = thread.tokens
    if tokens is not None and tokens.window:
        left = max(0, 100 - round(100 * tokens.last_total / tokens.window))
        facts = f"{facts} · {left}% context left" if facts else f"{left}% context left"
    return ComposerView(
        agent_label(thread),
        tree_title(world.threads, thread),
        "steer" if running else "send",
        facts,
        blocked,
        full_access=world.engine.phase is EnginePhase.READY and runs_unboxed(thread),
        waiting=_waiting(thread),
        asks=way_to(thread) is Way.ASK,
        agents=agents,
    )


def _waiting(thread: Thread) -> Bits:
    """What is queued and what is held, with the command that shows it."""
    kept = len(held(thread))
    words = [f"{len(thread.queue)} queued"] if thread.queue else []
    bits = [Bit(" · ".join(words), Tone.MUTED)] if words else []
    if stopped(thread):
        bits = [Bit(f"{words[0]}, stopped by the interrupt", Tone.NEED)]
    if kept:
        join = " · " if words else ""
        bits.append(Bit(f"{join}{kept} held · U puts back", Tone.NEED))
    return (*bits, Bit(" · /queue", Tone.MUTED)) if bits else ()
