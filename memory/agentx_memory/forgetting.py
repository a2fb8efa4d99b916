"""Forgets documents one by one, and a part of one."""

from agentx.errors import UsageError
from agentx_memory.chunks import Chunk, Document
from agentx_memory.store import Store, StoredChunk, StoredDocument, Where


class Forgetting:
    """Takes documents out of a store, and leaves nothing of them in its files when that ends."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._removed = False

    def forget(self, key: str) -> bool:
        """Whether there was anything of the document."""
        removed = bool(self._store.remove(key))
        self._removed |= removed
        return removed

    def end(self) -> None:
        """Where a StorageError is raised it can be called again."""
        if self._removed:
            self._store.compact()
            self._removed = False


def forget_chunk(store: Store, id: str) -> None:
    """Takes one chunk out of its document, and the document with its last one.

    The document is stored under another digest from then on, so that adding its file anew brings the chunk back: what
    is in a file is the file's to say.

    Raises:
        UsageError: the chunk is gone, or its document was changed meanwhile.
        StorageError: the store cannot be read or written.
    """
    found = store.chunks([id])
    held = _document(store, found[0].document) if found else None
    if held is None:
        raise UsageError("That passage is there no more; look again.")
    chunks = [chunk for chunk in store.document(held.key) if chunk.document == held.key]
    rest = [chunk for chunk in chunks if chunk.id != id]
    if len(rest) == len(chunks) or not store.holds(held.key, held.digest):
        raise UsageError("That document was changed meanwhile; look again.")
    if rest:
        store.put(_without(held, id, rest), {})
    else:
        store.remove(held.key)
    store.compact()


def _document(store: Store, key: str) -> StoredDocument | None:
    # A key that looks like a pattern finds others too.
    return next((item for item in store.sources(Where(sources=(key,))) if item.key == key), None)


def _without(held: StoredDocument, id: str, rest: list[StoredChunk]) -> Document:
    chunks = tuple(Chunk(chunk.text, chunk.heading, chunk.first_line, chunk.last_line, chunk.page) for chunk in rest)
    digest = f"{held.digest} without {id}"
    return Document(
        held.source, held.kind, digest, chunks, held.title, held.untrusted, held.key, held.session, held.created
    )
