"""The two decoders that are compared, on the same weights and threads: ours, and llama-cpp-python's `Llama`."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentx.model import Delta, Prompt
from agentx.models import acquire
from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions

CONTEXT_TOKENS = 8192
PEER_CONTEXT_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Reply:
    """What a side made of one request.

    Attributes:
        seconds: wall time, from the request to the last token.
        tokens: output tokens, an end token that was sampled among them.
        forced: those that the grammar forced.
        read: prompt tokens that were read, not found in the KV cache, where the side tells.
    """

    text: str
    seconds: float
    tokens: int
    forced: int = 0
    read: int | None = None


def weights(name: str) -> Path:
    """The GGUF file of a catalogued name, a path, or (empty) the default model."""
    return acquire.ensure(name or None).path


class Ours:
    """The engine, asked by one synchronous caller; nothing is kept on disk."""

    def __init__(self, path: Path, threads: int) -> None:
        self.model = LlamaCppModel(path, path.stem, options=LlamaOptions(CONTEXT_TOKENS, threads))
        self.runner = asyncio.Runner()

    def __enter__(self) -> "Ours":
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.close()
        self.model.close()

    def reply(self, prompt: Prompt, **options: Any) -> Reply:
        """The reply to one prompt; options are those of `Model.decode`."""
        return self.runner.run(self.decode(prompt, **options))

    async def decode(self, prompt: Prompt, **options: Any) -> Reply:
        started = time.perf_counter()
        text, last = "", Delta("")
        async for last in self.model.decode(prompt, **options):
            text += last.text
        return of_delta(text, last, time.perf_counter() - started)


def of_delta(text: str, last: Delta, seconds: float) -> Reply:
    usage = last.usage
    ended = last.finish == "stop"  # the end token is sampled too
    return Reply(text, seconds, usage.output_tokens + ended, usage.forced_tokens, usage.prompt_tokens)


def open_peer(path: Path, threads: int, kind: type[Any] | None = None) -> Any:
    """A `llama_cpp.Llama` (or a subclass of it) as a careful user opens it: the box's threads, not half of them."""
    import llama_cpp

    return (kind or llama_cpp.Llama)(
        model_path=str(path), n_ctx=PEER_CONTEXT_TOKENS, n_threads=threads, n_threads_batch=threads, verbose=False
    )
