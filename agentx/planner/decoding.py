"""What strategies share: decoding a reply whole, and reading Yes/No probes."""

from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

from agentx.messages import Usage
from agentx.model import Constraint, Delta, FinishReason, Fragment
from agentx.planner.base import Turn
from agentx.planner.odds import probability


class Decoded:
    """A reply read to its end."""

    def __init__(self, text: str, last: Delta) -> None:
        self.text = text
        self.finish: FinishReason = last.finish or "stop"
        self.fragments = list(last.fragments)
        self.usage = last.usage


async def decode(
    turn: Turn,
    prompt: Sequence[Fragment],
    on_text: Callable[[str], None],
    *,
    constraint: Constraint | None = None,
    stop: Sequence[str] = (),
    max_tokens: int,
) -> Decoded:
    """Decodes a reply; `on_text` sees each piece as it comes."""
    pieces: list[str] = []
    last = Delta("")
    stream = turn.model.decode(prompt, constraint=constraint, stop=stop, max_tokens=max_tokens, sampling=turn.sampling)
    try:
        async for delta in stream:
            if delta.text:
                pieces.append(delta.text)
                on_text(delta.text)
            last = delta
    finally:
        await stream.aclose()
    return Decoded("".join(pieces), last)


async def probability_of_yes(turn: Turn, prompt: Sequence[Fragment]) -> tuple[float, Usage]:
    """Probability of Yes against No as the next word, from the logits: no token is decoded."""
    scores = await turn.model.score(prompt, ["Yes", "No"])
    yes, no = scores.logprobs
    return probability(yes - no), scores.usage


@cache
def prompt_text(name: str) -> str:
    """A prompt of this package: `prompts/NAME.md`."""
    return resources.files("agentx.planner").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8").strip()
