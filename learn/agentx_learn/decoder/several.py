"""Several replies to one prompt, decoded at once: the prompt is read once, and each reply draws with its own seed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from agentx.model import Constraint, Delta, Model, Prompt, Sampling


async def replies(
    model: Model,
    prompt: Prompt,
    count: int,
    *,
    constraint: Constraint | None = None,
    stop: Sequence[str] = (),
    max_tokens: int = 512,
    sampling: Sampling,
) -> list[tuple[str, Delta]]:
    """The text and the last Delta of each reply, in the order of their seeds: that of the sampling and those after it.

    Args:
        count: how many; more than one make sense at a temperature above 0 only.

    Raises:
        ContextOverflow: as `Model.decode`.
    """

    async def one(seed: int) -> tuple[str, Delta]:
        text, last = "", Delta("")
        chosen = replace(sampling, seed=seed)
        async for last in model.decode(
            prompt, constraint=constraint, stop=stop, max_tokens=max_tokens, sampling=chosen
        ):
            text += last.text
        return text, last

    tasks = [asyncio.create_task(one(sampling.seed + i)) for i in range(count)]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        # Where one fails or the caller is cancelled, the others would go on decoding.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
