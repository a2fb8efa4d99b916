"""Documents into a store: only what has no vector yet is embedded, many documents at a time."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from agentx.embedding import Embedder
from agentx_memory.chunks import Document
from agentx_memory.store import Put, Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH_TEXTS = 256
"""Texts that are embedded together: enough to sort them by length, few enough that little is lost by Ctrl-C."""

Wanted: TypeAlias = list[tuple[Document, dict[str, str]]]


def add_documents(store: Store, embedder: Embedder, documents: Iterable[Document]) -> Iterator[tuple[Document, Put]]:
    """Stores each document and yields it with what that changed, in their order.

    Whatever stops this between two documents, those that were yielded are stored, and no other in part.

    Raises:
        ConfigError, StorageError: as `Store.put`.
        ModelError: the embedding model cannot be had.
    """
    waiting: Wanted = []
    texts: dict[str, str] = {}
    for document in documents:
        missing = store.missing(document)
        waiting.append((document, missing))
        texts.update(missing)
        if len(texts) >= BATCH_TEXTS or len(waiting) >= BATCH_TEXTS or not texts:
            yield from _stored(store, embedder, waiting, texts)
            waiting, texts = [], {}
    yield from _stored(store, embedder, waiting, texts)


def _stored(store: Store, embedder: Embedder, waiting: Wanted, texts: dict[str, str]) -> Iterator[tuple[Document, Put]]:
    vectors = _embedded(embedder, texts)
    for document, _ in waiting:
        try:
            yield document, store.put(document, vectors)
        except KeyError:
            # Another process has removed meanwhile what this document was to share.
            yield document, store.put(document, vectors | _embedded(embedder, store.missing(document)))


def _embedded(embedder: Embedder, texts: dict[str, str]) -> "dict[str, NDArray[np.float32]]":
    vectors: dict[str, NDArray[np.float32]] = {}
    keys = list(texts)
    for start in range(0, len(keys), BATCH_TEXTS):
        part = keys[start : start + BATCH_TEXTS]
        vectors.update(zip(part, embedder.embed([texts[key] for key in part]), strict=True))
    return vectors
