"""/push in words: the plan, the second key, the way of a push and its end.

Owns the sentences of the board. All text from git, hooks and remotes passes a door
here. Invariant: whatever needs a second key is named in the strip before that key.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath

from state.dataclass import dataclass
from state.pushes import Program, PushPlan, PushResult, Reach, Setting
from state.select.delivery import branch_name, commits
from state.select.words import one_line, tilde
from state.text import clean, reveal
from state.undelivered import Stray
from state.views import Bit, Bits, Glyph, PushRow, PushSection, PushView, Tone

LINES = 6
"""Lines of a running push that are shown."""
RAW = 400
"""Lines of raw text that are shown on demand."""


class Phase(StrEnum):
    """Where a push stands."""

    LOOKING = "looking"
    READY = "ready"
    ARMED = "armed"
    ARMED_BARE = "armed, without hooks"
    RUNNING = "running"
    ENDED = "ended"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the board shows. `at` of `of` branches; `said`: lines of the push so far;
    `raw`: all text is wanted; `note`: why it stands as it does; `gh`: the command for
    a pull request, "" when there is none; `request`: what became of that."""

    phase: Phase
    title: str = ""
    home: str = ""
    plan: PushPlan | None = None
    at: int = 0
    strays: tuple[Stray, ...] = ()
    said: tuple[str, ...] = ()
    result: PushResult | None = None
    raw: bool = False
    note: str = ""
    gh: str = ""
    request: str = ""
    remote: str = ""
    """The command to type where the engine runs; "": it runs here"""


def push_view(asked: Asked) -> PushView:
    """The board."""
    plan = asked.plan
    sections: list[PushSection] = []
    if plan is not None:
        sections.append(_where(plan, asked))
        if asked.raw and asked.result is not None:
            sections.insert(0, _raw(asked.result.raw))
        elif asked.raw:
            sections += _texts(plan)
        if not plan.refusal:
            sections += _starts(plan)
            sections += (_commits(plan), _files(plan))
    title, strip, edge = _strip(asked)
    number = len(asked.strays)
    end: Bits = ()
    if number > 1:
        end = (Bit(f"branch {asked.at + 1} of {number}", Tone.MUTED),)
    return PushView(
        one_line(asked.title), end, tuple(sections), title, strip, edge, _hints(asked)
    )


# -- sections ------------------------------------------------------------------------


def _where(plan: PushPlan, asked: Asked) -> PushSection:
    stray = plan.stray
    rows = [
        PushRow((Bit(branch_name(stray), Tone.BRIGHT, bold=True),), "branch"),
    ]
    if plan.remote:
        target = reveal(plan.target.removeprefix("refs/heads/")).text
        words = Bit(f"{target} on {reveal(plan.remote).text}", Tone.TEXT)
        rows.append(PushRow((words,), "goes to"))
    for url in plan.urls:
        grave = url.startswith("ext::")
        tone = Tone.NEED if grave else Tone.TEXT
        rows.append(PushRow((Bit(secretless(url), tone),), "address", tail=True))
    place = tilde(reveal(plan.place).text, asked.home)
    kind = "worktree" if stray.linked else "folder"
    rows.append(PushRow((Bit(place, Tone.TEXT),), kind, tail=True))
    if plan.behind:
        number = commits(plan.behind)
        words = Bit(f"the remote has {number} that this branch lacks", Tone.NEED)
        rows.append(PushRow((words,), "diverged"))
    if plan.uncommitted:
        rest = "file stays" if plan.uncommitted == 1 else "files stay"
        words = Bit(f"{plan.uncommitted} changed {rest} here", Tone.MUTED)
        rows.append(PushRow((words,), "uncommitted"))
    return PushSection("What goes where", tuple(rows))


def secretless(url: str) -> str:
    """An address without the login that may stand in it."""
    head, mark, rest = url.partition("://")
    if mark and "@" in rest.split("/", 1)[0]:
        rest = rest.split("@", 1)[1]
    return reveal(f"{head}{mark}{rest}").text


def _commits(plan: PushPlan) -> PushSection:
    rows = [
        PushRow(
            (Bit(one_line(c.id), Tone.MUTED), Bit(f"  {one_line(c.subject)}")),
            right=(Bit(one_line(c.author), Tone.MUTED),),
        )
        for c in plan.commits
    ]
    if plan.number > len(rows):
        rows.append(_more(plan.number - len(rows), "commit"))
    return PushSection("Commits", tuple(rows), plan.number)


def _more(number: int, what: str) -> PushRow:
    plural = "" if number == 1 else "s"
    return PushRow((Bit(f"{number} more {what}{plural}", Tone.MUTED),))


_KINDS = {
    "A": ("added", Tone.WORK),
    "D": ("deleted", Tone.FAIL),
    "M": ("changed", Tone.TEXT),
    "T": ("new type", Tone.NEED),
}


def _files(plan: PushPlan) -> PushSection:
    rows = []
    for change in plan.files:
        word, tone = _KINDS[change.kind]
        name = reveal(change.path).text
        rows.append(PushRow((Bit(name, tone),), word, tail=True))
    if plan.files_more:
        rows.append(PushRow((Bit("and more", Tone.MUTED),)))
    return PushSection("Files", tuple(rows), len(plan.files))


