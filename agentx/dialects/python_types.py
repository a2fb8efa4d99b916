"""JSON Schemas as Python annotations: what a coder model reads most easily, in a third of JSON's tokens."""

import json
from collections.abc import Mapping
from typing import Any

from agentx.schema import resolve

_NAMES = {
    "integer": "int",
    "number": "float",
    "string": "str",
    "boolean": "bool",
    "array": "list",
    "object": "dict",
    "null": "None",
}
_MOST_CHOICES = 40
_DEEPEST = 4


def annotation(schema: Any, root: Mapping[str, Any], depth: int = 0) -> str:
    """The annotation for a schema, its local references resolved in `root`; `Any` where it says nothing."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return "Any"
    if "$ref" in schema:
        return annotation(resolve(str(schema["$ref"]), root), root, depth + 1)
    if "enum" in schema:
        shown = [literal(value) for value in schema["enum"][:_MOST_CHOICES]]
        return f"Literal[{', '.join(shown)}{', …' if len(schema['enum']) > _MOST_CHOICES else ''}]"
    if "const" in schema:
        return f"Literal[{literal(schema['const'])}]"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " | ".join(dict.fromkeys(annotation(part, root, depth + 1) for part in schema[key]))
    if len(schema.get("allOf", ())) == 1:
        return annotation(schema["allOf"][0], root, depth + 1)
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(annotation({**schema, "type": each}, root, depth + 1) for each in kind)
    if kind == "array" and schema.get("items"):
        return f"list[{annotation(schema['items'], root, depth + 1)}]"
    if kind == "object" and schema.get("properties"):
        required = schema.get("required", [])
        fields = (
            f"{name}: {annotation(sub, root, depth + 1)}{'' if name in required else default(sub)}"
            for name, sub in schema["properties"].items()
        )
        return f"{{{', '.join(fields)}}}"
    return _NAMES.get(str(kind), "Any")


def default(schema: Any) -> str:
    """What stands behind an optional parameter's annotation."""
    return f" = {literal(schema.get('default')) if isinstance(schema, Mapping) else None}"


def notes(name: str, schema: Any, root: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> list[str]:
    """Lines that say what a parameter is for, and under it those of the fields of an object or of a list's objects.

    A type that refers to itself is described once.
    """
    if not isinstance(schema, Mapping):
        return []
    lines = [f"{name}: {' '.join(str(schema['description']).split())}"] if schema.get("description") else []
    fields, seen = _fields(schema, root, seen)
    below = [line for field, sub in fields.items() for line in notes(field, sub, root, seen)]
    if below and not lines:
        lines = [f"{name}:"]
    return [*lines, *(f"    {line}" for line in below)]


def _fields(schema: Any, root: Mapping[str, Any], seen: frozenset[str]) -> tuple[Mapping[str, Any], frozenset[str]]:
    """Properties of an object or of a list's objects, and the references followed to them."""
    while isinstance(schema, Mapping) and "properties" not in schema:
        if "$ref" in schema and schema["$ref"] not in seen:
            seen |= {str(schema["$ref"])}
            schema = resolve(str(schema["$ref"]), root)
        elif "items" in schema:
            schema = schema["items"]
        else:
            break
    return (schema.get("properties", {}) if isinstance(schema, Mapping) else {}), seen


def literal(value: Any) -> str:
    """A JSON value as Python writes it; strings always in double quotes, as the model is to write them."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    return repr(value)
