"""What the `.gitignore` files of a workspace leave out, by git's own rules (`man gitignore`).

A walk asks folder by folder from the top, and does not enter what is left out: nor can git bring back a file whose
folder is left out. Files above the workspace and a user's global list are not read.
"""

import codecs
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_FILE = ".gitignore"
_OF_THE_REPOSITORY = (".git", "info", "exclude")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that hold in one folder.

    Attributes:
        layers: for each file of rules, the nearest last: how many folders above it are, and its patterns.
    """

    layers: "tuple[tuple[int, GitIgnoreSpec], ...]" = ()

    def within(self, folder: int, depth: int) -> "Rules":
        """The rules with those of a folder that is entered.

        Args:
            folder: its descriptor.
            depth: how many folders below the workspace it lies; 0 is the workspace.
        """
        found = [_read(folder, (_FILE,))]
        if depth == 0:
            # It yields to every other file.
            found.insert(0, _read(folder, _OF_THE_REPOSITORY))
        new = tuple((depth, patterns) for text in found if text.strip() for patterns in _compiled(text))
        return Rules((*self.layers, *new)) if new else self

    def hides(self, folder: tuple[str, ...], name: str) -> bool:
        """Whether an entry of this folder is left out.

        Args:
            folder: the parts of this folder's path in the workspace.
            name: the entry's, with a `/` at its end if it is a folder.
        """
        for depth, patterns in reversed(self.layers):
            path = _as_git_sees("/".join((*folder[depth:], name)))
            # The library means files, and brings one back with its folder. That is right unless it brings one back.
            decided = None if name.endswith("/") else patterns.check_file(path).include
            if decided is False or name.endswith("/"):
                decided = _last_word(patterns, path)
            if decided is not None:
                return decided
        return False


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


def _read(folder: int, parts: tuple[str, ...]) -> str:
    """A small regular file, each byte a character; empty where there is none. No link is followed, as by git."""
    descriptor = os.dup(folder)
    try:
        for part in parts:
            below = os.open(part, _READ, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        return os.read(descriptor, _MAX_BYTES).removeprefix(codecs.BOM_UTF8).decode("latin-1")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _compiled(text: str) -> "list[GitIgnoreSpec]":
    return _engines([line for line in map(_told_apart, text.split("\n")) if _is_pattern(line)])


def _engines(lines: list[str]) -> "list[GitIgnoreSpec]":
    """The patterns, in as many parts as it takes: the quick engine has an error of its own where there are too many."""
    from pathspec import GitIgnoreSpec

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
