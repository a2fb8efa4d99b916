"""Objects that name their properties get no others: a small model misspells one and goes on.

JSON Schema takes any further property where it does not say otherwise, and hardly any schema of a tool means that.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

_VALUES = ("enum", "const", "default", "examples")
_OPEN = ("additionalProperties", "patternProperties", "unevaluatedProperties", "anyOf", "oneOf", "$ref", "if", "not")
"""Keywords that say, or may say, that there are other properties."""


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with each such object closed; as it is where it has `allOf`, whose parts would close each other."""
    return dict(schema) if '"allOf"' in json.dumps(schema) else _closed(schema)


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(part) for part in cast("list[Any]", schema)]
    if not isinstance(schema, Mapping):
        return schema
    parts = cast("Mapping[str, Any]", schema)
    made = {key: part if key in _VALUES else _closed(part) for key, part in parts.items()}
    named = parts.get("properties")
    if isinstance(named, Mapping):
        made["properties"] = {name: _closed(part) for name, part in cast("Mapping[str, Any]", named).items()}
        if named and not any(key in parts for key in _OPEN):
            made["additionalProperties"] = False
    return made
