"""What is read from the memory's tables and written to them, within a transaction of the caller's."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agentx_memory.chunks import Chunk, Document
from agentx_memory.schema import SPLIT
from agentx_memory.store import Put, StoredChunk, StoredDocument, key_of, key_of_document

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_REMOVED = 50_000
"""Removals that are kept for indexes that lag behind; one that lags more is made anew."""

MAX_VALUES = 500
"""Values of one statement: SQLite before 3.32 took 999."""


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors of a collection under one model."""

    id: int
    model: str
    dimensions: int


def searched_space(connection: sqlite3.Connection, collection: str) -> Space | None:
    row = connection.execute(
        "SELECT id, model, dimensions FROM spaces WHERE collection = ? AND searched", (collection,)
    ).fetchone()
    return Space(*row) if row else None


def new_space(connection: sqlite3.Connection, collection: str, model: str, dimensions: int) -> Space:
    """Makes the space that is searched from now on."""
    cursor = connection.execute(
        "INSERT INTO spaces (collection, model, dimensions, searched) VALUES (?, ?, ?, 1)",
        (collection, model, dimensions),
    )
    return Space(cursor.lastrowid or 0, model, dimensions)


def known_keys(connection: sqlite3.Connection, space: Space, keys: Iterable[str]) -> set[str]:
    """Those of the keys that have a vector in the space."""
    return {
        row[0]
        for part in in_parts(list(keys))
        for row in connection.execute(
            "SELECT c.key FROM chunks c JOIN vectors v ON v.chunk = c.id AND v.space = ? "
            f"WHERE c.key IN ({marks(part)})",
            (space.id, *part),
        )
    }


def is_stored(connection: sqlite3.Connection, collection: str, document: Document) -> bool:
    row = connection.execute(
        "SELECT 1 FROM documents WHERE collection = ? AND key = ? AND digest = ?",
        (collection, key_of_document(document), document.digest),
    ).fetchone()
    return row is not None


def replace(
    connection: sqlite3.Connection,
    collection: str,
    document: Document,
    space: Space | None,
    vectors: Mapping[str, "NDArray[np.float32]"],
) -> Put:
    """Writes a document in place of what is stored under its key; see `Store.put`.

    Args:
        space: where its vectors go; None for a document without chunks.
    """
    held = connection.execute(
        "SELECT c.key, c.id FROM chunks c JOIN documents d ON d.id = c.document "
        "WHERE d.collection = ? AND d.key = ? ORDER BY c.position DESC",
        (collection, key_of_document(document)),
    ).fetchall()
    spare: dict[str, list[int]] = defaultdict(list)
    for key, id in held:
        spare[key].append(id)
    document_id = _write_document(connection, collection, document)
    added = 0
    for position, chunk in enumerate(document.chunks):
        key = key_of(chunk)
        place = (position, chunk.first_line, chunk.last_line, chunk.page)
        if ids := spare[key]:
            connection.execute(
                "UPDATE chunks SET position = ?, first_line = ?, last_line = ?, page = ? WHERE id = ?",
                (*place, ids.pop()),
            )
        else:
            assert space is not None
            _insert(connection, document_id, chunk, key, place, space, vectors)
            added += 1
    gone = [id for ids in spare.values() for id in ids]
    delete_chunks(connection, gone)
    return Put(added, len(document.chunks) - added, len(gone))


def _write_document(connection: sqlite3.Connection, collection: str, document: Document) -> int:
    values = (
        document.source,
        document.kind,
        document.title,
        document.digest,
        document.created or datetime.now(UTC).isoformat(timespec="seconds"),
        document.session,
        document.untrusted,
        len(document.chunks),
    )
    key = key_of_document(document)
    return connection.execute(
        "INSERT INTO documents (collection, key, source, kind, title, digest, created, session, untrusted, chunks) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (collection, key) DO UPDATE SET source = excluded.source, "
        "kind = excluded.kind, title = excluded.title, digest = excluded.digest, created = excluded.created, "
        "session = excluded.session, untrusted = excluded.untrusted, chunks = excluded.chunks RETURNING id",
        (collection, key, *values),
    ).fetchall()[0][0]


def _insert(
    connection: sqlite3.Connection,
    document: int,
    chunk: Chunk,
    key: str,
    place: tuple[int | None, ...],
    space: Space,
    vectors: Mapping[str, "NDArray[np.float32]"],
) -> None:
    vector = vectors.get(key)
    blob = vector.astype("<f4").tobytes() if vector is not None else _stored_vector(connection, space, key)
    cursor = connection.execute(
        "INSERT INTO chunks (document, key, text, heading, position, first_line, last_line, page) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (document, key, chunk.text, SPLIT.join(chunk.heading), *place),
    )
    add_vector(connection, space, cursor.lastrowid, blob)


def add_vector(connection: sqlite3.Connection, space: Space, chunk: int | None, blob: bytes) -> None:
    if len(blob) != 4 * space.dimensions:
        raise ValueError(f"a vector has {len(blob) // 4} dimensions, those of {space.model} have {space.dimensions}")
    connection.execute("INSERT INTO vectors (space, chunk, vector) VALUES (?, ?, ?)", (space.id, chunk, blob))


def _stored_vector(connection: sqlite3.Connection, space: Space, key: str) -> bytes:
    row = connection.execute(
        "SELECT v.vector FROM chunks c JOIN vectors v ON v.chunk = c.id AND v.space = ? WHERE c.key = ? LIMIT 1",
        (space.id, key),
    ).fetchone()
    if row is None:
        raise KeyError(key)
    return row[0]


def delete_chunks(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    for part in in_parts(ids):
        connection.execute(f"DELETE FROM vectors WHERE chunk IN ({marks(part)})", part)
        connection.execute(f"DELETE FROM chunks WHERE id IN ({marks(part)})", part)
    connection.execute("DELETE FROM removed WHERE id <= (SELECT max(id) FROM removed) - ?", (MAX_REMOVED,))


def delete_documents(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    for part in in_parts(ids):
        rows = connection.execute(f"SELECT id FROM chunks WHERE document IN ({marks(part)})", part).fetchall()
        delete_chunks(connection, [row[0] for row in rows])
        connection.execute(f"DELETE FROM documents WHERE id IN ({marks(part)})", part)


CHUNK = (
    "SELECT c.id, c.key, c.text, d.key, d.source, d.kind, d.title, d.created, d.session, d.untrusted, c.position, "
    "d.chunks, c.heading, c.first_line, c.last_line, c.page FROM chunks c JOIN documents d ON d.id = c.document "
)
"""What `as_chunk` takes a row of."""

DOCUMENT = "SELECT key, source, kind, title, digest, created, session, untrusted, chunks FROM documents d "
"""What `as_document` takes a row of."""


def as_chunk(row: tuple[object, ...]) -> StoredChunk:
    values: list[object] = list(row)
    values[0] = str(row[0])
    values[9] = bool(row[9])
    values[12] = tuple(str(row[12]).split(SPLIT)) if row[12] else ()
    return StoredChunk(*values)  # pyright: ignore[reportArgumentType]


def as_document(row: tuple[object, ...]) -> StoredDocument:
    values: list[object] = list(row)
    values[7] = bool(row[7])
    return StoredDocument(*values)  # pyright: ignore[reportArgumentType]


def in_parts(values: Sequence[object]) -> Iterable[list[object]]:
    for start in range(0, len(values), MAX_VALUES):
        yield list(values[start : start + MAX_VALUES])


def marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
