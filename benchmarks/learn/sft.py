"""`python -m benchmarks.learn.sft`: does `agentx tune sft` teach a model that cannot write calls to write them?

A LoRA adapter is trained on made-up tools and then, in llama.cpp and without any grammar, asked about tools of which it
has never seen a word. A reply counts where the dialect parses it to one call or more of the tools at hand; the model
without the adapter is asked the same.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentx_learn.tuning.messages_data import traces_of
from agentx_learn.tuning.rows import read_file
from agentx_learn.tuning.sft_data import read_traces
from agentx_learn.tuning.sft_rendering import opening
from agentx_learn.tuning.sft_run import GGUF, Settings, run
from agentx_learn.tuning.traces import Trace

from agentx.dialects.base import DialectError
from agentx.dialects.python_calls import PythonCalls
from agentx.models import open_model
from benchmarks.decoding.timing import Figure, Spread, command, report
from benchmarks.learn.loaded import CONTEXT_TOKENS, collect, options
from benchmarks.learn.made_tools import LEARNT, UNSEEN, rows

JUDGED = 100
PARSED, MINUTES = 0.8, 20
"""What is wanted: the share of replies that parse, and the most that training may take."""
MAX_TOKENS = 64
END_SIGN = "<|"


def calls_of(reply: str, trace: Trace) -> list[tuple[str, dict[str, Any]]]:
    """The calls in a reply, which may begin with the word that a function is of use; none if it does not parse."""
    text = reply.partition(END_SIGN)[0].strip().removeprefix("Yes").strip()
    try:
        return PythonCalls().parse(text, list(trace.tools))
    except DialectError:
        return []


def asked(model: Any, traces: Sequence[Trace]) -> list[str]:
    """What a model replies, greedily and under no grammar, to the first request of each trace."""

    async def all_of_them() -> list[str]:
        prompts = [opening(trace, trace.tasks[0], PythonCalls(), model.chat) for trace in traces]
        return [(await collect(model, prompt, max_tokens=MAX_TOKENS))[0] for prompt in prompts]

    return asyncio.run(all_of_them())


def written(folder: Path, name: str, made: Sequence[dict[str, Any]]) -> Path:
    path = folder / name
    path.write_text("".join(f"{json.dumps(row)}\n" for row in made), encoding="utf-8")
    return path


def judged(name: str, replies: Sequence[str], traces: Sequence[Trace], target: float | None) -> list[Figure]:
    found = [calls_of(reply, trace) for reply, trace in zip(replies, traces, strict=True)]
    right = [calls == list(trace.tasks[0].rounds[0].calls) for calls, trace in zip(found, traces, strict=True)]
    counts = (("parse", sum(map(bool, found)), target), ("are the call that was asked for", sum(right), None))
    return [
        Figure(f"of {len(traces)} free replies {what}: {name}", Spread(count, count, count, 1), wanted, at_least=True)
        for what, count, wanted in counts
    ]


def main(arguments: Sequence[str]) -> int:
    parser = options("sft", __doc__)
    parser.add_argument("--rows", type=int, default=480, help="traces that are learnt from")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--judged", type=int, default=JUDGED)
    parser.add_argument("--keep", type=Path, help="folder for the adapter; without it, it is thrown away")
    chosen: argparse.Namespace = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        data = written(Path(scratch), "learnt.jsonl", rows(LEARNT, chosen.rows, seed=1))
        unseen = written(Path(scratch), "unseen.jsonl", rows(UNSEEN, chosen.judged, seed=2, refused=0.0))
        traces = traces_of(read_file(unseen))
        out = chosen.keep or Path(scratch, "adapter")
        began, cpu = time.monotonic(), time.process_time()
        settings = Settings(chosen.model, chosen.epochs, 8, 1e-3, 16, 512, seed=0)
        run(read_traces(str(data), 0.05, 0), settings, out)
        took_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
        base = open_model(chosen.model, threads=chosen.threads, context_tokens=CONTEXT_TOKENS)
        sides = {"without": base, "with the adapter": open_model(
            chosen.model, threads=chosen.threads, context_tokens=CONTEXT_TOKENS, adapter=out / GGUF
        )}  # fmt: skip
        replies = {name: asked(model, traces) for name, model in sides.items()}
    wanted = {"with the adapter": PARSED * len(traces)}
    figures = [figure for name in sides for figure in judged(name, replies[name], traces, wanted.get(name))]
    figures.append(Figure("training, minutes", Spread(took_s / 60, took_s / 60, took_s / 60, 1), MINUTES))
    figures.append(Figure("training, minutes of CPU time", Spread(cpu_s / 60, cpu_s / 60, cpu_s / 60, 1)))
    measured = {"requests": [trace.tasks[0].request for trace in traces], **replies}
    report(chosen, figures, f"{chosen.rows} traces, {chosen.epochs} epochs", measured)
    return 0


if __name__ == "__main__":
    sys.exit(command(main))
