"""A model of the transformers backend for one synchronous caller, and the options that these benchmarks share."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

from agentx_learn.decoder.backend import load

from agentx.model import Delta, Prompt
from benchmarks.decoding.timing import RESULTS, THREADS

MODEL = "smollm2-135m"
CONTEXT_TOKENS = 8192


class Ours:
    """The backend; its network is `network`, for plain `generate`."""

    def __init__(self, name: str, threads: int) -> None:
        self.threads = threads
        self.model = load(name, {"context_tokens": CONTEXT_TOKENS, "threads": threads})
        self.runner = asyncio.Runner()

    def __enter__(self) -> "Ours":
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.close()
        self.model.close()

    @property
    def network(self) -> Any:
        return self.model._engine.llama._network

    def ids(self, prompt: Prompt) -> list[int]:
        return self.model._tokens(prompt)[0]

    def reply(self, prompt: Prompt, **options: Any) -> tuple[str, Delta]:
        """Text and last Delta; options are those of `Model.decode`."""
        return self.runner.run(collect(self.model, prompt, **options))


async def collect(model: Any, prompt: Prompt, **options: Any) -> tuple[str, Delta]:
    text, last = "", Delta("")
    async for last in model.decode(prompt, **options):
        text += last.text
    return text, last


def tokens_of(delta: Delta) -> list[int]:
    """Token ids of a whole reply."""
    return [token for fragment in delta.fragments for token in fragment.tokens or ()]


def options(name: str, description: str | None) -> argparse.ArgumentParser:
    """A parser with what all of these benchmarks take."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.learn.{name}", description=description)
    parser.add_argument("--model", default=MODEL, help=f"what follows `transformers:` (default: {MODEL})")
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--out", type=Path, default=RESULTS / f"learn-{name}.json", help="JSON file of the results")
    return parser
