"""The sandbox inspector's read model: what holds now, who said so, root by root.

Owns the words and the order of rows. Does not own what is enforced (`permissions`).
Invariant: every path passed the door `reveal`; the running turn and the next one are
told apart; what is not known is said to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from state.agents import rootless
from state.controls import Controls
from state.forking import WORDS
from state.items import ThreadId
from state.model import Settings, Thread
from state.permissions import assemble
from state.permissions.box import Box, Rule
from state.permissions.explain import Approvals, Verdict
from state.permissions.hosts import Proxy
from state.permissions.policy import Access, Host, Kind, Layer, Policy
from state.select.frame import asks, sandbox_mode
from state.select.in_force import running_turn
from state.select.sandbox_hosts import (
    host_lines,
    network_sentence,
    network_words,
    proxy_lines,
)
from state.select.sandbox_roots import home_path, root_lines
from state.select.words import agent_label, one_line, tree_title
from state.text import reveal
from state.views import (
    Bit,
    Bits,
    SandboxView,
    SettingLine,
    Tone,
)

MOST = 200
"""Roots that are listed; the rest is counted."""


class Known:
    """What the board has found out. `policy` None: not known, `why` says it."""

    def __init__(
        self,
        settings: Settings | None,
        policy: Policy | None = None,
        box: Box | None = None,
        host: Host | None = None,
        why: str = "",
        proxy: Proxy | None = None,
    ) -> None:
        self.settings = settings
        self.policy = policy
        self.box = box
        self.host = host or Host()
        self.why = why
        self.proxy = proxy


def now_of(thread: Thread | None) -> Settings | None:
    """What the running turn is under, else what the next one will be."""
    if thread is None:
        return None
    turn = running_turn(thread)
    return turn.settings if turn and turn.settings else thread.settings


def approvals_of(settings: Settings | None) -> Approvals:
    """Who is asked."""
    if settings is None:
        return Approvals()
    return Approvals(
        settings.approval_policy, dict(settings.granular), settings.reviewer
    )


def sandbox_view(
    thread: Thread | None,
    controls: Controls | None,
    known: Known,
    threads: Mapping[ThreadId, Thread],
    decided: Verdict | None = None,
    *,
    broken: str = "",
) -> SandboxView:
    """The board. `broken`: what the engine said of a configuration that it cannot use;
    its last line is the place."""
    square, mode, level = sandbox_mode(known.settings)
    roots = tuple(root_lines(known.policy, known.box, known.host, decided))
    hosts = tuple(host_lines(known.proxy, known.host.home, decided))
    tone = Tone.FAIL if level == "danger" else Tone.BRIGHT
    return SandboxView(
        tree_title(threads, thread) if thread else "no thread open",
        agent_label(thread) if thread else "",
        square,
        mode,
        tone,
        sentence(known),
        (*_broken(controls, broken), *_loud(thread, known)),
        tuple(_settings(thread, controls, known)),
        roots[:MOST],
        len(roots),
        tuple(_notes(len(roots), len(hosts))),
        hosts=hosts[:MOST],
        host_count=len(hosts),
    )


def sentence(known: Known) -> str:
    """What it may touch, in one line."""
    policy = known.policy
    if policy is None:
        return reveal(known.why).text or "what it may touch is not known"
    if policy.kind is Kind.FULL:
        return "reads and writes everything, with network"
    if policy.kind is Kind.EXTERNAL:
        return "another sandbox around the engine decides; it cannot be seen from here"
    if known.box is not None and known.box.refusal is not None:
        return "no command runs in this sandbox"
    writes = sum(e.access is Access.WRITE for e in policy.entries)
    denied = sum(e.access is Access.DENY for e in policy.entries)
    whole = any(e.path == "/" and e.access is not Access.DENY for e in policy.entries)
    reads = "reads everything" if whole else "reads only what is listed"
    if denied:
        reads += f" but {_many(denied, 'root')}" if whole else ""
    wrote = f"writes {_many(writes, 'root')}" if writes else "writes nothing"
    return f"{reads}, {wrote}, {network_sentence(policy, known.proxy)}"


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _broken(controls: Controls | None, told: str) -> Iterator[Bits]:
    """A configuration the engine cannot use: what it says of it, and where."""
    if controls is None or not controls.problem:
        return
    why, place = controls.problem, ""
    lines = told.splitlines()
    if len(lines) > 2:
        why, place = lines[-2], reveal(lines[-1]).text
    yield (Bit(f"The configuration cannot be used: {one_line(why)}", Tone.FAIL),)
    if place:
        yield (Bit(place, Tone.NEED),)
    yield (Bit("No thread starts or resumes until it is mended.", Tone.NEED),)


def _loud(thread: Thread | None, known: Known) -> Iterator[Bits]:
    """What is wrong, with what to do."""
    if known.box is not None and known.box.refusal is not None:
        yield (Bit(reveal(known.box.refusal.text).text, Tone.FAIL),)
        fix = _refusal_fix(known.box.refusal.rule)
        if fix:
            yield (Bit(fix, Tone.NEED),)
    policy = known.policy
    if policy is not None and policy.name in ("workspaceWrite", ":workspace"):
        temp = (Access.WRITE, "temporary files")
        own = [e for e in policy.writable if (e.access, e.because) != temp]
        if not own or rootless(known.settings):
            yield (
                Bit(
                    "Nothing of the workspace is writable: the thread has no workspace "
                    "root, so edits fail with “Read-only file system”.",
                    Tone.NEED,
                ),
            )
            where = reveal(thread.cwd).text if thread and thread.cwd else "the folder"
            yield (Bit(f"W starts it again with {where} as its root.", Tone.NEED),)
    for warning in policy.warnings if policy is not None else ():
        yield (Bit(reveal(warning).text, Tone.NEED),)


_FIXES = {
    Rule.WRITABLE_LINK: "Start it in the folder the symlink leads to, or take the "
    "symlink out of the writable roots.",
    Rule.BEHIND_LINK: "Name what the symlink leads to instead.",
    Rule.FILE_ROOT: "Name the folder of that file instead.",
    Rule.NO_PLACE: "Take one of the two entries out, or make the missing folder.",
    Rule.NO_ENGINE: "Add the engine's folder, or “:root” = “read”, to the profile.",
}


def _refusal_fix(rule: Rule) -> str:
    return _FIXES.get(rule, "")


# -- settings --------------------------------------------------------------------


def _settings(
    thread: Thread | None, controls: Controls | None, known: Known
) -> Iterator[SettingLine]:
    settings, home = known.settings, known.host.home
    if settings is None:
        return
    policy = known.policy
    mode = sandbox_mode(settings)[1]
    layer = _seen(_mode_by(settings, thread, controls), thread)
    place = home_path(controls.user_file, home) if controls else ""
    yield SettingLine("sandbox", _bold(mode), layer.value, _place(layer, place))
    if policy is not None and policy.kind is Kind.RESTRICTED:
        network = policy.network_layer
        if network not in (Layer.GRANT, Layer.TURN):
            network = _seen(assemble.network_layer(settings, controls), thread)
        if known.proxy is not None:
            network = known.proxy.layer
        word = network_words(policy, known.proxy)
        yield SettingLine("network", _bold(word), network.value, _place(network, place))
        yield from proxy_lines(known.proxy)
    by = _seen(_asked_by(settings, controls), thread)
    yield SettingLine(
        "who is asked",
        _bold(asks(settings) or "not known"),
        by.value,
        _place(by, place),
    )
    if controls is not None:
        trusted = "trusted" if controls.trusted else "not trusted"
        who = "you" if controls.trusted or controls.distrusted else "engine default"
        if controls.problem:
            trusted, who = "not known", ""
        yield SettingLine(
            "project trust", _bold(trusted), who, place if who == "you" else ""
        )
    if policy is not None and policy.roots:
        root = home_path(policy.roots[0], home)
        aside = ""
        if thread is not None and thread.cwd and thread.cwd != policy.roots[0]:
            aside = f"commands start in {home_path(thread.cwd, home)}"
        yield SettingLine("sandbox root", _bold(root), aside)
    yield from _next(thread, settings)


def _mode_by(
    settings: Settings, thread: Thread | None, controls: Controls | None
) -> Layer:
    """Who set the mode: a turn that goes on under what it began with, an administrator
    who does not allow what was asked for, the configuration, or somebody here."""
    after = thread.settings if thread is not None else None
    if after is not None and (after.profile, after.sandbox) != (
        settings.profile,
        settings.sandbox,
    ):
        return Layer.TURN
    layer = assemble.mode_layer(settings, controls)
    asked = thread.asked if thread is not None else None
    allowed = controls.limits.sandboxes if controls is not None else None
    if layer is Layer.THREAD and asked is not None and allowed is not None:
        word = next((w for m, w in WORDS.items() if m == asked), asked)
        return layer if word in allowed else Layer.MANAGED
    return layer


def _seen(layer: Layer, thread: Thread | None) -> Layer:
    """A thread keeps its settings: that they are the file's may be chance. What a new
    one would get is the file's."""
    return Layer.ALIKE if layer is Layer.CONFIG and thread is not None else layer


