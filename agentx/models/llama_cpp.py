"""The llama.cpp backend: GGUF files, decoded by the engine of `agentx.decoding`."""

import asyncio
import atexit
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agentx.cpus import default_threads, usable_cpus
from agentx.decoding import snapshots as store
from agentx.decoding.constraint import check
from agentx.decoding.drafts import Drafter
from agentx.decoding.engine import Engine
from agentx.decoding.reply import Reply
from agentx.decoding.sampler import Sampler
from agentx.decoding.snapshots import Snapshots
from agentx.decoding.stream import Stream
from agentx.messages import Usage
from agentx.model import GREEDY, ChatFormat, Constraint, Delta, Fragment, Prompt, Sampling, Scores
from agentx.models.chat_format import PlainFormat, TemplateFormat

if TYPE_CHECKING:
    from agentx.models.acquire import Resolved

DEFAULT_CONTEXT_TOKENS = 8192
_KEPT_FRAGMENTS = 2048
T = TypeVar("T")
_loaded: dict[tuple[Path, "LlamaOptions"], "LlamaCppModel"] = {}
_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class LlamaOptions:
    """What is chosen when a model is loaded; Agents that agree on it and on the file share one loaded model.

    Attributes:
        context_tokens: cells of the KV cache.
        threads: of the decoder; None takes what suits the machine.
        drafts: whether replies that repeat their context are guessed ahead; None where there are CPUs to spare for it.
    """

    context_tokens: int = DEFAULT_CONTEXT_TOKENS
    threads: int | None = None
    drafts: bool | None = None


class LlamaCppModel:
    """A Model (see `agentx.model.Model`) on a GGUF file.

    Args:
        path: the file.
        name: as shown to a person.
        dialect: name of the dialect that suits the model.
        snapshots: where the beginnings of prompts are kept between processes; None keeps none.
        identity: see `Model.identity`.

    Raises:
        ModelFileError, ModelError: the file cannot be loaded, or there is no memory for it.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        dialect: str = "python",
        options: LlamaOptions | None = None,
        snapshots: Snapshots | None = None,
        identity: str = "",
    ) -> None:
        self.name = name
        self.identity = identity
        self.dialect = dialect
        options = options or LlamaOptions()
        self._drafts = usable_cpus() >= 2 if options.drafts is None else options.drafts
        self._engine = Engine(path, options.context_tokens, options.threads or default_threads(), snapshots)
        llama = self._engine.llama
        self.context_tokens = llama.context_tokens
        self.build = {**llama.state_origin, "threads": options.threads or default_threads(), "drafts": self._drafts}
        template = llama.metadata.get("tokenizer.chat_template", "")
        self.chat: ChatFormat = (
            TemplateFormat(template, llama.token_text("bos"), llama.token_text("eos")) if template else PlainFormat()
        )
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
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[Delta | BaseException] = asyncio.Queue()

        def pass_on(item: Delta | BaseException) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(arrived.put_nowait, item)

        tokens, kept = self._tokens(prompt)
        stream = Stream(
            prompt=tokens,
            reply=Reply(self._engine.llama.piece, stop),
            sampler=Sampler(sampling),
            matcher=None,
            fast_forward=constraint.fast_forward if constraint else False,
            max_tokens=max_tokens,
            end_tokens=self._engine.llama.end_tokens,
            emit=pass_on,
            fail=pass_on,
            kept=kept,
            drafter=Drafter(tokens) if self._drafts else None,
        )
        self._engine.submit(stream, constraint.lark if constraint else None)
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
        tokens, kept = self._tokens(prompt)
        endings = [self._engine.llama.tokenize(text, markup=False) for text in continuations]
        logprobs, read, extra = await self._on_engine(lambda: self._engine.score(tokens, endings, kept))
        return Scores(logprobs, Usage(prompt_tokens=read, reused_tokens=len(tokens) - read, probe_tokens=extra))

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

    async def _on_engine(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(set_it: Callable[..., None], value: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(lambda: None if future.done() else set_it(value))

        def job() -> None:
            try:
                settle(future.set_result, work())
            except BaseException as error:
                settle(future.set_exception, error)

        self._engine.run(job)
        return await future


def load(argument: str | None, options: Mapping[str, Any]) -> LlamaCppModel:
    """The model of a catalogue name, a path or `hf://owner/repo/file`; None for the default model.

    Agents of a process that name the same file and options share one loaded model.
    """
    from agentx.models import acquire

    resolved = acquire.ensure(argument, options.get("progress"))
    chosen = LlamaOptions(options.get("context_tokens") or DEFAULT_CONTEXT_TOKENS, options.get("threads"))
    with _loading:
        key = (resolved.path, chosen)
        if key not in _loaded or _loaded[key].closed:
            dialect = resolved.entry.dialect if resolved.entry else None
            kept = _snapshots(resolved)
            model = LlamaCppModel(resolved.path, resolved.name, dialect or "python", chosen, kept, resolved.identity)
            atexit.register(model.finish)
            _loaded[key] = model
        return _loaded[key]


def _snapshots(resolved: "Resolved") -> Snapshots | None:
    cap = store.cap_from_environment()
    return Snapshots(store.folder(), resolved.identity, resolved.name, cap) if cap else None
