"""The world of the kill benchmark: effects that arrive in one SQLite file, as at a service that answers after a while.

Imports nothing but the standard library, since each peer runs it in an environment of its own.
"""

import sqlite3
import time
from pathlib import Path

LATENCY_S = 0.01
"""How long a request is on its way, and its answer once more."""

_LAYOUT = """
CREATE TABLE IF NOT EXISTS deliveries (number INTEGER PRIMARY KEY, kind TEXT, text TEXT, key TEXT, applied INTEGER);
CREATE TABLE IF NOT EXISTS seen (number INTEGER PRIMARY KEY, text TEXT);
"""


class Bank:
    """Where effects are delivered, and what the model has been shown. May be used from several threads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "bank.sqlite3"
        self._write(lambda connection: connection.executescript(_LAYOUT))

    def deliver(self, kind: str, text: str, key: str | None = None) -> str:
        """Carries out an effect; one whose idempotency key was delivered before changes nothing."""
        time.sleep(LATENCY_S)

        def insert(connection: sqlite3.Connection) -> None:
            known = key is not None and connection.execute("SELECT 1 FROM deliveries WHERE key = ?", [key]).fetchone()
            row = (kind, text, key, 0 if known else 1)
            connection.execute("INSERT INTO deliveries (kind, text, key, applied) VALUES (?, ?, ?, ?)", row)

        self._write(insert)
        time.sleep(LATENCY_S)
        return f"{kind} {text}: done"

    def applied(self, kind: str, text: str) -> int:
        """How often an effect has happened."""
        return self._count("kind = ? AND text = ? AND applied", kind, text)

    def ignored(self) -> int:
        """Deliveries whose key was known."""
        return self._count("NOT applied")

    def saw(self, text: str) -> None:
        """Notes all that the model is shown with a request."""
        self._write(lambda connection: connection.execute("INSERT INTO seen (text) VALUES (?)", [text]))

    def seen(self) -> list[str]:
        connection = self._connection()
        try:
            return [text for (text,) in connection.execute("SELECT text FROM seen ORDER BY number")]
        finally:
            connection.close()

    def _count(self, where: str, *values: str) -> int:
        connection = self._connection()
        try:
            return connection.execute(f"SELECT COUNT(*) FROM deliveries WHERE {where}", values).fetchone()[0]
        finally:
            connection.close()

    def _write(self, change: object) -> None:
        connection = self._connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
            change(connection)  # type: ignore[operator]
            connection.commit()
        finally:
            connection.close()

    def _connection(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30, isolation_level=None)
