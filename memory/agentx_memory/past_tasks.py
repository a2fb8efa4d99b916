"""Past tasks found by meaning: `agentx.memory.PastTasks` on a store of its own.

Only the texts of tasks are kept here, beside the notes and never among them: `recall` does not find them, and what was
done for a task stays in the journal. All of it is derived: what the core no longer names is forgotten at the next look.
"""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agentx_memory.adding import add_documents
from agentx_memory.chunks import Chunk, Document
from agentx_memory.local import LocalStore

if TYPE_CHECKING:
    from agentx_memory.chroma import ChromaMemory
    from agentx_memory.embedder import Embedder

KIND = "task"
_PIECES = 4  # of one task that are embedded; a task may hold a whole letter, and its beginning says what is wanted


class PastTaskIndex:
    """See the module. Threads may share one.

    Args:
        folder: of the memory; the index lies in a folder in it, one for each embedding model. None for tests.
    """

    def __init__(self, folder: Path | None, embedder: "Embedder") -> None:
        # Vectors of two models do not mix, and what is derived need not be converted.
        model = hashlib.sha256(embedder.name.encode()).hexdigest()[:8]
        self._store = LocalStore(folder / f"past-tasks-{model}" if folder else None, embedder.name, "past-tasks")
        self._embedder = embedder
        self._lock = threading.Lock()

    def nearest(self, task: str, past: Mapping[str, str], limit: int) -> Sequence[tuple[str, float]]:
        with self._lock:
            self._embedder.load()
            self._follow(past)
            pieces = self._pieces(task)
            if limit < 1 or not pieces or not self._store.exists:
                return []
            best: dict[str, float] = {}
            for vector in self._embedder.embed(pieces):
                found = dict(self._store.dense(vector, limit * _PIECES))
                for chunk in self._store.chunks(list(found)):
                    best[chunk.document] = max(found[chunk.id], best.get(chunk.document, -1.0))
        ranked = sorted(best.items(), key=lambda item: -item[1])
        return [(key, score) for key, score in ranked if key in past][:limit]

    def _follow(self, past: Mapping[str, str]) -> None:
        """Has the store hold the past tasks and nothing else."""
        held = {item.key: item.digest for item in self._store.sources()}
        gone = set(held) - set(past)
        for key in gone:
            self._store.remove(key)
        if gone:
            self._store.compact()
        digests = {key: hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for key, text in past.items()}
        new = (
            Document(f"session {key}", KIND, digests[key], tuple(map(Chunk, self._pieces(text))), key=key)
            for key, text in past.items()
            if held.get(key) != digests[key]
        )
        for _ in add_documents(self._store, self._embedder, (task for task in new if task.chunks)):
            pass

    def _pieces(self, text: str) -> list[str]:
        text = text.encode("utf-8", errors="replace").decode()
        return [piece for piece in self._embedder.split(text) if piece.strip()][:_PIECES]


@cache
def index_of(memory: "ChromaMemory") -> PastTaskIndex:
    """The index of past tasks in a memory's folder, by its embedding model; one each a process."""
    return PastTaskIndex(memory.path, memory.embedder)
