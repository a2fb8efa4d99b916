"""Opens a file that a stranger may have named: only a regular one, of a bearable size, and the same to the end."""

import errno
import hashlib
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentx.errors import AgentXError

MAX_BYTES = 64 * 2**20
"""Of a file that is read at all. 64 MiB of plain text are some 250,000 chunks, an hour of embedding."""

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
_BLOCK = 2**20


class Unreadable(AgentXError):
    """A file that cannot become a document; `str(error)` says why in a sentence that does not repeat its path."""


class Empty(Unreadable):
    """There is the file, and no byte in it."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that gave no document.

    Attributes:
        path: as it was found.
        reason: one sentence that does not repeat the path.
        is_empty: it could be read and holds no text, so that nothing of an earlier state is in it.
    """

    path: Path
    reason: str
    is_empty: bool = False


@contextmanager
def opened(path: Path) -> Generator[int]:
    """A descriptor of a regular file, at its beginning.

    Raises:
        Unreadable: it cannot be opened, is no regular file, is empty or too large, or changed while it was open.
    """
    try:
        check_kind(os.lstat(path))
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise Unreadable(why(error)) from None
    try:
        before = os.fstat(descriptor)
        check_kind(before)
        yield descriptor
        if _state(before) != _state(_now(path)):
            raise Unreadable("It changed or vanished while it was read; add it again.")
    except OSError as error:
        raise Unreadable(why(error)) from None
    finally:
        os.close(descriptor)


def digest(descriptor: int) -> str:
    """SHA-256 of the whole file in hex, read block by block; leaves the descriptor at its beginning."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    state = hashlib.sha256()
    while block := os.read(descriptor, _BLOCK):
        state.update(block)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return state.hexdigest()


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes in hex: what `Document.digest` of it will be. 1 MB of memory, 1 ms a megabyte.

    Raises:
        Unreadable: as `opened`.
    """
    with opened(path) as descriptor:
        return digest(descriptor)


def check_kind(found: os.stat_result) -> None:
    """Raises:
    Unreadable: it is no regular file, is empty (`Empty`) or too large.
    """
    if stat.S_ISLNK(found.st_mode):
        raise Unreadable("It is a link, and links are not followed; add what it leads to.")
    if stat.S_ISDIR(found.st_mode):
        raise Unreadable("It is a folder, not a file.")
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable("It is a pipe, a socket or a device, not a file.")
    if not found.st_size:
        raise Empty("It is empty.")
    if found.st_size > MAX_BYTES:
        raise Unreadable(f"It has {found.st_size / 2**20:,.0f} MiB, and more than {MAX_BYTES // 2**20} are not read.")


def _now(path: Path) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _state(found: os.stat_result | None) -> tuple[int, ...] | None:
    return found and (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def why(error: OSError) -> str:
    """The sentence for an error of the file system."""
    if error.errno == errno.EACCES:
        return "It may not be read by this user."
    if error.errno == errno.ELOOP:
        return "It is a link, and links are not followed; add what it leads to."
    if error.errno == errno.ENOENT:
        return "There is no such file, or no longer."
    return f"It cannot be read ({os.strerror(error.errno) if error.errno else error})."
