"""How every look at a repository is made: one hardened script, sections as answer.

Owns what keeps git from starting anything (it all runs in a read-only sandbox without
network besides), and the form of the answer: each section as base64, so that any byte
of a name comes through, bounded, with the command's exit code at its end. Pure.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from state.dataclass import dataclass
from state.looks import Look, Looked

MOST = 1024 * 1024
"""Bytes of one section."""

HARDENED: Mapping[str, str] = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.pager": "cat",
    "core.alternateRefsCommand": "",
    "diff.external": "",
    "log.showSignature": "false",
    "protocol.allow": "never",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "i18n.logOutputEncoding": "UTF-8",
}
"""Configuration over the repository's own: what could start a program is off."""

_OUT = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE"),
    *("GIT_EXTERNAL_DIFF", "GIT_SSH", "GIT_PROXY_COMMAND", "GIT_CONFIG"),
    *("GIT_TRACE", "GIT_TRACE2", "GIT_TRACE2_EVENT", "GIT_TRACE_SETUP"),
    *("GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "BASH_ENV", "ENV"),
)
ENVIRONMENT: Mapping[str, str | None] = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "/bin/false",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS": "/bin/false",
    "GIT_SSH_COMMAND": "/bin/false",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C",
    **dict.fromkeys(_OUT),
}

PRELUDE = (
    r"""
command -v git >/dev/null 2>&1 || { echo nogit; exit 0; }
most=$1; shift
g() { git --no-optional-locks --no-pager """
    + " ".join(f"-c {key}={value}" for key, value in HARDENED.items())
    + r""" "$@"; }
own() { GIT_CONFIG_NOSYSTEM=${LOOK_NOSYSTEM-} git --no-optional-locks """
    + r"""--no-pager -c core.fsmonitor=false "$@"; }
say() {
  printf '%s ' "$1"; shift
  { "$@"; printf '\000rc=%s' "$?"; } 2>/dev/null | head -c "$most" | base64 | tr -d '\n'
  echo
}
"""
)
"""`g`: hardened; `own`: with all of the user's configuration, to read it; `say NAME
COMMAND…`: one section."""


@dataclass(frozen=True, slots=True)
class Section:
    """What one command of the script printed. `code` None: it was cut off, and its end
    is missing."""

    data: bytes = b""
    code: int | None = 0

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def cut(self) -> bool:
        return self.code is None

    @property
    def text(self) -> str:
        """The data, undecodable bytes as surrogates."""
        return self.data.decode("utf-8", "surrogateescape")

    @property
    def line(self) -> str:
        """The data without the newline that ends it."""
        return self.text.removesuffix("\n")


class LookFailed(Exception):
    """A look that gave no answer; the text is a sentence for people."""


NO_GIT = "There is no git where the engine runs."
NO_ANSWER = "The engine's sandbox gave no answer to git."


def look(script: str, cwd: str, *arguments: str, most: int = MOST) -> Look:
    """The look that runs this script after the prelude; `$1`… are the arguments."""
    return Look(
        ("/bin/sh", "-c", PRELUDE + script, "look", str(most), *arguments),
        cwd,
        ENVIRONMENT,
    )


def sections(looked: Looked) -> dict[str, Section]:
    """The answer, by name. Raises LookFailed."""
    if looked.error:
        raise LookFailed(_first(looked.error))
    if looked.stdout.startswith("nogit"):
        raise LookFailed(NO_GIT)
    found: dict[str, Section] = {}
    for row in looked.stdout.splitlines():
        name, _, body = row.partition(" ")
        found[name] = _section(body)
    if not found:
        why = _first(looked.stderr)
        raise LookFailed(f"{NO_ANSWER} {why}".strip())
    return found


def _section(body: str) -> Section:
    try:
        raw = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return Section(b"", None)
    data, mark, code = raw.rpartition(b"\0rc=")
    if not mark or not code.isdigit():
        return Section(raw, None)
    return Section(data, int(code))


def _first(text: str) -> str:
    rows = [row for row in text.splitlines() if row.strip()]
    return rows[0].strip() if rows else ""


def argument(name: str) -> str | None:
    """A name as an argument of a look; None: its bytes cannot be said in JSON."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return None
    return name
