"""`python -m benchmarks.memory quality`: recall of the right documents among 698, by words, by meaning, and fused.

Constants are tuned on the even-numbered queries (`--half even`); the odd ones are for the report.
"""

import argparse
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agentx_memory.adding import add_documents
from agentx_memory.chunks import Document
from agentx_memory.embedder import MiniLmEmbedder
from agentx_memory.ingest import documents
from agentx_memory.local import LocalStore
from agentx_memory.query_words import query_words
from agentx_memory.retrieval.fusion import added
from agentx_memory.retrieval.search import DENSE_POWER, DEPTH, LEXICAL_POWER, Retriever
from agentx_memory.store import Scored, Store

from benchmarks.memory.banking import Story, papers, stories, texts

CUTS = (5, 10, 20)
Way = Callable[[str], list[str]]
"""A query to the names of documents, best first."""


def whole_documents() -> Way:
    """The baseline: BM25 of FTS5, with the Porter stemmer, over whole documents and for the whole query at once."""
    names, contents = zip(*texts().items(), strict=True)
    table = sqlite3.connect(":memory:")
    table.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'porter unicode61')")
    table.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", enumerate(contents))

    def way(query: str) -> list[str]:
        # One by one, since `query_words` keeps the first few of a text.
        words = dict.fromkeys(word for token in query.split() for word in query_words(token))
        match = " OR ".join(f'"{word}"' for word in words)
        found = table.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT 50", (match,))
        return [names[row] for (row,) in found]

    return way


def ways(retriever: Retriever) -> dict[str, Way]:
    store, embedder = retriever.store, retriever.embedder

    def parts(query: str) -> list[str]:
        return [part for part in embedder.split(query) if part.strip()]

    def one_vector(query: str) -> list[Scored]:
        return store.dense(embedder.embed([query])[0], DEPTH)

    def dense(query: str) -> list[Scored]:
        return added([store.dense(vector, DEPTH) for vector in embedder.embed(parts(query))], DENSE_POWER)

    def lexical(query: str) -> list[Scored]:
        return added([store.lexical(part, DEPTH) for part in parts(query)], LEXICAL_POWER)

    return {
        "BM25, whole documents and query": whole_documents(),
        "dense, the query as one vector": lambda query: _names(store, one_vector(query)),
        "dense, the query in parts": lambda query: _names(store, dense(query)),
        "BM25, chunks, the query in parts": lambda query: _names(store, lexical(query)),
        "fused, as shipped": lambda query: _distinct([hit.source for hit in retriever.ranked(query)]),
    }


def recall(way: Way, asked: Sequence[Story]) -> list[float]:
    """Mean share of a story's documents among the first 5, 10 and 20."""
    found = [(way(story.text), story.needs) for story in asked]
    return [statistics.mean(len(needs & {*names[:cut]}) / len(needs) for names, needs in found) for cut in CUTS]


def memory() -> Retriever:
    """The set in a store of the cache folder: embedded once, in about two minutes."""
    folder = papers()
    embedder = MiniLmEmbedder()
    store = LocalStore(folder.parent / "memory", embedder.name, "banking")
    readable = (
        item for item in documents([folder], embedder=embedder, known=store.holds) if isinstance(item, Document)
    )
    for _ in add_documents(store, embedder, readable):
        pass
    return Retriever(store, embedder)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory quality", description=__doc__)
    parser.add_argument("--half", choices=["even", "odd"], default="even")
    options = parser.parse_args(arguments)
    asked = stories(0 if options.half == "even" else 1)
    retriever = memory()
    print(f"{'ranked by':33} {'recall@5':>8} {'@10':>6} {'@20':>6}   ms a query")
    for name, way in ways(retriever).items():
        started = time.perf_counter()
        values = recall(way, asked)
        each_ms = 1_000 * (time.perf_counter() - started) / len(asked)
        print(f"{name:33} {values[0]:8.3f} {values[1]:6.3f} {values[2]:6.3f}   {each_ms:.0f}", flush=True)
    print(f"{len(asked)} {options.half}-numbered queries, {retriever.store.count()} chunks")
    return 0


def _names(store: Store, found: Sequence[Scored]) -> list[str]:
    return _distinct([chunk.source for chunk in store.chunks([id for id, _ in found])])


def _distinct(sources: Sequence[str]) -> list[str]:
    """Names of the documents, each once, where its best chunk stands."""
    return list(dict.fromkeys(Path(source).stem for source in sources))


if __name__ == "__main__":
    sys.exit(main())
