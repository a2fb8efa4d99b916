"""A journal's database in one SQLite file, reached directly."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from agentx.errors import StorageError
from agentx.journal.database import Row, Run
from agentx.journal.lease import FileLeases, NoLeases
from agentx.journal.rows import COLUMNS
from agentx.journal.schema import SCHEMA_VERSION, SQLITE_STEPS
from agentx.journal.transactions import Connection, Transactions, no_label

BUSY_TIMEOUT_S = 5.0
MEMORY = ":memory:"


class SqliteConnection:
    """A connection of Python's own `sqlite3`."""

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            if path != MEMORY:
                create_private(Path(path))
            self._raw = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        except (sqlite3.Error, OSError) as error:
            raise unusable(path, error) from error

    def execute(self, sql: str, **values: Any) -> list[Row]:
        try:
            return self._raw.execute(sql, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            raise unusable(self._path, error) from error

    @property
    def in_transaction(self) -> bool:
        return self._raw.in_transaction

    def close(self) -> None:
        self._raw.close()


class SqliteDatabase(Transactions):
    """See `agentx.journal.database.Database`.

    Args:
        path: of the file, or ":memory:".
        connect: opens it.
        reached: is told of each point of a migration, for tests that end the process there.
    """

    search_sql = (
        f"SELECT {COLUMNS}, number, kind, text FROM (SELECT words.rowid AS text_id, rank AS rating FROM words"
        " JOIN texts ON texts.id = words.rowid JOIN sessions ON sessions.id = session"
        " WHERE words MATCH :words AND :workspace IN ('', workspace) ORDER BY rank, words.rowid DESC LIMIT :limit)"
        " JOIN texts ON texts.id = text_id JOIN sessions ON sessions.id = session ORDER BY rating, text_id DESC"
    )

    def __init__(
        self,
        path: str,
        connect: Callable[[], Connection] | None = None,
        reached: Callable[[str], None] = no_label,
    ) -> None:
        self.in_memory = path == MEMORY
        self._path = path
        self._durable: bool | None = None
        self._reached = reached
        self._leases = NoLeases() if path == MEMORY else FileLeases(Path(path).parent / "locks")
        super().__init__(connect or (lambda: SqliteConnection(path)))

    def words_of(self, words: list[str]) -> str:
        return " ".join(f'"{word}"' for word in words) + "*"

    def hold(self, run: Run, session_id: str) -> bool:
        # The file has one writer at a time.
        return bool(run("SELECT 1 FROM sessions WHERE id = :id", id=session_id))

    def lease(self, session_id: str) -> AbstractContextManager[None]:
        return self._leases.lease(session_id)

    def is_held(self, session_id: str) -> bool:
        return self._leases.is_held(session_id)

    def compact(self) -> None:
        """Merges the index and the log into the file, so that what was deleted is in none of them."""
        with self.writing(durable=True) as run:
            # What is deleted is written behind the rest of the index, and stays beside it until both are merged.
            run("INSERT INTO words (words) VALUES ('optimize')")
        self.read("PRAGMA wal_checkpoint(TRUNCATE)")

    def _begin(self, durable: bool) -> None:
        if durable != self._durable:
            # FULL syncs the log at each commit, NORMAL at checkpoints only.
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._durable = durable
        self._connection.execute("BEGIN IMMEDIATE")

    def _prepare(self) -> None:
        execute = self._connection.execute
        # KiB: whoever appends needs few pages at hand, and a long session must not grow by two megabytes for them.
        execute("PRAGMA cache_size = -256")
        # What was deleted must not stay readable in the file's free pages.
        execute("PRAGMA secure_delete = ON")
        version = self._version()
        if version < SCHEMA_VERSION:
            self._refuse_another()
            # A table that others refer to is made anew: within a transaction this can be said no more.
            execute("PRAGMA foreign_keys = OFF")
            self._switch_to_wal()
            self._migrate()
        execute("PRAGMA foreign_keys = ON")

    def _version(self) -> int:
        [(version,)] = self._connection.execute("PRAGMA user_version")
        if version > SCHEMA_VERSION:
            raise StorageError(
                f"The journal {self._path} was written by a newer AgentX (schema {version}, this one knows "
                f"{SCHEMA_VERSION}); update agentx-local, or set AGENTX_DATA_DIR to another folder."
            )
        return version

    def _refuse_another(self) -> None:
        """Raises StorageError if the file is a database that no journal has laid out."""
        # In this order: whoever lays it out meanwhile writes tables and version at once.
        if self._connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1") and self._version() == 0:
            raise StorageError(
                f"{self._path} is a database of something else; move it away, or set AGENTX_DATA_DIR to another folder."
            )

    def _migrate(self) -> None:
        """All steps in one transaction: whoever is killed meanwhile leaves the version that was there."""
        self._reached("before migration")
        with self.writing(durable=True) as run:
            # Another process may have laid out the file between the look before and the lock.
            version = self._version()
            self._refuse_another()
            for number, step in enumerate(SQLITE_STEPS[version:], version + 1):
                for index, statement in enumerate(step):
                    run(statement)
                    self._reached(f"migration {number}.{index}")
            run(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self._reached("before the migration's commit")
        self._reached("after migration")

    def _switch_to_wal(self) -> None:
        """Of several processes that do so at once, SQLite refuses all but one without waiting."""
        until = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except StorageError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
            time.sleep(0.02)


def unusable(path: str, error: Exception) -> StorageError:
    """What SQLite or the system says of a file, as a sentence."""
    text = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    remedy = "set AGENTX_DATA_DIR to a folder that can be written"
    for needle, advice in (
        ("locked", "another process holds it; end that one and try again"),
        ("full", "free some space there, or " + remedy),
        ("No space", "free some space there, or " + remedy),
        ("not a database", "move it away, a new one is made"),
        ("malformed", "it is damaged; move it away, a new one is made"),
        ("I/O error", "check that the disk works and has space, or " + remedy),
        ("closed", "the journal was closed before"),
    ):
        if needle in text:
            remedy = advice
            break
    return StorageError(f"The journal {path} cannot be used ({text}): {remedy}.")


def create_private(path: Path) -> None:
    """An empty file that only its owner may read: sessions hold what the tools have read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
