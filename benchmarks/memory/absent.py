"""`python -m benchmarks.memory absent`: is a question answered rightly, and said to be "not in memory" where it is not?

Sixty questions over the documents in `data/papers/`, half of which hold no answer though they are near in topic; the
project's own READMEs lie in the same memory. `dev` was for prompts and thresholds, `held` is run to report.
"""

import argparse
import asyncio
import json
import re
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from agentx_memory.adding import add_documents
from agentx_memory.chunks import Document
from agentx_memory.embedder import MiniLmEmbedder
from agentx_memory.ingest import documents
from agentx_memory.local import LocalStore
from agentx_memory.retrieval.ask import ask
from agentx_memory.retrieval.search import Retriever

from agentx.models import open_model

DATA = Path(__file__).with_name("data")
PROJECT = Path(__file__).parents[2]
READMES = ("README.md", "tools/README.md", "benchmarks/README.md")


@dataclass(frozen=True)
class Question:
    """`pattern` matches a right answer; "" where the documents hold none."""

    half: str
    pattern: str
    text: str


@dataclass(frozen=True)
class Told:
    """What came of a question; `cited` is whether a citation's passage holds what was asked for."""

    question: Question
    right: bool
    cited: bool
    answer: str
    seconds: float


def questions() -> list[Question]:
    lines = (DATA / "questions.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ", 2) for line in lines if line and not line.startswith("#")]
    return [Question(half, "" if pattern == "-" else pattern, text) for half, pattern, text in rows]


def memory() -> Retriever:
    embedder = MiniLmEmbedder()
    store = LocalStore(None, embedder.name, "papers")
    paths = [DATA / "papers", *(PROJECT / name for name in READMES)]
    readable = [item for item in documents(paths, embedder=embedder) if isinstance(item, Document)]
    for _ in add_documents(store, embedder, readable):
        pass
    return Retriever(store, embedder)


async def run(asked: Sequence[Question], model_name: str | None, threads: int | None) -> list[Told]:
    retriever, model = memory(), open_model(model_name, threads=threads)
    told: list[Told] = []
    for question in asked:
        started = time.perf_counter()
        answer = await ask(question.text, retriever, model)
        seconds = time.perf_counter() - started
        wanted = re.compile(question.pattern or "(?!)", re.IGNORECASE)
        right = bool(wanted.search(answer.text)) if question.pattern else not answer.found
        cited = any(wanted.search(one.excerpt) for one in answer.citations)
        told.append(Told(question, right, cited, answer.text, seconds))
        print("ok" if right else "--", question.text, "->", answer.text, file=sys.stderr, flush=True)
    return told


def plain_top_k(asked: Sequence[Question], least: float) -> tuple[float, float]:
    """Absent said, and a right passage among five, where a similarity below `least` alone means "not in memory"."""
    retriever = memory()
    absent: list[bool] = []
    right: list[bool] = []
    for question in asked:
        hits = [hit for hit in retriever.search(question.text) if (hit.similarity or 0.0) >= least]
        if question.pattern:
            right.append(any(re.search(question.pattern, hit.text, re.IGNORECASE) for hit in hits))
        else:
            absent.append(not hits)
    return statistics.mean(absent), statistics.mean(right)


def summary(told: Sequence[Told]) -> str:
    lines = ["half   absent said   answered right   right passage cited   median s"]
    for half in dict.fromkeys(one.question.half for one in told):
        absent = [one for one in told if one.question.half == half and not one.question.pattern]
        answered = [one for one in told if one.question.half == half and one.question.pattern]
        seconds = statistics.median(one.seconds for one in (*absent, *answered))
        said = f"{sum(one.right for one in absent)} of {len(absent)}"
        right = f"{sum(one.right for one in answered)} of {len(answered)}"
        cited = f"{sum(one.cited for one in answered)} of {len(answered)}"
        lines.append(f"{half:5}  {said:12}  {right:15}  {cited:20}  {seconds:.1f}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory absent", description=__doc__)
    parser.add_argument("--half", choices=["dev", "held", "both"], default="both")
    parser.add_argument("--model", help="a catalogued name or a GGUF file (default: the default model)")
    parser.add_argument("--threads", type=int, help="CPU threads of the decoder")
    parser.add_argument("--plain", type=float, metavar="COSINE", help="plain top-k with this limit, without a decoder")
    parser.add_argument("--out", type=Path, help="write what was answered as JSON")
    options = parser.parse_args(arguments)
    asked = [question for question in questions() if options.half in ("both", question.half)]
    if options.plain is not None:
        said, right = plain_top_k(asked, options.plain)
        print(f"absent said {said:.0%}, a right passage shown {right:.0%}")
        return 0
    told = asyncio.run(run(asked, options.model, options.threads))
    print(summary(told))
    if options.out:
        options.out.write_text(json.dumps([asdict(one) for one in told], indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
