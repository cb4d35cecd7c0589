"""Requests about what Codex may do: settings, configuration, features, denials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from state.changes import ChangeSettings, ConfigEdit
from state.dataclass import replace
from state.engine.calls.base import PAGE, Call, Json, some
from state.looks import Look
from state.model import Sandbox, SandboxMode
from state.permissions.trial import Attempt


def change_settings(command: ChangeSettings) -> Call:
    """What a thread's next turns run under; the running one goes on as it is."""
    return Call(
        "thread/settings/update",
        some(
            threadId=command.thread_id,
            approvalPolicy=policy(command.policy, command.granular),
            approvalsReviewer=command.reviewer,
            permissions=command.profile,
            sandboxPolicy=sandbox_policy(command.sandbox),
        ),
    )


def change_turn_reviewer(thread_id: str, turn_id: str, reviewer: str) -> Call:
    """Who answers what the running turn asks from its next step on."""
    return Call(
        "turn/settings/update",
        {"threadId": thread_id, "turnId": turn_id, "approvalsReviewer": reviewer},
    )


def policy(name: str | None, granular: Sequence[tuple[str, bool]]) -> Any:
    """An approval policy as the wire has it; None: not changed."""
    return {"granular": dict(granular)} if name == "granular" else name


def sandbox_policy(sandbox: Sandbox | None) -> Json | None:
    """A sandbox policy as the wire has it, with nothing left to a default."""
    if sandbox is None:
        return None
    mode = sandbox.mode.value
    match mode:
        case "readOnly":
            return {"type": mode, "networkAccess": sandbox.network}
        case "workspaceWrite":
            return {
                "type": mode,
                "writableRoots": list(sandbox.writable_roots),
                "networkAccess": sandbox.network,
                "excludeTmpdirEnvVar": sandbox.exclude_tmpdir,
                "excludeSlashTmp": sandbox.exclude_slash_tmp,
            }
        case "externalSandbox":
            word = "enabled" if sandbox.network else "restricted"
            return {"type": mode, "networkAccess": word}
    return {"type": mode}


def read_layers(cwd: str | None = None) -> Call:
    """The effective configuration in a folder, and the layers it is made of."""
    return Call("config/read", some(cwd=cwd, includeLayers=True))


def read_limits() -> Call:
    """What an administrator allows."""
    return Call("configRequirements/read", {})


def list_profiles(cwd: str, cursor: str | None = None) -> Call:
    return Call("permissionProfile/list", some(cwd=cwd, limit=PAGE, cursor=cursor))


def list_features(cursor: str | None = None) -> Call:
    return Call("experimentalFeature/list", some(limit=PAGE, cursor=cursor))


def write_config(edits: Sequence[ConfigEdit]) -> Call:
    """Several keys of the user's config.toml at once; a value of None takes one out.
    Comments survive."""
    return Call(
        "config/batchWrite",
        {
            "edits": [
                {"keyPath": e.key, "value": e.value, "mergeStrategy": "replace"}
                for e in edits
            ]
        },
    )


def write_value(key: str, value: Any) -> Call:
    """One key of the user's config.toml."""
    return Call(
        "config/value/write",
        {"keyPath": key, "value": value, "mergeStrategy": "upsert"},
    )


def set_trust(root: str, level: str | None) -> Call:
    """The trust entry of a project's root; None takes it out."""
    quoted = root.replace("\\", "\\\\").replace('"', '\\"')
    return write_config([ConfigEdit(f'projects."{quoted}".trust_level', level)])


def read_file(path: str) -> Call:
    return Call("fs/readFile", {"path": path})


def list_folder(path: str) -> Call:
    return Call("fs/readDirectory", {"path": path})


def write_file(path: str, base64: str) -> Call:
    return Call("fs/writeFile", {"path": path, "dataBase64": base64})


def remove_file(path: str) -> Call:
    return Call("fs/remove", {"path": path, "recursive": False, "force": True})


def make_folder(path: str) -> Call:
    return Call("fs/createDirectory", {"path": path, "recursive": True})


def approve_denial(thread_id: str, event: Json) -> Call:
    """Tell a thread that the user approves one denied action: a retry is judged anew.
    `event`: the engine's own snake_case object, not the notification."""
    return Call(
        "thread/approveGuardianDeniedAction", {"threadId": thread_id, "event": event}
    )


PROBE_MS = 20_000
STARTED = "codex-tui: started"


def start_under(profile: str) -> Call:
    """Start a command that only says so, in the engine's own folder: whether a profile
    lets any command start at all."""
    return Call(
        "command/exec",
        {
            "command": ["/bin/sh", "-c", f"echo '{STARTED}'"],
            "permissionProfile": profile,
            "timeoutMs": PROBE_MS,
        },
    )


def probe(asked: Attempt) -> Call:
    """Try one thing in the sandbox, with roots of its own: without them it would be
    about the engine's folder."""
    policy = None
    if asked.profile is None and asked.sandbox is not None:
        roots = (asked.root, *asked.more, *asked.sandbox.writable_roots)
        given = replace(asked.sandbox, writable_roots=tuple(dict.fromkeys(roots)))
        policy = sandbox_policy(given)
    return Call(
        "command/exec",
        some(
            command=asked.command,
            cwd=asked.root,
            sandboxPolicy=policy,
            permissionProfile=asked.profile,
            timeoutMs=PROBE_MS,
        ),
    )


def look(asked: Look) -> Call:
    """Run something that only reads, or writes no more than its roots; there is no
    network, whatever the configuration says."""
    writing = Sandbox(
        SandboxMode.WORKSPACE_WRITE,
        writable_roots=asked.roots,
        exclude_tmpdir=True,
        exclude_slash_tmp=True,
    )
    reading = Sandbox(SandboxMode.READ_ONLY)
    return Call(
        "command/exec",
        some(
            command=list(asked.command),
            cwd=asked.cwd,
            env=dict(asked.env),
            sandboxPolicy=sandbox_policy(writing if asked.roots else reading),
            timeoutMs=asked.timeout_ms,
            outputBytesCap=asked.most,
        ),
    )
