"""One message of the wire as a JSON value, however odd its bytes are.

Owns what happens to text that is no Unicode: a lone surrogate or a byte that is no
UTF-8 becomes U+FFFD, and the message lives. An engine in Rust sends neither, but what
asks for an answer must not vanish for one character. Invariant: raises `NotJson` only.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

_SURROGATE = re.compile("[\ud800-\udfff]")
_decode = msgspec.json.Decoder().decode


class NotJson(ValueError):
    """These bytes are no JSON, or nested without end."""


def decode_message(raw: bytes | str) -> Any:
    """The value in `raw`. Raises NotJson."""
    try:
        return _decode(raw)
    except (msgspec.DecodeError, UnicodeError):
        return _mended(raw)
    except RecursionError:
        raise NotJson from None


def _mended(raw: bytes | str) -> Any:
    text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
    try:
        value = json.loads(text, strict=False)
        whole = json.dumps(value, ensure_ascii=False)
        return _decode(_SURROGATE.sub("\ufffd", whole))
    except (ValueError, RecursionError):
        raise NotJson from None
