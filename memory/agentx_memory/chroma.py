"""A Memory on Chroma's embedded client, with vectors of our own."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx import folders
from agentx.errors import ConfigError, UsageError
from agentx.memory import MemoryHit
from agentx_memory.client import client_folder
from agentx_memory.embedder import Embedder, MiniLmEmbedder
from agentx_memory.exact import ExactIndex

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

HNSW = {"space": "cosine", "ef_construction": 200, "max_neighbors": 32, "ef_search": 1000}
"""Recall@5 against exact search over random unit vectors, the hardest case: 1.0 at 2,000 and at 10,000, where Chroma's
defaults reach 0.93 and 0.54. A query takes 1.2 ms and 2.7 ms."""

EXACT_LIMIT = 10_000
"""Chroma's index loses vectors among equal ones, with the settings above too: it never found the one piece that
differed among 301. So it is asked only where comparing all would cost: at 10,000 pieces, 5 ms a query and 0.4 s for
the first one after a write."""

MAX_WRITE = 500
"""Pieces that are written at a time: what keeps the lock well under a second."""


class ChromaMemory:
    """Texts in a collection of a folder; nothing is read, made or loaded before the first use.

    A text longer than the embedder sees is stored in pieces, each a hit of its own with the id `TEXT_ID-00000` and so
    on. Threads may share a memory, and processes may share a folder: see `agentx_memory.client`.

    Args:
        path: folder of the store, by default `memory` in the data folder.
        collection: name of the collection in it.
        embedder: what makes the vectors, by default MiniLM.
        exact_limit: up to so many pieces a search compares all of them; beyond, it asks Chroma's index.

    Raises:
        ConfigError: the collection's name is not one that Chroma takes.
    """

    def __init__(
        self,
        path: Path | None = None,
        collection: str = "notes",
        embedder: Embedder | None = None,
        exact_limit: int = EXACT_LIMIT,
    ) -> None:
        if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]", collection):
            raise ConfigError(
                f"`{collection}` cannot name a collection; take 3 to 512 letters, digits, dots, dashes and "
                "underscores, with a letter or digit first and last."
            )
        self.path = (path or folders.data_dir() / "memory").expanduser().absolute()
        self.collection = collection
        self.embedder: Embedder = embedder or MiniLmEmbedder()
        self._exact_limit = exact_limit
        self._folder = client_folder(self.path)
        self._index: tuple[bytes, ExactIndex] | None = None

    def add(self, text: str, source: str, *, untrusted: bool = False) -> str:
        """Stores a text and returns its id; the same text again changes nothing and returns the same id.

        Args:
            untrusted: it may derive from text of strangers; its hits say so.

        Raises:
            UsageError: the text is empty.
            ConfigError: the collection was made with another embedding model.
            StorageError: the store cannot be written.
            ModelError: the embedding model cannot be had.
        """
        text = _checked(text, "A text to remember")
        pieces = self.embedder.split(text)
        text_id = hashlib.sha256(text.encode()).hexdigest()[:32]
        ids = [text_id] if len(pieces) == 1 else [f"{text_id}-{number:05}" for number in range(len(pieces))]
        stored = self._stored(ids)
        missing = [(ids[number], piece, number) for number, piece in enumerate(pieces) if ids[number] not in stored]
        about = {
            "source": source,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "text": text_id,
            "pieces": len(pieces),
            "untrusted": untrusted,
        }
        for start in range(0, len(missing), MAX_WRITE):
            batch = missing[start : start + MAX_WRITE]
            vectors = self.embedder.embed([piece for _, piece, _ in batch])
            with self._folder.writing() as client:
                self._made(client).upsert(
                    ids=[id for id, _, _ in batch],
                    embeddings=vectors,
                    documents=[piece for _, piece, _ in batch],
                    metadatas=[{**about, "piece": number} for _, _, number in batch],
                )
        return text_id

    def search(self, query: str, limit: int = 5) -> Sequence[MemoryHit]:
        """The texts, or pieces of texts, nearest to the query, best first.

        Raises:
            UsageError: the query is empty.
            ConfigError, StorageError, ModelError: as `add`.
        """
        query = _checked(query, "A query")
        if limit < 1 or not self._folder.exists:
            return []
        vector = self.embedder.embed([query])
        with self._folder.reading() as client:
            if (found := self._found(client)) is None or not (count := found.count()):
                return []
            near = self._exact if count <= self._exact_limit else _approximate
            scores = dict(near(found, vector, min(limit, count)))
            stored = found.get(ids=list(scores), include=["documents", "metadatas"])
        rows = zip(stored["ids"], stored["documents"], stored["metadatas"], strict=True)
        # Rounding may take the similarity of equal vectors beyond 1.
        hits = [
            MemoryHit(id, text, str(data["source"]), min(1.0, scores[id]), bool(data.get("untrusted")))
            for id, text, data in rows
        ]
        place = {id: number for number, id in enumerate(scores)}
        return sorted(hits, key=lambda hit: place[hit.id])

    def count(self) -> int:
        """Pieces that can be found: one for a short text, more for a long one."""
        if not self._folder.exists:
            return 0
        with self._folder.reading() as client:
            found = self._found(client)
            return found.count() if found is not None else 0

    def _exact(self, found: Any, vector: Any, limit: int) -> list[tuple[str, float]]:
        if self._index is None or self._index[0] != self._folder.version:
            stored = found.get(include=["embeddings"])
            self._index = self._folder.version, ExactIndex(stored["ids"], stored["embeddings"])
        return self._index[1].nearest(vector[0], limit)

    def _stored(self, ids: list[str]) -> set[str]:
        if not self._folder.exists:
            return set()
        with self._folder.reading() as client:
            if (found := self._found(client)) is None:
                return set()
            return {
                id
                for start in range(0, len(ids), MAX_WRITE)
                for id in found.get(ids=ids[start : start + MAX_WRITE], include=[])["ids"]
            }

    def _made(self, client: "ClientAPI") -> Any:
        return self._same_model(
            client.get_or_create_collection(
                self.collection,
                configuration={"hnsw": HNSW},  # pyright: ignore[reportArgumentType]
                metadata={"embedding": self.embedder.name, "schema": 1},
                # Given none, Chroma would download a model of its own.
                embedding_function=None,
            )
        )

    def _found(self, client: "ClientAPI") -> Any | None:
        from chromadb.errors import NotFoundError

        try:
            return self._same_model(client.get_collection(self.collection, embedding_function=None))
        except NotFoundError:
            return None

    def _same_model(self, collection: Any) -> Any:
        model = (collection.metadata or {}).get("embedding", "an unknown model")
        if model != self.embedder.name:
            raise ConfigError(
                f"The collection `{self.collection}` in {self.path} was made with the embedding model {model}, not "
                f"{self.embedder.name}, and vectors of two models do not mix; use that model or another collection."
            )
        return collection


def _approximate(found: Any, vector: Any, limit: int) -> list[tuple[str, float]]:
    result = found.query(query_embeddings=vector, n_results=limit, include=["distances"])
    return [(id, 1.0 - distance) for id, distance in zip(result["ids"][0], result["distances"][0], strict=True)]


def _checked(text: str, what: str) -> str:
    text = text.encode("utf-8", errors="replace").decode()
    if not text.strip():
        raise UsageError(f"{what} must not be empty; give it some words.")
    return text
