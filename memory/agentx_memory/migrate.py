"""Brings over what the first AgentX remembered in files of Chroma's, so that nothing is lost."""

import hashlib
import re
import shutil
import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any

from agentx_memory import rows
from agentx_memory.chunks import Chunk, Document
from agentx_memory.database import OLD_FILE
from agentx_memory.rows import Space
from agentx_memory.store import key_of

PAGE = 1_000


def bring_over(folder: Path, connection: sqlite3.Connection) -> None:
    """Stores what the old files hold, in one transaction, and deletes them afterwards: once forgotten is forgotten.

    Raises:
        StorageError: the old files cannot be read.
    """
    from agentx_memory.client import client_folder

    old = client_folder(folder)
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not (folder / OLD_FILE).exists():
            return
        with old.reading() as client:
            for name in [collection.name for collection in client.list_collections()]:
                _bring(client.get_collection(name, embedding_function=None), connection)
            connection.execute("COMMIT")
        old.close()
        _delete(folder)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _bring(collection: Any, connection: sqlite3.Connection) -> None:
    space: Space | None = None
    for members in _texts(collection).values():
        members.sort(key=lambda member: member[1].get("piece", 0))
        about = members[0][1]
        text = "".join(text for text, _, _ in members)
        whole = len(members) == about.get("pieces", len(members))
        digest = hashlib.sha256(text.encode()).hexdigest()
        if space is None:
            space = _space(connection, collection, len(members[0][2]))
        chunks = tuple(Chunk(text) for text, _, _ in members)
        document = Document(
            source=str(about.get("source", "note")),
            kind="note",
            # Without one, the next `remember` of that text completes it.
            digest=digest if whole else "",
            chunks=chunks,
            untrusted=bool(about.get("untrusted")),
            key=f"note {about.get('text', digest[:32])}",
            session=str(about.get("source", "")).removeprefix("session ") if _is_session(about) else "",
            created=str(about.get("created", "")),
        )
        if not rows.is_stored(connection, collection.name, document):
            vectors = {key_of(chunk): member[2] for chunk, member in zip(chunks, members, strict=True)}
            rows.replace(connection, collection.name, document, space, vectors)


def _is_session(about: dict[str, Any]) -> bool:
    return str(about.get("source", "")).startswith("session ")


def _texts(collection: Any) -> dict[str, list[tuple[str, dict[str, Any], Any]]]:
    """The pieces of each text: what they say, what is told of them, and their vectors."""
    found: dict[str, list[tuple[str, dict[str, Any], Any]]] = defaultdict(list)
    for start in range(0, collection.count(), PAGE):
        part = collection.get(include=["documents", "metadatas", "embeddings"], limit=PAGE, offset=start)
        for id, text, about, vector in zip(
            part["ids"], part["documents"], part["metadatas"], part["embeddings"], strict=True
        ):
            if text is not None:
                about = dict(about or {})
                found[str(about.get("text", id))].append((text, about, vector))
    return found


def _space(connection: sqlite3.Connection, collection: Any, dimensions: int) -> Space:
    model = str((collection.metadata or {}).get("embedding", "an unknown model"))
    if (space := rows.searched_space(connection, collection.name)) is not None:
        return space
    return rows.new_space(connection, collection.name, model, dimensions)


def _delete(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", path.name):
            shutil.rmtree(path, ignore_errors=True)
    # This one last: as long as it is there, all is brought over again.
    for name in ("last_write", f"{OLD_FILE}-journal", f"{OLD_FILE}-wal", f"{OLD_FILE}-shm", OLD_FILE):
        (folder / name).unlink(missing_ok=True)
