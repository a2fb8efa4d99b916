"""`python -m benchmarks.learn.agreement`: greedy answers of one GGUF file through both backends, and how many agree on
their first 16 tokens.

llama.cpp multiplies quantised weights with activations rounded to 8 bits; transformers unpacks the weights to float32.
So a near tie may fall the other way, and from there on the answers differ. Beside the file as it is, llama.cpp answers
from a copy unpacked to float32 too: what differs there is the order of sums alone.
"""

import asyncio
import ctypes
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions
from benchmarks.decoding.requests import CITIES, GOODS
from benchmarks.decoding.sides import weights
from benchmarks.decoding.timing import Figure, Spread, command, report
from benchmarks.learn.loaded import CONTEXT_TOKENS, Ours, collect, options, tokens_of

FIRST = 16
SYSTEM = "You are a helpful assistant."
ASKED = (
    "What is {} known for?",
    "Write one sentence about {}.",
    "Give me three words that go with {}.",
)
Answer = tuple[str, list[int], list[int]]
"""Text, its tokens, and the tokens of the prompt."""


def questions(count: int) -> list[str]:
    """Questions, no two alike."""
    things = [*CITIES, *GOODS]
    return [ASKED[i // len(things) % len(ASKED)].format(things[i % len(things)]) for i in range(count)]


def unpacked(path: Path, folder: Path) -> Path:
    """A copy of a GGUF file whose weights are float32, so that llama.cpp rounds nothing more."""
    import llama_cpp

    target = folder / "float32.gguf"
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = llama_cpp.LLAMA_FTYPE_ALL_F32
    parameters.allow_requantize = True
    failed = llama_cpp.llama_model_quantize(str(path).encode(), str(target).encode(), ctypes.byref(parameters))
    assert not failed, "llama.cpp cannot unpack the file"
    return target


def by_llama(path: Path, asked: Sequence[str], threads: int) -> list[Answer]:
    model = LlamaCppModel(path, path.stem, options=LlamaOptions(CONTEXT_TOKENS, threads, drafts=False))
    found = answers(model, asked)
    model.close()
    return found


def answers(model: Any, asked: Sequence[str]) -> list[Answer]:
    """The greedy answers of a backend."""

    async def one(question: str) -> Answer:
        prompt = model.chat.opening(SYSTEM, question)
        text, last = await collect(model, prompt, max_tokens=FIRST)
        return text, tokens_of(last), model._tokens(prompt)[0]

    async def all_of_them() -> list[Answer]:
        return [await one(question) for question in asked]

    return asyncio.run(all_of_them())


def main(arguments: Sequence[str]) -> int:
    parser = options("agreement", __doc__)
    parser.add_argument("--questions", type=int, default=50)
    chosen = parser.parse_args(arguments)
    asked, path = questions(chosen.questions), weights(chosen.model)
    with Ours(chosen.model, chosen.threads) as ours:
        own = answers(ours.model, asked)
    sides = {"the file as it is": by_llama(path, asked, chosen.threads)}
    with tempfile.TemporaryDirectory() as folder:
        sides["unpacked to float32"] = by_llama(unpacked(path, Path(folder)), asked, chosen.threads)
    figures: list[Figure] = []
    for side, theirs in sides.items():
        agreed = sum(mine[1] == other[1] for mine, other in zip(own, theirs, strict=True))
        what = f"of {len(asked)} answers agree on their first {FIRST} tokens, llama.cpp: {side}"
        figures.append(Figure(what, Spread(agreed, agreed, agreed, 1)))
    alike = sum(mine[2] == other[2] for mine, other in zip(own, sides["the file as it is"], strict=True))
    measured = {"transformers": own, **sides}
    report(chosen, figures, f"prompts of the same tokens: {alike} of {len(asked)}", measured)
    return 0


if __name__ == "__main__":
    sys.exit(command(main))
