"""What the word before the cursor could become: a /command at the start of the text, or an @file anywhere."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentx_tui.commands import COMMANDS
from agentx_tui.printable import line

MAX_FILES = 5_000
MAX_SHOWN = 8
_SKIPPED = frozenset({"__pycache__", "node_modules", "venv", "dist", "build", "target"})
_COMMAND = re.compile(r"/(\w*)")
_FILE = re.compile(r"(?:^|(?<=\s))@(\S*)$")


@dataclass(frozen=True, slots=True)
class Completion:
    """One that is offered: `text` takes the place of the word from character `start` of the line on."""

    start: int
    text: str
    shown: str
    about: str = ""


def offers(before: str, is_first_line: bool, files: Sequence[str]) -> list[Completion]:
    """What is offered for a line up to the cursor, best first."""
    if is_first_line and (match := _COMMAND.fullmatch(before)):
        named = [command for command in COMMANDS if command.name.startswith(match[1].lower())]
        return [Completion(0, f"/{item.name}", f"/{item.name}", item.text) for item in named]
    if match := _FILE.search(before):
        found = ranked(match[1], files)[:MAX_SHOWN]
        return [Completion(match.start(), f"@{name} ", line(name, 100)) for name in found]
    return []


def ranked(typed: str, names: Iterable[str]) -> list[str]:
    """The names that hold the typed letters in order; those near the end of a path and close together first."""
    letters = typed.lower()
    scored: list[tuple[int, int, str]] = []
    for name in names:
        folded = name.lower()
        base = folded.rpartition("/")[2]
        if base.startswith(letters):
            score = 0
        elif letters in base:
            score = 1
        elif letters in folded:
            score = 2
        elif _in_order(letters, folded):
            score = 3
        else:
            continue
        scored.append((score, len(name), name))
    return [name for _, _, name in sorted(scored)]


def files_below(folder: Path) -> list[str]:
    """Paths of files below a folder, at most `MAX_FILES`; hidden ones and what is made by builds are left out."""
    found: list[str] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        for name in sorted(names):
            if not name.startswith("."):
                found.append(os.path.relpath(os.path.join(root, name), folder))  # noqa: PTH118 - half the time
        if len(found) >= MAX_FILES:
            break
    return [name for name in found[:MAX_FILES] if name.isprintable()]


def without_marks(text: str, folder: Path) -> str:
    """The text as the agent is told it: `@path` is the path where there is such a file."""

    def path(match: re.Match[str]) -> str:
        return match[1] if (folder / match[1]).exists() else match[0]

    return re.sub(r"(?:^|(?<=\s))@(\S+)", path, text)


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)
