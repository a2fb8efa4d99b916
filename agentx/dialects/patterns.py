"""The regular expressions of JSON Schemas, written so that llguidance means the same by them as the validator."""

import copy
import re
from collections.abc import Iterator
from typing import Any

_CLASS = re.compile(r"\\.|\[(\^?)(\]?(?:\\.|[^\]\\])*)\]", re.DOTALL)
_OPERATORS = re.compile(r"\\.|[\[&~]", re.DOTALL)
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
"""Keywords of JSON Schema that hold schemas by names of their author's choice."""
_DATA = ("enum", "const", "default", "examples")
"""Keywords that hold data, which may look like a schema and is none."""


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all that it holds, each before its own parts."""
    if isinstance(schema, list):
        for part in schema:
            yield from subschemas(part)
    elif isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            if key in _NAMED and isinstance(value, dict):
                yield from subschemas(list(value.values()))
            elif key not in _DATA:
                yield from subschemas(value)


def read_alike(schema: Any) -> Any:
    """A copy of a schema, its patterns written as `pattern_read_alike` says; what it holds as data stays as it is."""
    made = copy.deepcopy(schema)
    for part in subschemas(made):
        if isinstance(part.get("pattern"), str):
            part["pattern"] = pattern_read_alike(part["pattern"])
        if isinstance(part.get("patternProperties"), dict):
            part["patternProperties"] = {pattern_read_alike(k): v for k, v in part["patternProperties"].items()}
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
