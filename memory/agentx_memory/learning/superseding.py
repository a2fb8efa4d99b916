"""Whether a new fact takes the place of older ones: the decoder's probability that the old one is to be crossed out.

A small model answers such a question by its worked cases, and the order in which they stand moves its answer as much as
the question does (Lu et al., 2022, https://arxiv.org/abs/2104.08786). So it is asked under two orders, and the mean of
the two in log-odds counts. What was measured and what was tried beside it: `benchmarks/memory/README.md`.
"""

import math
from collections.abc import Sequence

from agentx.messages import Usage
from agentx.model import Model
from agentx_memory.retrieval.relevance import probability
from agentx_memory.retrieval.replies import prompt

SUPERSEDED, DOUBTFUL = 0.40, 0.33
"""Probability, as `superseded` gives it, from which on the older goes, or a person is asked. It stays below one half
with the default model even where the answer is plain, so that one half is no limit to go by."""

_ORDERS = ("same_fact", "same_fact_reordered")
_CLEAR = 1e-6  # an answer that is surer than this counts as no surer


async def superseded(model: Model, olds: Sequence[str], new: str) -> tuple[list[float], Usage]:
    """For each old fact the probability that the new one repeats or corrects it, so that only the new is to be kept.

    It costs the reading of each pair, twice; no token is decoded.
    """
    odds = [0.0] * len(olds)
    usage = Usage()
    # One order after the other: what stands above the pairs is then read once for each order, and not for each pair.
    for name in _ORDERS:
        for place, old in enumerate(olds):
            yes, cost = await probability(model, prompt(model, name, old=old, new=new))
            yes = min(max(yes, _CLEAR), 1 - _CLEAR)
            odds[place] += math.log(yes / (1 - yes)) / len(_ORDERS)
            usage += cost
    return [1 / (1 + math.exp(-each)) for each in odds], usage
