"""A Model on the decoding engine: what backends share that differ only in what runs the weights."""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from agentx.decoding.constraint import check
from agentx.decoding.drafts import Drafter
from agentx.decoding.engine import Engine
from agentx.decoding.reply import Reply
from agentx.decoding.sampler import Sampler
from agentx.decoding.scoring import Scoring
from agentx.decoding.stream import Stream
from agentx.messages import Usage
from agentx.model import GREEDY, ChatFormat, Constraint, Delta, Fragment, Prompt, Sampling, Scores

_KEPT_FRAGMENTS = 2048
T = TypeVar("T")


class EngineModel:
    """A Model (see `agentx.model.Model`) whose requests an engine carries out.

    Attributes:
        adapter: by the name of which adapter of the engine's they are decoded under; "" is none.

    Args:
        engine: with its loaded model.
        name: as shown to a person.
        dialect: name of the dialect that suits the model.
        chat: how the model is shown who speaks.
        identity: see `Model.identity`.
        drafts: whether replies that repeat their context are guessed ahead.
    """

    def __init__(
        self, engine: Engine, name: str, dialect: str, chat: ChatFormat, identity: str = "", drafts: bool = False
    ) -> None:
        self.name = name
        self.identity = identity
        self.dialect = dialect
        self.chat = chat
        self.context_tokens = engine.llama.context_tokens
        self.adapter = ""
        self._engine = engine
        self.drafts = drafts
        self._fragments: OrderedDict[tuple[str, bool], tuple[int, ...]] = OrderedDict()
        self._lock = threading.Lock()

    async def decode(
        self,
        prompt: Prompt,
        *,
        constraint: Constraint | None = None,
        stop: Sequence[str] = (),
        max_tokens: int = 512,
        sampling: Sampling = GREEDY,
    ) -> AsyncGenerator[Delta, None]:
        arrived: asyncio.Queue[Delta | BaseException] = asyncio.Queue()
        pass_on = _from_thread(arrived.put_nowait)
        tokens, kept = self._tokens(prompt)
        reply = Reply(self._engine.llama.piece, stop)
        stream = Stream(
            prompt=tokens,
            reply=reply,
            sampler=self._sampler(sampling, tokens, reply),
            matcher=None,
            fast_forward=constraint.fast_forward if constraint else False,
            max_tokens=max_tokens,
            end_tokens=self._engine.llama.end_tokens,
            emit=pass_on,
            fail=pass_on,
            kept=kept,
            adapter=self.adapter,
            drafter=Drafter(tokens) if self.drafts else None,
        )
        if constraint:
            self._engine.submit_under(constraint.lark, stream)
        else:
            self._engine.submit(stream)
        try:
            while True:
                item = await arrived.get()
                if isinstance(item, BaseException):
                    raise item
                yield item
                if item.finish:
                    return
        finally:
            if not stream.done:
                self._engine.cancel(stream)

    async def score(self, prompt: Prompt, continuations: Sequence[str]) -> Scores:
        arrived: asyncio.Queue[BaseException | None] = asyncio.Queue()
        pass_on = _from_thread(arrived.put_nowait)
        tokens, kept = self._tokens(prompt)
        endings = [self._engine.llama.tokenize(text, markup=False) for text in continuations]
        scoring = Scoring(
            prompt=tokens,
            continuations=endings,
            max_tokens=max(map(len, endings), default=0),
            tell=lambda: pass_on(None),
            fail=pass_on,
            kept=kept,
            adapter=self.adapter,
        )
        self._engine.submit(scoring)
        try:
            if error := await arrived.get():
                raise error
        finally:
            if not scoring.done:
                self._engine.cancel(scoring)
        read = len(tokens) - scoring.reused
        usage = Usage(prompt_tokens=read, reused_tokens=scoring.reused, probe_tokens=scoring.rows)
        return Scores(scoring.logprobs, usage)

    async def count(self, prompt: Prompt) -> int:
        return len(self._tokens(prompt)[0])

    def check(self, constraint: Constraint) -> None:
        check(constraint.lark)

    @property
    def closed(self) -> bool:
        return self._engine.closed

    def finish(self) -> None:
        """Ends what is under way and saves what is unsaved, at the end of the process; frees nothing."""
        self._engine.finish()

    def close(self) -> None:
        """As `finish`, and frees the memory."""
        self._engine.close()

    def _sampler(self, sampling: Sampling, prompt: Sequence[int], reply: Reply) -> Sampler:
        """What chooses the tokens of a reply, which grows while it does."""
        return Sampler(sampling)

    def _tokens(self, prompt: Prompt) -> tuple[list[int], int]:
        """Token ids of a prompt, and how many of them, from the first, are worth keeping on disk."""
        self._engine.require_open()
        ids: list[int] = []
        kept = 0
        for fragment in prompt:
            ids += self._fragment_tokens(fragment)
            if fragment.snapshot:
                kept = len(ids)
        bos = self._engine.llama.bos
        if bos is None or ids[:1] == [bos]:
            return ids, kept
        return [bos, *ids], kept and kept + 1

    def _fragment_tokens(self, fragment: Fragment) -> tuple[int, ...]:
        if fragment.tokens is not None:
            return fragment.tokens
        key = (fragment.text, fragment.markup)
        with self._lock:
            known = self._fragments.get(key)
            if known is None:
                known = tuple(self._engine.llama.tokenize(*key))
                self._fragments[key] = known
                if len(self._fragments) > _KEPT_FRAGMENTS:
                    self._fragments.popitem(last=False)
            return known


def _from_thread(take: Callable[[T], object]) -> Callable[[T], None]:
    """A function for other threads, which has the running event loop call `take`; nothing once the loop is closed."""
    loop = asyncio.get_running_loop()

    def pass_on(item: T) -> None:
        with suppress(RuntimeError):  # asked first whether it is closed, it could close in between
            loop.call_soon_threadsafe(take, item)

    return pass_on
