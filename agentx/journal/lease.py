"""That a living process works on a session: a lock of the system, which is free as soon as the process is dead."""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

from agentx.errors import StorageError, UsageError

_TRIES = 5
_PAUSE_S = 0.02


class Leases(Protocol):
    """The leases of a journal's sessions; see `Journal.lease` and `Journal.is_held`."""

    def lease(self, session_id: str) -> AbstractContextManager[None]: ...
    def is_held(self, session_id: str) -> bool: ...


class NoLeases:
    """Of a journal that no other process can open."""

    def lease(self, session_id: str) -> AbstractContextManager[None]:
        return nullcontext()

    def is_held(self, session_id: str) -> bool:
        return False


class FileLeases:
    """A file for each session that is worked on, in one folder, with the system's lock on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def lease(self, session_id: str) -> Generator[None]:
        path = self._path(session_id)
        descriptor = self._taken(path, session_id)
        try:
            yield
        finally:
            # Before the lock is free: whoever opens the name afterwards makes a file of its own.
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def is_held(self, session_id: str) -> bool:
        try:
            descriptor = os.open(self._path(session_id), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)

    def _taken(self, path: Path, session_id: str) -> int:
        """A descriptor that holds the lock on the file that has this name."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Somebody may be asking who holds it, for which the lock is taken for a moment.
            for _ in range(_TRIES):
                descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if os.fstat(descriptor).st_nlink:
                        return descriptor
                except BlockingIOError:
                    time.sleep(_PAUSE_S)
                except BaseException:
                    os.close(descriptor)
                    raise
                os.close(descriptor)
        except OSError as error:
            raise StorageError(
                f"The session `{session_id}` cannot be locked in {self._folder} ({error.strerror}): check that folder, "
                "or set AGENTX_DATA_DIR to another."
            ) from error
        raise in_use(session_id)

    def _path(self, session_id: str) -> Path:
        # An id is what its maker likes, such as "../x".
        if re.fullmatch(r"[A-Za-z0-9_-]{1,100}", session_id):
            return self._folder / f"{session_id}.lock"
        return self._folder / f"{hashlib.sha256(os.fsencode(session_id)).hexdigest()}.lock"


def in_use(session_id: str) -> UsageError:
    return UsageError(f"Another process works on the session `{session_id}`; wait for its end, or end it.")
