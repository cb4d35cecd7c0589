"""Changes of what Codex may do: a thread's settings, a turn's reviewer, configuration.

Owns their order and their undoing. Invariants: a configuration this program wrote is
one the engine can read, or it is put back at once; what happened is said in one
sentence either way.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, assert_never

import tomli

from state import key_path
from state.changes import (
    ApproveDenial,
    Change,
    ChangeNextTurn,
    ChangeSettings,
    ChangeTurnReviewer,
    ConfigEdit,
    TrustProject,
    WriteConfig,
)
from state.controls import LayerKind
from state.engine import calls
from state.engine.controls import layer
from state.engine.denials import approve_denial
from state.engine.errors import RequestFailed
from state.engine.link import Link
from state.engine.toml_edit import edited
from state.events import TurnReviewerChanged
from state.items import ThreadId

Json = dict[str, Any]

TURN_GONE = "That turn had ended before; nothing was changed."
BROKEN = "The engine cannot read its configuration; mend that first: {}"
PUT_BACK = "The engine could not use that configuration, so it was put back: {}"
NOT_PUT_BACK = (
    "The engine cannot use the configuration now, and putting it back failed too: {}"
)
NO_START = "no command starts under it ({})"
MISSING = "os error 2)"
"""How engines say that a file is not there."""
BY_HAND = "{} sets these keys in a way this program does not edit; change it by hand."


async def change(link: Link, command: Change) -> ThreadId | None:
    """Carry out one of them; the thread that was told, by a change of its settings or
    an approval. Raises RequestFailed."""
    match command:
        case ChangeSettings():
            await change_settings(link, command)
            return command.thread_id
        case ChangeTurnReviewer():
            await change_turn_reviewer(link, command)
        case WriteConfig():
            await write_config(link, command)
        case TrustProject():
            await link.ask(calls.set_trust(command.root, command.level))
            _note(link, command.note)
        case ApproveDenial():
            return await approve_denial(link, command)
        case ChangeNextTurn():
            pass  # The window asks for its parts, one after the other.
        case _:
            assert_never(command)
    return None


async def change_settings(link: Link, command: ChangeSettings) -> None:
    """The engine tells everybody what is in force from the next turn on. Raises
    RequestFailed."""
    await link.ask(calls.change_settings(command))
    _note(link, command.note)


async def change_turn_reviewer(link: Link, command: ChangeTurnReviewer) -> None:
    """The engine tells nobody, so the event is ours. Raises RequestFailed."""
    call = calls.change_turn_reviewer(
        command.thread_id, command.turn_id, command.reviewer
    )
    answer = await link.ask(call)
    if answer.get("status") != "applied":
        link.show(TURN_GONE)
        return
    link.tell(TurnReviewerChanged(command.thread_id, command.turn_id, command.reviewer))
    _note(link, command.note)


async def write_config(link: Link, command: WriteConfig) -> None:
    """Write, look, put back if the engine cannot use it. Raises RequestFailed."""
    if command.project is not None:
        await _write_project(link, command, command.project)
        return
    try:
        before = await _before(link, command)
    except RequestFailed as error:
        link.show(BROKEN.format(error.message))
        return
    answer = await _write_user(link, command.edits)
    written = await _text_of(link, before.path)

    async def undo() -> None:
        now = await _text_of(link, before.path)
        if before.text is not None and now is not None and now == written:
            # The very text: an engine drops the comment of a key that it takes out.
            await _write_text(link, before.path, before.text)
        else:
            await _write_user(link, before.edits)

    if await _usable(link, command, undo):
        _note(link, command.note + _overridden(answer))


async def _write_user(link: Link, edits: Sequence[ConfigEdit]) -> Json:
    only = edits[0] if len(edits) == 1 else None
    if only is not None and only.value is not None:
        return await link.ask(calls.write_value(only.key, only.value))
    return await link.ask(calls.write_config(edits))


class _Before(NamedTuple):
    """What there was: the file and its text, and the edits that bring it back."""

    path: str
    text: str | None
    edits: list[ConfigEdit]


async def _before(link: Link, command: WriteConfig) -> _Before:
    """What the user's own file says now. Raises RequestFailed when nobody can read
    it: then there would be no way back."""
    read = await link.ask(calls.read_layers(command.cwd))
    for one in read.get("layers") or ():
        name = one.get("name") or {}
        found = layer(name)
        if found.kind is LayerKind.USER and not name.get("profile"):
            own: Json = one.get("config") or {}
            text = await _text_of(link, found.place)
            return _Before(found.place, text, key_path.undoing(own, command.edits))
    return _Before("", None, key_path.undoing({}, command.edits))


async def _text_of(link: Link, path: str) -> str | None:
    """A file's text; None where there is none, or none that can be read."""
    if not path:
        return None
    try:
        return await _read_text(link, path)
    except (RequestFailed, ValueError):
        return None


def _overridden(answer: Json) -> str:
    """A layer above says otherwise: the write counts nowhere that layer does."""
    over = answer.get("overriddenMetadata")
    message = over.get("message") if isinstance(over, dict) else None
    return f" · overridden here: {message}" if message else ""


async def _usable(
    link: Link, command: WriteConfig, undo: Callable[[], Awaitable[None]]
) -> bool:
    """Reading the configuration fails exactly when starting a thread would."""
    why = await _problem(link, command)
    if not why:
        return True
    try:
        await undo()
        await link.ask(calls.read_layers(command.cwd))
    except RequestFailed as error:
        link.show(NOT_PUT_BACK.format(error.message))
        return False
    link.show(PUT_BACK.format(why))
    return False


async def _problem(link: Link, command: WriteConfig) -> str:
    """Why what was written is of no use; "" when it is."""
    try:
        await link.ask(calls.read_layers(command.cwd))
        if not command.profile:
            return ""
        started = await link.ask(calls.start_under(command.profile))
    except RequestFailed as error:
        return error.message
    if str(started.get("stdout")).strip() == calls.STARTED:
        return ""
    said = str(started.get("stderr") or "").strip().splitlines()
    return NO_START.format(said[0] if said else f"exit {started.get('exitCode')}")


async def _write_project(link: Link, command: WriteConfig, root: str) -> None:
    folder = f"{root.rstrip('/')}/.codex"
    path = f"{folder}/config.toml"
    try:
        before = await _read_text(link, path)
        text = edited(before or "", command.edits)
    except UnicodeDecodeError:
        link.show(BY_HAND.format(path))
        return
    except tomli.TOMLDecodeError as error:
        link.show(f"{path} is not valid TOML ({error}); mend it first.")
        return
    if text is None:
        link.show(BY_HAND.format(path))
        return
    await link.ask(calls.make_folder(folder))
    await _write_text(link, path, text)

    async def undo() -> None:
        if before is None:
            await link.ask(calls.remove_file(path))
        else:
            await _write_text(link, path, before)

    if await _usable(link, command, undo):
        _note(link, command.note)


async def _read_text(link: Link, path: str) -> str | None:
    """None: there is no such file. Raises RequestFailed: it cannot be read."""
    try:
        raw = (await link.ask(calls.read_file(path))).get("dataBase64")
    except RequestFailed as error:
        if MISSING in error.message:
            return None
        raise
    return base64.b64decode(str(raw)).decode()


async def _write_text(link: Link, path: str, text: str) -> None:
    await link.ask(calls.write_file(path, base64.b64encode(text.encode()).decode()))


def _note(link: Link, note: str) -> None:
    if note:
        link.show(note)
