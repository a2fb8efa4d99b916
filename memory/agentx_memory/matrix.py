"""The vectors of a collection in this process's memory, kept up to date with what any process writes."""

import sqlite3

from agentx_memory.database import Database
from agentx_memory.exact import ExactIndex
from agentx_memory.rows import Space

FETCH_ROWS = 2_000


class Matrix:
    """An exact index of one space at a time. After a write, only the rows that came or went are read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._space = -1
        self._after = 0
        self._version: tuple[int, ...] = ()
        self._last_vector = self._last_removed = 0
        self._index: ExactIndex | None = None

    def held(self, connection: sqlite3.Connection, space: Space) -> ExactIndex | None:
        """The index if it is as the file is now; None where `current` would have to read."""
        same = (self._space, self._version) == (space.id, self._database.version(connection))
        return self._index if same else None

    def current(self, connection: sqlite3.Connection, space: Space, rows: int, after: int = 0) -> ExactIndex:
        """The index as the file is now.

        Args:
            connection: within `Database.reading`.
            rows: about how many there are.
            after: only the vectors with larger ids.
        """
        version = self._database.version(connection)
        same = self._index is not None and (self._space, self._after) == (space.id, after)
        if same and self._index is not None and self._version == version:
            return self._index
        if not same or self._index is None or self._lags_too_far(connection):
            # Whatever interrupts this, half an index is none.
            self._index, self._last_vector = None, after
            index = ExactIndex(space.dimensions)
            index.reserve(rows)
        else:
            index = self._index
            self._take_out(connection, index)
        self._take_in(connection, index, space)
        last = connection.execute("SELECT max(id) FROM removed").fetchone()[0]
        self._last_removed = last or 0
        self._index, self._space, self._after, self._version = index, space.id, after, version
        return index

    def _lags_too_far(self, connection: sqlite3.Connection) -> bool:
        first = connection.execute("SELECT min(id) FROM removed").fetchone()[0]
        return first is not None and first > self._last_removed + 1

    def _take_out(self, connection: sqlite3.Connection, index: ExactIndex) -> None:
        gone = connection.execute(
            "SELECT chunk FROM removed WHERE id > ? AND space = ?", (self._last_removed, self._space)
        ).fetchall()
        if gone:
            index.remove([row[0] for row in gone])

    def _take_in(self, connection: sqlite3.Connection, index: ExactIndex, space: Space) -> None:
        cursor = connection.execute(
            "SELECT id, chunk, vector FROM vectors WHERE id > ? AND space = ? ORDER BY id",
            (self._last_vector, space.id),
        )
        while rows := cursor.fetchmany(FETCH_ROWS):
            index.add([row[1] for row in rows], b"".join([row[2] for row in rows]))
            self._last_vector = rows[-1][0]
