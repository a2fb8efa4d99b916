"""The event log of every session, on SQLite: written as it happens, read back as the same events."""

import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentx import folders
from agentx.errors import StorageError, UsageError
from agentx.events import CallFinished, CallStarted, Event, StepStarted, from_json, to_json

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 5.0

_SCHEMA = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    created TEXT NOT NULL,
    workspace TEXT NOT NULL,
    model TEXT NOT NULL,
    task TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'running',
    steps INTEGER NOT NULL DEFAULT 0,
    result TEXT
);
CREATE INDEX sessions_by_time ON sessions (created);
CREATE TABLE events (
    session TEXT NOT NULL REFERENCES sessions (id),
    number INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (session, number)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session; `created` is UTC in ISO 8601, `status` is "running" until the run has ended."""

    id: str
    created: str
    workspace: str
    model: str
    task: str
    status: str
    steps: int


class Journal:
    """An event log in one file, or in memory with `":memory:"`; may be used from several threads and processes.

    Where nothing is to be kept, `agentx.memory_journal` does without SQLite.

    The rows of a call's intent and of its result are on the disk when `append` returns; the others are after a crash of
    the process, and may be lost with the power.

    Raises:
        StorageError: by every method, where the file cannot be read or written, is no journal, or is of a newer
            version.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = str(path)
        self._lock = threading.RLock()
        self._durable: bool | None = None
        with self._sentences():
            if self._path != ":memory:":
                _create_private(Path(self._path))
            self._connection = sqlite3.connect(
                self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        try:
            with self._sentences():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def default(cls) -> "Journal":
        """The user's journal, made if there is none."""
        return cls(cls.default_path())

    @staticmethod
    def default_path() -> Path:
        """Where the user's journal lies, in the data folder."""
        return folders.data_dir() / "sessions.sqlite3"

    def create_session(self, *, workspace: Path | str, model: str, task: str, session_id: str | None = None) -> str:
        """Writes the row of a new session and returns its id; ids sort by time.

        Raises:
            UsageError: `session_id` was given and is taken.
        """
        now = datetime.now(UTC)
        while True:
            name = session_id or new_id(now)
            try:
                with self._writing(durable=True):
                    self._connection.execute(
                        "INSERT INTO sessions (id, created, workspace, model, task) VALUES (?, ?, ?, ?, ?)",
                        (name, now.isoformat(), str(workspace), model, _clean(task)),
                    )
                return name
            except sqlite3.IntegrityError:
                if session_id:
                    raise UsageError(f"There is a session `{session_id}` already; choose another id.") from None

    def append(self, session_id: str, event: Event) -> int:
        """Writes an event and returns its number in the session, from 1.

        Raises:
            UsageError: no such session.
        """
        row = to_json(event)
        with self._writing(durable=isinstance(event, CallStarted | CallFinished)):
            try:
                [number] = self._connection.execute(
                    "INSERT INTO events SELECT ?1, COALESCE(MAX(number), 0) + 1, ?2, ?3, ?4"
                    " FROM events WHERE session = ?1 RETURNING number",
                    (session_id, datetime.now(UTC).isoformat(), row["kind"], _dump(row)),
                ).fetchone()
            except sqlite3.IntegrityError:
                raise unknown_session(session_id) from None
            if isinstance(event, StepStarted):
                self._connection.execute("UPDATE sessions SET steps = steps + 1 WHERE id = ?", (session_id,))
        return number

    def finish(self, session_id: str, status: str, result_json: Any) -> None:
        """Writes how a session ended; a later turn of it may end it again.

        Raises:
            UsageError: no such session.
        """
        with self._writing(durable=True):
            changed = self._connection.execute(
                "UPDATE sessions SET status = ?, result = ? WHERE id = ?", (status, _dump(result_json), session_id)
            )
            if changed.rowcount == 0:
                raise unknown_session(session_id)

    def sessions(self, limit: int = 50) -> list[SessionRow]:
        """The latest sessions, newest first."""
        with self._sentences():
            rows = self._connection.execute(
                "SELECT id, created, workspace, model, task, status, steps FROM sessions"
                " ORDER BY created DESC, rowid DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return [SessionRow(*row) for row in rows]

    def session(self, session_id: str) -> SessionRow:
        """One session.

        Raises:
            UsageError: no such session.
        """
        with self._sentences():
            row = self._connection.execute(
                "SELECT id, created, workspace, model, task, status, steps FROM sessions WHERE id = ?", (session_id,)
            ).fetchone()
        if row is None:
            raise unknown_session(session_id)
        return SessionRow(*row)

    def events(self, session_id: str) -> list[Event]:
        """The events of a session in order; damaged ones, and kinds that a newer minor version has added, are left out.

        Raises:
            UsageError: no such session.
        """
        self.session(session_id)
        with self._sentences():
            rows = self._connection.execute(
                "SELECT body FROM events WHERE session = ? ORDER BY number", (session_id,)
            ).fetchall()
        found: list[Event] = []
        for (body,) in rows:
            try:
                found.append(from_json(json.loads(body)))
            except (ValueError, KeyError, TypeError):
                continue
        return found

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA foreign_keys = ON")
        # KiB: whoever appends needs few pages at hand, and a long session must not grow by two megabytes for them.
        execute("PRAGMA cache_size = -256")
        [version] = execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StorageError(
                f"The journal {self._path} was written by a newer AgentX (schema {version}, this one knows "
                f"{SCHEMA_VERSION}); update agentx-local, or set AGENTX_DATA_DIR to another folder."
            )
        if version == SCHEMA_VERSION:
            return
        self._switch_to_wal()
        execute("BEGIN IMMEDIATE")
        try:
            # Another process may have laid out the file between the look above and the lock.
            if execute("PRAGMA user_version").fetchone()[0] == 0:
                if execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                    raise StorageError(
                        f"{self._path} is a database of something else; move it away, or set AGENTX_DATA_DIR to "
                        "another folder."
                    )
                for statement in _SCHEMA.split(";\n"):
                    execute(statement)
                execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise

    def _switch_to_wal(self) -> None:
        """Of several processes that do so at once, SQLite refuses all but one without waiting."""
        until = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
            time.sleep(0.02)

    @contextmanager
    def _writing(self, *, durable: bool) -> Generator[None, None, None]:
        with self._sentences():
            if durable != self._durable:
                # FULL syncs the log at each commit, NORMAL at checkpoints only.
                self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._durable = durable
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk ends the transaction by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _sentences(self) -> Generator[None, None, None]:
        """Holds the lock, and says what SQLite and the system raise in one sentence."""
        with self._lock:
            try:
                yield
            except sqlite3.IntegrityError:
                raise
            except (sqlite3.Error, OSError) as error:
                raise StorageError(_sentence(self._path, error)) from error


def _sentence(path: str, error: Exception) -> str:
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
    return f"The journal {path} cannot be used ({text}): {remedy}."


def _create_private(path: Path) -> None:
    """An empty file that only its owner may read: sessions hold what the tools have read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def new_id(now: datetime) -> str:
    """A session's id: its time of creation, and some letters for those of the same second."""
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    return now.strftime("%Y%m%d-%H%M%S-") + "".join(secrets.choice(alphabet) for _ in range(4))


_dump = json.JSONEncoder(default=repr).encode


def _clean(text: str) -> str:
    """Text of a command line may hold lone surrogates, which SQLite refuses."""
    return text.encode("utf-8", "backslashreplace").decode()


def unknown_session(session_id: str) -> UsageError:
    return UsageError(f"There is no session `{session_id}`; `agentx sessions list` names them.")
