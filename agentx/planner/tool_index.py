"""Finds tools by what they do: by their words, by their meaning, and both fused.

Words are ranked by BM25, meaning by an embedder where there is one. Reciprocal rank fusion after Cormack, Clarke and
Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods", 2009.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from agentx.embedding import Embedder
from agentx.planner.lexical import Bm25, parts, words
from agentx.tool import Tool

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEAR_COSINE = 0.3
NEAR_WORDS = 2
"""What a tool must have in common with a text to come near it: this similarity, or so many words. A single word in
common is mostly chance: where it counts, it costs more requests than it wins (`benchmarks/retrieval`)."""

FUSION_RANK = 60
"""The constant of the paper: how little the first places count more than those after them."""

MOST_CHARACTERS = 1_000
"""Of a text that tools are looked up for: a task may hold a whole letter, and its beginning says what is wanted."""

Ranking = list[int]
"""Places of tools, best first; those that do not come near are left out."""


class ToolIndex:
    """See the module.

    Args:
        embedder: loaded; None leaves the words alone.
    """

    def __init__(self, tools: Sequence[Tool], embedder: Embedder | None = None) -> None:
        self._names = [tool.name for tool in tools]
        self._bm25 = Bm25([words(as_words(tool)) for tool in tools])
        self._embedder = embedder
        self._vectors = _vectors(tools, embedder) if embedder else None

    def rank(self, text: str) -> list[str]:
        """Names of all tools, those nearest to the text first."""
        text = text[:MOST_CHARACTERS]
        ranked = fused([self.by_words(text, NEAR_WORDS), self.by_meaning(text)])
        return [
            self._names[place] for place in dict.fromkeys([*ranked, *self.by_words(text), *range(len(self._names))])
        ]

    def near(self, texts: Iterable[str]) -> list[str]:
        """Names of the tools that come near to one of the texts, best first."""
        cut = [text[:MOST_CHARACTERS] for text in texts if text.strip()]
        rankings = [self.by_words(text, NEAR_WORDS) for text in cut]
        rankings += [self.by_meaning(text, NEAR_COSINE) for text in cut]
        return [self._names[place] for place in fused(rankings)]

    def by_words(self, text: str, least: int = 1) -> Ranking:
        """Tools that have at least so many different words of the text."""
        query = words(text)
        scores, shared = self._bm25.scores(query), self._bm25.shared(query)
        places = [place for place in range(len(scores)) if shared[place] >= least]
        return sorted(places, key=lambda place: -scores[place])

    def by_meaning(self, text: str, least: float = -1.0) -> Ranking:
        """Tools of at least this cosine similarity with the text; none without an embedder."""
        if self._embedder is None or self._vectors is None:
            return []
        similarity: NDArray[np.float32] = self._vectors @ self._embedder.embed([text])[0]
        return [int(place) for place in (-similarity).argsort(kind="stable") if similarity[place] >= least]


def fused(rankings: Iterable[Ranking]) -> Ranking:
    """One ranking of several, by the sum of the reciprocal ranks."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, place in enumerate(ranking, 1):
            scores[place] = scores.get(place, 0.0) + 1 / (FUSION_RANK + rank)
    return sorted(scores, key=lambda place: (-scores[place], place))


def as_words(tool: Tool) -> str:
    """What is known of a tool, for its words: its name twice, since it says most."""
    notes = (
        f"{name} {sub.get('description', '') if isinstance(sub, dict) else ''}"
        for name, sub in tool.parameters["properties"].items()
    )
    return "\n".join([tool.name, tool.name, tool.description, *notes])


def as_sentences(tool: Tool) -> list[str]:
    """What is known of a tool, for its meaning: an embedder reads sentences. As many for each tool."""
    name = " ".join(parts(tool.name))
    return [f"{name}: {tool.description}", tool.description or name]


def _vectors(tools: Sequence[Tool], embedder: Embedder) -> "NDArray[np.float32]":
    """One row a tool: the mean over its sentences, so that a product with a text's vector is the mean similarity."""
    rows = embedder.embed([sentence for tool in tools for sentence in as_sentences(tool)])
    return rows.reshape(len(tools), -1, rows.shape[1]).mean(axis=1)
