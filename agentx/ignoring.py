"""What a `.gitignore` file says of a path, by git's own rules (`man gitignore`).

Who walks folders reads the files in its own way and asks here, folder by folder from the top, with the nearest file
first; a folder that is left out is not entered, for git cannot bring back a file whose folder is left out.
"""

import codecs
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

FILE = ".gitignore"
MAX_BYTES = 64 * 1024
"""Of a file of rules, that are read."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns of one file of rules; empty ones decide nothing.

    Attributes:
        parts: in the order of the file.
    """

    parts: "tuple[GitIgnoreSpec, ...]" = ()

    @classmethod
    def of(cls, data: bytes) -> "Patterns":
        """The patterns that a file of these bytes holds; lines that git cannot read are passed over, as by git."""
        text = data.removeprefix(codecs.BOM_UTF8).decode("latin-1")
        if not text.strip():
            return cls()
        return cls(tuple(_engines([line for line in map(_told_apart, text.split("\n")) if _is_pattern(line)])))

    def decide(self, path: str) -> bool | None:
        """Whether an entry is left out; None where no pattern is about it.

        Args:
            path: as seen from the folder of the file, with a `/` at its end if it is a folder.
        """
        path = _as_git_sees(path)
        for patterns in reversed(self.parts):
            # The library means files, and brings one back with its folder. That is right unless it brings one back.
            decided = None if path.endswith("/") else patterns.check_file(path).include
            if decided is False or path.endswith("/"):
                decided = _last_word(patterns, path)
            if decided is not None:
                return decided
        return None


def _last_word(patterns: "GitIgnoreSpec", path: str) -> bool | None:
    """What the last pattern says that matches the path itself, and not only a folder above it."""
    for pattern in reversed(list(patterns.patterns)):
        regex = _linear(getattr(pattern, "regex").pattern)  # noqa: B009 - each has one, their base class has not
        # Its one named group is the end of the folder that was matched.
        if any(set(found.groupdict().values()) <= {None} or found.end() == len(path) for found in regex.finditer(path)):
            return pattern.include
    return None


@lru_cache(maxsize=4096)
def _linear(regex: str) -> Any:
    """The expression for RE2, whose time is linear: a line of a stranger's repository must not hold up everything."""
    import re2

    return re2.compile(regex)


def _as_git_sees(path: str) -> str:
    """Each byte a character: `?` stands for one byte, and a name may be no UTF-8."""
    return path if path.isascii() else os.fsencode(path).decode("latin-1")


def _engines(lines: list[str]) -> "list[GitIgnoreSpec]":
    """The patterns, in as many parts as it takes: the quick engine has an error of its own where there are too many."""
    from pathspec import GitIgnoreSpec

    if not lines:
        return []
    try:
        return [GitIgnoreSpec.from_lines(lines, backend="re2")]
    except Exception:
        if len(lines) < 2:
            return []
        half = len(lines) // 2
        return [*_engines(lines[:half]), *_engines(lines[half:])]


def _told_apart(line: str) -> str:
    """`a/**` means all in `a` and not `a` itself, which the library does not tell apart when it is asked for `a/`."""
    line = line.removesuffix("\r")
    return re.sub(r"/\*\*(/?) *$", r"/**/*\1", line)


def _is_pattern(line: str) -> bool:
    """git passes over a line that it cannot read."""
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    try:
        return bool(line.strip("!/ ")) and GitIgnoreSpecPattern(line).include is not None
    except ValueError:
        return False
