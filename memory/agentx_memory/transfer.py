"""A memory as a file, for a backup or another machine: JSON lines, sealed with a passphrase unless that is not wanted.

The first line tells of the collection, each other one is a document with its chunks and their vectors.
"""

import base64
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentx.embedding import Embedder
from agentx.errors import StorageError, UsageError
from agentx_memory.adding import add_documents
from agentx_memory.chunks import Document
from agentx_memory.exported import VERSION, documents
from agentx_memory.sealing import MAGIC, seal
from agentx_memory.store import Progress, Put, Store, no_progress

FLOAT_BYTES = 4


def export(store: Store, path: Path, passphrase: str | None, progress: Progress = no_progress) -> int:
    """Writes all documents of a store; returns how many. The file is there whole, for its owner alone, or not at all.

    A document that goes while this runs is in it as it was, or not at all where the store is a server.

    Args:
        passphrase: None leaves the file readable for anyone who has it.

    Raises:
        StorageError: the file cannot be written.
    """
    written = 0

    def lines() -> Iterator[bytes]:
        nonlocal written
        with store.snapshot():
            yield _line({"agentx_memory": VERSION, "collection": store.collection, "model": store.stored_model()})
            for entry in _entries(store, progress):
                yield _line(entry)
                written += 1

    try:
        handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                if passphrase is None:
                    file.writelines(lines())
                else:
                    seal(lines(), passphrase, file)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror}); choose another place.") from error
    return written


def is_sealed(path: Path) -> bool:
    """Whether a passphrase is needed to read an export.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}).") from error


def import_(store: Store, embedder: Embedder, path: Path, passphrase: str | None) -> Iterator[tuple[Document, Put]]:
    """Adds the documents of an export to a store; those that are there already cost nothing.

    All of the file is checked before anything is stored.

    Raises:
        UsageError: the file is no export, is damaged or of a newer version, its vectors are not as long as those of
            the collection, or the passphrase is wrong.
        ConfigError, StorageError, ModelError: as `add_documents`.
    """
    held = _dimensions(store) if store.stored_model() == store.model else 0
    for model, _, vectors in documents(path, passphrase):
        found = len(next(iter(vectors.values())))
        if model == store.model and held not in (0, found):
            raise UsageError(
                f"The vectors in {path} have {found} numbers and those of the collection `{store.collection}` {held}, "
                f"though both are said to be of {model}; they do not mix, so add the documents themselves."
            )
    for model, document, vectors in documents(path, passphrase):
        if model == store.model:
            yield document, store.put(document, vectors)
        else:
            yield from add_documents(store, embedder, [document])


def _entries(store: Store, progress: Progress) -> Iterator[dict[str, Any]]:
    """The documents that hold anything, each with its chunks and their vectors."""
    items = store.sources()
    for number, item in enumerate(items, 1):
        chunks = [chunk for chunk in store.document(item.key) if chunk.document == item.key]
        members = ("text", "heading", "first_line", "last_line", "page")
        about = {name: value for name, value in asdict(item).items() if name != "chunks"}
        shown = [{name: getattr(chunk, name) for name in members} for chunk in chunks]
        try:
            vectors = store.vectors([chunk.id for chunk in chunks])
        except KeyError:
            vectors = b""  # another client of a server has taken it away meanwhile
        if vectors:
            yield {**about, "chunks": shown, "vectors": base64.b64encode(vectors).decode()}
        progress(number, len(items))


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _dimensions(store: Store) -> int:
    """Of the vectors that a store holds; 0 where it holds none."""
    with store.snapshot():
        for item in store.sources():
            for chunk in store.document(item.key)[:1]:
                with suppress(KeyError):  # another client of a server has taken it away meanwhile
                    return len(store.vectors([chunk.id])) // FLOAT_BYTES
    return 0
