"""JSON Schemas as pieces of a Lark grammar."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from agentx.dialects.patterns import read_alike, subschemas
from agentx.errors import SchemaError

STYLE = {"x-guidance": {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}}
"""The separators a model writes by itself; flexible white space lets a small one emit newlines for ever."""


def json_rule(schema: Any, root: Mapping[str, Any] | None = None) -> str:
    """A `%json` expression for a schema; `root` is the schema that its local references point into.

    Raises:
        SchemaError: it allows nothing, or refers to what cannot be had.
    """
    if schema is False:
        raise SchemaError("The schema allows no value at all (`false`); leave the argument out.")
    if schema is True:
        schema = {}
    references = [part["$ref"] for part in subschemas(schema) if isinstance(part.get("$ref"), str)]
    if root and references:
        if strange := [name for name in references if not name.startswith(("#/$defs/", "#/definitions/"))]:
            raise SchemaError(
                f"The schema refers to `{strange[0]}`; only what stands under $defs or definitions can be referred to."
            )
        schema = {**{key: root[key] for key in ("$defs", "definitions") if key in root}, **schema}
    return f"%json {json.dumps({**read_alike(schema), **STYLE}, ensure_ascii=False)}"


def quoted(text: str) -> str:
    """A Lark string literal."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def finite(text: str) -> float:
    """A JSON number as a float; one beyond its range (`1e999`, which JSON allows) is the largest there is."""
    return max(-sys.float_info.max, min(sys.float_info.max, float(text)))
