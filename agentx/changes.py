"""Which files a call changed: the workspace looked at before and after, so that no tool's word is needed for it.

Small files are read, since a program that writes what is there already has changed nothing, and since what they held
is wanted by whoever takes a change back. What was read and not touched since is not read again.
"""

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_FILES = 5_000
"""Files looked at; in a larger workspace changes beyond them go unnoticed."""
MAX_FILE_BYTES = 2**20
MAX_BYTES = 16 * 2**20
"""How much is read of one file, and of a workspace; of a file beyond it only time and size are known."""
SKIPPED = frozenset({"__pycache__", ".git", "node_modules", ".venv"})
"""Folders that are not looked into."""

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Stamp = tuple[int, int, int, int]
"""By which a file that nobody has touched is known: inode, size, times of content and of status in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Image:
    """A file as it was.

    Attributes:
        mode: its kind and permission bits, as `stat` has them.
        content: None of what is no regular file, is too large, or could not be read.
    """

    stamp: Stamp
    mode: int
    content: bytes | None

    def is_as(self, other: "Image | None") -> bool:
        """Whether another look has found the same."""
        if other is None or self.stamp[1] != other.stamp[1] or stat.S_IFMT(self.mode) != stat.S_IFMT(other.mode):
            return False
        if self.content is None or other.content is None:
            return self.stamp[2] == other.stamp[2]
        return self.content == other.content


@dataclass(frozen=True, slots=True)
class Seen:
    """A workspace as it was.

    Attributes:
        files: by path, `/` between its parts; links count as files.
        folders: paths of those that were looked into.
        whole: False where it holds more files than are looked at.
    """

    files: Mapping[str, Image]
    folders: frozenset[str]
    whole: bool


_known: dict[Path, Seen] = {}
"""What was last seen of the workspace that was last looked at."""


def look(folder: Path) -> Seen:
    """The files below the folder; links are not followed."""
    folder = folder.resolve()
    if not folder.is_dir():
        return Seen({}, frozenset(), whole=True)
    before = _known.get(folder)
    seen = _walked(folder, before.files if before else {})
    _known.clear()
    _known[folder] = seen
    return seen


def changed(before: Seen, after: Seen) -> list[str]:
    """Paths of files that were created, changed or deleted, sorted."""
    found: list[str] = []
    for path in sorted(before.files.keys() | after.files.keys()):
        one, other = before.files.get(path), after.files.get(path)
        # A file that is missing in a look that was not whole may well be there.
        unseen = (one is None and not before.whole) or (other is None and not after.whole)
        if not unseen and not (one.is_as(other) if one else False):
            found.append(path)
    return found


class Watched:
    """A workspace before a call and after it, for all who want to know what the call changes: the loop, which tells it,
    and a tool that keeps what there was.

    Attributes:
        before: as it was when this was made.
        after: as it was when it was looked at again; None until then.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.before = look(folder)
        self.after: Seen | None = None

    def look(self) -> Seen:
        """Looks again: for a tool once its work is done, since whoever comes later takes over what was seen here."""
        self.after = look(self._folder)
        return self.after


def _walked(root: Path, known: Mapping[str, Image]) -> Seen:
    files: dict[str, Image] = {}
    folders: set[str] = set()
    left = MAX_BYTES
    for below, names, entries, descriptor in os.fwalk(root, follow_symlinks=False):
        here = os.path.relpath(below, root)
        prefix = "" if here == "." else f"{here}/"
        links = [name for name in names if _is_link(name, descriptor)]
        names[:] = [name for name in names if name not in SKIPPED and name not in links]
        folders.update(f"{prefix}{name}" for name in names)
        for name in (*entries, *links):
            if len(files) >= MAX_FILES:
                return Seen(files, frozenset(folders), whole=False)
            path = f"{prefix}{name}"
            image = _image(name, descriptor, known.get(path), min(left, MAX_FILE_BYTES))
            if image is not None:
                files[path] = image
                left -= len(image.content or b"")
    return Seen(files, frozenset(folders), whole=True)


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _image(name: str, folder: int, known: Image | None, limit: int) -> Image | None:
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None
    stamp = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
        return Image(stamp, status.st_mode, None)
    if known is not None and known.stamp == stamp and known.content is not None:
        return known
    return Image(stamp, status.st_mode, _content(name, folder))


def _content(name: str, folder: int) -> bytes | None:
    try:
        with os.fdopen(os.open(name, _OPEN, dir_fd=folder), "rb") as file:
            return file.read(MAX_FILE_BYTES)
    except OSError:
        return None


def fingerprint(folder: Path) -> str:
    """A digest of the names, times and sizes of all that lies below the folder; "" where that is too much to see."""
    found: list[tuple[str, int, int, int, int]] = []
    for root, _, names in os.walk(folder):
        for path in (root, *(os.path.join(root, name) for name in names)):  # noqa: PTH118 - a Path each is twice as slow
            try:
                status = os.lstat(path)
            except OSError:
                continue
            found.append((path, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size))
        if len(found) > MAX_FILES:
            return ""
    return hashlib.blake2b(repr(sorted(found)).encode(), digest_size=16).hexdigest()