def _starts(plan: PushPlan) -> list[PushSection]:
    rows = [_program(program, plan.place) for program in plan.programs]
    if not rows:
        rows = [PushRow((Bit("nothing but git and its transport", Tone.MUTED),))]
    if plan.dropped:
        folders = ", ".join(reveal(folder).text for folder in plan.dropped)
        words = Bit(f"left out of PATH, an agent can write it: {folders}", Tone.MUTED)
        rows.append(PushRow((words,), "git", tail=True))
    found = [PushSection("What the push starts", tuple(rows), len(plan.programs))]
    if plan.settings:
        bent = tuple(_setting(setting) for setting in plan.settings)
        found.append(PushSection("What bends its way", bent, len(plan.settings)))
    return found


def _short(program: Program, place: str) -> str:
    """What is started; a file of the project by its place in it."""
    command = program.command
    if command.startswith(f"{place}/"):
        command = command.removeprefix(f"{place}/")
    return reveal(command).text


def _program(program: Program, place: str) -> PushRow:
    command = _short(program, place)
    if program.command == program.what:
        return PushRow(
            (Bit(_set_by(program.origin), Tone.MUTED),),
            program.what,
            _reach(program.reach),
        )
    words = [Bit(command, Tone.NEED if program.grave else Tone.BRIGHT)]
    if program.path and program.path not in program.command:
        words.append(Bit(f" → {reveal(program.path).text}", Tone.MUTED))
    if program.origin:
        words.append(Bit(f"  {_set_by(program.origin)}", Tone.MUTED))
    return PushRow(
        tuple(words),
        program.what,
        _reach(program.reach, changed=program.changed),
        tail=True,
        grave=program.grave,
    )


def _set_by(origin: str) -> str:
    origin = reveal(origin).text
    return f"set in {origin}" if "/" in origin or origin.startswith("$") else origin


def _reach(reach: Reach, *, changed: bool = False) -> Bits:
    words = [Bit("changed since the thread began", Tone.NEED)] if changed else []
    if reach is not Reach.YOURS:
        comma = ", " if words else ""
        words.append(Bit(f"{comma}{reach.value}", Tone.NEED))
    return tuple(words) or (Bit(reach.value, Tone.MUTED),)


def _setting(setting: Setting) -> PushRow:
    key, value = reveal(setting.key).text, secretless(setting.value)
    grave = setting.reach is not Reach.YOURS
    words = (
        Bit(f"{key} = {value}", Tone.NEED if grave else Tone.TEXT),
        Bit(f"  {_set_by(setting.origin)}", Tone.MUTED),
    )
    return PushRow(words, "", _reach(setting.reach), grave=grave)


def _raw(raw: str) -> PushSection:
    lines = clean(raw).split("\n")[-RAW:]
    return PushSection(
        "What git and the remote said",
        tuple(PushRow((Bit(line, Tone.TEXT),)) for line in lines),
        end=(Bit("v less", Tone.MUTED),),
    )


def _texts(plan: PushPlan) -> list[PushSection]:
    """What hooks say, as far as they were read."""
    found = []
    for program in plan.hooks:
        if program.text:
            lines = reveal(program.text, multiline=True).text.split("\n")
            rows = tuple(PushRow((Bit(line, Tone.TEXT),)) for line in lines)
            name = PurePosixPath(program.command).name
            title = f"{name}, as it begins"
            found.append(PushSection(title, rows, end=(Bit("v less", Tone.MUTED),)))
    return found


# -- the strip -----------------------------------------------------------------------

Strip = tuple[str, tuple[Bits, ...], Tone]


def _strip(asked: Asked) -> Strip:
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
    for one in plan.grave(hooks=hooks):
        if isinstance(one, Program):
            name = f"{one.what}: {_short(one, plan.place)}"
            why = _reach(one.reach, changed=one.changed)
        else:
            name = f"{reveal(one.key).text} = {secretless(one.value)}"
            why = _reach(one.reach)
        lines.append((Bit(f"  {name}", Tone.BRIGHT), Bit(" · ", Tone.MUTED), *why))
    again = (Bit(key, Tone.ACCENT, bold=True), Bit(" again pushes with it. "))
    other = () if not (hooks and plan.hooks) else (_bare(plan),)
    lines.append((*again, *other, Bit("Any other key closes this.", Tone.MUTED)))
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


def _hints(asked: Asked) -> tuple[tuple[str, str], ...]:
    plan, found = asked.plan, list[tuple[str, str]]()
    can = plan is not None and not plan.refusal and not asked.remote
    match asked.phase:
        case Phase.READY | Phase.ARMED | Phase.ARMED_BARE if can:
            assert plan is not None
            found.append(("p", "push"))
            if plan.hooks:
                found.append(("N", "push without hooks"))
            if any(program.text for program in plan.hooks):
                found.append(("v", "read the hooks"))
        case Phase.RUNNING:
            found.append(("x", "stop it"))
        case Phase.ENDED:
            if asked.gh and not asked.request:
                found.append(("g", "pull request"))
            found.append(("v", "raw text"))
        case _:
            pass
    if len(asked.strays) > 1 and asked.phase is not Phase.RUNNING:
        found.append(("left right", "branch"))
    if plan is not None and len(plan.remotes) > 1 and asked.phase is Phase.READY:
        found.append(("o", "other remote"))
    if asked.phase is not Phase.RUNNING:
        found.append(("l", "look again"))
    return (*found, ("up down", "scroll"), ("esc", "back"))
