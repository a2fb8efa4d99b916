"""Ingest: chunks a second, embedded and stored, beside chromadb with its default embedding model.

    ENV/bin/python benchmarks/memory/export_fp32.py MODEL_FOLDER TARGET      # ENV: see requirements.txt
    python -m benchmarks.memory.ingest --fp32 TARGET --chunks 5000

MODEL_FOLDER holds `model.safetensors` and `tokenizer.json` of all-MiniLM-L6-v2. By turns: both sides get the same block
of texts before the next one, and begin in turn; the ratio is of each block. Without --fp32 the storing alone is
measured, with vectors that both sides are given.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agentx_memory.adding import add_documents
from agentx_memory.chunks import Chunk, Document
from agentx_memory.embedder import MiniLmEmbedder
from agentx_memory.local import LocalStore

from benchmarks.columns import aligned
from benchmarks.decoding.timing import Spread, ratios
from benchmarks.memory.corpus import chunks
from benchmarks.memory.vectors import vectors

DOCUMENT_CHUNKS = 10
Side = Callable[[int, Sequence[str]], None]


class Given:
    """An embedder that is given its vectors, to measure the storing alone."""

    name = "given"

    def __init__(self, count: int) -> None:
        self._rows = vectors(count, 1)

    def load(self, progress: object = None) -> None:
        pass

    def split(self, text: str) -> list[str]:
        return [text]

    def embed(self, texts: Sequence[str]) -> Any:
        return self._rows[: len(texts)]


def main() -> None:
    """Prints chunks a second for both sides, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=5_000)
    parser.add_argument("--blocks", type=int, default=10)
    parser.add_argument("--fp32", type=Path, help="the exported model; without it the storing alone is measured")
    chosen = parser.parse_args()
    texts = chunks(chosen.chunks)
    size = chosen.chunks // chosen.blocks
    embedder = MiniLmEmbedder() if chosen.fp32 else Given(size)
    with tempfile.TemporaryDirectory() as folder:
        sides = {
            "AgentX": _agentx(embedder, Path(folder) / "agentx"),
            "chromadb": _chroma(chosen.fp32, Given(size), Path(folder) / "chroma"),
        }
        for side in sides.values():
            side(-1, texts[:8])
        speeds: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(chosen.blocks):
            names = list(sides) if number % 2 else list(sides)[::-1]
            for name in names:
                started = time.perf_counter()
                sides[name](number, texts[number * size : (number + 1) * size])
                speeds[name].append(size / (time.perf_counter() - started))
            print(number, {name: round(values[-1], 1) for name, values in speeds.items()}, flush=True)
    rows = [("side", f"chunks/s, {chosen.blocks} blocks of {size}")]
    rows += [(name, Spread.of(values).show(1)) for name, values in speeds.items()]
    rows.append(("AgentX / chromadb", ratios(speeds["AgentX"], speeds["chromadb"]).show()))
    print(aligned(rows))


def _agentx(embedder: Any, folder: Path) -> Side:
    store = LocalStore(folder, embedder.name)

    def side(number: int, texts: Sequence[str]) -> None:
        parts = [texts[start : start + DOCUMENT_CHUNKS] for start in range(0, len(texts), DOCUMENT_CHUNKS)]
        documents = (
            Document(f"{number}-{place}.txt", "text", f"{number}-{place}", tuple(map(Chunk, part)))
            for place, part in enumerate(parts)
        )
        for _ in add_documents(store, embedder, documents):
            pass

    return side


def _chroma(fp32: Path | None, given: Given, folder: Path) -> Side:
    import chromadb
    from chromadb.config import Settings
    from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2

    class Exported(ONNXMiniLM_L6_V2):
        DOWNLOAD_PATH = fp32

    client = chromadb.PersistentClient(folder, Settings(anonymized_telemetry=False))
    function: Any = Exported() if fp32 else None
    collection: Any = client.create_collection("texts", embedding_function=function)

    def side(number: int, texts: Sequence[str]) -> None:
        ids = [f"{number}-{place}" for place in range(len(texts))]
        embeddings = None if fp32 else given.embed(texts)
        collection.add(ids=ids, documents=list(texts), embeddings=embeddings)

    return side


if __name__ == "__main__":
    main()
