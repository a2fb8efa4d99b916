"""How much a call has written to disk, without having measured everything before it."""

import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress

_LEAST_BYTES = 4096
"""An empty file takes about this much too."""
_CLOCK_STEP_NS = 20_000_000
"""The kernel stamps files with a clock that goes by steps."""
_BLOCK_BYTES = 512
_MOST_DEPTH = 200
_LONGEST_WALK_S = 0.5
_WALKS_SHARE = 20
_LEAST_PAUSE_S = 0.2


class Growth:
    """Measures by how much folders have grown since it was made.

    What grew has a new change time, and a file is written up to the limit of a single one alone: so the sum over the
    changed files, each counted up to that limit, is at least the growth. Walks take a twentieth of the time at most,
    but one begins at once when the file system has lost as much room as is allowed.

    Args:
        folders: what lies below them counts.
        file_bytes: the limit of a single file.
        allowed_bytes: the limit of the growth.
        alive: the processes that may hold files that have no name any more; those count in full.
        whole: what was there before counts too.
    """

    def __init__(
        self,
        folders: list[str],
        file_bytes: int,
        allowed_bytes: int,
        alive: Callable[[], list[int]] = list,
        *,
        whole: bool = False,
    ) -> None:
        self._alive = alive
        self._folders = folders
        self._file_bytes = file_bytes
        self._allowed = allowed_bytes
        self._since_ns = 0 if whole else time.time_ns() - _CLOCK_STEP_NS
        self._free = [_free(folder) for folder in folders]
        self._next_walk = 0.0 if whole else time.monotonic() + _LEAST_PAUSE_S

    def is_over(self) -> bool:
        """Whether more was written than is allowed, as far as is known by now."""
        lost = max(_lost_bytes(folder, before) for folder, before in zip(self._folders, self._free, strict=True))
        started = time.monotonic()
        if lost <= self._allowed and started < self._next_walk:
            return False
        grown, complete = self._walk(started + _LONGEST_WALK_S)
        grown += _unlinked_bytes(self._alive())
        ended = time.monotonic()
        self._next_walk = ended + max(_LEAST_PAUSE_S, _WALKS_SHARE * (ended - started))
        return grown > self._allowed or (not complete and lost > self._allowed)

    def _walk(self, deadline: float) -> tuple[int, bool]:
        """Bytes in changed files, up to where the limit is passed, and whether all could be looked at in time."""
        grown, complete = 0, True
        # Folders are opened from their parents: a path may be too long for the kernel, a link may lead elsewhere.
        stack: list[_Folder] = []
        try:
            stack += [_Folder(folder) for folder in self._folders]
            while stack and grown <= self._allowed and time.monotonic() < deadline:
                if (entry := stack[-1].next()) is None:
                    stack.pop().close()
                    continue
                grown += self._size(entry)
                if _is_folder(entry):
                    complete &= len(stack) < _MOST_DEPTH and stack[-1].enter(entry.name, stack)
            return grown, complete and not stack
        except OSError:
            return grown, False
        finally:
            for folder in stack:
                folder.close()

    def _size(self, entry: os.DirEntry[str]) -> int:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return 0
        if status.st_ctime_ns < self._since_ns:
            return 0
        return max(_LEAST_BYTES, min(status.st_blocks * _BLOCK_BYTES, self._file_bytes))


class _Folder:
    def __init__(self, path: str, parent: int | None = None) -> None:
        self._place = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        self._entries = os.scandir(self._place)

    def next(self) -> os.DirEntry[str] | None:
        try:
            return next(self._entries, None)
        except OSError:
            return None

    def enter(self, name: str, stack: list["_Folder"]) -> bool:
        try:
            stack.append(_Folder(name, self._place))
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._entries.close()
        os.close(self._place)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISDIR(entry.stat(follow_symlinks=False).st_mode)
    except OSError:
        return False


def _unlinked_bytes(processes: list[int]) -> int:
    """What stands in files that were removed while they are open."""
    sizes: dict[tuple[int, int], int] = {}
    for process in processes:
        with suppress(OSError):
            for file in os.listdir(f"/proc/{process}/fd"):
                with suppress(OSError):
                    status = os.stat(f"/proc/{process}/fd/{file}")
                    if stat.S_ISREG(status.st_mode) and not status.st_nlink:
                        sizes[status.st_dev, status.st_ino] = status.st_blocks * _BLOCK_BYTES
    return sum(sizes.values())


def _free(folder: str) -> tuple[int, int]:
    """Bytes and files that its file system has room for."""
    found = os.statvfs(folder)
    return found.f_bfree * found.f_frsize, found.f_ffree


def _lost_bytes(folder: str, before: tuple[int, int]) -> int:
    """How much room is gone since then; many empty files take none, but each counts as one of `_LEAST_BYTES`."""
    free_bytes, free_files = _free(folder)
    return max(before[0] - free_bytes, (before[1] - free_files) * _LEAST_BYTES)
