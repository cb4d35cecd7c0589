"""May a sandboxed command touch this path? The path walked through a `Box`.

Owns what reading and writing need: folders that may be passed, the right view at the
end, permissions of the file itself. Does not own the layers (`mounts`) nor the words
(`explain`). Invariant: a path is judged where it leads, not where it is typed;
something new is judged by the nearest folder that is there.
"""

from __future__ import annotations

from enum import StrEnum

from state.dataclass import dataclass
from state.permissions import paths
from state.permissions.box import DEVICES, OURS, Box, Mount, Rule, View
from state.permissions.disk import Kind, Node
from state.permissions.policy import Entry, Host


class Way(StrEnum):
    """What is done with a path."""

    READ = "read"
    WRITE = "write"


class Reached(StrEnum):
    """What comes of it."""

    ALLOWED = "allowed"
    DENIED = "denied"
    ABSENT = "absent"
    """nothing is there to read"""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Touch:
    """`path`: where it leads. `entry` and `rule`: what decides."""

    result: Reached
    path: str
    rule: Rule
    entry: Entry | None = None


def touch(box: Box, host: Host, way: Way, path: str) -> Touch:
    """What a command in this box gets when it reads or writes `path`."""
    path = paths.normal(path)
    if box.refusal is not None:
        refused = box.refusal
        return Touch(Reached.DENIED, path, refused.rule, refused.entry)
    walked = box.walk(path)
    if way is Way.READ and not box.disk.exists(path):
        return _by(Reached.ABSENT, walked.path, box.mount(walked.path))
    if walked.loops:
        return Touch(Reached.DENIED, walked.path, Rule.SYMLINK)
    for folder in walked.passed:
        blocked = _blocked(box, host, folder)
        if blocked is not None:
            return blocked
    if walked.missing is None:
        judge = _read if way is Way.READ else _write
        return judge(box, host, walked.path)
    if way is Way.WRITE:
        return _make(box, host, walked.missing)
    return _by(Reached.DENIED, walked.missing, box.mount(walked.missing))


def _by(
    result: Reached, path: str, mount: Mount | None, rule: Rule | None = None
) -> Touch:
    if mount is None:
        return Touch(Reached.UNKNOWN, path, rule or Rule.READABLE)
    return Touch(result, path, rule or mount.rule, mount.entry)


def _blocked(box: Box, host: Host, folder: str) -> Touch | None:
    """Why a folder may not be passed through."""
    mount = box.mount(folder)
    if mount is None:
        return None
    if mount.view is View.DENY and mount.path == folder and not mount.reopened:
        return _by(Reached.DENIED, folder, mount)
    node = box.node(folder)
    if node is None or node.kind is not Kind.FOLDER:
        return None
    if mount.view.real and not _permits(box, node, host, 1):
        return _by(Reached.DENIED, folder, mount, Rule.OWNER)
    return None


def _permits(box: Box, node: Node, host: Host, bit: int) -> bool:
    """The permissions of the file itself; root has no more power in there than its
    name gives it."""
    if Rule.OWNER in box.off or node.uid == OURS:
        return True
    if node.uid == host.uid:
        return bool(node.mode & (bit << 6))
    if node.gid in host.groups:
        return bool(node.mode & (bit << 3))
    return bool(node.mode & bit)


def _read(box: Box, host: Host, path: str) -> Touch:
    mount = box.mount(path)
    if mount is None or mount.view is View.PROCESSES:
        return _by(Reached.UNKNOWN, path, mount)
    if mount.view.real:
        node = box.node(path)
        if node is not None and not _permits(box, node, host, 4):
            return _by(Reached.DENIED, path, mount, Rule.OWNER)
        return _by(Reached.ALLOWED, path, mount)
    if mount.view is View.STUB and mount.path == path:
        return _by(Reached.ALLOWED, path, mount)  # it stands for what is empty, too
    if mount.view is View.DEVICES and (path == "/dev" or path in DEVICES):
        return _by(Reached.ALLOWED, path, mount)
    return _by(Reached.DENIED, path, mount)


def _write(box: Box, host: Host, path: str) -> Touch:
    mount = box.mount(path)
    if mount is None or mount.view is View.PROCESSES:
        return _by(Reached.UNKNOWN, path, mount)
    if mount.view is View.WRITE:
        node = box.node(path)
        if node is not None and not _may_change(box, node, host):
            return _by(Reached.DENIED, path, mount, Rule.OWNER)
        return _by(Reached.ALLOWED, path, mount)
    if mount.view is View.DEVICES and path in DEVICES:
        return _by(Reached.ALLOWED, path, mount)
    return _by(Reached.DENIED, path, mount)


def _may_change(box: Box, node: Node, host: Host) -> bool:
    if node.frozen and Rule.OWNER not in box.off:
        return False
    if node.kind is Kind.FOLDER and not _permits(box, node, host, 1):
        return False
    return _permits(box, node, host, 2)


def _make(box: Box, host: Host, missing: str) -> Touch:
    """Something new in a folder that is there."""
    folder = paths.parent(missing)
    node = box.node(folder)
    if node is not None and node.kind is not Kind.FOLDER:
        return _by(Reached.DENIED, folder, box.mount(folder), Rule.OWNER)
    return _write(box, host, folder)
