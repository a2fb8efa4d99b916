"""Hybrid search: what is near in meaning and what has the words, fused by rank.

A long query is cut into parts that fit the embedding model, each of which is looked up by itself: one vector of a page
is near to nothing in particular. How the constants were found: `benchmarks/memory/README.md`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from agentx.errors import UsageError
from agentx_memory.retrieval.fusion import Fused, added, fused
from agentx_memory.retrieval.hit import Hit
from agentx_memory.retrieval.passages import distinct, estimated_tokens, joined, within
from agentx_memory.store import ANYWHERE, Scored, Store, Where

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agentx_memory.embedder import Embedder

DEPTH = 100
"""Chunks that each retriever is asked for."""

READ_CHUNKS = 8
"""Read at first; then twice as many each time, since most searches need the first few."""

MAX_PARTS = 64
"""Parts of a query that are looked up; what comes after is left out."""

DENSE_POWER, LEXICAL_POWER = 4.0, 2.0
"""How much more a part of a query counts that fits better: similarities of unlike texts lie close together, BM25 scores
do not."""

_Found: TypeAlias = tuple[Fused, float | None]
"""With the similarity to the nearest part of the query, where meaning found it."""


class Retriever:
    """Searches a store. Threads may share one as far as they may share the store and the embedder.

    Args:
        embedder: of the store's model.
    """

    def __init__(self, store: Store, embedder: "Embedder") -> None:
        self.store = store
        self.embedder = embedder

    def search(
        self,
        query: str,
        limit: int = 5,
        where: Where = ANYWHERE,
        *,
        around: int = 1,
        budget_tokens: int | None = None,
        count: Callable[[str], int] = estimated_tokens,
    ) -> list[Hit]:
        """The passages that fit the query, best first; none where nothing is stored.

        Args:
            limit: chunks at most that the passages are made from.
            around: neighbours of the same section that a chunk is shown with, on each side.
            budget_tokens: of all passages together; None for no limit.
            count: tokens of a text, as the budget means them.

        Raises:
            UsageError: the query is empty.
            ConfigError: the store was made with another embedding model.
            StorageError: the store cannot be read.
            ModelError: the embedding model cannot be had.
        """
        found = self._hits(self._ranking(query, where, DEPTH))
        hits = joined(distinct(found, limit), self.store, around)
        return hits if budget_tokens is None else within(hits, budget_tokens, count)

    def near(self, query: str, limit: int, where: Where = ANYWHERE, *, least: float, around: int = 0) -> list[Hit]:
        """As `search`, without what is not near in meaning: having a word of the query makes no text relevant.

        Args:
            least: cosine similarity that a chunk has at least with the nearest part of the query.
        """
        parts = self._parts(query)
        if not self.store.exists:
            return []
        vectors = self.embedder.embed(parts)
        hits = (self._measured(hit, vectors) for hit in self._hits(self._fused(parts, vectors, where, DEPTH)))
        alike = (hit for hit in hits if hit.similarity is not None and hit.similarity >= least)
        return joined(distinct(alike, limit), self.store, around)

    def ranked(self, query: str, where: Where = ANYWHERE, depth: int = DEPTH) -> list[Hit]:
        """The chunks that fit the query, each a hit of its own, as they are fused; raises what `search` does.

        Args:
            depth: chunks that each retriever is asked for.
        """
        return list(self._hits(self._ranking(query, where, depth)))

    def _ranking(self, query: str, where: Where, depth: int) -> list[_Found]:
        parts = self._parts(query)
        if depth < 1 or not self.store.exists:
            return []
        return self._fused(parts, self.embedder.embed(parts), where, depth)

    def _fused(self, parts: list[str], vectors: "NDArray[np.float32]", where: Where, depth: int) -> list[_Found]:
        dense = [self.store.dense(vector, depth, where) for vector in vectors]
        lexical = [self.store.lexical(part, depth, where) for part in parts]
        similarity = _best(dense)
        ranking = fused({"dense": added(dense, DENSE_POWER), "lexical": added(lexical, LEXICAL_POWER)})
        return [(one, similarity.get(one.id)) for one in ranking]

    def _hits(self, ranking: Sequence[_Found]) -> Iterator[Hit]:
        """Read as they are asked for."""
        start, size = 0, READ_CHUNKS
        while part := ranking[start : start + size]:
            start, size = start + size, 2 * size
            chunks = {chunk.id: chunk for chunk in self.store.chunks([one.id for one, _ in part])}
            for one, similarity in part:
                if one.id in chunks:
                    yield Hit((chunks[one.id],), one.id, one.score, one.ranks, similarity)

    def _measured(self, hit: Hit, vectors: "NDArray[np.float32]") -> Hit:
        """The hit with its similarity, which a chunk that only its words have found lacks."""
        import numpy as np

        if hit.similarity is not None:
            return hit
        try:
            stored = np.frombuffer(self.store.vectors([hit.found]), "<f4")
        except KeyError:
            return hit
        return replace(hit, similarity=float((vectors @ stored).max()))

    def _parts(self, query: str) -> list[str]:
        query = query.encode("utf-8", errors="replace").decode()
        if not query.strip():
            raise UsageError("A query must not be empty; give it some words.")
        return [part for part in self.embedder.split(query) if part.strip()][:MAX_PARTS]


def _best(rankings: list[list[Scored]]) -> dict[str, float]:
    best: dict[str, float] = {}
    for ranking in rankings:
        for id, score in ranking:
            best[id] = max(score, best.get(id, -1.0))
    return best
