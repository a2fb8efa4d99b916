"""Rankings become one: parts of a query by their scores, different retrievers by their ranks.

Reciprocal rank fusion after Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual
Rank Learning Methods", 2009.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agentx_memory.store import Scored

FUSION_RANK = 60
"""The constant of the paper: how little the first places count more than those after them."""


@dataclass(frozen=True, slots=True)
class Fused:
    """An id with its fused score, and for each retriever that found it the rank, from 1."""

    id: str
    score: float
    ranks: Mapping[str, int]


def added(rankings: Sequence[Sequence[Scored]], power: float) -> list[Scored]:
    """One ranking of what the same retriever found for the parts of a query, by the sum of powers of the scores.

    The power lets one part that fits well count more than many that fit a little; what is below zero counts as zero.
    A single ranking stays as it is. Of equal scores, the id that came first stands first.
    """
    if len(rankings) == 1:
        return list(rankings[0])
    sums: dict[str, float] = {}
    for ranking in rankings:
        for id, score in ranking:
            sums[id] = sums.get(id, 0.0) + max(score, 0.0) ** power
    return sorted(sums.items(), key=lambda item: -item[1])


def fused(rankings: Mapping[str, Iterable[Scored]]) -> list[Fused]:
    """One ranking of several retrievers' by the sum of the reciprocal ranks, best first."""
    ranks: dict[str, dict[str, int]] = {}
    for retriever, ranking in rankings.items():
        for rank, (id, _) in enumerate(ranking, 1):
            ranks.setdefault(id, {})[retriever] = rank
    found = [
        Fused(id, sum(1 / (FUSION_RANK + rank) for rank in places.values()), places) for id, places in ranks.items()
    ]
    return sorted(found, key=lambda one: -one.score)
