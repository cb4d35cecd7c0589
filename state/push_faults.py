"""Why a push failed, from what git and the other side said.

Owns the patterns and one sentence for each. Pure; the texts are git's in English.
Invariant: an unknown text gives no sentence of ours, so that nothing is made up.
"""

from __future__ import annotations

import re

from state.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind` names the pattern; `words` begin small: "a push failed: …".

    `sure`: these words say so whatever the exit code was."""

    kind: str
    words: str
    advice: str = ""
    sure: bool = True


_RULES: tuple[tuple[str, str, str, str], ...] = (
    (
        "behind",
        r"\[rejected\].*\((?:fetch first|non-fast-forward|stale info)\)"
        r"|Updates were rejected because",
        "the remote has commits that this branch lacks",
        "Fetch and rebase or merge first; nothing is ever forced from here.",
    ),
    (
        "declined",
        r"\[remote rejected\].*\((?P<why>[^)\n]*)\)",
        "the remote refused it: {why}",
        "What its hook or rule said stands in the raw text.",
    ),
    (
        "checked-out",
        r"refusing to update checked out branch",
        "the remote has that branch checked out",
        "Push to a bare repository, or to another branch.",
    ),
    (
        "login",
        r"terminal prompts disabled|could not read (?:Username|Password)"
        r"|Authentication failed|Permission denied \((?:publickey|password)"
        r"|Invalid username or (?:password|token)|HTTP 401|error: 401"
        r"|Support for password authentication was removed",
        "the remote did not accept the login",
        "Log in once in a terminal (gh auth login, ssh-add), then push again.",
    ),
    (
        "host-key",
        r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED",
        "the host key of the remote is not known",
        "Connect once with ssh in a terminal and check the key.",
    ),
    (
        "forbidden",
        r"Permission to .* denied|HTTP 403|error: 403|access denied"
        r"|protected branch|GH006|GH013",
        "this login may not push there",
        "Ask for the right to push, or push another branch.",
    ),
    (
        "no-upstream",
        r"has no upstream branch",
        "the branch has no upstream yet",
        "/push names remote and branch itself.",
    ),
    (
        "no-remote",
        r"No configured push destination|does not appear to be a git repository"
        r"|[Rr]epository not found|No such remote",
        "there is no such remote",
        "Look at git remote -v.",
    ),
    (
        "network",
        r"Could not resolve host|Name or service not known|Connection refused"
        r"|Connection timed out|Failed to connect|Couldn't connect to server"
        r"|Network is unreachable|Temporary failure in name resolution"
        r"|Operation not permitted",
        "the remote cannot be reached",
        "An agent has no network unless its sandbox allows it; /push runs outside.",
    ),
    (
        "read-only",
        r"Read-only file system|cannot lock ref|unable to create temporary",
        "the place it writes to is read-only",
        "An agent may not write there; /push runs outside its sandbox.",
    ),
    (
        "transport",
        r"transport '(?P<why>[^'\n]*)' not allowed",
        "the transport {why} is not allowed",
        "Use a remote with ssh or https.",
    ),
    (
        "no-identity",
        r"gpg failed to sign|failed to sign the push certificate",
        "signing failed",
        "Unlock the key in a terminal, then push again.",
    ),
    (
        "src",
        r"src refspec .* does not match any",
        "there is no such branch",
        "",
    ),
)
_COMPILED = tuple((kind, re.compile(p), w, a) for kind, p, w, a in _RULES)
_REFUSED = re.compile(r"^error: failed to push some refs", re.MULTILINE)
_SAID = re.compile(r"^ ?!|^fatal: |src refspec ", re.MULTILINE)
_FATAL = re.compile(r"^(?:fatal|error): (?P<why>[^\n]{1,300})", re.MULTILINE)
_TAIL = 20_000


def fault_of(text: str) -> Fault | None:
    """What the output of a push says went wrong; None: nothing that we know."""
    text = text[-_TAIL:]
    if _REFUSED.search(text) and not _SAID.search(text):
        # The remote said nothing: only a hook on this side ends so. What the hook
        # itself printed must not be taken for the remote's words.
        return Fault("hook", "a hook on this side stopped it", sure=True)
    for kind, pattern, words, advice in _COMPILED:
        found = pattern.search(text)
        if found is None:
            continue
        why = " ".join((found.groupdict().get("why") or "").split())
        sure = kind in ("behind", "declined", "checked-out", "no-upstream")
        return Fault(kind, words.format(why=why), advice, sure)
    fatal = _FATAL.search(text)
    if fatal is not None:
        return Fault("other", f"git says: {fatal['why'].strip()}", "", sure=False)
    return None
