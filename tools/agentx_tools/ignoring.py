"""What the `.gitignore` files of a workspace leave out, read by the descriptors of its folders.

A walk asks folder by folder from the top, and does not enter what is left out. Files above the workspace and a user's
global list are not read.
"""

import os
from dataclasses import dataclass

from agentx.ignoring import FILE, MAX_BYTES, Patterns

_OF_THE_REPOSITORY = (".git", "info", "exclude")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that hold in one folder.

    Attributes:
        layers: for each file of rules, the nearest last: how many folders above it are, and its patterns.
    """

    layers: tuple[tuple[int, Patterns], ...] = ()

    def within(self, folder: int, depth: int) -> "Rules":
        """The rules with those of a folder that is entered.

        Args:
            folder: its descriptor.
            depth: how many folders below the workspace it lies; 0 is the workspace.
        """
        found = [_read(folder, (FILE,))]
        if depth == 0:
            # It yields to every other file.
            found.insert(0, _read(folder, _OF_THE_REPOSITORY))
        new = tuple((depth, patterns) for patterns in map(Patterns.of, found) if patterns.parts)
        return Rules((*self.layers, *new)) if new else self

    def hides(self, folder: tuple[str, ...], name: str) -> bool:
        """Whether an entry of this folder is left out.

        Args:
            folder: the parts of this folder's path in the workspace.
            name: the entry's, with a `/` at its end if it is a folder.
        """
        for depth, patterns in reversed(self.layers):
            decided = patterns.decide("/".join((*folder[depth:], name)))
            if decided is not None:
                return decided
        return False


def _read(folder: int, parts: tuple[str, ...]) -> bytes:
    """A small regular file; empty where there is none. No link is followed, as by git."""
    descriptor = os.dup(folder)
    try:
        for part in parts:
            below = os.open(part, _READ, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        return os.read(descriptor, MAX_BYTES)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
