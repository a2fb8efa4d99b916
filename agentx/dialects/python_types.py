"""JSON Schemas as Python annotations: what a coder model reads most easily, in a third of JSON's tokens."""

import json
from collections.abc import Mapping
from typing import Any

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


def annotation(schema: Any, root: Mapping[str, Any], depth: int = 0) -> str:
    """The annotation for a schema, its local references resolved in `root`; `Any` where it says nothing."""
    if not isinstance(schema, Mapping) or depth > 4:
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
        fields = (f"{name}: {annotation(sub, root, depth + 1)}" for name, sub in schema["properties"].items())
        return f"{{{', '.join(fields)}}}"
    return _NAMES.get(str(kind), "Any")


def resolve(reference: str, root: Mapping[str, Any]) -> Any:
    """What a local reference (`#/$defs/Name`) points to; an empty schema where it points nowhere."""
    found: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        found = found.get(key, {}) if isinstance(found, Mapping) else {}
    return found if reference.startswith("#") else {}


def literal(value: Any) -> str:
    """A JSON value as Python writes it; strings always in double quotes, as the model is to write them."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    return repr(value)
