"""A whole hybrid query beside its own parts: the embedding of the query, NumPy over the same vectors, FTS5.

    python -m benchmarks.memory.hybrid

Queries are ten words out of the stored texts. By turns; a side's seconds of a round are the median of its queries.
"""

import argparse
import random
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from agentx_memory.adding import add_documents
from agentx_memory.chunks import Chunk, Document
from agentx_memory.embedder import MiniLmEmbedder
from agentx_memory.local import LocalStore
from agentx_memory.retrieval.search import DEPTH, Retriever

from benchmarks.columns import aligned
from benchmarks.decoding.timing import Spread, interleave, ratios
from benchmarks.memory.corpus import chunks

WORDS = 10


def main() -> None:
    """Prints milliseconds for both, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--queries", type=int, default=40)
    chosen = parser.parse_args()
    texts, embedder = chunks(chosen.chunks), MiniLmEmbedder()
    queries = _queries(texts, chosen.queries)
    with tempfile.TemporaryDirectory() as name:
        store = LocalStore(Path(name), embedder.name)
        documents = [Document(f"{place}.txt", "text", str(place), (Chunk(text),)) for place, text in enumerate(texts)]
        for _ in add_documents(store, embedder, documents):
            pass
        store.follow()
        retriever, parts = Retriever(store, embedder), _parts(texts, embedder)
        sides = {
            "hybrid query": lambda _: _median(queries, lambda query: retriever.search(query, 5)),
            "its parts": lambda _: _median(queries, parts),
        }
        taken = interleave(sides, chosen.rounds)
    rows = [("side", f"ms a query, {len(texts):,} chunks, {chosen.rounds} rounds of {len(queries)}")]
    rows += [(side, Spread.of([1e3 * value for value in values]).show()) for side, values in taken.items()]
    rows.append(("hybrid query / its parts", ratios(taken["hybrid query"], taken["its parts"]).show()))
    print(aligned(rows))


def _queries(texts: list[str], count: int) -> list[str]:
    chance = random.Random(1)
    worded = [words for text in texts if len(words := re.findall(r"[A-Za-z]{3,}", text)) >= WORDS]
    return [" ".join(chance.sample(words, WORDS)) for words in chance.sample(worded, count)]


def _parts(texts: list[str], embedder: MiniLmEmbedder) -> Callable[[str], object]:
    matrix = embedder.embed(texts)
    words = sqlite3.connect(":memory:")
    words.execute("CREATE VIRTUAL TABLE texts USING fts5(text, tokenize='porter unicode61')")
    words.executemany("INSERT INTO texts VALUES (?)", [(text,) for text in texts])

    def parts(query: str) -> object:
        [vector] = embedder.embed([query])
        near = np.argsort(-(matrix @ vector))[:DEPTH]
        either = " OR ".join(f'"{word}"' for word in query.split())
        having = words.execute(
            "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY bm25(texts) LIMIT ?", (either, DEPTH)
        ).fetchall()
        return near, having

    return parts


def _median(queries: list[str], side: Callable[[str], object]) -> float:
    taken: list[float] = []
    for query in queries:
        started = time.perf_counter()
        side(query)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
