"""Reading the engine's rollout files: the newest turns, the stored mode, what is there.

Owns which lines are known; a line that is not, or that is broken, is named and never
stops a reading. Read only: nothing here opens a file for writing. Invariant: memory
and time depend on what is asked for, not on the size of the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from state.dataclass import dataclass
from state.items import ThreadId, UserMessage
from state.model import Settings, TokenUsage, Turn
from state.rollout.kinds import EVENT_TYPES, LINE_TYPES, TURN_EVENTS
from state.rollout.lines import Envelope, Kind, Line, line_numbers, lines_backwards
from state.rollout.settings import Facts, meta_facts, milliseconds, settings_of
from state.rollout.tokens import usage_of
from state.rollout.turns import TurnsBackwards

MAX_BYTES = 64 * 1024 * 1024
"""How much of a file's end is read at most for its turns."""
_HEAD = 4 * 1024 * 1024
_MAX_PROBLEMS = 50
_NAME = re.compile(r"rollout-.*-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl")
_SHAPE = (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError)


@dataclass(frozen=True, slots=True)
class Problem:
    """A line (numbered from 1) that could not be used, and why."""

    line: int
    what: str


@dataclass(frozen=True, slots=True)
class RolloutTail:
    """The end of a rollout. `complete`: there are no older turns in it or before it.

    `facts` are for `ThreadSeen`; `settings` is what the thread would wake up in.
    """

    turns: tuple[Turn, ...] = ()
    facts: Facts = ()
    settings: Settings | None = None
    complete: bool = True
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class RolloutFile:
    """A rollout on disk. `problem`: why its first line could not be read."""

    path: Path
    thread_id: ThreadId
    archived: bool
    facts: Facts = ()
    problem: str | None = None


def read_tail(path: Path, turns: int = 10) -> RolloutTail:
    """The last `turns` turns, read from the end. Raises OSError."""
    with path.open("rb") as file:
        return _Tail(file, turns).read()


def stored_settings(path: Path) -> Settings | None:
    """The mode the thread would wake up in: of its last turn, or of a change after
    it. None: the file tells none. Raises OSError."""
    with path.open("rb") as file:
        for line in lines_backwards(file, MAX_BYTES):
            data = line.data or b""
            if b'"turn_context"' in data or b'"thread_settings_applied"' in data:
                settings = _settings(data)
                if settings is not None:
                    return settings
    return None


def scan_sessions(
    codex_home: Path, known: Container[str] = frozenset()
) -> Iterator[RolloutFile]:
    """Rollouts of threads that are not in `known`, newest first; reads first lines
    only. Folders that cannot be read are passed over."""
    for name, archived in (("sessions", False), ("archived_sessions", True)):
        for folder, below, files in os.walk(codex_home / name):
            below.sort(reverse=True)
            for file in sorted(files, reverse=True):
                match = _NAME.fullmatch(file)
                if match and match[1] not in known:
                    path = Path(folder, file)
                    yield _file(path, ThreadId(match[1]), archived=archived)


def _file(path: Path, thread_id: ThreadId, *, archived: bool) -> RolloutFile:
    try:
        with path.open("rb") as file:
            meta, problem = _head(file)
    except OSError as error:
        meta, problem = {}, str(error.strerror or error)
    facts = (*meta_facts(meta), ("path", str(path)), ("archived", archived))
    return RolloutFile(path, thread_id, archived, facts, problem)


def _head(file: BinaryIO) -> tuple[dict[str, Any], str | None]:
    """(payload of the first line, problem)."""
    file.seek(0)
    data = file.readline(_HEAD)
    if not data:
        return {}, "the file is empty"
    try:
        envelope = msgspec.json.decode(data, type=Envelope)
        if envelope.type != "session_meta":
            return {}, f"begins with {envelope.type}, not with session_meta"
        return msgspec.json.decode(envelope.payload, type=dict[str, Any]), None
    except msgspec.MsgspecError as error:
        return {}, f"broken: {error}"


