"""The function `look` of programs: what lies in the workspace, and most of what bears on the task.

Runs behind the walls of the sandbox, for `_runner`; uses the standard library alone.
"""

import math
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

MAX_CHARACTERS = 1_600
MAX_FILES = 2_000
MAX_READ_FILES = 300
MAX_READ_BYTES = 65_536
MAX_SHOWN_FILES = 24
MIN_EXCERPT_CHARACTERS = 40
MAX_LINE = 200

_COMMON = """
about all and any are can could did does for from give has have her his how into its make many much must not our please
put said says should than that the their them then there they this was what when where which who whose why will with
would write you your
"""
_COMMON_WORDS = frozenset(re.findall(r"\w+", _COMMON))


@dataclass(slots=True)
class File:
    """A file as far as it was read.

    Attributes:
        text: None for one that is no text, or was not read.
        relevance: how much of the task's words stand in its path and text, rare ones counting more.
    """

    path: Path
    text: str | None
    whole: bool
    relevance: float = 0.0


def visible_files() -> list[Path]:
    """Files below the current folder, hidden ones left out, sorted, at most 2,000."""
    return list(islice(_files(Path()), MAX_FILES))


def has_files(folder: Path) -> bool:
    """Whether there are such files below a folder."""
    return next(_files(folder), None) is not None


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__pycache__")))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def overview(folder: str, task: str, max_characters: int = MAX_CHARACTERS) -> str:
    """The files of the folder, each with its text or an excerpt; those that bear on the task get more room."""
    words = telling_words(task)
    paths = [path for path in visible_files() if path.is_relative_to(folder)]
    if not paths:
        return "(no files)"
    # Of very many files, those whose paths have words of the task are read first.
    paths.sort(key=lambda path: -sum(word in str(path).lower() for word in words))
    files = [read(path, place < MAX_READ_FILES) for place, path in enumerate(paths)]
    rate(files, words)
    shown = sorted(files, key=lambda file: -file.relevance)[:MAX_SHOWN_FILES]
    room = max_characters - sum(len(str(file.path)) + 2 for file in shown)
    excerpts: dict[Path, str] = {}
    for place, file in enumerate(shown):
        # What short files leave over goes to those that come after; the relevant come first and may take more.
        share = 2 * room // (len(shown) - place + 1)
        excerpts[file.path] = excerpt(file, words, share)
        room = max(room - len(excerpts[file.path]), 0)
    lines = [f"{path}:{excerpts[path]}" if excerpts[path] else str(path) for path in sorted(excerpts)]
    return "\n".join([*lines, *rest(files, excerpts)])


def read(path: Path, wanted: bool) -> File:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_READ_BYTES + 1) if wanted else b""
    except OSError:
        return File(path, None, False)
    if not wanted or b"\0" in data:
        return File(path, None, False)
    return File(path, data[:MAX_READ_BYTES].decode("utf-8", "ignore"), len(data) <= MAX_READ_BYTES)


def telling_words(task: str) -> list[str]:
    """Words of the task that may tell which files matter, without a plural's ending."""
    words = dict.fromkeys(re.findall(r"\w+", task.lower()))
    return [word.removesuffix("s") for word in words if len(word) > 2 and word not in _COMMON_WORDS]


def rate(files: list[File], words: list[str]) -> None:
    """Sets the relevance: the sum of the words' inverse document frequencies, doubled where the path has the word."""
    found = {id(file): Counter(places(file, words)) for file in files}
    frequency = Counter(word for counts in found.values() for word in counts)
    for file in files:
        counts = found[id(file)]
        file.relevance = sum(count * math.log(1 + len(files) / frequency[word]) for word, count in counts.items())


def places(file: File, words: list[str]) -> list[str]:
    path, text = str(file.path).lower(), (file.text or "").lower()
    return [word for word in words for place in (path, path, text) if word in place]


def excerpt(file: File, words: list[str], characters: int) -> str:
    """The text, indented, or its first lines and those that hold words of the task; empty where there is no room."""
    if file.text is None:
        return ""
    lines = file.text.splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if file.whole and sum(len(line) + 3 for line in lines) <= characters:
        return indented(lines)
    if characters < MIN_EXCERPT_CHARACTERS:
        return ""
    count = f"({len(lines)}{'' if file.whole else '+'} lines)"
    chosen = choose(lines, words, characters - len(count))
    return indented([*with_gaps(lines, chosen), count]) if chosen else f" {count}"


def choose(lines: list[str], words: list[str], characters: int) -> list[int]:
    """Numbers of the lines to show: the first two, then those with the most words of the task, then the next first."""
    hits = [sum(word in line.lower() for word in words) for line in lines]
    order = [*range(min(2, len(lines))), *sorted(range(2, len(lines)), key=lambda i: (-hits[i], i))]
    chosen: list[int] = []
    for number in order:
        characters -= min(len(lines[number]), MAX_LINE) + 5
        if characters < 0:
            break
        chosen.append(number)
    return sorted(chosen)


def with_gaps(lines: list[str], chosen: list[int]) -> list[str]:
    shown: list[str] = []
    after = 0
    for number in chosen:
        shown += [*(["…"] if number > after else []), lines[number]]
        after = number + 1
    return [*shown, *(["…"] if after < len(lines) else [])]


def indented(lines: list[str]) -> str:
    return "".join(f"\n  {line if len(line) <= MAX_LINE else line[:MAX_LINE] + '…'}" for line in lines)


def rest(files: list[File], shown: dict[Path, str]) -> list[str]:
    """One line on the files that are not shown: how many in which folder."""
    folders = Counter(str(file.path.parent) for file in files if file.path not in shown)
    if not folders:
        return []
    named = ", ".join(f"{count} in {folder}" for folder, count in folders.most_common(8))
    return [f"and {sum(folders.values())} more files: {named}{', …' if len(folders) > 8 else ''}"]
