"""How many tokens a thread used, read from the end of its rollout file.

Owns that one question, for agents that no connection told about. Invariant: at most
`LIMIT` bytes are read, and a file that cannot be read is a thread nobody counted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from state.model import TokenUsage
from state.rollout.lines import Envelope, lines_backwards

LIMIT = 512 * 1024
_MARK = b'"token_count"'


def usage_of(info: Any) -> TokenUsage | None:
    """The counts of a `token_count` event. Raises KeyError, TypeError, ValueError."""
    if not isinstance(info, dict):
        return None
    total, last = info["total_token_usage"], info["last_token_usage"]
    return TokenUsage(
        total=int(total["total_tokens"]),
        input=int(total["input_tokens"]),
        cached=int(total["cached_input_tokens"]),
        output=int(total["output_tokens"]),
        reasoning=int(total["reasoning_output_tokens"]),
        last_total=int(last["total_tokens"]),
        window=info.get("model_context_window"),
    )


def last_tokens(path: Path) -> TokenUsage | None:
    """The newest count in the file's last part. Blocking; never raises."""
    try:
        with path.open("rb") as file:
            for line in lines_backwards(file, LIMIT):
                if line.data is None or _MARK not in line.data:
                    continue
                if (usage := _usage(line.data)) is not None:
                    return usage
    except (OSError, ValueError):  # ValueError: a path with NUL in it
        pass
    return None


def _usage(data: bytes) -> TokenUsage | None:
    try:
        envelope = msgspec.json.decode(data, type=Envelope)
        payload = msgspec.json.decode(envelope.payload, type=dict[str, Any])
        if envelope.type == "event_msg" and payload.get("type") == "token_count":
            return usage_of(payload.get("info"))
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        pass
    return None
