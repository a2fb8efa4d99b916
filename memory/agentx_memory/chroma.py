"""The Memory that the core knows, on top of a store: texts with their vectors, found by meaning."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agentx.memory import MemoryHit, PastTasks
from agentx.shelf import Shelf
from agentx.tool import ToolContext
from agentx_memory.adding import add_documents
from agentx_memory.checks import checked_text
from agentx_memory.chunks import Chunk, Document
from agentx_memory.embedder import Embedder, MiniLmEmbedder
from agentx_memory.store import COLLECTION, Store, memory_folder, open_store


class ChromaMemory:
    """Texts in a collection; nothing is read, made or loaded before the first use.

    A text longer than the embedder sees is stored in pieces, each a hit of its own. Threads may share a memory, and
    processes a folder or a server.

    Args:
        path: folder of the store, by default `memory` in the data folder.
        collection: name of the collection in it.
        embedder: what makes the vectors, by default MiniLM.
        url: a Chroma server instead of the folder, by default what AGENTX_CHROMA_URL names; "" for none.

    Raises:
        ConfigError: the collection's name is not one that Chroma takes, or the server's address is none.
    """

    def __init__(
        self,
        path: Path | None = None,
        collection: str = COLLECTION,
        embedder: Embedder | None = None,
        url: str | None = None,
    ) -> None:
        self.path = (path or memory_folder()).expanduser().absolute()
        self.embedder: Embedder = embedder or MiniLmEmbedder()
        self.store: Store = open_store(self.embedder.name, self.path, collection, url)

    @staticmethod
    def shelf(tool_settings: Mapping[str, Mapping[str, Any]]) -> Shelf:
        """The memory of the tools as a person sees it; see `agentx.shelf.open_shelf`. Raises ConfigError."""
        from agentx_memory.shelf import MemoryShelf

        return MemoryShelf(tool_settings)

    @staticmethod
    def past_tasks(tool_settings: Mapping[str, Mapping[str, Any]]) -> PastTasks:
        """Finds past tasks; see `agentx.memory.open_past_tasks`. Raises ConfigError."""
        from agentx_memory.past_tasks import index_of
        from agentx_memory.tools import open_memory

        return index_of(open_memory(ToolContext(Path(), settings=tool_settings.get("recall", {}))))

    def add(self, text: str, source: str, *, untrusted: bool = False, session: str = "") -> str:
        """Stores a text and returns its id; the same text again changes nothing and returns the same id.

        Args:
            untrusted: it may derive from text of strangers; its hits say so.
            session: the session it was said in.

        Raises:
            UsageError: the text is empty.
            ConfigError: the collection was made with another embedding model.
            StorageError: the store cannot be written.
            ModelError: the embedding model cannot be had.
        """
        text = checked_text(text, "A text to remember")
        digest = hashlib.sha256(text.encode()).hexdigest()
        key = f"note {digest[:32]}"
        if not self.store.holds(key, digest):
            chunks = tuple(Chunk(piece) for piece in self.embedder.split(text))
            note = Document(source, "note", digest, chunks, untrusted=untrusted, key=key, session=session)
            for _ in add_documents(self.store, self.embedder, [note]):
                pass
        return key

    def search(self, query: str, limit: int = 5) -> Sequence[MemoryHit]:
        """The texts, or pieces of texts, nearest to the query, best first.

        Raises:
            UsageError: the query is empty.
            ConfigError, StorageError, ModelError: as `add`.
        """
        query = checked_text(query, "A query")
        if limit < 1 or not self.store.exists:
            return []
        scores = dict(self.store.dense(self.embedder.embed([query])[0], limit))
        return [
            MemoryHit(chunk.id, chunk.text, chunk.source, scores[chunk.id], chunk.untrusted, chunk.place)
            for chunk in self.store.chunks(list(scores))
        ]

    def count(self) -> int:
        """Pieces that can be found: one for a short text, more for a long one."""
        return self.store.count()
