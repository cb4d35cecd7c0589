"""Blocked commands in the transcript: the cell, the diagnosis, and what can be done.

Owns the words on a command that something stopped. The judgement is `state.hidden`
and `state.permissions.diagnose`. Every string passes a text door here.
"""

from __future__ import annotations

from collections.abc import Iterable

from state.dataclass import dataclass
from state.items import Command, HiddenCommand, Item, ItemStatus, Stopped
from state.model import AutoReview, Review, SandboxMode, Settings, Thread, Turn
from state.output import OutputText
from state.permissions.context import context_of
from state.permissions.diagnose import Blocker, Diagnosis, diagnose
from state.permissions.noise import SOURCE
from state.select.review_runs import allowed_out
from state.select.words import one_line, unwrap_command
from state.text import clean, reveal
from state.views import Bit, CommandCell, Glyph, Tone

_VERBS = {
    Stopped.BLOCKED: "Blocked",
    Stopped.MAYBE: "May have been blocked",
    Stopped.REFUSED: "Refused",
}
NO_SANDBOX = (SandboxMode.FULL_ACCESS, SandboxMode.EXTERNAL)
WHICH = "Which call of this cell it was is not told."
_SOURCES = {
    "rollout": "from the rollout",
    "raw events": "from raw events",
    SOURCE: "from the engine's log",
}


@dataclass(frozen=True, slots=True, eq=False)
class Why:
    """What stopped a command, ready to be shown. `became`: what the row of the command
    says, too: was blocked, may have been. `setting`: lines to copy."""

    command: str
    became: str
    sentence: str
    remedy: str
    setting: str
    raw: str


def diagnosis(item: Item, turn: Turn | None) -> Diagnosis | None:
    """Who stopped this command; None when nothing shows that somebody did."""
    body = item.body
    settings = turn.settings if turn is not None else None
    if isinstance(body, HiddenCommand):
        if body.stopped is Stopped.REFUSED:
            return None
        return diagnose(str(body.output), context_of(_at(settings, body.cwd)))
    if not isinstance(body, Command) or item.status is not ItemStatus.FAILED:
        return None
    if body.source == "userShell":
        return None  # It ran outside the sandbox, by the user's own hand.
    if body.outside is not None and body.outside.sure:
        return None  # A rule let it out.
    return diagnose(str(body.output), context_of(_at(settings, body.cwd)))


def let_out(
    reviews: Iterable[Review], autos: Iterable[AutoReview], settings: Settings | None
) -> tuple[str, ...]:
    """Items of a turn, of its reviews, that were allowed to leave the sandbox, by you
    or by auto-review: what failed of them failed by something else. `settings`: what
    the turn runs under."""
    yours = {
        review.item_id
        for review in reviews
        if review.item_id and allowed_out(review, settings)
    }
    judged = {
        auto.target_item_id
        for auto in autos
        if auto.target_item_id and auto.status == "approved"
    }
    return tuple(sorted(yours | judged))


def left_out(thread: Thread, turn: Turn) -> tuple[str, ...]:
    """The same of a turn of this thread."""
    return let_out(
        (r for r in thread.reviews.values() if r.turn_id == turn.id),
        (a for a in thread.auto_reviews.values() if a.turn_id == turn.id),
        turn.settings or thread.settings,
    )


def _at(settings: Settings | None, cwd: str) -> Settings | None:
    """The settings seen from the folder the command ran in; roots stay."""
    if settings is None or not cwd or settings.workspace_roots is None:
        return settings
    return Settings(
        sandbox=settings.sandbox,
        profile=settings.profile,
        cwd=cwd,
        workspace_roots=settings.workspace_roots,
    )


def ruled_words(body: Command, turn: Turn | None) -> str:
    """That a rule let it out of the sandbox; "" where none did, or there is none."""
    outside = body.outside
    settings = turn.settings if turn is not None else None
    sandbox = settings.sandbox if settings is not None else None
    if outside is None or (sandbox is not None and sandbox.mode in NO_SANDBOX):
        return ""
    place = reveal(_short(outside.place)).text
    rule = reveal(outside.rule).text
    if outside.sure:
        return f"outside the sandbox, by rule {rule} ({place})"
    by = f"by rule {rule}, if {place} says no more" if rule else f"{place} is not clear"
    return f"may have run outside the sandbox: {by}"