def _settings(data: bytes) -> Settings | None:
    try:
        envelope = msgspec.json.decode(data, type=Envelope)
        if envelope.type not in ("turn_context", "event_msg"):
            return None
        payload = msgspec.json.decode(envelope.payload, type=dict[str, Any])
        if envelope.type == "turn_context":
            return settings_of(payload)
        if payload.get("type") == "thread_settings_applied":
            return settings_of(payload["thread_settings"])
    except _SHAPE:
        pass
    return None


class _Tail:
    """One reading of the end of one file."""

    def __init__(self, file: BinaryIO, wanted: int) -> None:
        self._file = file
        self._turns = TurnsBackwards(wanted)
        self._problems: dict[int, str] = {}
        self._settings: Settings | None = None
        self._tokens: TokenUsage | None = None
        self._updated_ms: int | None = None

    def read(self) -> RolloutTail:
        at = self._file.seek(0, os.SEEK_END)
        for line in lines_backwards(self._file, MAX_BYTES):
            at = line.offset
            self._take(line)
            if self._turns.full:
                break
        meta, problem = _head(self._file)
        # A fork of a paged history continues another file.
        whole = at == 0 and meta.get("history_base") is None
        if problem is not None:
            self._problems[0] = problem
        turns = self._turns.turns(whole_file=at == 0)
        return RolloutTail(
            turns,
            self._facts(meta, turns, whole=whole),
            self._settings,
            whole,
            self._numbered(),
        )

    def _take(self, line: Line) -> None:
        if line.data is None:
            self._say(line, "longer than 32 MB, skipped")
            return
        try:
            envelope = msgspec.json.decode(line.data, type=Envelope)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._say(line, f"broken: {error}")
            return
        if self._updated_ms is None:
            self._updated_ms = milliseconds(envelope.timestamp)
        if envelope.type not in LINE_TYPES:
            self._say(line, f"unknown line type {envelope.type!r}")
            return
        try:
            if envelope.type == "turn_context":
                payload = msgspec.json.decode(envelope.payload, type=dict[str, Any])
                self._turns.context(payload)
                self._settings = self._settings or settings_of(payload)
            elif envelope.type == "event_msg":
                self._event(line, envelope)
        except _SHAPE as error:
            self._say(line, f"{envelope.type} of an unknown shape: {error!r}")

    def _event(self, line: Line, envelope: Envelope) -> None:
        kind = msgspec.json.decode(envelope.payload, type=Kind).type
        if kind not in EVENT_TYPES:
            self._say(line, f"unknown event type {kind!r}")
            return
        wanted = kind in TURN_EVENTS
        wanted = wanted or (kind == "token_count" and self._tokens is None)
        wanted = wanted or (kind == "thread_settings_applied" and not self._settings)
        if not wanted:
            return
        payload = msgspec.json.decode(envelope.payload, type=dict[str, Any])
        if kind == "token_count":
            self._tokens = usage_of(payload.get("info"))
        elif kind == "thread_settings_applied":
            self._settings = settings_of(payload["thread_settings"])
        else:
            self._turns.event(kind, payload, line.offset)

    def _say(self, line: Line, what: str) -> None:
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems[line.offset] = what

    def _numbered(self) -> tuple[Problem, ...]:
        numbers = line_numbers(self._file, set(self._problems))
        return tuple(
            Problem(number, self._problems[offset])
            for offset, number in numbers.items()
        )

    def _facts(
        self, meta: dict[str, Any], turns: tuple[Turn, ...], *, whole: bool
    ) -> Facts:
        facts: list[tuple[str, Any]] = [*meta_facts(meta)]
        if self._updated_ms is not None:
            facts.append(("updated_ms", self._updated_ms))
        if self._tokens is not None:
            facts.append(("tokens", self._tokens))
        if self._settings is not None and self._settings.model:
            facts.append(("model", self._settings.model))
        items = turns[0].items.values() if whole and turns else ()
        said = [i.body.text for i in items if isinstance(i.body, UserMessage)]
        if said:
            facts.append(("preview", said[0]))
        return tuple(facts)
