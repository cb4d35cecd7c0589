"""The answer of a probe, line by line: predicted, real, whether they agree, a remedy.

Owns these words. Invariant: a difference between prediction and run is never quiet.
"""

from __future__ import annotations

from collections.abc import Iterator

from state.permissions.explain import Answer, Verdict
from state.permissions.hosts import Outcome
from state.permissions.reach import Reached
from state.permissions.trial import Attempted
from state.text import reveal
from state.views import Bit, Bits, Glyph, ProbeLine, Tone

_TONES = {
    Answer.ALLOWED: (Glyph.DONE, Tone.WORK),
    Answer.DENIED: (Glyph.DENIED, Tone.FAIL),
    Answer.ASKS_YOU: (Glyph.NEED, Tone.NEED),
    Answer.ASKS_AUTO: (Glyph.AUTO, Tone.AUTO),
    Answer.ASKS_ANOTHER: (Glyph.AUTO, Tone.AUTO),
    Answer.UNKNOWN: (Glyph.STALE, Tone.MUTED),
}


def probe_lines(
    verdict: Verdict, real: Attempted | None, *, waiting: bool, noted: str = ""
) -> tuple[ProbeLine, ...]:
    """Predicted and real under each other, whether they agree, what would help.
    `noted`: the file that a difference stands in."""
    rows = [*_predicted(verdict), _real_line(real, waiting=waiting)]
    if real is not None and real.tried is not None:
        rows.append(_agreement(verdict, real))
        if noted and agree(verdict, real) is False:
            words = (Bit(f"noted in {reveal(noted).text}", Tone.MUTED),)
            rows.append(ProbeLine("", words))
    return (*rows, *_remedy(verdict))


def predicted_lines(verdict: Verdict) -> tuple[ProbeLine, ...]:
    """The prediction alone, of what is not in force and cannot be tried."""
    return (*_predicted(verdict), *_remedy(verdict))


def _predicted(verdict: Verdict) -> Iterator[ProbeLine]:
    sign, tone = _TONES[verdict.answer]
    words = (
        Bit(f"{sign} {verdict.answer.value}", tone, bold=True),
        Bit(f"   {reveal(verdict.why).text}", Tone.TEXT),
    )
    layer = verdict.layer.value if verdict.layer is not None else ""
    yield ProbeLine("predicted", words, layer)
    if verdict.further:
        yield ProbeLine("", (Bit(reveal(verdict.further).text, Tone.MUTED),))


def _remedy(verdict: Verdict) -> Iterator[ProbeLine]:
    if verdict.remedy is None:
        return
    fix = Bit(reveal(verdict.remedy.text).text, Tone.TEXT)
    yield ProbeLine("to allow it", (fix,))
    if verdict.remedy.setting:
        setting = reveal(verdict.remedy.setting).text
        yield ProbeLine("", (Bit(setting, Tone.BRIGHT, bold=True),))


def _real_line(real: Attempted | None, *, waiting: bool) -> ProbeLine:
    if waiting:
        return ProbeLine(
            "real", (Bit("trying it in the engine's sandbox …", Tone.MUTED),)
        )
    if real is None:
        return ProbeLine("real", (Bit("not tried: no engine answers", Tone.MUTED),))
    if real.tried is None:
        return ProbeLine("real", (Bit(reveal(real.error).text, Tone.MUTED),))
    tried = real.tried
    if tried.absent:
        sign, tone, word = Glyph.STALE, Tone.MUTED, "nothing there"
    elif tried.allowed:
        sign, tone, word = Glyph.DONE, Tone.WORK, "allowed"
    else:
        sign, tone, word = Glyph.DENIED, Tone.FAIL, "denied"
    said = tried.text
    if tried.proxied and tried.allowed:
        said = "the managed proxy let it through; nothing was sent"
    elif tried.proxied:
        said = f"the managed proxy: {said}"
    words = (
        Bit(f"{sign} {word}", tone, bold=True),
        Bit(f"   {reveal(said).text}", Tone.TEXT),
    )
    return ProbeLine("real", words, f"{real.ms} ms in the engine’s sandbox")


def agree(verdict: Verdict, real: Attempted) -> bool | None:
    """Prediction and run say the same; None: there is nothing to compare."""
    if real.tried is None:
        return None
    if verdict.gate is not None:
        if verdict.gate is Outcome.UNSEEN or verdict.proxied is not real.tried.proxied:
            return None
        return (verdict.gate is Outcome.ALLOWED) is real.tried.allowed
    if verdict.sandbox is None:
        if verdict.answer is Answer.UNKNOWN:
            return None
        return (verdict.answer is Answer.ALLOWED) is real.tried.allowed
    if verdict.sandbox is Reached.UNKNOWN:
        return None
    if verdict.sandbox is Reached.ABSENT or real.tried.absent:
        return (verdict.sandbox is Reached.ABSENT) is not real.tried.allowed
    return (verdict.sandbox is Reached.ALLOWED) is real.tried.allowed


def _agreement(verdict: Verdict, real: Attempted) -> ProbeLine:
    same = agree(verdict, real)
    if same is None:
        return ProbeLine("", (Bit("nothing to compare", Tone.MUTED),))
    if same:
        words: Bits = (
            Bit(f"{Glyph.DONE} ", Tone.WORK),
            Bit("prediction and run agree", Tone.MUTED),
        )
        return ProbeLine("", words)
    return ProbeLine(
        "",
        (
            Bit(f"{Glyph.NEED} prediction and run differ", Tone.FAIL, bold=True),
            Bit("   the run is right; please report it", Tone.NEED),
        ),
    )
