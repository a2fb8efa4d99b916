"""Which files a call changed: the workspace looked at before and after, so that no tool's word is needed for it."""

import hashlib
import os
from pathlib import Path

MAX_FILES = 5_000
"""Files looked at; in a larger workspace changes beyond them go unnoticed."""

Seen = dict[str, tuple[int, int]]


def look(folder: Path) -> Seen:
    """Modification time (ns) and size (bytes) of each file below the folder, by its path there; links not followed."""
    seen: Seen = {}
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("__pycache__", ".git", "node_modules", ".venv")]
        for name in names:
            path = os.path.join(root, name)  # noqa: PTH118 - a Path for each file would double the time
            try:
                stat = os.lstat(path)
            except OSError:
                continue
            seen[os.path.relpath(path, folder)] = (stat.st_mtime_ns, stat.st_size)
            if len(seen) >= MAX_FILES:
                return seen
    return seen


def changed(before: Seen, after: Seen) -> list[str]:
    """Paths of files that were created, changed or deleted, sorted."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def fingerprint(folder: Path) -> str:
    """A digest of the names, times and sizes of all that lies below the folder; "" where that is too much to see."""
    found: list[tuple[str, int, int, int, int]] = []
    for root, _, names in os.walk(folder):
        for path in (root, *(os.path.join(root, name) for name in names)):  # noqa: PTH118 - as above
            try:
                stat = os.lstat(path)
            except OSError:
                continue
            found.append((path, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size))
        if len(found) > MAX_FILES:
            return ""
    return hashlib.blake2b(repr(sorted(found)).encode(), digest_size=16).hexdigest()
