"""The box at the bottom of /push in words: what the next key does, how it went.

Owns its sentences. Invariant: whatever needs a second key is named here before that
key, or, where it is too much, heads the page and is counted here.
"""

from __future__ import annotations

from state.pushes import Program, PushPlan
from state.select.delivery import commits
from state.select.push_words import (
    SPELLED,
    Asked,
    Phase,
    reach_bits,
    secretless,
    short,
)
from state.select.words import one_line
from state.text import clean, reveal
from state.views import Bit, Bits, Glyph, Tone

LINES = 6
"""Lines of a running push that are shown."""
Strip = tuple[str, tuple[Bits, ...], Tone]


def strip(asked: Asked) -> Strip:
    match asked.phase:
        case Phase.LOOKING:
            words = _muted("Looking, in the engine's sandbox …")
            return "looking", (words,), Tone.FAINT
        case Phase.NOTHING:
            return "nothing to push", (_muted(asked.note),), Tone.FAINT
        case Phase.RUNNING:
            return _running(asked)
        case Phase.ENDED:
            return _ended(asked)
        case Phase.READY | Phase.ARMED | Phase.ARMED_BARE:
            return _ready(asked)


def _muted(text: str) -> Bits:
    return (Bit(text, Tone.MUTED),)


def _ready(asked: Asked) -> Strip:
    plan = asked.plan
    assert plan is not None
    lines: list[Bits] = []
    if asked.note:
        lines.append((Bit(clean(asked.note), Tone.NEED),))
    if asked.remote:
        lines.append(
            _muted("The repository is on the engine's machine. Run this there:")
        )
        lines.append((Bit(reveal(asked.remote).text, Tone.BRIGHT),))
        return "not from here", tuple(lines), Tone.FAINT
    if plan.refusal:
        return "not pushed", (*lines, (Bit(clean(plan.refusal)),)), Tone.NEED
    if asked.phase is not Phase.READY:
        return _second(plan, lines, hooks=asked.phase is Phase.ARMED)
    own = "Your own git pushes it, outside the sandbox. Nothing is forced."
    lines.append(_muted(own))
    if grave := plan.grave(hooks=True):
        many = len(grave) > 1
        number = f"{len(grave)} things" if many else "1 thing"
        need = "need" if many else "needs"
        words = f"{number} it would start or follow {need} a second key."
        lines.append((Bit(words, Tone.NEED),))
    return f"push {commits(plan.number)}", tuple(lines), Tone.ACCENT


def _second(plan: PushPlan, lines: list[Bits], *, hooks: bool) -> Strip:
    key = "p" if hooks else "N"
    lines.append((Bit("Outside the sandbox and with your rights:"),))
    grave = plan.grave(hooks=hooks)
    if len(grave) > SPELLED:
        words = f"{len(grave)} programs and settings stand above, one by one."
        lines.append((Bit(words, Tone.BRIGHT),))
        grave = ()
    for one in grave:
        if isinstance(one, Program):
            name = f"{one.what}: {short(one, plan.place)}"
            why = reach_bits(one.reach, changed=one.changed)
        else:
            name = f"{reveal(one.key).text} = {secretless(one.value)}"
            why = reach_bits(one.reach)
        lines.append((Bit(f"  {name}", Tone.BRIGHT), Bit(" · ", Tone.MUTED), *why))
    long = len(plan.grave(hooks=hooks)) > SPELLED
    other_key = "Up and down scroll, any other key closes this."
    other_key = other_key if long else "Any other key closes this."
    again = (Bit(key, Tone.ACCENT, bold=True), Bit(" again pushes with it. "))
    other = () if not (hooks and plan.hooks) else (_bare(plan),)
    lines.append((*again, *other, Bit(other_key, Tone.MUTED)))
    return f"{key} once more", tuple(lines), Tone.NEED


def _bare(plan: PushPlan) -> Bit:
    rest = plan.grave(hooks=False)
    return Bit("" if rest else "N pushes without hooks. ", Tone.MUTED)


def _running(asked: Asked) -> Strip:
    lines = [(Bit(one_line(line)),) for line in asked.said[-LINES:] if line.strip()]
    return "pushing", tuple(lines) or (_muted("git has started …"),), Tone.WORK


def _ended(asked: Asked) -> Strip:
    result, plan = asked.result, asked.plan
    assert result is not None
    assert plan is not None
    if not result.ok:
        fault = result.fault
        why = clean(fault.words) if fault is not None else "it failed"
        lines: list[Bits] = [
            (
                Bit(f"{Glyph.FAILED} ", Tone.FAIL),
                Bit(f"Not pushed: {why}.", Tone.BRIGHT),
            )
        ]
        if fault is not None and fault.advice:
            lines.append((Bit(fault.advice),))
        last = [row for row in clean(result.raw).split("\n") if row.strip(" Done")][-2:]
        lines += [_muted(one_line(row)) for row in last]
        return "not pushed", tuple(lines), Tone.FAIL
    number = commits(plan.number)
    branch = reveal(plan.stray.branch).text
    words = f"Pushed {number} of {branch} to {reveal(plan.remote).text}."
    lines = [(Bit(f"{Glyph.DONE} ", Tone.WORK), Bit(words, Tone.BRIGHT))]
    if result.summary:
        lines.append(_muted(one_line(result.summary)))
    if asked.request:
        lines.append((Bit(clean(asked.request)),))
    elif asked.gh:
        lines.append((Bit("g", Tone.ACCENT, bold=True), Bit(" opens a pull request: ")))
        lines.append(_muted(reveal(asked.gh).text))
    return "pushed", tuple(lines), Tone.WORK
