"""Past tasks found by meaning: `agentx.memory.PastTasks` on a store of its own.

It lies beside the notes and never among them: `recall` finds no past task, and what was done for one stays in the
journal. No text of a task is written into it, so that none outlives its session: of each piece it holds the vector,
under a hash. What the core no longer names is forgotten at the next look.
"""

import hashlib
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agentx_memory.chunks import Chunk, Document
from agentx_memory.local import LocalStore

if TYPE_CHECKING:
    from agentx_memory.chroma import ChromaMemory
    from agentx_memory.embedder import Embedder

KIND = "task"

MOST_NEW = 50
"""Tasks that one look takes in, since a run waits for it; the others follow at the next."""

_COLLECTION = "past-tasks"
_PIECES = 4  # of one task that are embedded; a task may hold a whole letter, and its beginning says what is wanted


class PastTaskIndex:
    """See the module. Threads may share one.

    Args:
        folder: of the memory; the index lies in a folder in it, one for each embedding model. None for tests.
    """

    def __init__(self, folder: Path | None, embedder: "Embedder") -> None:
        # Vectors of two models do not mix, and what is derived need not be converted.
        model = _hash(embedder.name)[:8]
        self._folder = folder
        self._store = LocalStore(folder / f"{_COLLECTION}-{model}" if folder else None, embedder.name, _COLLECTION)
        self._embedder = embedder
        self._lock = threading.Lock()

    def nearest(
        self, task: str, past: Mapping[str, str], limit: int, kept: Collection[str] = ()
    ) -> Sequence[tuple[str, float]]:
        with self._lock:
            self._forget_all_but({*past, *kept})
            if limit < 1 or not past:
                return []
            self._embedder.load()
            self._take_in(past)
            near: dict[str, float] = {}
            pieces = self._pieces(task)
            for vector in self._embedder.embed(pieces) if pieces else ():
                # All of them: any number of the nearest may be none that may be found.
                for id, score in self._store.dense(vector, self._store.count()):
                    near[id] = max(score, near.get(id, -1.0))
            best: dict[str, float] = {}
            for chunk in self._store.chunks(list(near)):
                if chunk.document in past:
                    best[chunk.document] = max(near[chunk.id], best.get(chunk.document, -1.0))
        return sorted(best.items(), key=lambda item: -item[1])[:limit]

    def _forget_all_but(self, keys: Collection[str]) -> None:
        for folder in self._others():
            with closing(LocalStore(folder, "", _COLLECTION)) as other:
                _forget_all_but(other, keys)
        _forget_all_but(self._store, keys)

    def _others(self) -> list[Path]:
        """The folders of other embedding models; of what an earlier one knew nothing else would be forgotten."""
        found = self._folder.glob(f"{_COLLECTION}-*") if self._folder else ()
        return [folder for folder in found if folder != self._store.folder]

    def _take_in(self, past: Mapping[str, str]) -> None:
        held = {item.key: item.digest for item in self._store.sources()}
        new = [(key, text) for key, text in past.items() if held.get(key) != _hash(text)]
        for key, text in new[:MOST_NEW]:
            pieces = self._pieces(text)
            vectors = self._embedder.embed(pieces) if pieces else {}
            chunks = tuple(Chunk(_hash(piece)) for piece in pieces)
            self._store.put(Document(f"session {key}", KIND, _hash(text), chunks, key=key), vectors)

    def _pieces(self, text: str) -> list[str]:
        text = text.encode("utf-8", errors="replace").decode()
        return [piece for piece in self._embedder.split(text) if piece.strip()][:_PIECES]


def _forget_all_but(store: LocalStore, keys: Collection[str]) -> None:
    gone = {item.key for item in store.sources()}.difference(keys)
    for key in gone:
        store.remove(key)
    if gone:
        store.compact()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@cache
def index_of(memory: "ChromaMemory") -> PastTaskIndex:
    """The index of past tasks in a memory's folder, by its embedding model; one each a process."""
    return PastTaskIndex(memory.path, memory.embedder)
