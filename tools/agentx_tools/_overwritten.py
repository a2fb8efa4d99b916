"""A program that writes over a file it has not read gives it back where all that it held would be lost.

Told to add a line, a small model writes the file anew with that line alone. A person would find their table gone; so
the file is put back, and the program is told how to add. What a program has read or made itself, what keeps a line of
before, and what grows (a report written anew) is its own business; so is all that it does after it has called a tool or
another program, since nobody sees what those have read.
"""

import gc
import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

MAX_BYTES, MAX_BYTES_HELD = 1 << 20, 16 << 20
"""Of one file and of all; what is beyond is not held meanwhile, the host's undo has it."""

CALLED = "agentx.called"
"""The event of a call of one of the host's tools."""
_LEAVES = frozenset([CALLED, "subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork"])
_COPIES = "shutil.copyfile"
_HEARD = _LEAVES | {"open", _COPIES}


class Overwritten:
    """The files that a program has opened to write anew, as they were."""

    def __init__(self) -> None:
        self._before: dict[Path, bytes] = {}
        self._own: set[Path] = set()
        self._held = 0
        self._deaf = False

    def watch(self) -> None:
        """From now on; an audit hook stays for the life of the process, which is one program."""
        sys.addaudithook(self._heard)

    def put_back(self, *, failed: bool) -> str:
        """Puts the files back that have lost all they held, and says which; "" where there are none.

        Args:
            failed: whether the program has failed: it may then have been about to write what is missing.
        """
        self._deaf = True
        if not self._before:
            return ""
        _flush()
        lost: list[str] = []
        for path, before in self._before.items():
            with suppress(OSError):
                if _is_lost(path, before, failed):
                    path.write_bytes(before)
                    lost.append(_told(path, before))
        return "\n".join(lost)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._deaf or event not in _HEARD:
            return
        self._deaf = True
        if event in _LEAVES:
            self._before.clear()
            return
        try:
            with suppress(Exception):
                if event == _COPIES:
                    self._own.add(_path(arguments[1]))
                else:
                    self._opens(arguments[0], arguments[2])
        finally:
            self._deaf = False

    def _opens(self, name: Any, flags: int) -> None:
        if isinstance(name, int):
            return
        path = _path(name)
        if path in self._own or path in self._before:
            return
        if flags & os.O_ACCMODE != os.O_WRONLY or not path.is_file():
            self._own.add(path)  # it is read, or made
        elif flags & os.O_TRUNC and path.stat().st_size <= min(MAX_BYTES, MAX_BYTES_HELD - self._held):
            self._before[path] = path.read_bytes()
            self._held += len(self._before[path])


def _path(name: Any) -> Path:
    return Path(os.path.realpath(os.fsdecode(name)))


def _told(path: Path, before: bytes) -> str:
    name, count = os.path.relpath(path), len(_lines(before))
    return (
        f"FileExistsError: {name} has {count} lines, which this program has not read and writing it anew would lose; "
        f"it is as it was. Use open({name!r}, 'a') to add to it, or read it first."
    )


def _flush() -> None:
    """What a program has written and not closed would be written behind what is put back."""
    for item in gc.get_objects():
        with suppress(Exception):
            if issubclass(type(item), io.IOBase):
                item.flush()


def _is_lost(path: Path, before: bytes, failed: bool) -> bool:
    """Whether a text of several lines has become a shorter one that has none of them; one that was emptied was meant
    to be, unless the program has failed."""
    if b"\0" in before or not path.is_file():  # moved or deleted, which no program does by accident
        return False
    held, holds = _lines(before), _lines(path.read_bytes())
    return 1 < len(held) > len(holds) and not set(held) & set(holds) and bool(holds or failed)


def _lines(content: bytes) -> list[bytes]:
    return [line.strip() for line in content.splitlines() if line.strip()]