def _asked_by(settings: Settings, controls: Controls | None) -> Layer:
    value = controls.value("approval_policy") if controls is not None else None
    if value is None or value.value is None:
        usual = settings.approval_policy == "on-request"
        return Layer.DEFAULT if usual else Layer.THREAD
    said = value.value if isinstance(value.value, str) else "granular"
    same = said == settings.approval_policy
    return assemble.LAYERS[value.layer.kind] if same else Layer.THREAD


def _place(layer: Layer, place: str) -> str:
    said = (Layer.CONFIG, Layer.ALIKE, Layer.PROFILE, Layer.TRUST)
    return place if layer in said else ""


def _bold(text: str) -> Bits:
    return (Bit(text, Tone.BRIGHT),)


def _next(thread: Thread | None, now: Settings) -> Iterator[SettingLine]:
    """What counts from the next turn on, when that is something else."""
    if thread is None or thread.settings is None or thread.settings is now:
        return
    after = thread.settings
    for label, was, will in (
        ("sandbox", sandbox_mode(now)[1], sandbox_mode(after)[1]),
        ("who is asked", asks(now), asks(after)),
    ):
        if was != will:
            words = (Bit(f"{will} from the next turn", Tone.NEED),)
            yield SettingLine(label, words, "this turn goes on as it is")


def _notes(roots: int, hosts: int) -> Iterator[Bits]:
    for count, word in ((roots, "roots"), (hosts, "hosts")):
        if count > MOST:
            more = f"{count - MOST} more {word} · the probe answers for each"
            yield (Bit(more, Tone.MUTED),)
