"""Trust, and starting again with a root: the questions before anything is writable.

Owns the order of these questions and what is named in them. Does not own how a thread
starts (`flows`). Invariants: nothing is trusted without a yes; what trusting switches
on is listed before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from state.changes import TrustProject
from state.controls import Controls, LayerKind
from state.engine.local_disk import LocalDisk
from state.permissions import paths
from state.permissions.disk import Disk, Kind
from state.text import reveal
from tui.screens import dialogs

if TYPE_CHECKING:
    from state.model import Thread
    from tui.screens.flows import Flows

FILES = (
    ("config.toml", "its settings"),
    ("hooks.json", "its hooks"),
    ("rules", "its rules for commands"),
    ("agents", "its agent roles"),
    ("skills", "its skills"),
)
"""What stands in a project's .codex and counts once it is trusted."""
SHOWN = 6


def brings(root: str, disk: Disk, controls: Controls | None = None) -> list[str]:
    """What trusting a project switches on, line by line; raw paths are revealed."""
    folder = paths.join(root, ".codex")
    found = list(_files(folder, disk))
    if controls is not None:
        for layer in controls.layers:
            if layer.kind is LayerKind.PROJECT and layer.values:
                keys = ", ".join(reveal(key).text for key in list(layer.values)[:SHOWN])
                found.append(f"  which sets {keys}")
    return found


def _files(folder: str, disk: Disk) -> Iterator[str]:
    for name, words in FILES:
        path = paths.child(folder, name)
        node = disk.node(path)
        if node is None:
            continue
        shown = f".codex/{name}"
        if node.kind is Kind.FOLDER:
            names = sorted(disk.names(path))
            if not names:
                continue
            some = ", ".join(reveal(one).text for one in names[:SHOWN])
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            shown = f"{shown}/ ({some}{more})"
        yield f"{words}: {shown}"


def _disk(flows: Flows) -> Disk:
    return (flows.services.disk or LocalDisk)()


async def trust(flows: Flows) -> None:
    """/trust: say how it stands, and change it if the user says so."""
    thread = flows.presenter.thread
    cwd = (thread.cwd if thread else "") or flows.services.cwd
    controls = await flows.services.engine.controls(cwd)
    if controls is None:
        flows.say("There is no engine just now; nothing can be trusted.")
        return
    local = await flows.services.engine.surroundings() is not None
    found = brings(controls.root, _disk(flows), controls) if local else []
    answer = await flows.app.push_screen_wait(
        dialogs.trust_now(controls.root, found, trusted=controls.trusted)
    )
    level = {"trust": "trusted", "untrust": "untrusted", "forget": None}
    if answer not in level:
        return
    root = reveal(controls.root).text
    note = {
        "trust": f"{root} is trusted: new threads there may write",
        "untrust": f"{root} is marked untrusted: there you are asked for everything",
        "forget": f"{root} is not trusted any more: new threads there start read-only",
    }[answer]
    await flows.services.bridge.act(TrustProject(controls.root, level[answer], note))


async def ask_trust(flows: Flows, root: str) -> str | None:
    """Before a writable start: trust, read-only or cancel."""
    controls = await flows.services.engine.controls(root)
    local = await flows.services.engine.surroundings() is not None
    found = brings(root, _disk(flows), controls) if local else []
    answer: str | None = await flows.app.push_screen_wait(dialogs.trust(root, found))
    return answer


async def start_rooted(flows: Flows, thread: Thread) -> None:
    """Start the thread's work again, with a folder it may write."""
    cwd = thread.cwd or flows.services.cwd
    found = await flows.services.engine.defaults(cwd)
    root = found.trust_root if found is not None else cwd
    answer = await flows.app.push_screen_wait(dialogs.rooted(cwd, root))
    folder = {"cwd": cwd, "root": root}.get(answer or "")
    if folder is None:
        return
    choice = dialogs.NewThreadChoice(folder, sandbox="workspace-write")
    await flows.start(folder, found, choice)
