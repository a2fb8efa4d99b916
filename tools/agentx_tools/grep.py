"""The tool that finds lines in the files of the workspace."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from agentx.errors import ToolError
from agentx.redaction import cuts
from agentx.tool import ToolContext, tool
from agentx_tools import editing, workspace
from agentx_tools.glob import matching
from agentx_tools.patterns import LinePattern
from agentx_tools.text import decode, is_binary
from agentx_tools.workspace import Below, Place

MAX_SHOWN_LINES = 100
MAX_SHOWN_CHARACTERS = 6_000
MAX_LINE_CHARACTERS = 200
TIMEOUT_S = 20.0


@tool(capabilities=["reads_private"], idempotent=True, max_output_bytes=8_000)
def grep(context: ToolContext, pattern: str, folder: str = ".", glob: str = "*", ignore_case: bool = False) -> str:
    """Find the lines of files that match a regular expression; returns each as path:line: text.

    Args:
        pattern: the regular expression; a \\ before ( ) [ ] . * + ? $ makes it literal.
        folder: folder to search below, or one file.
        glob: which files, such as *.py.
        ignore_case: whether capitals count as small letters.
    """
    regex = LinePattern(pattern, ignore_case)
    place = workspace.locate(context.workspace, folder, "folder")
    found = Below([str(place)]) if _is_file(place) else matching(place, glob, "glob")
    files = found.paths
    if not files:
        rest = f" ({found.note()})" if found.is_cut else ""
        return f"No file below `{place}` matches the glob {workspace.shown(glob)}.{rest}"
    until = time.monotonic() + TIMEOUT_S
    search = Search(regex, lambda: context.cancelled or time.monotonic() > until)
    if found.is_cut:
        search.notes.append(found.note())
    for number, file in enumerate(files):
        if search.is_over():
            search.notes.append(f"{len(files) - number} files were not searched, {TIMEOUT_S:g} s were up")
            break
        search.take(file, _below(place, file))
    return search.told(pattern, len(files), f"below `{place}`" if files != [str(place)] else f"`{place}`")


@dataclass(slots=True)
class Search:
    """Lines that match, as far as they are shown, and how many more there are."""

    regex: LinePattern
    is_over: Callable[[], bool]
    shown: list[str] = field(default_factory=list[str])
    characters: int = 0
    more_lines: int = 0
    more_files: int = 0
    binary: int = 0
    unread: int = 0
    notes: list[str] = field(default_factory=list[str])

    def take(self, path: str, file: Place) -> None:
        """Searches one file, shown by its path; one that is no text, or cannot be read, is counted."""
        try:
            data = workspace.read_bytes(file)
            if is_binary(data):
                self.binary += 1
                return
            text = decode(data, path).text
        except ToolError:
            self.unread += 1
            return
        self._add(workspace.printable(path), self.regex.lines(editing.with_line_end(text, "\n").encode()))

    def _add(self, path: str, lines: Iterable[tuple[int, int, str]]) -> None:
        left = 0
        for count, (number, match, line) in enumerate(lines):
            if count % 4096 == 4095 and self.is_over():
                self.notes.append(f"{path} was not searched to its end, {TIMEOUT_S:g} s were up")
                break
            if not left and len(self.shown) < MAX_SHOWN_LINES:
                row = f"{path}:{number}: {_excerpt(line, match)}"
                if self.characters + len(row) <= MAX_SHOWN_CHARACTERS:
                    self.shown.append(row)
                    self.characters += len(row)
                    continue
            left += 1
        self.more_lines += left
        self.more_files += left > 0

    def told(self, pattern: str, files: int, where: str) -> str:
        """The lines, and a word on what was left out."""
        notes = [*self.notes]
        if self.more_lines:
            lines = f"{self.more_lines:,} more {'line matches' if self.more_lines == 1 else 'lines match'}"
            notes.insert(0, f"{lines} in {_files_of(self.more_files)}; narrow the pattern, the folder or the glob")
        if self.binary:
            notes.append(f"{_files_of(self.binary)} with binary data left out")
        if self.unread:
            notes.append(
                f"{_files_of(self.unread)} could not be read or {'is' if self.unread == 1 else 'are'} too large"
            )
        rest = f"({'; '.join(notes)})" if notes else ""
        if not self.shown:
            return f"No line matches {workspace.shown(pattern)} in {_files_of(files)} {where}. {rest}".rstrip()
        return "\n".join([*self.shown, *([rest] if rest else [])])


def _is_file(place: Place) -> bool:
    with workspace.explained(place):
        return place.root.joinpath(*place.parts).is_file()


def _below(place: Place, path: str) -> Place:
    """A file that a walk has found. Only a link has to be resolved, which takes time."""
    if os.path.islink(f"{place.root}/{path}"):  # noqa: PTH114 - a Path for each file would take as long as reading it
        return workspace.locate(place.root, path, place.argument)
    return Place(place.root, tuple(path.split("/")), place.argument)


def _excerpt(line: str, match: int) -> str:
    """The line, or of a long one what lies around the match, without parts of secrets."""
    if len(line) <= MAX_LINE_CHARACTERS:
        return line.rstrip()
    begin = max(0, min(match - MAX_LINE_CHARACTERS // 4, len(line) - MAX_LINE_CHARACTERS))
    end = cuts(line, begin + MAX_LINE_CHARACTERS)[0]
    begin = cuts(line, begin)[1]
    return f"{'…' if begin else ''}{line[begin:end].rstrip()}{'…' if end < len(line) else ''}"


def _files_of(number: int) -> str:
    return f"{number:,} file{'' if number == 1 else 's'}"
