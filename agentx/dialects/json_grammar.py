"""JSON Schemas as pieces of a Lark grammar."""

import json
from collections.abc import Mapping
from typing import Any

STYLE = {"x-guidance": {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}}
"""The separators a model writes by itself; flexible white space lets a small one emit newlines for ever."""


def json_rule(schema: Any, root: Mapping[str, Any] | None = None) -> str:
    """A `%json` expression for a schema; `root` is the schema that its local references point into."""
    if isinstance(schema, bool):
        schema = {}
    if root and '"$ref"' in json.dumps(schema):
        schema = {**{key: root[key] for key in ("$defs", "definitions") if key in root}, **schema}
    return f"%json {json.dumps({**schema, **STYLE}, ensure_ascii=False)}"


def quoted(text: str) -> str:
    """A Lark string literal."""
    return json.dumps(text, ensure_ascii=False)
