"""The regular expressions of JSON Schemas, written so that llguidance means the same by them as the validator."""

import re
from collections.abc import Mapping
from typing import Any

_CLASS = re.compile(r"\\.|\[(\^?)(\]?(?:\\.|[^\]\\])*)\]", re.DOTALL)
_OPERATORS = re.compile(r"\\.|[\[&~]", re.DOTALL)
NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
"""Keywords of JSON Schema that hold schemas by names of their author's choice."""
DATA = ("enum", "const", "default", "examples")
"""Keywords that hold data, which may look like a schema and is none."""


def read_alike(schema: Any) -> Any:
    """A schema whose patterns are written as `pattern_read_alike` says; what it holds as data stays as it is."""
    if isinstance(schema, list):
        return [read_alike(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "pattern" and isinstance(value, str):
            made[key] = pattern_read_alike(value)
        elif key in NAMED and isinstance(value, Mapping):
            written = pattern_read_alike if key == "patternProperties" else str
            made[key] = {written(name): read_alike(part) for name, part in value.items()}
        else:
            made[key] = value if key in DATA else read_alike(value)
    return made


def pattern_read_alike(pattern: str) -> str:
    r"""The pattern with U+0000 taken out of each class of characters, and without what only Rust reads as an operator.

    Where a class holds every control character, llguidance 1.9 quotes it for JSON as if it held `"` and `\` too:
    `[^"]` would let `\"` through. No tool misses U+0000. In a class `[`, `&&` and `~~` are operators to Rust's
    regular expressions, and plain characters to those of JSON Schema.
    """

    def written(found: re.Match[str]) -> str:
        if found[2] is None:
            return found[0]
        content = _OPERATORS.sub(lambda part: part[0] if len(part[0]) > 1 else f"\\{part[0]}", found[2])
        return rf"[[{found[1]}{content}]&&[^\x00]]"

    return _CLASS.sub(written, pattern)
