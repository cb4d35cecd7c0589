"""Does the engine's sandbox work here? One harmless command tells.

Owns the probe and the sentence for each way it is known to fail. Changes nothing: the
command only echoes. Invariant: `ok` only when the command ran, in the sandbox, and said
what it was asked to say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from state.dataclass import dataclass
from state.engine.errors import RequestFailed
from state.engine.rpc import RpcClient

PROBE_WORD = "probe-ok"
PROBE_SECONDS = 20.0

# (all of these texts occur, case aside) -> what it means and what to do; first match.
_KNOWN: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("bubblewrap is unavailable",),
        "The sandbox program bubblewrap is missing, so every command will fail; "
        "install the package bubblewrap, or reinstall codex.",
    ),
    (
        ("synthetic bubblewrap mount registry", "read-only file system"),
        "The engine itself runs in a sandbox whose /tmp is read-only, so every command "
        "will fail; start it outside, or with a writable /tmp.",
    ),
    (
        ("creating new namespace failed",),
        "This system allows no further user namespaces, so sandboxed commands fail; "
        "allow them (sysctl user.max_user_namespaces, or the container's settings).",
    ),
    (
        ("no permissions to create new namespace",),
        "This system forbids unprivileged user namespaces, so sandboxed commands fail; "
        "allow them (kernel.unprivileged_userns_clone, or the AppArmor profile).",
    ),
    (
        ("uid map", "permission denied"),
        "This system restricts user namespaces, so sandboxed commands fail; "
        "allow them for bubblewrap (AppArmor, or the container's settings).",
    ),
    (
        ("codex-linux-sandbox", "no viable candidates"),
        "The engine cannot find its sandbox helper; move CODEX_HOME out of the "
        "temporary folder and start the engine again.",
    ),
    (
        ("failed to create unified exec process",),
        "The running engine's own files were removed (an upgrade?), so its commands "
        "fail; when nothing runs, codex-tui engine stop, and start again.",
    ),
    (
        ("sandbox_apply", "operation not permitted"),
        "macOS refuses a sandbox inside a sandbox; start the engine outside of one.",
    ),
    (
        ("landlock",),
        "This kernel cannot enforce the engine's Landlock sandbox; "
        "use a newer kernel, or install bubblewrap.",
    ),
    (
        ("no space left on device",),
        "The disk is full, so transcripts will be lost; free some space.",
    ),
    (
        ("bwrap: can't", "read-only file system"),
        "The folder is read-only for the engine itself, so no command runs there; try "
        "one that can be written, or let the sandbox around the engine write it.",
    ),
    (
        ("app-server socket directory must be",),
        "The engine runs inside Codex's own sandbox, where it can make no other; start "
        "it outside.",
    ),
    (
        ("read-only file system",),
        "A folder the engine needs is read-only, so commands fail; "
        "make CODEX_HOME and the temporary folder writable.",
    ),
    (
        ("no such file or directory",),
        "The working folder or the shell does not exist on the engine's machine; "
        "choose another folder.",
    ),
    (
        ("permission denied",),
        "The engine may not run commands in this folder; check who owns it.",
    ),
)
_UNKNOWN = "The sandbox probe failed in a way not known yet; its own words follow."


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """`sentence` is ours and says what to do; `raw` is the engine's answer or error."""

    ok: bool
    sentence: str
    raw: dict[str, Any]


async def probe_sandbox(rpc: RpcClient, cwd: Path) -> ProbeResult:
    """Echo one word through the workspace-write sandbox of the engine in `cwd`.

    Raises EngineLost; every other failure is a result."""
    params = {
        "command": ["/bin/sh", "-c", f"echo {PROBE_WORD}"],
        "cwd": str(cwd),
        # Without roots the probe would be about the engine's own folder.
        "sandboxPolicy": {"type": "workspaceWrite", "writableRoots": [str(cwd)]},
        "timeoutMs": int(PROBE_SECONDS * 500),
    }
    try:
        raw = await rpc.call("command/exec", params, timeout=PROBE_SECONDS)
    except RequestFailed as error:
        answer = {"code": error.code, "message": error.message, "data": error.data}
        return ProbeResult(False, explain(error.message), answer)
    said = str(raw.get("stdout", "")).strip()
    if raw.get("exitCode") == 0 and said == PROBE_WORD:
        return ProbeResult(True, "Commands run in the sandbox.", raw)
    return ProbeResult(False, explain(f"{raw.get('stderr', '')}\n{said}"), raw)


def explain(text: str) -> str:
    """The sentence for an engine's error text."""
    low = text.lower()
    for words, sentence in _KNOWN:
        if all(word in low for word in words):
            return sentence
    return _UNKNOWN
