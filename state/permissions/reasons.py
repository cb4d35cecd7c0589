"""The sentence for each rule of the sandbox, and the setting that would change it.

Owns wording only; nothing is decided here. Invariant: a sentence names what blocked
what, and a remedy names a setting of Codex itself (or says that it is none).
"""

from __future__ import annotations

from state.dataclass import dataclass
from state.permissions import paths
from state.permissions.box import PROTECTIONS, Box, Rule
from state.permissions.policy import Access, Layer, Policy
from state.permissions.reach import Reached, Touch, Way

LEGACY = ("readOnly", "workspaceWrite")


@dataclass(frozen=True, slots=True)
class Remedy:
    """What would allow it. `setting`: as one writes it, to copy."""

    text: str
    setting: str = ""


def reason(found: Touch, way: Way, box: Box) -> str:
    """Why it is allowed, denied, or not known."""
    if box.refusal is not None:
        return box.refusal.text
    entry = found.entry
    spelled = entry.spelled or entry.path if entry is not None else ""
    if found.result is Reached.ABSENT:
        return "nothing is there to read"
    if found.result is Reached.UNKNOWN:
        return "what is there is made by the sandbox itself"
    if found.rule in PROTECTIONS.values() or found.rule is Rule.POINTER:
        return f"{found.rule.value}" if way is Way.WRITE else _readable(spelled)
    match found.rule:
        case Rule.WRITABLE:
            return f"inside the writable root {spelled}"
        case Rule.EVERYTHING:
            return "everything is writable"
        case Rule.NARROWER | Rule.READABLE if found.result is Reached.ALLOWED:
            return _readable(spelled)
        case Rule.NARROWER:
            return f"{spelled} is read-only inside a writable root"
        case Rule.READABLE:
            return f"no entry makes it writable; {spelled} is only readable"
        case Rule.HIDDEN:
            return "no entry names it, so it is not there for commands"
        case Rule.DENIED:
            return f"{spelled} is denied"
        case Rule.PATTERN:
            return f"it matches the denied pattern {spelled}"
        case Rule.OWNER:
            return f"the permissions of {found.path} do not allow it to this user"
        case Rule.SYMLINK:
            return "its symlinks go round in a circle"
        case Rule.SOCKETS:
            return Rule.SOCKETS.value
        case _:
            return found.rule.value


def _readable(spelled: str) -> str:
    return f"{spelled} is readable"


def remedy(found: Touch, way: Way, policy: Policy) -> Remedy | None:
    """The nearest setting that would allow it; None: there is none, or none known."""
    if found.result is not Reached.DENIED:
        return None
    match found.rule:
        case Rule.OWNER:
            return Remedy("Codex is not what blocks it: change the file's permissions")
        case Rule.SYMLINK | Rule.SOCKETS:
            return None
        case Rule.NO_ENGINE:
            return Remedy(
                "make the engine's own program readable",
                _entry(policy, ":root", "read"),
            )
        case Rule.WRITABLE_LINK | Rule.BEHIND_LINK:
            return Remedy(
                "name the folder that the symlink leads to instead of the symlink"
            )
        case Rule.FILE_ROOT:
            return Remedy("name the file's folder instead of the file")
        case Rule.NO_PLACE:
            return Remedy("leave out the inner one of the two entries")
        case Rule.DENIED | Rule.PATTERN:
            place = found.entry.place if found.entry else ""
            at = f" ({place})" if place else ""
            return Remedy(f"take the denied entry out of the profile{at}")
        case _:
            return _opened(found, way, policy)


def _opened(found: Touch, way: Way, policy: Policy) -> Remedy:
    word = Access.READ if way is Way.READ else Access.WRITE
    guarded = found.rule in PROTECTIONS.values() or found.rule is Rule.POINTER
    path = found.entry.path if guarded and found.entry else found.path
    if policy.name == "readOnly":
        return Remedy(
            "switch to workspace-write, or say yes when a command asks for it",
            "/approvals",
        )
    if policy.name == "workspaceWrite":
        return Remedy(
            "list it as a writable root, or say yes when a command asks for it",
            f"[sandbox_workspace_write] writable_roots = [{_quoted(path)}]",
        )
    if policy.name.startswith(":"):
        return Remedy(
            "choose a permission profile of your own that names it",
            f'[permissions.NAME.filesystem] {_quoted(path)} = "{word.value}"',
        )
    inherited = found.entry is not None and found.entry.layer is Layer.DEFAULT
    text = "name it in the profile" if inherited else "change the entry in the profile"
    return Remedy(text, _entry(policy, path, word.value))


def _entry(policy: Policy, path: str, word: str) -> str:
    return f'[permissions.{policy.name}.filesystem] {_quoted(path)} = "{word}"'


def _quoted(path: str) -> str:
    return '"' + paths.plain(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
