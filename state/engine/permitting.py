"""Changes of what Codex may do: a thread's settings, a turn's reviewer, configuration.

Owns their order and their undoing. Invariants: a configuration this program wrote is
one the engine can read, or it is put back at once; what happened is said in one
sentence either way.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, assert_never

import tomli

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

Json = dict[str, Any]

TURN_GONE = "That turn had ended before; nothing was changed."
BROKEN = "The engine cannot read its configuration; mend that first: {}"
PUT_BACK = "The engine could not use that configuration, so it was put back: {}"
NOT_PUT_BACK = (
    "The engine cannot use the configuration now, and putting it back failed too: {}"
)
MISSING = "os error 2)"
"""How engines say that a file is not there."""
BY_HAND = "{} sets these keys in a way this program does not edit; change it by hand."


async def change(link: Link, command: Change) -> None:
    """Carry out one of them. Raises RequestFailed."""
    match command:
        case ChangeSettings():
            await change_settings(link, command)
        case ChangeTurnReviewer():
            await change_turn_reviewer(link, command)
        case WriteConfig():
            await write_config(link, command)
        case TrustProject():
            await link.ask(calls.set_trust(command.root, command.level))
            _note(link, command.note)
        case ApproveDenial():
            await approve_denial(link, command)
        case ChangeNextTurn():
            pass  # The window asks for its parts, one after the other.
        case _:
            assert_never(command)


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
        before = await _user_values(link, command)
    except RequestFailed as error:
        link.show(BROKEN.format(error.message))
        return
    answer = await _write_user(link, command.edits)

    async def undo() -> None:
        await _write_user(link, before)

    if await _usable(link, command.cwd, undo):
        _note(link, command.note + _overridden(answer))


async def _write_user(link: Link, edits: Sequence[ConfigEdit]) -> Json:
    only = edits[0] if len(edits) == 1 else None
    if only is not None and only.value is not None:
        return await link.ask(calls.write_value(only.key, only.value))
    return await link.ask(calls.write_config(edits))


async def _user_values(link: Link, command: WriteConfig) -> tuple[ConfigEdit, ...]:
    """What the user's own file says now of the keys that will be written. Raises
    RequestFailed when nobody can read it: then there would be no way back."""
    read = await link.ask(calls.read_layers(command.cwd))
    own: Json = {}
    for one in read.get("layers") or ():
        name = one.get("name") or {}
        if layer(name).kind is LayerKind.USER and not name.get("profile"):
            own = one.get("config") or {}
            break
    return tuple(ConfigEdit(e.key, _value(own, e.key)) for e in command.edits)


def _value(config: Json, key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _overridden(answer: Json) -> str:
    """A layer above says otherwise: the write counts nowhere that layer does."""
    over = answer.get("overriddenMetadata")
    message = over.get("message") if isinstance(over, dict) else None
    return f" · overridden here: {message}" if message else ""


async def _usable(link: Link, cwd: str, undo: Callable[[], Awaitable[None]]) -> bool:
    """Reading the configuration fails exactly when starting a thread would."""
    try:
        await link.ask(calls.read_layers(cwd))
        return True
    except RequestFailed as error:
        why = error.message
    try:
        await undo()
        await link.ask(calls.read_layers(cwd))
    except RequestFailed as error:
        link.show(NOT_PUT_BACK.format(error.message))
        return False
    link.show(PUT_BACK.format(why))
    return False


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

    if await _usable(link, command.cwd, undo):
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
