"""A memory as a file, for a backup or another machine: JSON lines, sealed with a passphrase unless that is not wanted.

The first line tells of the collection, each other one is a document with its chunks and their vectors.
"""

import base64
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentx.embedding import Embedder
from agentx.errors import StorageError, UsageError
from agentx_memory.adding import add_documents
from agentx_memory.chunks import Chunk, Document
from agentx_memory.sealing import MAGIC, seal, unseal
from agentx_memory.store import Progress, Put, Store, key_of, no_progress

VERSION = 2


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
        UsageError: the file is no export, is damaged, or the passphrase is wrong.
        ConfigError, StorageError, ModelError: as `add_documents`.
    """
    for _ in _documents(path, passphrase):
        pass
    for model, document, vectors in _documents(path, passphrase):
        if model == store.model:
            yield document, store.put(document, vectors)
        else:
            yield from add_documents(store, embedder, [document])


def _entries(store: Store, progress: Progress) -> Iterator[dict[str, Any]]:
    """The documents that hold anything, each with its chunks and their vectors."""
    documents = store.sources()
    for number, item in enumerate(documents, 1):
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
        progress(number, len(documents))


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _documents(path: Path, passphrase: str | None) -> Iterator[tuple[str, Document, dict[str, Any]]]:
    """The name of the embedding model, a document, and its vectors by key."""
    import numpy as np

    with path.open("rb") as file:
        lines = _split(unseal(file, passphrase)) if passphrase is not None else iter(file)
        try:
            head = json.loads(next(lines, b""))
            if head["agentx_memory"] != VERSION:
                raise UsageError(f"{path} was written by a newer AgentX; update AgentX.")
            for line in lines:
                about = json.loads(line)
                chunks = tuple(map(_chunk, about.pop("chunks")))
                if not chunks:
                    continue
                floats = np.frombuffer(base64.b64decode(about.pop("vectors")), "<f4").reshape(len(chunks), -1)
                vectors = {key_of(chunk): vector for chunk, vector in zip(chunks, floats, strict=True)}
                yield head["model"], Document(chunks=chunks, **about), vectors
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path} is no export of a memory, or was damaged ({type(error).__name__}).") from error


def _chunk(members: dict[str, Any]) -> Chunk:
    heading = tuple(members.pop("heading"))
    return Chunk(heading=heading, **members)


def _split(parts: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        yield from whole
    if rest:
        yield rest
