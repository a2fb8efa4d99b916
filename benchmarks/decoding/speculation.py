"""`python -m benchmarks.decoding.speculation`: tokens a second with drafts and without, by turns.

For a file given back with an edit, which repeats its prompt, and for a story, which does not. With `--rows`: what a
batch costs by its rows.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentx.cpus import default_threads
from agentx.decoding.llama import Llama
from agentx.messages import Usage
from agentx.models import acquire
from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions

SYSTEM = "You are a careful programmer."
FILE = (Path(__file__).parent / "inventory.txt").read_text(encoding="utf-8")
TASKS = {
    "edit": f"Rename the method `take` to `remove` in this file and change nothing else. Reply with the whole file in "
    f"a code block and with nothing else.\n\n```python\n{FILE}```",
    "story": "Tell the story of a lighthouse keeper who finds a letter in a bottle, in about 250 words.",
}
MAX_TOKENS = {"edit": 900, "story": 320}
WARM_TOKENS = 8


@dataclass(frozen=True)
class Reply:
    text: str
    usage: Usage

    @property
    def rate(self) -> float:
        """Output tokens a second, the reading of the prompt not counted."""
        return self.usage.output_tokens / self.usage.decode_s


async def ask(model: LlamaCppModel, task: str, max_tokens: int) -> Reply:
    text, usage = "", Usage()
    async for delta in model.decode(model.chat.opening(SYSTEM, TASKS[task]), max_tokens=max_tokens):
        text, usage = text + delta.text, delta.usage
    return Reply(text, usage)


async def rounds(models: dict[str, LlamaCppModel], task: str, count: int) -> dict[str, list[Reply]]:
    replies: dict[str, list[Reply]] = {way: [] for way in models}
    for model in models.values():
        await ask(model, task, WARM_TOKENS)  # both have the prompt in their cache then
    for number in range(count):
        for way in sorted(models, reverse=number % 2 == 1):
            replies[way].append(await ask(models[way], task, MAX_TOKENS[task]))
            print(f"{task} {number + 1}/{count} {way}: {replies[way][-1].rate:.1f} tokens/s", file=sys.stderr)
    return replies


def line(task: str, replies: dict[str, list[Reply]]) -> str:
    on, off = replies["on"], replies["off"]
    ratios = [a.rate / b.rate for a, b in zip(on, off, strict=True)]
    usage = on[0].usage
    same = sum(a.text == b.text for a, b in zip(on, off, strict=True))
    return (
        f"{task:6} {spread([a.rate for a in on], 1):22} {spread([b.rate for b in off], 1):22} {spread(ratios, 2):22} "
        f"{usage.output_tokens:6} {usage.drafted_tokens:8} {usage.accepted_tokens:8}  {same} of {len(on)}"
    )


def speed(path: Path, name: str, count: int, tasks: Sequence[str]) -> None:
    models = {
        way: LlamaCppModel(path, name, options=LlamaOptions(context_tokens=4096, drafts=way == "on"))
        for way in ("on", "off")
    }
    lines = [
        "task   on, tokens/s           off, tokens/s          on / off               tokens  drafted accepted  same"
    ]
    lines += [line(task, asyncio.run(rounds(models, task, count))) for task in tasks]
    print("\n".join(lines))
    for model in models.values():
        model.close()


def rows(path: Path, count: int, behind: int) -> None:
    """Times batches of 1 to 24 rows behind `behind` tokens, logits of each row wanted, sizes by turns."""
    sizes = [*range(1, 18), 20, 24, 32]
    llama = Llama(path, behind + 64, 1, default_threads())
    for start in range(0, behind, llama.batch_rows):
        stop = min(start + llama.batch_rows, behind)
        llama.decode([(100 + i % 1000, i, 0, False) for i in range(start, stop)])
    seconds: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(count):
        for size in sizes:
            started = time.perf_counter()
            llama.decode([(100 + i, behind + i, 0, True) for i in range(size)])
            llama.logits(0)
            seconds[size].append(time.perf_counter() - started)
            llama.truncate(0, behind)
    print("rows  ms (median)  / one row (least to most)")
    for size in sizes:
        ratios = [a / b for a, b in zip(seconds[size], seconds[1], strict=True)]
        print(f"{size:4}  {1000 * statistics.median(seconds[size]):11.1f}  {spread(ratios, 2)}")
    llama.close()


def spread(values: Sequence[float], digits: int) -> str:
    low, middle, high = (f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low} to {high})"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decoding.speculation", description=__doc__)
    parser.add_argument("--model", default="", help="a catalogued name or a GGUF file (default: the default model)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--rows", action="store_true", help="time batches by their rows instead")
    parser.add_argument("--behind", type=int, default=800, help="with --rows: tokens in the cache before the batch")
    options = parser.parse_args(arguments)
    resolved = acquire.ensure(options.model or None)
    if options.rows:
        rows(resolved.path, options.rounds, options.behind)
    else:
        speed(resolved.path, resolved.name, options.rounds, options.tasks)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
