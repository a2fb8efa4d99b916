"""Finds unified diffs in texts, and makes them of what a call would change, before it does."""

import difflib
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from agentx.tool import Tool

LineKind: TypeAlias = Literal["added", "removed", "hunk", "file", "same"]

MAX_COMPARED_CHARACTERS = 200_000
_HEAD = re.compile(r"^--- .*\n\+\+\+ .*\n@@ ", re.MULTILINE)
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_PAIRS = (("old", "new"), ("old_string", "new_string"), ("before", "after"), ("search", "replace"))


@dataclass(frozen=True, slots=True)
class DiffLine:
    kind: LineKind
    text: str


def find(text: str) -> tuple[str, list[DiffLine]] | None:
    """What stands before a unified diff, and its lines; None where the text holds none."""
    match = _HEAD.search(text)
    return None if match is None else (text[: match.start()].rstrip(), lines(text[match.start() :]))


def lines(diff: str) -> list[DiffLine]:
    """The lines of a unified diff, told apart."""
    found: list[DiffLine] = []
    in_hunk = False
    for text in diff.rstrip("\n").split("\n"):
        if _HUNK.match(text):
            in_hunk = True
            found.append(DiffLine("hunk", text))
        elif not in_hunk and text.startswith(("--- ", "+++ ")):
            found.append(DiffLine("file", text))
        elif text.startswith("+"):
            found.append(DiffLine("added", text[1:]))
        elif text.startswith("-"):
            found.append(DiffLine("removed", text[1:]))
        else:
            found.append(DiffLine("same", text.removeprefix(" ")))
    return found


def count(found: list[DiffLine]) -> tuple[int, int]:
    """Lines added and removed."""
    return sum(line.kind == "added" for line in found), sum(line.kind == "removed" for line in found)


def between(before: str, after: str) -> list[DiffLine]:
    """What changes from one text to the other, without the names of files."""
    made = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return [line for line in lines("\n".join(made)) if line.kind != "file"]


def foreseen(tool: Tool, arguments: Mapping[str, Any], workspace: Path) -> list[DiffLine] | None:
    """What a call that changes a file would change, as far as its arguments tell; None where they do not."""
    names = compared(tool, arguments)
    if names is None:
        return None
    before, after = (arguments[name] for name in names)
    return between(before if names in _PAIRS else _held(workspace, before), after)


def compared(tool: Tool, arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    """Names of the two arguments that tell it: a pair such as `old` and `new`, or one path and one other text."""
    if "writes" not in tool.capabilities:
        return None
    texts = {name: value for name, value in arguments.items() if isinstance(value, str)}
    if sum(map(len, texts.values())) > MAX_COMPARED_CHARACTERS:
        return None
    for old, new in _PAIRS:
        if old in texts and new in texts:
            return old, new
    paths = [name for name in tool.paths if name in texts]
    others = [name for name in texts if name not in paths]
    if len(paths) != 1 or len(others) != 1:
        return None
    return paths[0], others[0]


def _held(workspace: Path, name: str) -> str:
    """What a file of the workspace holds; "" where it is none, or too much to compare."""
    try:
        path = (workspace / name).resolve()
        found = path.stat()
        # A pipe would hold up the screen until somebody writes into it.
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_COMPARED_CHARACTERS:
            return ""
        if not path.is_relative_to(workspace.resolve()):
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError):
        return ""
