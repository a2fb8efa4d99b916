"""What a walk leaves out: hidden files, what `.gitignore` names, and the folders that tools fill."""

import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from agentx.ignoring import FILE, MAX_BYTES, Patterns

_FILLED_BY_TOOLS = frozenset({"node_modules", "__pycache__"})
_MARKS = ("CACHEDIR.TAG", "pyvenv.cfg")
"""Files by which a cache and a virtual environment tell what they are."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds in one folder.

    Attributes:
        layers: for each file of rules, the nearest last: its folder, and its patterns.
    """

    layers: tuple[tuple[str, Patterns], ...] = ()

    @classmethod
    def above(cls, folder: Path) -> "Rules":
        """The rules of the repository that a folder lies in, those of the folder itself left out.

        None where they leave out the folder itself: who names it wants what is in it.
        """
        parents = list(folder.parents)
        root = next((place for place, parent in enumerate(parents) if os.path.lexists(parent / ".git")), None)
        rules = cls()
        if root is None or os.path.lexists(folder / ".git"):
            return rules
        way = [*reversed(parents[: root + 1]), folder]
        for parent, below in pairwise(way):
            rules = rules.within(str(parent))
            if rules.ignore(str(below), True):
                return cls()
        return rules

    @classmethod
    def hidden(cls, root: Path, path: Path) -> bool:
        """Whether a walk from a folder would leave out what lies, or lay, at a path below it.

        Args:
            root, path: absolute.
        """
        rules, place = cls.above(root), root
        parts = path.relative_to(root).parts
        for number, part in enumerate(parts, 1):
            rules, place = rules.within(str(place)), place / part
            if rules.hide(str(place), number < len(parts) or place.is_dir()):
                return True
        return False

    def within(self, folder: str) -> "Rules":
        """The rules with those of a folder that is entered."""
        path = os.path.join(folder, FILE)  # noqa: PTH118 - called for each folder of a walk
        patterns = _read(path)
        return Rules((*self.layers, (folder, patterns))) if patterns.parts else self

    def hide(self, path: str, is_folder: bool) -> bool:
        """Whether a walk leaves an entry out.

        Args:
            path: absolute.
        """
        name = os.path.basename(path)  # noqa: PTH119 - called for each entry of a walk
        if name.startswith(".") or (is_folder and (name in _FILLED_BY_TOOLS or _is_marked(path))):
            return True
        return self.ignore(path, is_folder)

    def ignore(self, path: str, is_folder: bool) -> bool:
        """Whether a `.gitignore` names an entry; one in a folder that is left out is not asked for."""
        for folder, patterns in reversed(self.layers):
            decided = patterns.decide(path[len(folder) :].lstrip("/") + "/" * is_folder)
            if decided is not None:
                return decided
        return False


def _is_marked(folder: str) -> bool:
    return any(os.path.lexists(os.path.join(folder, mark)) for mark in _MARKS)  # noqa: PTH118


def _read(path: str) -> Patterns:
    try:
        found = os.lstat(path)
    except OSError:
        return Patterns()
    # A pipe in its place must not hold up the walk.
    return _compiled(path, found.st_mtime_ns, found.st_size) if stat.S_ISREG(found.st_mode) else Patterns()


@lru_cache(maxsize=256)
def _compiled(path: str, mtime_ns: int, size: int) -> Patterns:
    try:
        with Path(path).open("rb") as file:
            return Patterns.of(file.read(MAX_BYTES))
    except OSError:
        return Patterns()