def _short(place: str) -> str:
    """A file and its line, without the folders above."""
    return place.rsplit("/", 1)[-1]


def hidden_cell(item: Item, body: HiddenCommand, turn: Turn | None) -> CommandCell:
    """The cell of a command that the engine sent no item for."""
    script = unwrap_command(body.command).strip() or body.code.strip()
    right = [Bit(_SOURCES.get(body.source, one_line(body.source)), Tone.MUTED)]
    if body.exit_code is not None:
        right.insert(0, Bit(f"exit {body.exit_code}", Tone.FAIL))
    sure = body.stopped is not Stopped.MAYBE
    return CommandCell(
        Glyph.DENIED,
        Tone.FAIL if sure else Tone.NEED,
        _VERBS[body.stopped],
        reveal(script, multiline=True),
        tuple(right),
        OutputText(str(body.output)),
        _note(item, body, turn),
    )


def _note(item: Item, body: HiddenCommand, turn: Turn | None) -> str:
    if body.stopped is Stopped.REFUSED:
        return f"It did not run: {one_line(body.reason)}"
    told = diagnosis(item, turn)
    words = clean(told.sentence) if told is not None else _by_log(body)
    if not body.command:
        words = f"{WHICH} {words}"
    return hinted(words)


def _by_log(body: HiddenCommand) -> str:
    """What the engine's log says, where the words themselves reached nobody."""
    row = body.logged
    if row is None:
        return ""
    where = f", {reveal(row.path).text}" if row.path else ""
    return (
        "The engine's log counts it as stopped by its sandbox, from what it wrote"
        f" ({one_line(row.reason)}{where}); the cell did not print that"
    )


NO_BREAK = "\u00a0"


def hinted(sentence: str) -> str:
    """The sentence with the key that says more, which no row's end takes apart."""
    hint = "· w what would allow it".replace(" ", NO_BREAK)
    return f"{sentence.rstrip('.')} {hint}"


_BECAME = {
    Stopped.BLOCKED: "was blocked",
    Stopped.MAYBE: "may have been blocked",
    Stopped.REFUSED: "was refused",
}
_FAILED = (Blocker.SYSTEM, Blocker.CODEX)


def _became(body: HiddenCommand | Command, told: Diagnosis) -> str:
    """As the row says it; of a command that simply ran, as far as it is proven."""
    if isinstance(body, HiddenCommand):
        return _BECAME[body.stopped]
    if told.blocker in _FAILED:
        return "failed"
    return _BECAME[Stopped.BLOCKED if told.proven else Stopped.MAYBE]


def why(item: Item, turn: Turn | None) -> Why | None:
    """What stopped the command of this item, and what would allow it."""
    body = item.body
    if isinstance(body, HiddenCommand) and body.stopped is Stopped.REFUSED:
        return Why(
            reveal(body.command or body.code, multiline=True).text,
            _BECAME[Stopped.REFUSED],
            f"It did not run: {one_line(body.reason)}",
            "A rule, a hook or the approval policy refuses it; see /approvals.",
            "",
            clean(body.reason),
        )
    told = diagnosis(item, turn)
    logged = _by_log(body) if isinstance(body, HiddenCommand) else ""
    if not isinstance(body, HiddenCommand | Command) or (told is None and not logged):
        return None
    script = body.command
    if isinstance(body, HiddenCommand) and not script:
        script = body.code
    if told is None:
        return Why(
            reveal(unwrap_command(script).strip(), multiline=True).text,
            _BECAME[Stopped.MAYBE],
            f"{logged}.",
            "Ask the thread to show the error of that command; what it may touch "
            "stands in /sandbox.",
            "",
            "",
        )
    more = " The engine's log counts it as stopped by its sandbox, too."
    return Why(
        reveal(unwrap_command(script).strip(), multiline=True).text,
        _became(body, told),
        (f"{WHICH} " if isinstance(body, HiddenCommand) and not body.command else "")
        + reveal(told.sentence).text
        + (more if logged else ""),
        reveal(told.remedy).text,
        reveal(told.setting, multiline=True).text,
        clean(str(body.output)),
    )
