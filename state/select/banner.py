"""The banner: something is wrong with the whole, and what can be done.

Owns which of several troubles is said, and the words. Invariant: nothing is said of
the engine that the session, the engine itself or the account did not tell.
"""

from __future__ import annotations

from state.events.world import INVALID_CONFIG
from state.model import EnginePhase, World
from state.pattern import late_pattern
from state.select.words import ENDED, one_line
from state.views import BannerView, Tone

LAST_LINES = "Its last lines:"


def banner_view(world: World) -> BannerView | None:
    """Engine gone, no engine, no login; None when all is well."""
    engine = world.engine
    if engine.phase is EnginePhase.LOST:
        return _gone(world)
    if engine.phase is EnginePhase.MISSING:
        why, _, advice = one_line(engine.sentence or "").partition("; ")
        return BannerView(
            "No codex found.",
            "" if why == "No usable codex was found" else why,
            advice[:1].upper() + advice[1:],
            "codex-tui demo plays a whole fleet without one of your own.",
            (("ctrl+r", "look again"),),
            engine.retry_at_ms,
        )
    if world.store_error is not None:
        return _store_banner(one_line(world.store_error))
    # Without its configuration an engine asks for a login that nobody needs.
    if broken := broken_config(world):
        return _config_banner(broken)
    account = world.account
    if account.kind == "none" and account.requires_login:
        return BannerView(
            "Not logged in",
            "reading works, sending does not.",
            "Log in here with a device code or an API key, or run codex login.",
            "codex-tui demo needs no account.",
            (("ctrl+l", "log in"),),
            tone=Tone.NEED,
        )
    if world.sandbox_problem is not None:
        return BannerView(
            "Commands cannot run in the sandbox here",
            "",
            one_line(world.sandbox_problem),
            "codex-tui doctor says more.",
            (),
            tone=Tone.NEED,
        )
    return None


def broken_config(world: World) -> str:
    """What the engine says of a configuration that it cannot use; "" when it can."""
    told = [w for w in world.config_warnings if w.startswith(INVALID_CONFIG)]
    return told[-1] if told else ""


def _gone(world: World) -> BannerView:
    engine = world.engine
    title, why, advice = _lost(one_line(engine.sentence or ""))
    said = last_words(engine.stderr)
    keys = [("ctrl+r", "retry now")]
    if said:
        keys.append(("ctrl+o", "all of them" if len(said) > 1 else "in full"))
    return BannerView(
        title,
        why,
        "What you see is last known. Reading works; what you type is kept.",
        LAST_LINES if said else advice,
        tuple(keys),
        engine.retry_at_ms,
        said=said,
    )


_NO_START = "An engine cannot be started, for "
_PROCESS = late_pattern(
    r"its process ended|the engine (?:was ended |exited )(?P<how>.*)"
)
"""How the session says that it is the engine that ended, not the way to it."""


def _lost(sentence: str) -> tuple[str, str, str]:
    """What happened, why, and what it means: the parts of the session's sentence."""
    match = ENDED.fullmatch(sentence)
    if match is None:
        title = "The engine does not answer"
        why, _, advice = sentence.partition("; ")
        if why.startswith(_NO_START):
            title, why = "No engine can be started", why.removeprefix(_NO_START)
    else:
        title, why, advice = match.groups(default="")
        if ended := _PROCESS.fullmatch(why):
            title, why = "The engine ended", ended["how"] or ""
    return title, why, advice[:1].upper() + advice[1:]


_LOGGED = late_pattern(r"\S+Z +(?:TRACE|DEBUG|INFO|WARN|ERROR) +[\w:]+: ")
"""How the engine begins a line of its log; its words are what is to be read."""


def last_words(stderr: tuple[str, ...]) -> tuple[str, ...]:
    """What the engine wrote last, oldest first, each on one line, to be drawn."""
    return tuple(_LOGGED.sub("", one_line(raw), count=1) for raw in stderr)


def _store_banner(sentence: str) -> BannerView:
    """What is the matter, what to do, and where: a bottom line has no room for it."""
    title, _, rest = sentence.partition("; ")
    advice, _, where = rest.partition(". ")
    if not rest:
        title, advice = "The thread store does not work", sentence
    return BannerView(
        title, "", f"{advice[:1].upper()}{advice[1:]}", where, (), tone=Tone.FAIL
    )


_PLACED = late_pattern(r"(?P<file>.*?)[:, ]+\(?(?P<at>line \d+, column \d+)\W*")


def _config_banner(text: str) -> BannerView:
    """File, line and column, why, and what goes on working."""
    summary, *details = text.split("\n")
    where = ""
    if details and (placed := _PLACED.fullmatch(details[-1].strip())):
        where = f"{placed['at']} of {placed['file']}"
        details.pop()
    why = " ".join(details) or summary
    return BannerView(
        "The engine cannot use its config.toml",
        one_line(where),
        one_line(why),
        "Reading works. Threads start and load again once it is mended.",
        (),
        tone=Tone.NEED,
    )
