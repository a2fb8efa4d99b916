"""A program that writes over a file it has not read gives it back where all that it held would be lost.

Told to add a line, a small model writes the file anew with that line alone. A person would find their table gone; so
the file is put back, and the program is told how to add. What a program has read, what keeps a line
of before, and what grows (a report written anew) is its own business.
"""

import gc
import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

MAX_BYTES = 1 << 20
"""Larger files are not held in memory meanwhile; the host's undo has them."""


class Overwritten:
    """The files that a program has opened to write anew, as they were."""

    def __init__(self) -> None:
        self._before: dict[Path, bytes] = {}
        self._read: set[Path] = set()
        self._looking = False

    def watch(self) -> None:
        """From now on; an audit hook stays for the life of the process, which is one program."""
        sys.addaudithook(self._heard)

    def put_back(self) -> str:
        """Puts the files back that have lost all they held, and says which; "" where there are none."""
        if not self._before:
            return ""
        self._looking = True
        _flush()
        lost = [path for path, before in self._before.items() if path not in self._read and _is_lost(path, before)]
        for path in lost:
            path.write_bytes(self._before[path])
        return "\n".join(map(self._told, lost))

    def _told(self, path: Path) -> str:
        name, count = os.path.relpath(path), len(_lines(self._before[path]))
        return (
            f"FileExistsError: {name} has {count} lines, which this program has not read and writing it anew would "
            f"lose; it is as it was. Use open({name!r}, 'a') to add to it."
        )

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or self._looking:
            return
        self._looking = True
        with suppress(OSError, ValueError, TypeError):
            self._opens(arguments[0], arguments[2])
        self._looking = False

    def _opens(self, name: Any, flags: int) -> None:
        if isinstance(name, int):
            return
        path = Path(os.fsdecode(name)).absolute()
        if path in self._before:
            return
        if flags & os.O_TRUNC:
            if path.is_file() and path.stat().st_size <= MAX_BYTES:
                self._before[path] = path.read_bytes()
        elif flags & os.O_ACCMODE != os.O_WRONLY:
            self._read.add(path)


def _flush() -> None:
    """What a program has written and not closed would be written behind what is put back."""
    for item in gc.get_objects():
        if isinstance(item, io.IOBase):
            with suppress(OSError, ValueError):
                item.flush()


def _is_lost(path: Path, before: bytes) -> bool:
    """Whether a text of several lines has become a shorter one that has none of them."""
    try:
        after = path.read_bytes()
    except OSError:  # moved or deleted, which no program does by accident
        return False
    held, holds = _lines(before), _lines(after)
    return b"\0" not in before and 1 < len(held) > len(holds) and not set(held) & set(holds)


def _lines(content: bytes) -> list[bytes]:
    return [line.strip() for line in content.splitlines() if line.strip()]
