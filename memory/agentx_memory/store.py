"""The public face of the memory's storage: the values it takes and gives, and the Protocol that every store keeps.

`open_store()` gives the one that fits: a SQLite file of this machine, or a Chroma server that several share. Importing
this loads no library; NumPy, chromadb and the rest come with what needs them.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from agentx import folders
from agentx_memory.chunks import Chunk, Document

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float32]
    Vectors: TypeAlias = NDArray[np.float32] | Mapping[str, NDArray[np.float32]]
    Embed: TypeAlias = Callable[[Sequence[str]], NDArray[np.float32]]

COLLECTION = "notes"
URL_VARIABLE = "AGENTX_CHROMA_URL"

Scored: TypeAlias = tuple[str, float]
"""A chunk's id and its score, the higher the better."""


@dataclass(frozen=True, slots=True)
class Where:
    """Which chunks may be found; what is empty or None admits all.

    Attributes:
        sources: a document's source or key as it is, or a pattern where it holds `*` or `?` (`*` matches `/` too).
        kinds: as `Document.kind`.
        sessions: as `Document.session`.
        since, until: UTC in ISO 8601, as `Document.created`; from `since` on, before `until`.
    """

    sources: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.sources or self.kinds or self.sessions or self.since or self.until)


ANYWHERE = Where()


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with what a citation needs of its document.

    Attributes:
        id: names it as long as its document holds it; never used again for another.
        key: hash of the text that was embedded (`key_of`): equal for equal chunks of several documents.
        document: `Document.key`, or its source where that is empty.
        created: when the document was stored, UTC in ISO 8601.
        position: place in its document, from 0, of `count` chunks.
    """

    id: str
    key: str
    text: str
    document: str
    source: str
    kind: str
    title: str
    created: str
    session: str
    untrusted: bool
    position: int
    count: int
    heading: tuple[str, ...] = ()
    first_line: int | None = None
    last_line: int | None = None
    page: int | None = None

    @property
    def place(self) -> str:
        """Where it is from, for a person: `notes.md:3-9`, `report.pdf p. 4`, `session ab12`."""
        if self.page is not None:
            return f"{self.source} p. {self.page}"
        if self.first_line is None:
            return self.source
        last = f"-{self.last_line}" if self.last_line not in (None, self.first_line) else ""
        return f"{self.source}:{self.first_line}{last}"


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as it is listed; its members mean what they do in `Document` and `StoredChunk`."""

    key: str
    source: str
    kind: str
    title: str
    digest: str
    created: str
    session: str
    untrusted: bool
    chunks: int


@dataclass(frozen=True, slots=True)
class Put:
    """What a `put` changed, in chunks."""

    added: int = 0
    kept: int = 0
    removed: int = 0


Progress: TypeAlias = Callable[[int, int], None]
"""Told what is done and how much there is."""


def no_progress(done: int, total: int) -> None:
    pass


