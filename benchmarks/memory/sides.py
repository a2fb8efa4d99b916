"""The stores that are measured, each filled with the same vectors and asked by the same call."""

import json
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from agentx_memory.chunks import Chunk, Document
from agentx_memory.local import LocalStore
from numpy.typing import NDArray

DOCUMENT_CHUNKS = 500
Rows = NDArray[np.float32]
Ask = Callable[[Rows], list[int]]
"""A vector to the numbers of the ten nearest rows."""

LIMIT = 10


def agentx(rows: Rows, folder: Path, exact_limit: int | None = None) -> LocalStore:
    """A store whose chunk `n` (the text) has row n."""
    limit = {} if exact_limit is None else {"exact_limit": exact_limit}
    store = LocalStore(folder, "synthetic", **limit)
    for start in range(0, len(rows), DOCUMENT_CHUNKS):
        part = rows[start : start + DOCUMENT_CHUNKS]
        chunks = tuple(Chunk(str(start + n)) for n in range(len(part)))
        store.put(Document(f"{start}.txt", "text", str(start), chunks), part)
    store.follow()
    return store


def ask_agentx(store: LocalStore) -> Ask:
    # Ids count up from 1 in a new file.
    return lambda vector: [int(id) - 1 for id, _ in store.dense(vector, LIMIT)]


def ask_numpy(rows: Rows) -> Ask:
    def ask(vector: Rows) -> list[int]:
        scores = rows @ vector
        best = np.argpartition(scores, -LIMIT)[-LIMIT:]
        return best[np.argsort(-scores[best])].tolist()

    return ask


def ask_chroma(rows: Rows, folder: Path) -> Ask:
    """chromadb's collection at its own settings, but for the cosine, which makes no difference to the order."""
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(folder, Settings(anonymized_telemetry=False))
    collection: Any = client.create_collection(
        "vectors", configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
    )
    for start in range(0, len(rows), 5_000):
        part = rows[start : start + 5_000]
        collection.add(ids=[str(start + n) for n in range(len(part))], embeddings=part)

    def ask(vector: Rows) -> list[int]:
        result = collection.query(query_embeddings=[vector], n_results=LIMIT, include=["distances"])
        return [int(id) for id in result["ids"][0]]

    return ask


@contextmanager
def peer(python: Path, name: str, rows: Path, folder: Path) -> Generator[Callable[[int], tuple[float, list[int]]]]:
    """sqlite-vec or lancedb in an environment of its own: the number of a query to its seconds and row numbers.

    Args:
        rows: a .npz with the `rows` and the `queries`.
    """
    command = [str(python), str(Path(__file__).with_name("peer_worker.py")), name, str(rows), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdin is not None and worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        stdin, stdout = worker.stdin, worker.stdout

        def ask(query: int) -> tuple[float, list[int]]:
            stdin.write(f"{query}\n")
            stdin.flush()
            seconds, found = json.loads(stdout.readline())
            return seconds, found

        yield ask
        stdin.close()
