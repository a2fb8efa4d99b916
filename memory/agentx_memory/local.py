"""The store of one machine: a SQLite file is the truth, and what searches the vectors is derived from it."""

import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.errors import ConfigError
from agentx_memory import rows
from agentx_memory.chunks import Document
from agentx_memory.database import Database
from agentx_memory.filters import condition
from agentx_memory.naming import check_name
from agentx_memory.nearest import EXACT_LIMIT, Nearest
from agentx_memory.query_words import query_words
from agentx_memory.reindex import reindex
from agentx_memory.rows import CHUNK, DOCUMENT, Space
from agentx_memory.store import (
    ANYWHERE,
    COLLECTION,
    Progress,
    Put,
    Scored,
    StoredChunk,
    StoredDocument,
    Where,
    embedding_text,
    key_of,
    no_progress,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agentx_memory.store import Embed, Vector, Vectors


MAX_DIGITS = 18
"""Of a row's number, which SQLite keeps in 64 bits."""


MERGED_PAGES = 1_000
"""Of the index of words that are written at once, 4 MB: some milliseconds."""


class LocalStore:
    """See `agentx_memory.store.Store`.

    Args:
        folder: absolute path of the folder that holds the file; None keeps all in memory, for tests.
        model: name of the embedding model.
        collection: name of the collection in it.
        exact_limit: up to so many chunks a search compares all of them; beyond, it asks Chroma's index.

    Raises:
        ConfigError: the collection's name is not one that Chroma takes.
    """

    def __init__(
        self, folder: Path | None, model: str, collection: str = COLLECTION, exact_limit: int = EXACT_LIMIT
    ) -> None:
        check_name(collection)
        self.folder = folder
        self.model = model
        self.collection = collection
        self.database = Database(folder)
        self._nearest = Nearest(self.database, exact_limit)

    @property
    def place(self) -> str:
        return self.database.place

    @property
    def exists(self) -> bool:
        return self.database.exists

    def missing(self, document: Document) -> dict[str, str]:
        wanted = {key_of(chunk): embedding_text(chunk) for chunk in document.chunks}
        if not self.exists:
            return wanted
        with self.database.reading() as connection:
            space = self._own_space(connection)
            if rows.is_stored(connection, self.collection, document):
                return {}
            known = rows.known_keys(connection, space, wanted) if space else set[str]()
        return {key: text for key, text in wanted.items() if key not in known}

    def holds(self, key: str, digest: str) -> bool:
        found = "SELECT 1 FROM documents WHERE collection = ? AND key = ? AND digest = ?"
        return bool(self._rows(found, [self.collection, key, digest]))

    def put(self, document: Document, vectors: "Vectors") -> Put:
        given = _by_key(document, vectors)
        with self.database.writing() as connection:
            space = self._own_space(connection)
            if rows.is_stored(connection, self.collection, document):
                return Put(kept=len(document.chunks))
            if space is None and document.chunks:
                dimensions = next(iter(given.values())).shape[-1]
                space = rows.new_space(connection, self.collection, self.model, dimensions)
            return rows.replace(connection, self.collection, document, space, given)

    def remove(self, key: str) -> int:
        if not self.exists:
            return 0
        with self.database.writing() as connection:
            found = connection.execute(
                "SELECT id FROM documents WHERE collection = ? AND key = ?", (self.collection, key)
            ).fetchall()
            rows.delete_documents(connection, [row[0] for row in found])
        return len(found)

    def sources(self, where: Where = ANYWHERE) -> list[StoredDocument]:
        test, values = condition(self.collection, where)
        found = self._rows(f"{DOCUMENT} WHERE {test} ORDER BY created DESC, id DESC", values)
        return [rows.as_document(row) for row in found]

    def count(self) -> int:
        found = self._rows("SELECT sum(chunks) FROM documents WHERE collection = ?", [self.collection])
        return (found[0][0] or 0) if found else 0

    def collections(self) -> dict[str, int]:
        return dict(self._rows("SELECT collection, sum(chunks) FROM documents GROUP BY 1 HAVING sum(chunks) > 0", []))

    def dense(self, vector: "Vector", limit: int, where: Where = ANYWHERE) -> list[Scored]:
        if limit < 1 or not self.exists:
            return []
        with self.database.reading() as connection:
            if (space := self._own_space(connection)) is None:
                return []
            among = None if where.is_empty else self._ids(connection, where)
            found = self._nearest.search(connection, space, vector, limit, self.count, among)
        # Rounding may take the similarity of equal vectors beyond 1.
        return [(str(id), min(1.0, score)) for id, score in found]

    def lexical(self, query: str, limit: int, where: Where = ANYWHERE) -> list[Scored]:
        words = query_words(query)
        if limit < 1 or not words or not self.exists:
            return []
        match = " OR ".join(f'"{word}"' for word in words)
        with self.database.reading() as connection:
            alone = not connection.execute(
                "SELECT 1 FROM spaces WHERE collection <> ? LIMIT 1", (self.collection,)
            ).fetchall()
            if where.is_empty and alone:
                found = connection.execute(
                    "SELECT rowid, rank FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?", (match, limit)
                )
            else:
                test, values = condition(self.collection, where)
                found = connection.execute(
                    "SELECT c.id, words.rank FROM words JOIN chunks c ON c.id = words.rowid "
                    f"JOIN documents d ON d.id = c.document WHERE words MATCH ? AND {test} ORDER BY 2, 1 LIMIT ?",
                    (match, *values, limit),
                )
            return [(str(id), -rank) for id, rank in found.fetchall()]

    def chunks(self, ids: Sequence[str]) -> list[StoredChunk]:
        wanted = _numbers(ids)
        found = [
            rows.as_chunk(row)
            for part in rows.in_parts(wanted)
            for row in self._rows(
                f"{CHUNK} WHERE c.id IN ({rows.marks(part)}) AND d.collection = ?", [*part, self.collection]
            )
        ]
        by_id = {chunk.id: chunk for chunk in found}
        return [by_id[id] for id in ids if id in by_id]

    def neighbours(self, id: str, before: int = 1, after: int = 1) -> list[StoredChunk]:
        if not (numbers := _numbers([id])):
            return []
        found = self._rows(
            f"{CHUNK} JOIN chunks o ON o.document = c.document WHERE o.id = ? AND d.collection = ? AND c.id <> o.id "
            "AND c.position BETWEEN o.position - ? AND o.position + ? ORDER BY c.position",
            [*numbers, self.collection, before, after],
        )
        return [rows.as_chunk(row) for row in found]

    def document(self, source: str) -> list[StoredChunk]:
        found = self._rows(
            f"{CHUNK} WHERE d.collection = ? AND (d.key = ? OR d.source = ?) ORDER BY d.id, c.position",
            [self.collection, source, source],
        )
        return [rows.as_chunk(row) for row in found]

    def follow(self, progress: Progress = no_progress) -> None:
        """Brings the index of a large collection up to date, if it has one, and joins what each document has added to
        that of words: a search reads every piece of it."""
        if not self.exists:
            return
        with self.database.reading() as connection:
            space = rows.searched_space(connection, self.collection)
            [(in_pieces,)] = connection.execute("SELECT min(segid) <> max(segid) FROM words_idx").fetchall()
        if in_pieces:
            with self.database.writing() as connection:
                connection.execute("INSERT INTO words(words, rank) VALUES ('merge', ?)", (-MERGED_PAGES,))
        if space is not None:
            self._nearest.follow(space, self.count(), progress)

    def reindex(self, embed: "Embed", progress: Progress = no_progress) -> int:
        if not self.exists:
            return 0
        made = reindex(self.database, self.collection, self.model, embed, progress)
        self.follow(progress)
        return made

    def vectors(self, ids: Sequence[str]) -> bytes:
        found = {
            str(id): vector
            for part in rows.in_parts(_numbers(ids))
            for id, vector in self._rows(
                "SELECT v.chunk, v.vector FROM vectors v JOIN spaces s ON s.id = v.space "
                f"WHERE s.searched AND s.collection = ? AND v.chunk IN ({rows.marks(part)})",
                [self.collection, *part],
            )
        }
        return b"".join([found[id] for id in ids])

    @contextmanager
    def snapshot(self) -> Generator[None]:
        if not self.exists:
            yield
            return
        with self.database.reading():
            yield

    def stored_model(self) -> str:
        found = self._rows("SELECT model FROM spaces WHERE collection = ? AND searched", [self.collection])
        return found[0][0] if found else ""

    def compact(self) -> None:
        if self.exists:
            self.follow()
            self.database.compact()

    def close(self) -> None:
        self.database.close()

    def _rows(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        if not self.exists:
            return []
        with self.database.reading() as connection:
            return connection.execute(query, values).fetchall()

    def _ids(self, connection: sqlite3.Connection, where: Where) -> "NDArray[Any]":
        import numpy as np

        test, values = condition(self.collection, where)
        found = connection.execute(
            f"SELECT c.id FROM documents d JOIN chunks c ON c.document = d.id WHERE {test} ORDER BY c.id", values
        )
        return np.fromiter((row[0] for row in found), np.int64)

    def _own_space(self, connection: sqlite3.Connection) -> Space | None:
        space = rows.searched_space(connection, self.collection)
        if space and space.model != self.model:
            raise ConfigError(
                f"The collection `{self.collection}` in {self.database.place} was made with the embedding model "
                f"{space.model}, not {self.model or 'an unnamed one'}, and vectors of two models do not mix; "
                "`agentx memory reindex` makes its vectors anew."
            )
        return space


def _numbers(ids: Sequence[str]) -> list[int]:
    """The rows that ids name; what a person types may name none, or a number that no row can have."""
    return [int(id) for id in ids if id.isdecimal() and len(id) <= MAX_DIGITS]


def _by_key(document: Document, vectors: "Vectors") -> "Mapping[str, NDArray[Any]]":
    if isinstance(vectors, Mapping):
        return vectors
    if len(vectors) != len(document.chunks):
        raise ValueError(f"{len(vectors)} vectors for {len(document.chunks)} chunks")
    return {key_of(chunk): vector for chunk, vector in zip(document.chunks, vectors, strict=True)}
