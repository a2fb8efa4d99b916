"""The tables of the memory's file, and the way there from each earlier version."""

import sqlite3
from collections.abc import Callable

from agentx.errors import StorageError

VERSION = 2
"""1 was the store of Chroma's own files, which `agentx_memory.migrate` brings over."""

# A vector of 384 floats leaves a quarter of a page of 4 KB empty.
PAGE_BYTES = 16_384

SPLIT = "\x1f"
"""Stands between the headings of a chunk; the lexical index takes it for a space."""

TABLES = """
-- The vectors of a collection under one model. While it is re-embedded a collection has two, and one is searched.
CREATE TABLE spaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection TEXT NOT NULL,
    model TEXT NOT NULL,
    dimensions INTEGER NOT NULL,
    searched INTEGER NOT NULL,
    UNIQUE (collection, model)
);
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    digest TEXT NOT NULL,
    created TEXT NOT NULL,
    session TEXT NOT NULL,
    untrusted INTEGER NOT NULL,
    chunks INTEGER NOT NULL,
    UNIQUE (collection, key)
);
CREATE INDEX documents_by_source ON documents (collection, source);
-- An id is never used again: each index derived from these rows tells by it what it has and what it lacks.
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES documents (id),
    position INTEGER NOT NULL,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    heading TEXT NOT NULL,
    first_line INTEGER,
    last_line INTEGER,
    page INTEGER
);
CREATE INDEX chunks_by_document ON chunks (document, position);
CREATE INDEX chunks_by_key ON chunks (key);
CREATE TABLE vectors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    space INTEGER NOT NULL REFERENCES spaces (id),
    chunk INTEGER NOT NULL REFERENCES chunks (id),
    vector BLOB NOT NULL
);
CREATE UNIQUE INDEX vectors_by_chunk ON vectors (chunk, space);
CREATE TABLE removed (id INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL, chunk INTEGER NOT NULL);
CREATE VIRTUAL TABLE words USING fts5 (
    text, heading, content = 'chunks', content_rowid = 'id', tokenize = "porter unicode61 remove_diacritics 2"
);
CREATE TRIGGER words_of_new AFTER INSERT ON chunks BEGIN
    INSERT INTO words (rowid, text, heading) VALUES (new.id, new.text, new.heading);
END;
CREATE TRIGGER words_of_old AFTER DELETE ON chunks BEGIN
    INSERT INTO words (words, rowid, text, heading) VALUES ('delete', old.id, old.text, old.heading);
END;
CREATE TRIGGER removed_vectors AFTER DELETE ON vectors BEGIN
    INSERT INTO removed (space, chunk) VALUES (old.space, old.chunk);
END;
"""

STEPS: dict[int, Callable[[sqlite3.Connection], None]] = {}
"""What brings a file of one version to the next; each is run within the transaction that stores the new number."""


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Makes the tables, or brings those of an earlier version up to date; in one transaction, whoever comes first.

    Raises:
        StorageError: the file is of a newer version, or is none of ours.
    """
    if (version := _version(connection)) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        if version > VERSION:
            raise StorageError(
                f"The memory in {path} was written by a newer AgentX (its version is {version}, this one knows "
                f"{VERSION}); update AgentX."
            )
        if version == 0:
            if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                raise StorageError(f"The file {path} is no memory of AgentX; move it away to begin a new one.")
            for statement in statements(TABLES):
                connection.execute(statement)
        while 0 < version < VERSION:
            if version not in STEPS:
                raise StorageError(f"The memory in {path} has the unknown version {version}; update AgentX.")
            STEPS[version](connection)
            version += 1
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def statements(script: str) -> list[str]:
    """Single statements, since `executescript` would commit first."""
    found: list[str] = []
    part = ""
    for line in script.splitlines(keepends=True):
        part += line
        if sqlite3.complete_statement(part):
            found.append(part)
            part = ""
    return found


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
