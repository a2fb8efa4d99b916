"""Whether a passage holds the answer to a question: the decoder's probability of Yes, from the logits of its next word.

That such a probability can be used once its threshold is known is after Kadavath et al., 2022
(https://arxiv.org/abs/2207.05221).
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from agentx.messages import Usage
from agentx.model import Fragment, Model
from agentx_memory.retrieval.hit import Hit
from agentx_memory.retrieval.replies import prompt

ANSWERED = 0.5
"""From here on a passage is taken to hold the answer: see `benchmarks/memory/README.md`."""


async def relevance(model: Model, question: str, hit: Hit) -> tuple[float, Usage]:
    """Probability that the passage holds the answer. It costs the reading of the passage, and no token is decoded."""
    passage = f"{hit.title}\n{hit.text}" if hit.title else hit.text
    return await probability(model, prompt(model, "answered", passage=passage, question=question))


async def probability(model: Model, asked: Sequence[Fragment]) -> tuple[float, Usage]:
    """Probability that the model answers a prompt by Yes rather than by No."""
    scores = await model.score(asked, ["Yes", "No"])
    yes, no = scores.logprobs
    return 1 / (1 + math.exp(min(no - yes, 700.0))), scores.usage


async def reranked(model: Model, question: str, hits: Sequence[Hit], top: int = 10) -> tuple[list[Hit], Usage]:
    """The first `top` hits by their relevance, best first, with the others behind them as they were."""
    judged: list[Hit] = []
    usage = Usage()
    for hit in hits[:top]:
        probability, cost = await relevance(model, question, hit)
        judged.append(replace(hit, relevance=probability))
        usage += cost
    judged.sort(key=lambda hit: -(hit.relevance or 0.0))
    return [*judged, *hits[top:]], usage


async def answering(model: Model, question: str, hits: Sequence[Hit], top: int = 3) -> tuple[list[Hit], Usage]:
    """The hits with the first of the `top` that holds the answer in front; empty where none of them does.

    What stands behind it is not asked about, so that a question whose answer was found first costs one look.
    """
    usage = Usage()
    for place, hit in enumerate(hits[:top]):
        probability, cost = await relevance(model, question, hit)
        usage += cost
        if probability >= ANSWERED:
            return [replace(hit, relevance=probability), *hits[:place], *hits[place + 1 :]], usage
    return [], usage
