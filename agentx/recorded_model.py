"""A model whose replies are on the record of a run, and the digest by which a reply is found there."""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TypeAlias

from agentx.events import Event, ModelReplied, ModelScored
from agentx.model import GREEDY, Constraint, Delta, Fragment, Model, Prompt, Sampling, Scores, StandIn
from agentx.redaction import redact
from agentx.tape import Tape

Again: TypeAlias = Callable[[ModelReplied, AsyncGenerator[Delta, None]], Awaitable[None]]
Watch: TypeAlias = Callable[[str, Prompt], None]


class RecordedModel(StandIn):
    """A Model whose replies are taken from a tape as long as it has them, and are recorded beyond it.

    Args:
        again: given each reply off the tape, and the stream in which the model would say it now.
        watch: given the digest and the prompt of each request; the prompt grows afterwards.
    """

    def __init__(
        self,
        model: Model,
        tape: Tape,
        emit: Callable[[Event], None],
        again: Again | None = None,
        watch: Watch | None = None,
    ) -> None:
        super().__init__(model)
        self._model = model
        self._tape = tape
        self._emit = emit
        self._again = again
        self._watch = watch

    async def decode(
        self,
        prompt: Prompt,
        *,
        constraint: Constraint | None = None,
        stop: Sequence[str] = (),
        max_tokens: int = 512,
        sampling: Sampling = GREEDY,
    ) -> AsyncGenerator[Delta, None]:
        asked = [constraint.lark if constraint else "", *stop, str(max_tokens), repr(sampling)]
        request = digest(prompt, asked)
        if self._watch:
            self._watch(request, prompt)
        now = partial(
            self._model.decode, prompt, constraint=constraint, stop=stop, max_tokens=max_tokens, sampling=sampling
        )
        recorded = self._tape.reply(request)
        if isinstance(recorded, ModelReplied):
            if self._again:
                await self._again(recorded, now())
            # A script that is read from its beginning in each process has to come to the same place.
            if pass_over := getattr(self._model, "pass_over", None):
                pass_over()
            yield Delta(recorded.text)
            yield Delta("", recorded.finish, tuple(recorded.fragments), recorded.usage)
            return
        pieces: list[str] = []
        stream = now()
        try:
            async for delta in stream:
                pieces.append(delta.text)
                if delta.finish:
                    text, fragments = "".join(pieces), list(map(_without_secrets, delta.fragments))
                    self._emit(ModelReplied(request, text, delta.finish, fragments, delta.usage))
                yield delta
        finally:
            await stream.aclose()

    async def score(self, prompt: Prompt, continuations: Sequence[str]) -> Scores:
        request = digest(prompt, list(continuations))
        if self._watch:
            self._watch(request, prompt)
        recorded = self._tape.reply(request)
        if isinstance(recorded, ModelScored):
            return Scores(recorded.logprobs, recorded.usage)
        scores = await self._model.score(prompt, continuations)
        self._emit(ModelScored(request, scores.logprobs, scores.usage))
        return scores


def digest(prompt: Prompt, asked: Iterable[str]) -> str:
    """What tells a request to the model from others: its texts, as the journal would keep them."""
    whole = hashlib.blake2b(digest_size=16)
    for fragment in prompt:
        whole.update(_digest_of_text(fragment.text, fragment.markup))
    for text in asked:
        whole.update(_digest_of_text(text, markup=True))
    return whole.hexdigest()


def _without_secrets(fragment: Fragment) -> Fragment:
    """The journal redacts texts; the tokens of one must not tell what it held."""
    return fragment if redact(fragment.text) == fragment.text else replace(fragment, tokens=None)


@lru_cache(maxsize=2048)
def _digest_of_text(text: str, markup: bool) -> bytes:
    data = redact(text).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(data, digest_size=16, salt=b"markup" if markup else b"").digest()
