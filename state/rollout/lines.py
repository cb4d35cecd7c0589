"""Lines of a rollout file, from its end, without reading the rest.

Owns blocks, line borders and the envelope `{timestamp, ordinal, type, payload}`; does
not own what a payload means (`state.rollout.reader`). Invariant: memory is bounded by
one block and one line of at most `MAX_LINE` bytes, whatever the file holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from state.dataclass import dataclass

BLOCK = 256 * 1024
MAX_LINE = 32 * 1024 * 1024


class Envelope(msgspec.Struct):
    """A line. `payload` is decoded only where it is needed."""

    type: str
    payload: msgspec.Raw
    timestamp: str | None = None
    ordinal: int | None = None


class Kind(msgspec.Struct):
    """The one field all payloads of events share."""

    type: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """`offset` in the file; `data` None: longer than `MAX_LINE`, skipped."""

    offset: int
    data: bytes | None


def lines_backwards(file: BinaryIO, limit: int) -> Iterator[Line]:
    """The lines of the last `limit` bytes, last one first, empty ones left out.

    A line that begins before the limit is not given.
    """
    at = file.seek(0, os.SEEK_END)
    stop = max(at - limit, 0)
    tail: list[bytes] = []
    length = 0
    while at > stop:
        start = max(at - BLOCK, stop)
        file.seek(start)
        block = file.read(at - start)
        end = len(block)
        while (cut := block.rfind(b"\n", 0, end)) >= 0:
            yield from _line(start + cut + 1, block[cut + 1 : end], tail, length)
            tail, length, end = [], 0, cut
        length += end
        if length > MAX_LINE:
            tail = []
        else:
            tail.append(block[:end])
        at = start
    if stop == 0:
        yield from _line(0, b"", tail, length)


def _line(offset: int, head: bytes, tail: list[bytes], length: int) -> Iterator[Line]:
    if length + len(head) > MAX_LINE:
        yield Line(offset, None)
    elif data := b"".join((head, *reversed(tail))).strip():
        yield Line(offset, data)


def line_numbers(file: BinaryIO, offsets: set[int]) -> dict[int, int]:
    """The number (from 1) of the line that begins at each offset."""
    numbers: dict[int, int] = {}
    file.seek(0)
    at, count = 0, 1
    waiting = sorted(offsets)
    for offset in waiting:
        while at < offset:
            block = file.read(min(BLOCK, offset - at))
            if not block:
                return numbers
            count += block.count(b"\n")
            at += len(block)
        numbers[offset] = count
    return numbers
