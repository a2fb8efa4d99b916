"""Slips in foreign JSON Schemas that would make a tool uncallable, read as their authors meant them."""

from collections.abc import Mapping
from typing import Any, cast

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_NESTED = ("items", "additionalProperties")
_NAMED = ("properties", "$defs", "definitions")
_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")


def as_meant(schema: Any) -> Any:
    """The schema, where `enum` and `type` contradict each other, with the choices for an array's items where these are
    no arrays, and else without the type.

    >>> as_meant({"type": "array", "enum": ["red", "blue"], "items": {"type": "string"}})
    {'type': 'array', 'items': {'type': 'string', 'enum': ['red', 'blue']}}
    """
    if not isinstance(schema, Mapping):
        return schema
    meant = {key: _within(key, value) for key, value in cast("Mapping[str, Any]", schema).items()}
    choices, kind = meant.get("enum"), meant.get("type")
    if not isinstance(choices, list) or not isinstance(kind, str) or kind not in _TYPES:
        return meant
    if any(isinstance(choice, _TYPES[kind]) for choice in cast("list[Any]", choices)):
        return meant
    if kind == "array" and isinstance(items := meant.get("items", {}), Mapping):
        del meant["enum"]
        meant["items"] = as_meant({**items, "enum": choices})
    else:
        del meant["type"]
    return meant


def _within(key: str, value: Any) -> Any:
    if key in _NESTED:
        return as_meant(value)
    if key in _NAMED and isinstance(value, Mapping):
        return {name: as_meant(sub) for name, sub in cast("Mapping[str, Any]", value).items()}
    if key in _LISTED and isinstance(value, list):
        return [as_meant(sub) for sub in cast("list[Any]", value)]
    return value
