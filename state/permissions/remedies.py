"""The settings that would allow what was blocked, as lines to copy.

Owns how a write, a connection or a folder of an outer sandbox is written down. Reads
and writes no file. Invariant: every line is valid TOML or JSON for any path.
"""

from __future__ import annotations

import json
import posixpath
from pathlib import PurePosixPath

from state.dataclass import dataclass
from state.model import Sandbox, SandboxMode

PROTECTED = (".git", ".codex", ".agents", ".aws")
"""Read-only at the top of every writable root, there or not."""
_MODES = {
    SandboxMode.READ_ONLY: "read-only",
    SandboxMode.WORKSPACE_WRITE: "workspace-write",
    SandboxMode.FULL_ACCESS: "full access",
    SandboxMode.EXTERNAL: "external",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known beside the text. `sandbox`: in force when it was said; None: not
    known. `home`: the user's CODEX_HOME as they spell it; `plugin_data`: folders in
    which a caller of ours keeps its books, for an outer sandbox to allow."""

    sandbox: Sandbox | None = None
    profile: str | None = None
    cwd: str = ""
    roots: tuple[str, ...] = ()
    home: str = "~/.codex"
    plugin_data: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Something is known about what was in force."""
        return self.sandbox is not None or self.profile is not None

    @property
    def sandboxed(self) -> bool:
        """Codex's own sandbox was on, or nobody knows that it was off."""
        if self.profile == ":danger-full-access":
            return False
        off = (SandboxMode.FULL_ACCESS, SandboxMode.EXTERNAL)
        return self.sandbox is None or self.sandbox.mode not in off

    @property
    def mode(self) -> str:
        """What was in force, in a word."""
        if self.profile:
            return self.profile
        return _MODES[self.sandbox.mode] if self.sandbox else "unknown"

    @property
    def writable(self) -> tuple[str, ...]:
        """The roots a command may write, without the temporary folders."""
        sandbox = self.sandbox
        if sandbox is None or sandbox.mode is not SandboxMode.WORKSPACE_WRITE:
            return ()
        return (*self.roots, *sandbox.writable_roots)


def absolute(path: str, cwd: str) -> str:
    """The path as a command in `cwd` means it; "" stays ""."""
    if not path or path.startswith(("/", "~")) or not cwd:
        return path
    return posixpath.normpath(f"{cwd}/{path}")


def root_of(path: str, context: Context) -> str:
    """The writable root that holds the path; "" when none does."""
    if not path:
        return ""
    above = (PurePosixPath(path), *PurePosixPath(path).parents)
    return next((root for root in context.writable if PurePosixPath(root) in above), "")


def protected(path: str, context: Context) -> str:
    """The protected folder at the top of a writable root that holds the path."""
    for root in context.writable:
        for name in PROTECTED:
            guarded = PurePosixPath(root) / name
            if guarded in (PurePosixPath(path), *PurePosixPath(path).parents):
                return str(guarded)
    return ""


def quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False)


def folder_of(path: str) -> str:
    """The folder to allow for a file; the path itself when it has no parent."""
    parent = str(PurePosixPath(path).parent)
    return path if parent in (".", "/") else parent


def write_setting(path: str, context: Context) -> tuple[str, str]:
    """What would let a command write the path: in words, and as lines."""
    folder = folder_of(path) if path else "/the/folder"
    if context.profile and not context.profile.startswith(":"):
        entry = profile_entry(context, folder)
        return f"Let the profile {context.profile} write {folder}.", entry
    sandbox = context.sandbox
    if sandbox is not None and sandbox.mode is SandboxMode.READ_ONLY:
        words = (
            "Switch the thread to workspace-write (/approvals); that alone allows its "
            "own folder, other folders are added to it."
        )
    else:
        words = f"Add {folder} to the writable roots, or switch it in /approvals."
    roots = f"[sandbox_workspace_write]\nwritable_roots = [{quoted(folder)}]"
    return words, roots


def profile_entry(
    context: Context, path: str, *, access: str = "write", nested: bool = False
) -> str:
    """An entry of a permission profile."""
    name = context.profile or ""
    key = quoted(name) if name and not name.startswith(":") else "my-profile"
    if nested:
        entry = quoted(PurePosixPath(path).name)
        return (
            f'[permissions.{key}.filesystem.":workspace_roots"]\n{entry} = "{access}"'
        )
    return f'[permissions.{key}.filesystem]\n{quoted(path)} = "{access}"'


def network_setting(context: Context) -> tuple[str, str]:
    """What would let a command reach the network: in words, and as lines."""
    if context.profile and not context.profile.startswith(":"):
        name = quoted(context.profile)
        words = f"Switch the network on in the profile {context.profile}."
        return words, f"[permissions.{name}.network]\nenabled = true"
    words = "Switch the network on for workspace-write, or run this command when asked."
    return words, "[sandbox_workspace_write]\nnetwork_access = true"


def own_folders(context: Context) -> tuple[str, ...]:
    """What Codex itself writes, for the sandbox around it."""
    return (f"{context.home}/**", *(f"{folder}/**" for folder in context.plugin_data))


def allow_write(paths: tuple[str, ...]) -> str:
    """The lines of an outer sandbox that allow these paths; "" without any."""
    if not paths:
        return ""
    lines = {"sandbox": {"filesystem": {"allowWrite": list(paths)}}}
    return json.dumps(lines, indent=2, ensure_ascii=False)
