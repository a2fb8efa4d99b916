"""The nearest chunks of a collection: all are compared up to a size, beyond it Chroma's index is asked."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.errors import StorageError
from agentx_memory.database import Database
from agentx_memory.matrix import Matrix
from agentx_memory.rows import Space
from agentx_memory.store import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agentx_memory.ann import AnnIndex

EXACT_LIMIT = 200_000
"""To compare 100,000 takes 16 ms; Chroma's index, set so that it finds what comparing finds, takes 10 ms and more than
two minutes to build on two cores. At twice that number the memory it spares, 300 MB a process, begins to count."""

MAX_LAG = 500
"""Chunks that were removed since the index was last brought up to date; with more of them it is not asked."""

ANN_FOLDER = "ann"


class Nearest:
    """What searches the vectors of one database, derived from it.

    Args:
        exact_limit: up to so many chunks all are compared.
    """

    def __init__(self, database: Database, exact_limit: int) -> None:
        self._database = database
        self._exact_limit = exact_limit
        self._matrix = Matrix(database)
        self._tail = Matrix(database)

    def search(
        self,
        connection: sqlite3.Connection,
        space: Space,
        vector: "NDArray[Any]",
        limit: int,
        count: Callable[[], int],
        among: "NDArray[Any] | None",
    ) -> list[tuple[int, float]]:
        """Ids and cosine similarities, best first.

        Args:
            count: chunks in the collection; asked only where the answer is not at hand.
            among: ids that may be found; None for all. Among those every one is compared.
        """
        index = self._matrix.held(connection, space)
        if index is None or len(index) > self._exact_limit:
            rows = count()
            if rows > self._exact_limit and among is None and self._database.folder is not None:
                found = self._approximate(connection, space, vector, limit)
                if found is not None:
                    return found
            index = self._matrix.current(connection, space, rows)
        return index.nearest(vector, limit, among)

    def follow(self, space: Space, rows: int, progress: Progress) -> None:
        """Brings Chroma's index up to date; that of a collection that has become small goes, with what it holds."""
        if rows <= self._exact_limit:
            drop_ann(self._database.folder, space)
        elif self._database.folder is not None:
            with self._database.apart() as connection:
                _ann(self._database.folder, space).follow(connection, progress)

    def _approximate(
        self, connection: sqlite3.Connection, space: Space, vector: "NDArray[Any]", limit: int
    ) -> list[tuple[int, float]] | None:
        """None where the index is of no use now."""
        assert self._database.folder is not None
        ann = _ann(self._database.folder, space)
        mark = ann.mark()
        last = connection.execute("SELECT max(id) FROM vectors").fetchone()[0] or 0
        lag = connection.execute(
            "SELECT count(*) FROM removed WHERE id > ? AND space = ?", (mark.last_removed, space.id)
        ).fetchone()[0]
        tail = last - mark.last_vector
        if not mark.rows or lag > MAX_LAG or not 0 <= tail <= self._exact_limit:
            return None
        try:
            near = ann.nearest(connection, vector, limit + lag)
        except StorageError:
            # Damaged, or held by a process that writes to it: all that it tells can be had without it.
            return None
        if tail:
            near += self._tail.current(connection, space, tail, mark.last_vector).nearest(vector, limit)
        return sorted(near, key=lambda item: -item[1])[:limit]


def _ann(folder: Path, space: Space) -> "AnnIndex":
    from agentx_memory.ann import AnnIndex

    return AnnIndex(folder / ANN_FOLDER, space)


def drop_ann(folder: Path | None, space: Space) -> None:
    """Deletes the index of a space that needs none, if it has one."""
    if folder is not None and (ann := _ann(folder, space)).mark().rows:
        ann.drop()
