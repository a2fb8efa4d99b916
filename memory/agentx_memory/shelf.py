"""The memory as a screen shows it: `agentx.shelf.Shelf` on top of the store that the tools use."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agentx.shelf import Added, Found, Held, Passage, Progress, Source, Telling
from agentx.tool import ToolContext
from agentx_memory.chroma import ChromaMemory
from agentx_memory.chunks import SAYINGS
from agentx_memory.loading import Told
from agentx_memory.store import ANYWHERE, COLLECTION, Store, StoredChunk, StoredDocument, Where, open_store

NAME_CHARACTERS = 200


class MemoryShelf:
    """See `agentx.shelf.Shelf`.

    Args:
        tool_settings: those of the tool `recall` say where the memory lies, those of `fetch_page` what may be fetched.
    """

    def __init__(self, tool_settings: Mapping[str, Mapping[str, Any]]) -> None:
        from agentx_memory.tools import open_memory

        self._tool_settings = tool_settings
        # The very object that the tools have, so that its model is loaded and its vectors are read once.
        self._own: ChromaMemory = open_memory(ToolContext(Path.cwd(), settings=tool_settings.get("recall", {})))
        self._stores: dict[str, Store] = {self._own.store.collection: self._own.store}
        self._lock = threading.Lock()

    @property
    def place(self) -> str:
        return self._own.store.place

    @property
    def own(self) -> str:
        return self._own.store.collection

    def collections(self) -> dict[str, int]:
        store = self._own.store
        found = store.collections() if store.exists else {}
        own = {COLLECTION: found.pop(COLLECTION)} if COLLECTION in found else {}
        return own | found

    def documents(self, collection: str, limit: int) -> list[Held]:
        store = self._store(collection)
        return [_held(store, item) for item in store.sources()[:limit]]

    def passages(self, collection: str, document: str) -> list[Passage]:
        return [passage_of(chunk) for chunk in self._store(collection).document(document) if chunk.document == document]

    def search(
        self, collection: str, query: str, limit: int, *, sayings: bool = False, telling: Telling
    ) -> list[Found]:
        from agentx_memory.retrieval.search import Retriever

        store = self._store(collection)
        if not store.exists or not store.count():
            return []
        self._load(telling)
        where = Where(kinds=SAYINGS) if sayings else ANYWHERE
        found: list[Found] = []
        for hit in Retriever(store, self._own.embedder).search(query, limit, where):
            one = next((chunk for chunk in hit.chunks if chunk.id == hit.found), hit.chunks[0])
            found.append(Found(passage_of(one), hit.text, hit.score, hit.similarity, hit.reason))
        return found

    def source(self, collection: str, passage: Passage) -> Source:
        from agentx_memory.shelf_source import source

        return source(self._store(collection), passage)

    def add(
        self,
        collection: str,
        paths: Sequence[str],
        *,
        telling: Telling,
        progress: Progress,
        stopped: Callable[[], bool],
    ) -> Added:
        from agentx_memory.shelf_adding import add

        store = self._store(collection)
        self._load(telling)
        return add(store, self._own.embedder, list(paths), self._tool_settings, telling, progress, stopped)

    def note(self, text: str, *, telling: Telling) -> None:
        self._load(telling)
        self._own.add(text, "the user")

    def forget(self, collection: str, document: str) -> None:
        store = self._store(collection)
        store.remove(document)
        store.compact()

    def forget_passage(self, collection: str, passage: str) -> None:
        from agentx_memory.forgetting import forget_chunk

        forget_chunk(self._store(collection), passage)

    def _store(self, collection: str) -> Store:
        with self._lock:
            if collection not in self._stores:
                own = self._own
                self._stores[collection] = open_store(own.embedder.name, own.path, collection)
            return self._stores[collection]

    def _load(self, telling: Telling) -> None:
        self._own.embedder.load(Told(telling))


def passage_of(chunk: StoredChunk) -> Passage:
    lines = None if chunk.first_line is None else (chunk.first_line, chunk.last_line or chunk.first_line)
    return Passage(
        chunk.id, chunk.text, chunk.document, chunk.place, chunk.kind, chunk.title, chunk.heading, lines,
        chunk.position + 1, chunk.count, chunk.untrusted,
    )  # fmt: skip


def _held(store: Store, item: StoredDocument) -> Held:
    name = item.source
    if item.kind in SAYINGS and (first := store.document(item.key)[:1]):
        name = first[0].text[:NAME_CHARACTERS]
    return Held(item.key, name, item.kind, item.title, item.created, item.chunks, item.untrusted)