class Store(Protocol):
    """Documents, their chunks and vectors in one collection. Threads may share a store, and processes a folder.

    Every method raises StorageError where the store cannot be read or written, or where another process writes for more
    than 5 s. `put` and `dense` raise ConfigError where the collection's vectors are another model's.
    """

    collection: str
    model: str

    @property
    def place(self) -> str:
        """Where it lies, for a person: a folder or an address."""
        ...

    @property
    def exists(self) -> bool:
        """Whether anything was ever stored in this place; false without making a file."""
        ...

    def missing(self, document: Document) -> dict[str, str]:
        """The texts that `put` needs vectors for, by their keys; none where the document is stored as it is."""
        ...

    def holds(self, key: str, digest: str) -> bool:
        """Whether this very version of a document is stored; its key is its source where it names none."""
        ...

    def put(self, document: Document, vectors: "Vectors") -> Put:
        """Stores a document in one transaction, in place of what was stored under its key.

        A chunk that it held before keeps its id and vector. A document with the same digest changes nothing.

        Args:
            vectors: of unit length: either one row for each chunk, or by key at least those that `missing` names.

        Raises:
            KeyError: a chunk has no vector, neither here nor stored; ask `missing` again.
        """
        ...

    def remove(self, key: str) -> int:
        """Removes the document with this key; returns how many there were. Others of the same source stay."""
        ...

    def sources(self, where: Where = ANYWHERE) -> list[StoredDocument]:
        """The documents, the last stored first."""
        ...

    def count(self) -> int:
        """Chunks in the collection."""
        ...

    def collections(self) -> dict[str, int]:
        """Chunks in each collection of this place that has any, by its name, in alphabetical order."""
        ...

    def dense(self, vector: "Vector", limit: int, where: Where = ANYWHERE) -> list[Scored]:
        """Ids and cosine similarities of the nearest chunks, best first.

        Args:
            vector: of unit length, shape (dimensions,).
        """
        ...

    def lexical(self, query: str, limit: int, where: Where = ANYWHERE) -> list[Scored]:
        """Ids and BM25 scores (the higher the better) of the chunks that share words with the query, best first."""
        ...

    def chunks(self, ids: Sequence[str]) -> list[StoredChunk]:
        """The chunks in the order of the ids; one that is gone meanwhile is left out."""
        ...

    def neighbours(self, id: str, before: int = 1, after: int = 1) -> list[StoredChunk]:
        """The chunks that stand before and after one in its document, in order and without itself."""
        ...

    def document(self, source: str) -> list[StoredChunk]:
        """All chunks of the documents whose key or source this is, in order."""
        ...

    def vectors(self, ids: Sequence[str]) -> bytes:
        """The vectors of chunks, one after the other as little-endian float32, whatever their model.

        Raises:
            KeyError: one of them is gone.
        """
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Within it this thread reads one state, whatever others write; a server, without transactions, has none."""
        ...

    def stored_model(self) -> str:
        """Name of the embedding model whose vectors are searched; "" where there are none yet."""
        ...

    def reindex(self, embed: "Embed", progress: Progress = no_progress) -> int:
        """Gives each chunk a vector of this store's model in place of another's; returns how many it made.

        Args:
            embed: texts to one row each, of unit length.
        """
        ...

    def follow(self, progress: Progress = no_progress) -> None:
        """After much was put: brings up to date whatever index is derived from the chunks."""
        ...

    def compact(self) -> None:
        """After something was removed: leaves nothing of it in the files."""
        ...

    def close(self) -> None:
        """Lets go of its files; the next use opens them again."""
        ...


def embedding_text(chunk: Chunk | StoredChunk) -> str:
    """What is embedded of a chunk."""
    return chunk.text


def key_of(chunk: Chunk | StoredChunk) -> str:
    """Hash of what is embedded and searched of a chunk: the same key, the same vector."""
    parts = "\x1f".join((*chunk.heading, "", embedding_text(chunk)))
    return hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()[:32]


def key_of_document(document: Document) -> str:
    return document.key or document.source


def memory_folder() -> Path:
    """Where the store lies by default; `AGENTX_DATA_DIR` moves it."""
    return folders.data_dir() / "memory"


def open_store(model: str, path: Path | None = None, collection: str = COLLECTION, url: str | None = None) -> Store:
    """The store of a folder, or of the Chroma server that `AGENTX_CHROMA_URL` names; nothing is read or made yet.

    Args:
        model: name of the embedding model whose vectors are put and asked for; "" for a use that needs none.
        path: folder of the store, by default `memory` in the data folder; a server knows no folders.
        url: address of a Chroma server, such as `http://localhost:8000`; "" for none whatever the environment says.

    Raises:
        ConfigError: the collection's name, or the server's address, cannot be one.
    """
    address = os.environ.get(URL_VARIABLE, "") if url is None else url
    if address:
        from agentx_memory.server import ServerStore

        return ServerStore(address, model, collection)
    from agentx_memory.local import LocalStore

    return LocalStore((path or memory_folder()).expanduser().absolute(), model, collection)
