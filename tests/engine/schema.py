"""The protocol's schema as an installed engine prints it, and a small checker.

Owns what of JSON Schema the engines use: types, required, enum, const, references,
allOf/anyOf/oneOf, items, additionalProperties. Invariant: a keyword that constrains
values and that this checker does not know is an error, never a silent pass.
"""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.engine.harness import EngineUnderTest

Json = dict[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_WORDS = frozenset(
    {"$schema", "title", "description", "default", "definitions", "format"}
)
_KNOWN = _WORDS | {
    "$ref",
    "type",
    "enum",
    "const",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "minLength",
    "pattern",
    "uniqueItems",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "writeOnly",
    "readOnly",
    "examples",
    "propertyNames",
}
_BUNDLE = "codex_app_server_protocol.v2.schemas.json"
_UNIONS = ("ClientRequest", "ServerNotification", "ServerRequest")


class Protocol:
    """One engine's protocol: its methods and definitions."""

    def __init__(self, folder: Path) -> None:
        bundle = json.loads((folder / _BUNDLE).read_text(encoding="utf-8"))
        self.definitions: Json = bundle["definitions"]
        self._roots: dict[str, Json] = {}
        for name in _UNIONS:
            self._roots[name] = json.loads((folder / f"{name}.json").read_text())
        for path in folder.glob("*.json"):
            if path.stem.endswith(("Params", "Response")):
                schema = json.loads(path.read_text(encoding="utf-8"))
                self.definitions.setdefault(path.stem, schema)
                for name, inner in schema.get("definitions", {}).items():
                    self.definitions.setdefault(name, inner)

    def methods(self, union: str) -> dict[str, Json]:
        """method -> the schema of its whole message."""
        return {
            variant["properties"]["method"]["enum"][0]: variant
            for variant in self._roots[union]["oneOf"]
        }

    def faults(self, union: str, method: str, params: object) -> list[str]:
        """What is wrong with `params` as those of `method`; empty: nothing."""
        variant = self.methods(union)[method]
        schema = variant["properties"].get("params", {})
        return list(check(params, schema, self._roots[union]["definitions"], method))

    def fields(self, name: str) -> frozenset[str]:
        """All property names of a definition, variants and references included."""
        return frozenset(self._fields(self.definitions[name]))

    def _fields(self, schema: object, depth: int = 0) -> Iterator[str]:
        if not isinstance(schema, dict) or depth > 4:
            return
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            yield from self._fields(self.definitions.get(name), depth + 1)
        yield from schema.get("properties", {})
        for word in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(word, ()):
                yield from self._fields(part, depth + 1)

    def item_fields(self) -> dict[str, frozenset[str]]:
        """ThreadItem's variants by their `type`."""
        found = {}
        for variant in self.definitions["ThreadItem"]["oneOf"]:
            for word in variant["properties"]["type"]["enum"]:
                found[word] = frozenset(self._fields(variant))
        return found


@functools.cache
def protocol(engine: EngineUnderTest) -> Protocol:
    """Ask the engine itself, now."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            (
                engine.path,
                "app-server",
                "generate-json-schema",
                "--experimental",
                "--out",
                folder,
            ),
            check=True,
            capture_output=True,
            cwd=folder,
        )
        return Protocol(Path(folder))


def check(value: object, schema: object, definitions: Json, at: str) -> Iterator[str]:
    """Each fault of `value` against `schema`, with the place it is at."""
    if schema is True or schema == {}:
        return
    if schema is False or not isinstance(schema, dict):
        yield f"{at}: nothing is allowed here"
        return
    unknown = schema.keys() - _KNOWN
    if unknown:
        yield f"{at}: the checker does not know {sorted(unknown)}"
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from check(value, definitions[name], definitions, at)
    yield from _check_choice(value, schema, definitions, at)
    kinds = schema.get("type")
    if kinds is not None and not _is_a(value, kinds):
        yield f"{at}: {value!r} is not {kinds}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{at}: {value!r} is not {schema['const']!r}"
    if isinstance(value, dict):
        yield from _check_object(value, schema, definitions, at)
    if isinstance(value, list):
        for number, item in enumerate(value):
            items = schema.get("items", True)
            yield from check(item, items, definitions, f"{at}[{number}]")


def _is_a(value: object, kinds: str | list[str]) -> bool:
    names = [kinds] if isinstance(kinds, str) else kinds
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)


def _check_choice(
    value: object, schema: Json, definitions: Json, at: str
) -> Iterator[str]:
    for part in schema.get("allOf", ()):
        yield from check(value, part, definitions, at)
    for word in ("anyOf", "oneOf"):
        parts = schema.get(word)
        if parts is None:
            continue
        faults = [list(check(value, part, definitions, at)) for part in parts]
        if all(faults):
            yield f"{at}: fits none of {word}: {min(faults, key=len)}"


def _check_object(
    value: Json, schema: Json, definitions: Json, at: str
) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}: {name} is missing"
    properties = schema.get("properties", {})
    for name, inner in value.items():
        rest = schema.get("additionalProperties", True)
        part = properties.get(name, rest)
        yield from check(inner, part, definitions, f"{at}.{name}")
