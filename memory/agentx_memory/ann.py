"""Chroma's approximate index over the vectors of a large collection: derived from our file, and made anew from it."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from agentx_memory.client import ClientFolder, Damaged, client_folder
from agentx_memory.hnsw import HNSW
from agentx_memory.rows import Space, in_parts, marks
from agentx_memory.store import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 500
"""Vectors that are written at a time: what keeps the lock well under a second."""

PROBES = 8
"""Vectors of which most must be found, from the first to the last."""

ROUNDING = 1e-3

Row: TypeAlias = tuple[int, int, str, bytes]
"""Of a vector: its own id, its chunk's id and key, and its floats."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an index has come.

    Attributes:
        last_vector, last_removed: the last rows of these tables that it has followed.
        rows: vectors in it.
    """

    last_vector: int = 0
    last_removed: int = 0
    rows: int = 0


class AnnIndex:
    """The index of one space, in a folder of Chroma's own.

    Its ids hold the chunk's content hash: whatever became of either file, a row that is not what our file holds under
    its id is not found.
    """

    def __init__(self, folder: Path, space: Space) -> None:
        self._folder: ClientFolder = client_folder(folder)
        self._space = space
        self._name = f"space-{space.id}"
        self._marks = folder / f"{self._name}.json"

    def mark(self) -> Mark:
        try:
            return Mark(**json.loads(self._marks.read_text()))
        except (OSError, ValueError, TypeError):
            return Mark()

    def nearest(self, connection: sqlite3.Connection, vector: "NDArray[Any]", limit: int) -> list[tuple[int, float]]:
        """Ids and cosine similarities of about the nearest of the chunks that it has followed, best first.

        What our file holds no more is left out, so that there may be fewer than asked for.
        """
        with self._folder.reading() as client:
            if (found := self._found(client)) is None:
                return []
            result = found.query(query_embeddings=[vector], n_results=limit, include=["distances"])
        pairs = zip(result["ids"][0], result["distances"][0], strict=True)
        return self._held(connection, {id: 1.0 - distance for id, distance in pairs})

    def follow(self, connection: sqlite3.Connection, progress: Progress) -> None:
        """Brings the index up to what our file holds, a batch at a time; one that is damaged is made anew.

        Args:
            connection: may see new rows from batch to batch.
        """
        try:
            self._follow(connection, progress)
            if self._finds(connection):
                return
        except Damaged:
            pass
        self._folder.clear()
        self._follow(connection, progress)

    def _follow(self, connection: sqlite3.Connection, progress: Progress) -> None:
        self._take_out(connection)
        mark = self.mark()
        total = connection.execute("SELECT count(*) FROM vectors WHERE space = ?", (self._space.id,)).fetchone()[0]
        for rows in _batches(connection, self._space, mark.last_vector):
            with self._folder.writing() as client:
                self._add(client, rows)
                mark = Mark(rows[-1][0], mark.last_removed, mark.rows + len(rows))
                self._write(mark)
            progress(min(mark.rows, total), total)
        if not self._is_whole(connection, mark):
            self._compare(connection)

    def drop(self) -> None:
        self._marks.unlink(missing_ok=True)
        try:
            with self._folder.writing() as client:
                if self._found(client) is not None:
                    client.delete_collection(self._name)
        except Damaged:
            self._folder.clear()

    def _take_out(self, connection: sqlite3.Connection) -> None:
        mark = self.mark()
        first, last = connection.execute("SELECT min(id), max(id) FROM removed").fetchone()
        if first is None or last == mark.last_removed:
            return
        gone = connection.execute(
            "SELECT chunk FROM removed WHERE id > ? AND space = ?", (mark.last_removed, self._space.id)
        ).fetchall()
        with self._folder.writing() as client:
            if (found := self._found(client)) is not None:
                for part in in_parts([row[0] for row in gone]):
                    found.delete(where={"chunk": {"$in": part}})
                self._write(Mark(mark.last_vector, last, found.count()))

    def _is_whole(self, connection: sqlite3.Connection, mark: Mark) -> bool:
        total = connection.execute("SELECT count(*) FROM vectors WHERE space = ?", (self._space.id,)).fetchone()[0]
        with self._folder.reading() as client:
            found = self._found(client)
            return (found.count() if found is not None else 0) == mark.rows == total

    def _finds(self, connection: sqlite3.Connection) -> bool:
        """Whether vectors that it should hold are found: lost or cut files of its graph are no error to Chroma."""
        ids = connection.execute("SELECT min(id), max(id) FROM vectors WHERE space = ?", (self._space.id,)).fetchone()
        if ids[0] is None:
            return True
        step = (ids[1] - ids[0]) / PROBES
        found = 0
        for number in range(PROBES):
            (vector,) = connection.execute(
                "SELECT vector FROM vectors WHERE space = ? AND id >= ? ORDER BY id LIMIT 1",
                (self._space.id, int(ids[0] + number * step)),
            ).fetchone()
            near = self.nearest(connection, _floats(vector), 1)
            # Equal chunks of several documents have equal vectors.
            found += bool(near) and near[0][1] > 1 - ROUNDING
        return found > PROBES / 2

    def _compare(self, connection: sqlite3.Connection) -> None:
        """Puts right, by ids and content hashes, what the marks have missed."""
        lacking = {
            _id(chunk, key): row
            for row, chunk, key in connection.execute(
                "SELECT v.id, c.id, c.key FROM vectors v JOIN chunks c ON c.id = v.chunk WHERE v.space = ?",
                (self._space.id,),
            )
        }
        total, last = len(lacking), max(lacking.values(), default=0)
        removed = connection.execute("SELECT max(id) FROM removed").fetchone()[0] or 0
        with self._folder.writing() as client:
            found = self._made(client)
            held: list[str] = found.get(include=[])["ids"]
            for part in in_parts([id for id in held if id not in lacking]):
                found.delete(ids=part)
        for id in held:
            lacking.pop(id, None)
        for part in in_parts(list(lacking.values())):
            rows = connection.execute(f"{_ROWS} WHERE v.id IN ({marks(part)}) ORDER BY v.id", part).fetchall()
            with self._folder.writing() as client:
                self._add(client, rows)
        self._write(Mark(last, removed, total))

    def _add(self, client: Any, rows: Sequence[Row]) -> None:
        self._made(client).upsert(
            ids=[_id(chunk, key) for _, chunk, key, _ in rows],
            embeddings=_floats(b"".join([row[3] for row in rows])).reshape(len(rows), -1),
            metadatas=[{"chunk": chunk} for _, chunk, _, _ in rows],
        )

    def _held(self, connection: sqlite3.Connection, scores: dict[str, float]) -> list[tuple[int, float]]:
        numbers = [int(id.partition("-")[0]) for id in scores]
        found = {
            _id(chunk, key): chunk
            for part in in_parts(numbers)
            for chunk, key in connection.execute(
                "SELECT c.id, c.key FROM chunks c JOIN vectors v ON v.chunk = c.id "
                f"WHERE v.space = ? AND c.id IN ({marks(part)})",
                (self._space.id, *part),
            )
        }
        return [(found[id], score) for id, score in scores.items() if id in found]

    def _made(self, client: Any) -> Any:
        # Given no embedding function of ours, Chroma would download a model of its own.
        return client.get_or_create_collection(self._name, configuration={"hnsw": HNSW}, embedding_function=None)

    def _found(self, client: Any) -> Any | None:
        from chromadb.errors import NotFoundError

        try:
            return client.get_collection(self._name, embedding_function=None)
        except NotFoundError:
            return None

    def _write(self, mark: Mark) -> None:
        part = self._marks.with_suffix(".part")
        part.write_text(json.dumps(asdict(mark)))
        part.replace(self._marks)


_ROWS = "SELECT v.id, c.id, c.key, v.vector FROM vectors v JOIN chunks c ON c.id = v.chunk"


def _batches(connection: sqlite3.Connection, space: Space, last: int) -> Iterator[list[Row]]:
    while rows := connection.execute(
        f"{_ROWS} WHERE v.space = ? AND v.id > ? ORDER BY v.id LIMIT ?", (space.id, last, BATCH)
    ).fetchall():
        yield rows
        last = rows[-1][0]


def _floats(vectors: bytes) -> "NDArray[Any]":
    import numpy as np

    return np.frombuffer(vectors, "<f4")


def _id(chunk: int, key: str) -> str:
    return f"{chunk}-{key[:16]}"
