"""Threads beside the first one that need somebody: you, or the engine's own reviewer.

Owns a patch outside the workspace, a request for permissions, and two commands that
auto-review decides side by side, one of them with a no. Invariant: nothing here touches
what the first thread works on.
"""

from __future__ import annotations

import json

from tui.demo.director import Beat, SideThread
from tui.demo.expect import Expectation, Where
from tui.demo.part import Part, answer, command, note, runs
from tui.demo.provider import Verdict
from tui.demo.steps import Js, Patch, RawItems

_NOTES = "../shared-reports/notes.md"
_CACHE = "/opt/build-cache"
_NIGHTLY = "./bench --save ../shared-reports/nightly.json"
_PUSH = "git push --force origin main"

_ADD_NOTES = f"""*** Begin Patch
*** Add File: {_NOTES}
+# Cache key
+
+- source and strictness together are the key
+- a lenient tree no longer answers a strict call
*** End Patch
"""
_PERMISSIONS = {
    "file_system": {"write": [_CACHE], "read": ["/etc/ssl"]},
    "network": {"enabled": True},
}
_REQUEST = {
    "type": "function_call",
    "id": "fc-permissions",
    "call_id": "call-permissions",
    "name": "request_permissions",
    "arguments": json.dumps(
        {
            "permissions": _PERMISSIONS,
            "reason": "The build fetches parsers and keeps them in its cache.",
        }
    ),
}

ASKING = Part(
    name="asking",
    threads=(
        SideThread(
            prompt="Write down for the others what the cache key is made of.",
            name="notes for the others",
            beats=(
                Beat(
                    (
                        note("The notes lie with the shared reports, so I'll ask."),
                        Patch(_ADD_NOTES),
                    )
                ),
                Beat(
                    (answer("The notes are with the shared reports."),),
                    refused=(answer("Then I leave the shared notes as they are."),),
                ),
            ),
        ),
        SideThread(
            prompt="Get the build ready for a machine without a cache.",
            name="build from nothing",
            beats=(
                Beat((note("The build needs the network."), RawItems((_REQUEST,)))),
                Beat((answer("What I was given is enough to begin with."),)),
            ),
        ),
    ),
    facts=(
        Expectation(
            "patch asked",
            "the engine asked for a review of a patch",
            "item/fileChange/requestApproval",
        ),
        Expectation(
            "permissions asked",
            "the engine asked for permissions",
            "item/permissions/requestApproval",
            (Where("permissions.fileSystem.write", _CACHE, "contains"),),
        ),
    ),
    approved=(_NOTES,),
)


def _escalated(cmd: str, why: str) -> str:
    given = {
        "cmd": cmd,
        "yield_time_ms": 10_000,
        "sandbox_permissions": "require_escalated",
        "justification": why,
    }
    return f"tools.exec_command({json.dumps(given)})"


_BOTH = f"""// @exec: {{"yield_time_ms": 60000}}
const both = [
  {_escalated(_NIGHTLY, "Save the nightly numbers with the shared reports?")},
  {_escalated(_PUSH, "Put the branch over the one that is there?")},
];
for (const one of await Promise.allSettled(both)) {{
  text(one.status === "fulfilled" ? one.value : String(one.reason));
}}"""

_VERDICT = "item/autoApprovalReview/completed"

JUDGED = Part(
    name="judged",
    threads=(
        SideThread(
            prompt="Save the nightly numbers and get the branch out.",
            name="nightly numbers",
            reviewer="auto_review",
            sandbox="workspace-write",
            approval_policy="on-request",
            beats=(
                Beat((note("Both leave the sandbox; auto-review says."), Js(_BOTH))),
                Beat(
                    (
                        answer(
                            "The numbers are saved. Auto-review refused the forced"
                            " push, so the branch stays here."
                        ),
                    )
                ),
            ),
        ),
    ),
    verdicts=(
        (
            _NIGHTLY,
            Verdict(
                "allow",
                "It writes one report where the user wants it.",
                "low",
                "high",
                after=9.0,
            ),
        ),
        (
            _PUSH,
            Verdict(
                "deny",
                "Nobody asked to rewrite the remote branch; its commits would be lost.",
                "high",
                "low",
                after=12.0,
            ),
        ),
    ),
    facts=(
        Expectation(
            "auto-reviews begun",
            "two auto-reviews were begun",
            "item/autoApprovalReview/started",
            count=2,
            distinct="reviewId",
        ),
        Expectation(
            "auto-review allowed",
            "auto-review allowed one command",
            _VERDICT,
            (
                Where("review.status", "approved"),
                Where("action.command", _NIGHTLY, "contains"),
            ),
        ),
        Expectation(
            "auto-review denied",
            "auto-review denied the other",
            _VERDICT,
            (
                Where("review.status", "denied"),
                Where("action.command", _PUSH, "contains"),
            ),
        ),
        command(
            "allowed command ran",
            "what auto-review allowed was run",
            runs(_NIGHTLY),
            status="completed",
        ),
    ),
)
