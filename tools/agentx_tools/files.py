"""The tools that list, read, write and edit files of the workspace."""

import stat
from collections.abc import Mapping
from typing import Any

from agentx.errors import ToolError
from agentx.tool import ToolContext, tool
from agentx_tools import editing, undo, workspace
from agentx_tools.text import decode

_COMPARED_CHARACTERS = 50_000
_SHOWN_DIFF_CHARACTERS = 600


@tool(capabilities=["reads_private"], idempotent=True, max_output_bytes=8_000)
def list_files(context: ToolContext, folder: str = ".") -> list[str]:
    """List the files below a folder, with their paths.

    Args:
        folder: folder in the workspace; "." is all of it.
    """
    place = workspace.locate(context.workspace, folder, "folder")
    status = workspace.status(place) if place.parts else None
    if status is not None and stat.S_ISREG(status.st_mode):
        raise ToolError(f"`{place}` is a file; name a folder, or read it with read_file.", argument="folder")
    return workspace.listed(workspace.files_below(place))


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
        place = workspace.locate(context.workspace, arguments["path"])
        text = decode(workspace.read_bytes(place), str(place)).text
    except ToolError:
        return False
    return editing.with_line_end(text, "\n") == editing.with_line_end(arguments["text"], "\n")


@tool(capabilities=["writes"], idempotent=True, probe=wrote, paths=["path"], confined=True, undo=undo.of_call)
def write_file(context: ToolContext, path: str, text: str) -> str:
    """Write a text file, replacing what it held.

    Args:
        path: file in the workspace.
        text: everything the file shall hold.
    """
    place = workspace.locate(context.workspace, path)
    data = _encoded(text)

    def changed(before: bytes | None) -> bytes:
        return data if before is None else _as_before(before, text, data, str(place))

    before, written = undo.change(place, "write_file", changed, _is_kept(context), context.call_id)
    size = f"{_count(written.size_bytes, 'byte')}, {_count(len(editing.lines_of(text)), 'line')}"
    if not written.replaced:
        return f"Wrote {place}: {size}, a new file."
    return f"Wrote {place}: {size}, replacing the old file{_difference(before, text, str(place))}"


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


@tool(capabilities=["writes", "reads_private"], probe=edited, paths=["path"], confined=True, undo=undo.of_call)
def edit_file(context: ToolContext, path: str, old: str, new: str) -> str:
    """Replace a piece of a text file; the piece must stand there exactly once.

    Args:
        path: file in the workspace.
        old: text to replace, copied exactly.
        new: text to put in its place.
    """
    place = workspace.locate(context.workspace, path)
    texts: list[tuple[str, str]] = []

    def changed(before: bytes | None) -> bytes:
        # Where there is nothing to be had, reading says why.
        decoded = decode(workspace.read_bytes(place) if before is None else before, str(place))
        texts.append((decoded.text, editing.replace_once(decoded.text, old, new, str(place))))
        return decoded.encode(texts[-1][1])

    undo.change(place, "edit_file", changed, _is_kept(context), context.call_id)
    return editing.unified_diff(*texts[-1], str(place))


def _as_before(before: bytes, text: str, data: bytes, name: str) -> bytes:
    """The text as bytes, with the line ends and the encoding of the file that it replaces: the model does not see them.

    Where these cannot hold it, or the file was no text, `data`, which is the text in UTF-8.
    """
    try:
        decoded = decode(before, name)
        ended = editing.with_line_end(text, "\r\n") if editing.line_end(decoded.text) == "\r\n" else text
        return decoded.encode(ended)
    except ToolError:
        return data


def _is_kept(context: ToolContext) -> bool:
    """Whether what a file held is kept for `agentx undo`; the setting `undo = false` of the tool does without."""
    return context.settings.get("undo") is not False


def _difference(before: bytes | None, text: str, name: str) -> str:
    """What a write has changed: a diff where that is short, else how many lines; of no text or a long one nothing."""
    if before is None or len(before) + len(text) > _COMPARED_CHARACTERS:
        return "."
    try:
        diff = editing.unified_diff(decode(before, name).text, text, name)
    except ToolError:
        return "."
    if not diff:
        return ", which held the same."
    if len(diff) <= _SHOWN_DIFF_CHARACTERS:
        return f".\n{diff}"
    lines = diff.splitlines()[2:]
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    return f" ({_count(added, 'line')} added, {removed} removed)."


def _lines(text: str, start: int, end: int | None, name: str) -> str:
    lines = editing.lines_of(text)
    if start < 1:
        raise ToolError(f"start_line is {start}; lines count from 1.", argument="start_line")
    if end is not None and end < start:
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
