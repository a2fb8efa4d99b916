"""The tools that list, read, write and edit files of the workspace."""

from collections.abc import Mapping
from typing import Any

from agentx.errors import ToolError
from agentx.tool import ToolContext, tool
from agentx_tools import editing, workspace
from agentx_tools.text import decode


@tool(capabilities=["reads_private"], idempotent=True, max_output_bytes=8_000)
def list_files(context: ToolContext, folder: str = ".") -> list[str]:
    """List the files below a folder, with their paths.

    Args:
        folder: folder in the workspace; "." is all of it.
    """
    place = workspace.locate(context.workspace, folder, "folder")
    return [printable(path) for path in sorted(workspace.files_below(place))]


@tool(capabilities=["reads_private"], idempotent=True, max_output_bytes=8_000)
def read_file(context: ToolContext, path: str, start_line: int = 1, end_line: int | None = None) -> str:
    """Read a text file.

    Args:
        path: file in the workspace.
        start_line: first line to read, from 1.
        end_line: last line to read.
    """
    place = workspace.locate(context.workspace, path)
    decoded = decode(workspace.read_bytes(place), str(place))
    text = editing.with_line_end(decoded.text, "\n")
    if start_line != 1 or end_line is not None:
        text = _lines(text, start_line, end_line, str(place))
    if not text:
        return "(empty file)"
    if decoded.encoding in ("cp1252", "latin-1"):
        text = f"{text.rstrip()}\n[not UTF-8; read as {decoded.encoding}]"
    return text


def wrote(context: ToolContext, arguments: Mapping[str, Any]) -> bool:
    """Tells after a crash whether a `write_file` has happened: the file holds the text."""
    try:
        return workspace.read_bytes(workspace.locate(context.workspace, arguments["path"])) == _encoded(
            arguments["text"]
        )
    except ToolError:
        return False


@tool(capabilities=["writes"], idempotent=True, probe=wrote)
def write_file(context: ToolContext, path: str, text: str) -> str:
    """Write a text file, replacing what it held.

    Args:
        path: file in the workspace.
        text: everything the file shall hold.
    """
    place = workspace.locate(context.workspace, path)
    written = workspace.write_bytes(place, _encoded(text))
    lines = len(editing.lines_of(text))
    size = f"{_count(written.size_bytes, 'byte')}, {_count(lines, 'line')}"
    return f"Wrote {place}: {size}, {'replacing the old file' if written.replaced else 'a new file'}."


def edited(context: ToolContext, arguments: Mapping[str, Any]) -> bool:
    """Tells after a crash whether an `edit_file` has happened: the new text is there and the old is not."""
    old, new = arguments["old"], arguments["new"]
    try:
        place = workspace.locate(context.workspace, arguments["path"])
        text = decode(workspace.read_bytes(place), str(place)).text
    except ToolError:
        return False
    # An addition keeps the old text inside the new one.
    gone = editing.holds(new, old) or not editing.holds(text, old)
    return gone and editing.holds(text, new)


@tool(capabilities=["writes"], probe=edited)
def edit_file(context: ToolContext, path: str, old: str, new: str) -> str:
    """Replace a piece of a text file; the piece must stand there exactly once.

    Args:
        path: file in the workspace.
        old: text to replace, copied exactly.
        new: text to put in its place.
    """
    place = workspace.locate(context.workspace, path)
    decoded = decode(workspace.read_bytes(place), str(place))
    changed = editing.replace_once(decoded.text, old, new, str(place))
    workspace.write_bytes(place, decoded.encode(changed))
    return editing.unified_diff(decoded.text, changed, str(place))


def printable(path: str) -> str:
    """A file name may hold bytes that are no UTF-8, and line ends: neither may reach a prompt."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _lines(text: str, start: int, end: int | None, name: str) -> str:
    lines = editing.lines_of(text)
    if start < 1 or (end is not None and end < start):
        sentence = f"Lines {start} to {end} are no range; lines count from 1 and end_line is not before it."
        raise ToolError(sentence, argument="end_line")
    if start > max(len(lines), 1):
        raise ToolError(
            f"`{name}` has only {_count(len(lines), 'line')}; start_line is {start}.", argument="start_line"
        )
    return "".join(lines[start - 1 : end])


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise ToolError("The text holds half of a surrogate pair, which no file can hold; leave it out.") from None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
