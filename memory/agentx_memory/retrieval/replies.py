"""What is asked of the decoder: a prompt of this package, filled in, and the reply read to its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template

from agentx.messages import Usage
from agentx.model import Constraint, Delta, FinishReason, Fragment, Model


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    finish: FinishReason
    usage: Usage


def prompt(model: Model, name: str, **values: str) -> list[Fragment]:
    """`prompts/NAME.md`: what stands above its line `---` is the same each time, so its KV cache is kept."""
    rules, _, question = _text(name).partition("\n---\n")
    return model.chat.opening(rules, Template(question).substitute(values))


async def reply(
    model: Model,
    fragments: Sequence[Fragment],
    *,
    max_tokens: int,
    stop: Sequence[str] = (),
    constraint: Constraint | None = None,
) -> Reply:
    """Raises ContextOverflow where the prompt leaves no room."""
    pieces: list[str] = []
    last = Delta("")
    stream = model.decode(fragments, constraint=constraint, max_tokens=max_tokens, stop=stop)
    try:
        async for delta in stream:
            pieces.append(delta.text)
            last = delta
    finally:
        await stream.aclose()
    return Reply("".join(pieces).strip(), last.finish or "stop", last.usage)


@cache
def _text(name: str) -> str:
    return resources.files("agentx_memory.retrieval").joinpath("prompts", f"{name}.md").read_text("utf-8").strip()
