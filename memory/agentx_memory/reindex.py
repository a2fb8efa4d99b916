"""The vectors of a collection made anew with another embedding model, while the old ones are still searched."""

import sqlite3
from typing import TYPE_CHECKING

from agentx_memory import rows
from agentx_memory.chunks import Chunk
from agentx_memory.database import Database
from agentx_memory.nearest import drop_ann
from agentx_memory.rows import Space, marks
from agentx_memory.schema import SPLIT
from agentx_memory.store import Progress, embedding_text

if TYPE_CHECKING:
    from agentx_memory.store import Embed

BATCH = 256

_LACKING = (
    "FROM chunks c JOIN documents d ON d.id = c.document WHERE d.collection = ? AND NOT EXISTS (SELECT 1 FROM vectors "
    "v JOIN spaces s ON s.id = v.space WHERE v.chunk = c.id AND s.collection = d.collection AND s.model = ?)"
)


def reindex(database: Database, collection: str, model: str, embed: "Embed", progress: Progress) -> int:
    """Gives each chunk a vector of the model, then searches those alone; returns how many it made.

    What is done when this is interrupted need not be done again. The lexical index is made anew too.
    """
    made = 0
    while (batch := _lacking(database, collection, model)) or not _finish(database, collection, model):
        if not batch:
            continue
        vectors = embed([text for _, text in batch])
        with database.writing() as connection:
            space = _space(connection, collection, model, vectors.shape[1])
            ids = [id for id, _ in batch]
            # One that was removed meanwhile needs no vector.
            held = connection.execute(f"SELECT id FROM chunks WHERE id IN ({marks(ids)})", ids).fetchall()
            still = {row[0] for row in held}
            for id, vector in zip(ids, vectors, strict=True):
                if id in still:
                    rows.add_vector(connection, space, id, vector.astype("<f4").tobytes())
        made += len(batch)
        with database.reading() as connection:
            progress(made, made + _count_lacking(connection, collection, model))
    return made


def _finish(database: Database, collection: str, model: str) -> bool:
    """Whether no chunk lacks a vector, of those that came since the last batch too."""
    with database.writing() as connection:
        connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
        old = rows.searched_space(connection, collection)
        if _count_lacking(connection, collection, model):
            return False
        if old is None or old.model == model:
            return True
        connection.execute("UPDATE spaces SET searched = (model = ?) WHERE collection = ?", (model, collection))
        connection.execute("DELETE FROM vectors WHERE space = ?", (old.id,))
        connection.execute("DELETE FROM removed WHERE space = ?", (old.id,))
        connection.execute("DELETE FROM spaces WHERE id = ?", (old.id,))
    drop_ann(database.folder, old)
    return True


def _lacking(database: Database, collection: str, model: str) -> list[tuple[int, str]]:
    with database.reading() as connection:
        found = connection.execute(
            f"SELECT c.id, c.text, c.heading {_LACKING} ORDER BY c.id LIMIT {BATCH}", (collection, model)
        ).fetchall()
    return [
        (id, embedding_text(Chunk(text, tuple(heading.split(SPLIT)) if heading else ()))) for id, text, heading in found
    ]


def _count_lacking(connection: sqlite3.Connection, collection: str, model: str) -> int:
    return connection.execute(f"SELECT count(*) {_LACKING}", (collection, model)).fetchone()[0]


def _space(connection: sqlite3.Connection, collection: str, model: str, dimensions: int) -> Space:
    row = connection.execute(
        "SELECT id, model, dimensions FROM spaces WHERE collection = ? AND model = ?", (collection, model)
    ).fetchone()
    if row:
        return Space(*row)
    cursor = connection.execute(
        "INSERT INTO spaces (collection, model, dimensions, searched) VALUES (?, ?, ?, 0)",
        (collection, model, dimensions),
    )
    return Space(cursor.lastrowid or 0, model, dimensions)
