"""The memory's SQLite file: opened late, written under its lock, read meanwhile by anyone."""

import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from agentx.errors import StorageError
from agentx_memory import schema

LOCK_TIMEOUT_S = 5.0
FILE = "memory.sqlite3"
OLD_FILE = "chroma.sqlite3"
"""What the first AgentX left in the folder, of Chroma's own making."""


class Database:
    """Two connections to one file, so that no reader of this process waits for a writer; made by the first write.

    Args:
        folder: absolute path; None keeps everything in memory, for this object alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._read_lock = threading.RLock()
        self._write_lock = threading.RLock()
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._opened = 0

    @property
    def place(self) -> str:
        return str(self.folder) if self.folder else "this process"

    @property
    def exists(self) -> bool:
        """Whether there is a file to read, or one of an earlier version to bring over.

        Raises:
            StorageError: the folder cannot be looked into.
        """
        if self.folder is None:
            return self._writer is not None
        with self.sentences("read"):
            return self._is_there(FILE) or self._is_there(OLD_FILE)

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection whose statements see one state of the file, while others write.

        Raises:
            StorageError: the file cannot be read.
        """
        if self.folder is None:
            with self.writing() as connection:
                yield connection
            return
        with self.sentences("read"), self._read_lock:
            if self._reader is None:
                self._reader = self._open()
            nested = self._reader.in_transaction
            if not nested:
                self._reader.execute("BEGIN")
            try:
                yield self._reader
            finally:
                if not nested and self._reader.in_transaction:
                    self._reader.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A connection in a transaction, committed at the end and rolled back after an error.

        Raises:
            StorageError: the file cannot be written, or another process writes for more than 5 s.
        """
        with self.sentences("written"), self._write_lock:
            if self._writer is None:
                self._writer = self._open()
            connection = self._writer
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def compact(self) -> None:
        """Merges the lexical index and the log into the file, so that what was deleted is in none of them.

        Raises:
            StorageError: the file cannot be written.
        """
        with self.writing() as connection:
            connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        with self.sentences("written"), self._write_lock:
            if self._writer is not None:
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def apart(self) -> Generator[sqlite3.Connection]:
        """A connection outside of any transaction, for what takes long: each statement sees the newest state.

        Raises:
            StorageError: the file cannot be read.
        """
        with self.sentences("read"), closing(self._open()) as connection:
            yield connection

    def close(self) -> None:
        """Lets go of the file; what is only in memory is kept."""
        if self.folder is None:
            return
        with self._write_lock, self._read_lock:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = None

    @contextmanager
    def sentences(self, verb: str) -> Generator[None]:
        """Turns what SQLite and the system say into one sentence."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise StorageError(self._sentence(verb, error)) from error

    def version(self, connection: sqlite3.Connection) -> tuple[int, int, int]:
        """Differs after each write of any process, as seen by the connection of `reading`."""
        seen = int(connection.execute("PRAGMA data_version").fetchone()[0])
        return self._opened, seen, connection.total_changes

    def _open(self) -> sqlite3.Connection:
        self._opened += 1
        if self.folder is None:
            connection = _connect(":memory:")
            schema.prepare(connection, self.place)
            return connection
        path = self.folder / FILE
        if not path.exists():
            from agentx.journal.sqlite import create_private

            create_private(path)
        connection = _connect(str(path))
        try:
            connection.execute(f"PRAGMA page_size = {schema.PAGE_BYTES}")
            _switch_to_wal(connection)
            schema.prepare(connection, self.place)
            if self._is_there(OLD_FILE):
                from agentx_memory.migrate import bring_over

                bring_over(self.folder, connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_there(self, name: str) -> bool:
        assert self.folder is not None
        try:
            return bool((self.folder / name).stat())
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _sentence(self, verb: str, error: Exception) -> str:
        reason = " ".join(str(error).split()).rstrip(".")[-200:]
        if isinstance(error, sqlite3.OperationalError) and "locked" in reason:
            return (
                f"The memory in {self.place} is being written by another process for more than {LOCK_TIMEOUT_S:g} s; "
                "try again when that one is done, or let all of them use a Chroma server (`chroma run`, named by "
                "AGENTX_CHROMA_URL)."
            )
        if "not a database" in reason or "malformed" in reason:
            return f"The memory in {self.place} is damaged ({reason}); move that folder away to begin a new one."
        return f"The memory in {self.place} cannot be {verb} ({reason}); check the folder's permissions and free space."


def _connect(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    # What was forgotten must not stay readable in the file's free pages.
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Of several connections that do so at once, SQLite refuses all but one without waiting."""
    until = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.02)
