"""The tools and the requests, read from the two text files beside this module."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentx import Tool

TYPES = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "list": {"type": "array"},
    "dict": {"type": "object"},
}
_TOOL = re.compile(r"(?P<name>[\w.]+)\((?P<parameters>[^)]*)\) (?P<description>[^|]+?)(?: \| (?P<notes>.+))?")


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for, and the tools that do it; `half` is "tune" or "held"."""

    text: str
    tools: tuple[str, ...]
    half: str


def tools() -> list[Tool]:
    """The 200 tools, in 20 domains of ten; a call of one does nothing."""
    return [_tool(line) for line in _lines("tools.txt")]


def requests() -> list[Request]:
    """The requests; a line's half is decided by its place, so that no figure could."""
    return [_request(line, "held" if place % 2 else "tune") for place, line in enumerate(_lines("requests.txt"))]


def _lines(name: str) -> list[str]:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _request(line: str, half: str) -> Request:
    names, _, text = line.partition(" | ")
    return Request(text, tuple(names.split(", ")), half)


def _tool(line: str) -> Tool:
    match = _TOOL.fullmatch(line)
    if match is None:
        raise ValueError(f"not a tool: {line}")
    notes = dict(note.split(": ", 1) for note in (match["notes"] or "").split("; ") if note)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for parameter in filter(None, match["parameters"].split(", ")):
        name, kind = parameter.split(": ")
        properties[name] = {**TYPES[kind.removesuffix("?")], "description": notes[name]}
        if not kind.endswith("?"):
            required.append(name)
    schema = {"type": "object", "properties": properties, "required": required}
    return Tool.from_schema(match["name"], match["description"], schema, lambda **arguments: None)
