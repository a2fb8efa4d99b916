"""One Chroma client for a folder and a process, kept current with what other processes write.

Chroma's embedded client is not safe for two processes: each keeps the vector index in memory and writes it back whole,
so that a stale one loses the other's vectors. Hence every use takes the folder's lock, and a client that has not seen
the last write of another process is opened anew (20 ms) before it is used.
"""

import shutil
import sqlite3
import threading
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.errors import StorageError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

LOCK_TIMEOUT_S = 5.0

_DAMAGE = ("not a database", "malformed", "hnsw", "pickle", "corrupt")
"""In what SQLite and Chroma say of files that are not what they wrote."""


class Damaged(StorageError):
    """The folder's files are not what was written to them."""


_folders: dict[Path, "ClientFolder"] = {}
_folders_lock = threading.Lock()


def client_folder(path: Path) -> "ClientFolder":
    """The folder at an absolute path; the same object for the same path, so that all stores in it share one client."""
    with _folders_lock:
        return _folders.setdefault(path, ClientFolder(path))


class ClientFolder:
    """A folder that Chroma keeps its files in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._client: Any = None
        self._seen = b""

    @property
    def exists(self) -> bool:
        """Whether anything was ever stored here.

        Raises:
            StorageError: the folder cannot be looked into.
        """
        with self._storage_errors("read"):
            return (self.path / "chroma.sqlite3").exists()

    @contextmanager
    def reading(self) -> "Generator[ClientAPI]":
        """The client, while no one writes.

        Raises:
            StorageError: the store cannot be read, or another process holds it for more than 5 s.
        """
        with self._storage_errors("read"), self._locked():
            yield self._current_client()

    @contextmanager
    def writing(self) -> "Generator[ClientAPI]":
        """The client, while no one else reads or writes; the folder is made if there is none.

        Raises:
            StorageError: the store cannot be written, or another process holds it for more than 5 s.
        """
        with self._storage_errors("written"):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                client = self._current_client()
                self._seen = uuid.uuid4().bytes
                self._last_write.write_bytes(self._seen)
                try:
                    yield client
                except BaseException:
                    self.close()  # its index in memory may hold what is not on disk
                    raise

    def clear(self) -> None:
        """Deletes all that Chroma keeps here, damaged or not; other processes open it anew.

        Raises:
            StorageError: it cannot be deleted, or another process holds it for more than 5 s.
        """
        with self._storage_errors("written"), self._locked():
            self.close()
            for entry in self.path.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                elif entry.name != "lock":
                    entry.unlink()
            self._last_write.write_bytes(uuid.uuid4().bytes)

    @property
    def version(self) -> bytes:
        """Differs after each write of any process; to be read while `reading` or `writing`."""
        return self._seen

    def close(self) -> None:
        """Lets go of Chroma's files; the next use opens them again."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    @property
    def _last_write(self) -> Path:
        return self.path / "last_write"

    @contextmanager
    def _locked(self) -> Generator[None]:
        from filelock import FileLock, Timeout

        lock = FileLock(self.path / "lock", timeout=LOCK_TIMEOUT_S, poll_interval=0.01)
        try:
            lock.acquire()
        except Timeout:
            raise StorageError(
                f"The memory in {self.path} is in use by another process for more than {LOCK_TIMEOUT_S:g} s; "
                "try again when that one is done."
            ) from None
        try:
            yield
        finally:
            lock.release()

    def _current_client(self) -> "ClientAPI":
        seen = self._last_write.read_bytes() if self._last_write.exists() else b""
        if seen != self._seen:
            self.close()
        if self._client is None:
            self._client = _open(self.path)
            self._seen = seen
        return self._client

    @contextmanager
    def _storage_errors(self, verb: str) -> Generator[None]:
        """Turns what Chroma and the system say into one sentence."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise self._error(verb, str(error)) from error
        except Exception as error:
            # Looking for the class by name spares an import of chromadb where it was not the one that raised.
            if not any(base.__name__ == "ChromaError" for base in type(error).__mro__):
                raise
            raise self._error(verb, str(error)) from error

    def _error(self, verb: str, reason: str) -> StorageError:
        reason = " ".join(reason.split()).rstrip(".")[-200:]
        if any(word in reason for word in _DAMAGE):
            return Damaged(
                f"The memory in {self.path} is damaged ({reason}); move that folder away to begin a new one."
            )
        return StorageError(
            f"The memory in {self.path} cannot be {verb} ({reason}); check the folder's permissions and free space."
        )


def _open(path: Path) -> "ClientAPI":
    try:
        import chromadb
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.config import Settings

        # By default chromadb lets a file .env in the current folder, which may be anyone's, set it up.
        options: dict[str, Any] = {"_env_file": None, "anonymized_telemetry": False}
        settings = Settings(**options)
    except ValueError as error:
        reason = " ".join(str(error).split())[:200]
        raise StorageError(
            f"chromadb cannot read its settings ({reason}); look at the file .env in {Path.cwd()} and at the "
            "environment variables that begin with CHROMA."
        ) from error
    try:
        return chromadb.PersistentClient(path, settings)
    except BaseException:
        # chromadb would hand its half-opened system to the next client of this path.
        SharedSystemClient._identifier_to_system.pop(str(path), None)  # pyright: ignore[reportPrivateUsage]
        raise
