"""A model that says what it was told to say: for tests, demonstrations and replays. The only fake of the project."""

import json
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from agentx.errors import ContextOverflow, ModelNotFound
from agentx.messages import Usage
from agentx.model import GREEDY, ChatFormat, Constraint, Delta, Fragment, Prompt, Sampling, Scores
from agentx.models.chat_format import PlainFormat

Reply: TypeAlias = str | Callable[[str], str] | Exception
"""A reply as the model would write it, or a function of the prompt's text, or an error to raise."""


class ScriptedModel:
    """A Model whose replies are given, in order; a token is a character.

    Args:
        replies: one a call of `decode`.
        yes: probability that `score` gives to the first of its continuations, or a function of the prompt's text that
            gives it; the others share the rest.
        delay_s: seconds to wait before each reply.
    """

    def __init__(
        self,
        replies: Iterable[Reply] = (),
        *,
        yes: float | Callable[[str], float] = 0.9,
        delay_s: float = 0.0,
        context_tokens: int = 1_000_000,
        dialect: str = "python",
        name: str = "scripted",
        identity: str = "",
    ) -> None:
        self.name = name
        self.identity = identity
        self.context_tokens = context_tokens
        self.dialect = dialect
        self.chat: ChatFormat = PlainFormat()
        self.prompts: list[str] = []
        self.constraints: list[Constraint | None] = []
        self._replies = iter(replies)
        self._yes = yes
        self._delay_s = delay_s

    async def decode(
        self,
        prompt: Prompt,
        *,
        constraint: Constraint | None = None,
        stop: Sequence[str] = (),
        max_tokens: int = 512,
        sampling: Sampling = GREEDY,
    ) -> AsyncGenerator[Delta, None]:
        import asyncio

        text = "".join(fragment.text for fragment in prompt)
        self.prompts.append(text)
        self.constraints.append(constraint)
        if len(text) >= self.context_tokens:
            raise ContextOverflow(
                f"The prompt has {len(text)} tokens and the model's context holds {self.context_tokens}; "
                "shorten the task or what it reads, or choose a larger context (context_tokens)."
            )
        await asyncio.sleep(self._delay_s)
        reply = next(self._replies, None)
        if reply is None:
            raise ModelNotFound("The scripted model has no reply left; give it one a step.")
        if isinstance(reply, Exception):
            raise reply
        said = reply if isinstance(reply, str) else reply(text)
        for word in said.splitlines(keepends=True):
            yield Delta(word)
        usage = Usage(prompt_tokens=len(text), sampled_tokens=len(said))
        yield Delta("", "stop", (Fragment(said),) if said else (), usage)

    def pass_over(self) -> None:
        """Leaves a reply out: it is on the record of a run that goes on (see `agentx.tape`)."""
        next(self._replies, None)

    async def score(self, prompt: Prompt, continuations: Sequence[str]) -> Scores:
        from math import log

        yes = self._yes("".join(fragment.text for fragment in prompt)) if callable(self._yes) else self._yes
        others = max(len(continuations) - 1, 1)
        rest = log(max((1 - yes) / others, 1e-9))
        return Scores([log(max(yes, 1e-9)), *[rest] * (len(continuations) - 1)])

    async def count(self, prompt: Prompt) -> int:
        return sum(len(fragment.text) for fragment in prompt)

    def check(self, constraint: Constraint) -> None:
        from agentx.decoding.constraint import check

        check(constraint.lark)


def load(argument: str, options: Any = None) -> ScriptedModel:
    """`--model scripted:FILE`: a JSON file that holds a list of replies.

    Raises:
        ModelNotFound: there is no such file, or it holds something else.
    """
    try:
        replies = json.loads(Path(argument).read_text(encoding="utf-8"))
        if not isinstance(replies, list) or not all(isinstance(reply, str) for reply in replies):
            raise ValueError("it holds something else")
    except (OSError, ValueError, RecursionError) as error:
        raise ModelNotFound(
            f"The script `{argument}` holds no JSON list of replies ({error}); write one string a step."
        ) from None
    return ScriptedModel(replies)
