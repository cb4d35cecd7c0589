"""/push in words: the plan, the second key, the way of a push and its end.

Owns the sentences of the board's sections and its keys; `push_strip` has those of its
box. All text from git, hooks and remotes passes a door here.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from state.pushes import Program, PushPlan, Reach, Setting
from state.select.delivery import branch_name, commits
from state.select.push_strip import strip
from state.select.push_words import (
    SPELLED,
    Asked,
    Phase,
    reach_bits,
    secretless,
    set_by,
    short,
)
from state.select.words import one_line, tilde
from state.text import clean, reveal
from state.views import Bit, Bits, PushRow, PushSection, PushView, Tone

RAW = 400
"""Lines of raw text that are shown on demand."""


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
            sections = [*_many(plan, asked), *sections, *_starts(plan, asked)]
            sections += (_commits(plan), _files(plan))
    title, box, edge = strip(asked)
    number = len(asked.strays)
    end: Bits = ()
    if number > 1:
        end = (Bit(f"branch {asked.at + 1} of {number}", Tone.MUTED),)
    return PushView(
        one_line(asked.title), end, tuple(sections), title, box, edge, _hints(asked)
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


def _starts(plan: PushPlan, asked: Asked) -> list[PushSection]:
    rows = [_program(program, plan.place, asked.home) for program in plan.programs]
    if not rows:
        rows = [PushRow((Bit("nothing but git and its transport", Tone.MUTED),))]
    if plan.dropped:
        folders = ", ".join(reveal(folder).text for folder in plan.dropped)
        words = Bit(f"left out of PATH, an agent can write it: {folders}", Tone.MUTED)
        rows.append(PushRow((words,), "git", tail=True))
    found = [PushSection("What the push starts", tuple(rows), len(plan.programs))]
    if plan.settings:
        bent = tuple(_setting(setting, asked.home) for setting in plan.settings)
        found.append(PushSection("What bends its way", bent, len(plan.settings)))
    return found


def _many(plan: PushPlan, asked: Asked) -> list[PushSection]:
    """More than the strip has room for, before anything else."""
    hooks = asked.phase is not Phase.ARMED_BARE
    grave = plan.grave(hooks=hooks)
    if asked.phase not in (Phase.ARMED, Phase.ARMED_BARE) or len(grave) <= SPELLED:
        return []
    rows = [
        _program(one, plan.place, asked.home)
        if isinstance(one, Program)
        else _setting(one, asked.home)
        for one in grave
    ]
    return [PushSection("What needs a second key", tuple(rows), len(rows))]


def _program(program: Program, place: str, home: str) -> PushRow:
    command = short(program, place)
    if program.command == program.what:
        return PushRow(
            (Bit(set_by(program.origin, home), Tone.MUTED),),
            program.what,
            reach_bits(program.reach),
        )
    words = [Bit(command, Tone.NEED if program.grave else Tone.BRIGHT)]
    if program.path and program.path not in program.command:
        words.append(Bit(f" → {reveal(program.path).text}", Tone.MUTED))
    if program.origin:
        words.append(Bit(f"  {set_by(program.origin, home)}", Tone.MUTED))
    return PushRow(
        tuple(words),
        program.what,
        reach_bits(program.reach, changed=program.changed),
        tail=True,
        grave=program.grave,
    )


def _setting(setting: Setting, home: str) -> PushRow:
    key, value = reveal(setting.key).text, secretless(setting.value)
    grave = setting.reach is not Reach.YOURS
    words = (
        Bit(f"{key} = {value}", Tone.NEED if grave else Tone.TEXT),
        Bit(f"  {set_by(setting.origin, home)}", Tone.MUTED),
    )
    return PushRow(words, "", reach_bits(setting.reach), tail=True, grave=grave)


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
