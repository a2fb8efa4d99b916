"""Where `agentx_tools.undo` keeps changes: a folder of the user's data for each workspace, one file a change."""

import fcntl
import hashlib
import os
import re
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from agentx import folders

MAX_BYTES = 64 * 1024 * 1024
MAX_CHANGES = 1_000
MAX_AGE_S = 30 * 24 * 3600.0
"""What is kept for a workspace; beyond it the oldest goes."""

_ENDING = ".change"
_NAME = re.compile(rf"\d{{20}}-\d+{re.escape(_ENDING)}")
_LOCK = "lock"
_SWEPT_ONCE_IN = 100


def store_of(root: Path) -> Path:
    """The store of a workspace, which need not be there."""
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
    return folders.data_dir() / "undo" / name


@contextmanager
def locked(store: Path) -> Generator[None]:
    """One change of a workspace at a time, whatever the process; the lock of one that is killed is free.

    Makes the store if it is not there.
    """
    descriptor = _lock(store)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(store: Path) -> int:
    """A descriptor that holds the lock of a store."""
    while True:
        for folder in (store.parent.parent, store.parent, store):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileNotFoundError):
            descriptor = os.open(store / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                # Whoever had it may have swept the store away, and the lock of what is gone keeps nobody out.
                if os.path.samestat(os.fstat(descriptor), (store / _LOCK).stat()):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)


def names(store: Path) -> list[str]:
    """Names of the files of a store, the last change first."""
    try:
        found = os.listdir(store)  # noqa: PTH208 - names are all that is needed, of a thousand files
    except FileNotFoundError:
        return []
    return sorted((name for name in found if _NAME.fullmatch(name)), reverse=True)


def next_name(store: Path, size_bytes: int) -> str:
    """The name of a file for one more change, with so much content, as the last of its workspace."""
    held = names(store)
    # Even where the clock was set back the last one stays the last.
    stamp = max(time.time_ns(), _stamp_and_size(held[0])[0] + 1) if held else time.time_ns()
    return f"{stamp:020}-{size_bytes}{_ENDING}"


def make_last(kept: Path) -> None:
    """Makes a change that is kept the last of its workspace."""
    kept.rename(kept.parent / next_name(kept.parent, _stamp_and_size(kept.name)[1]))


def forget_old(store: Path) -> None:
    """Deletes what is too old, and the oldest beyond what is kept; now and then that of other workspaces too.

    Raises:
        OSError: some of it cannot be deleted.
    """
    total, oldest = 0, time.time_ns() - int(MAX_AGE_S * 1e9)
    for number, name in enumerate(names(store)):
        stamp, size = _stamp_and_size(name)
        total += size
        if number and (total > MAX_BYTES or number >= MAX_CHANGES or stamp < oldest):
            (store / name).unlink()
    if secrets.randbelow(_SWEPT_ONCE_IN) == 0:
        for other in store.parent.iterdir():
            if other != store:
                _sweep(other, oldest)


def _sweep(store: Path, oldest: int) -> None:
    """Deletes the store of another workspace if all in it is too old, unless somebody is at it just now."""
    with suppress(OSError):
        descriptor = os.open(store / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if all(_stamp_and_size(name)[0] < oldest for name in names(store)):
                # The lock is the last to go: without it somebody else would be at the store meanwhile.
                for path in sorted(store.iterdir(), key=lambda path: path.name == _LOCK):
                    path.unlink()
                store.rmdir()
        finally:
            os.close(descriptor)


def _stamp_and_size(name: str) -> tuple[int, int]:
    """When a change was kept, in nanoseconds since 1970, and how many bytes of content; both stand in its name, so that
    no file has to be opened for them."""
    stamp, size = name.removesuffix(_ENDING).split("-")
    return int(stamp), int(size)
