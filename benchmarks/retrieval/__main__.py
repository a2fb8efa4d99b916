"""`python -m benchmarks.retrieval`: recall@8 and mean reciprocal rank of the right tools among 200."""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentx.planner.retrieval import PER_TASK
from agentx.planner.tool_index import ToolIndex
from benchmarks.retrieval.data import Request, requests, tools

WAYS = ("words", "meaning", "fused")


@dataclass(frozen=True)
class Found:
    """Where a request's tools were ranked, from 1; None for one that was left out."""

    request: Request
    ranks: tuple[int | None, ...]


@dataclass(frozen=True)
class Score:
    """`recall`: share of the wanted tools among the first eight; `mrr`: mean of 1 / rank of the first wanted tool."""

    recall: float
    mrr: float


def run(index: ToolIndex, names: Sequence[str], way: str, asked: Sequence[Request]) -> list[Found]:
    found: list[Found] = []
    for request in asked:
        if way == "fused":
            ranking = index.rank(request.text)
        else:
            places = index.by_words(request.text) if way == "words" else index.by_meaning(request.text)
            ranking = [names[place] for place in places]
        ranks = tuple(ranking.index(name) + 1 if name in ranking else None for name in request.tools)
        found.append(Found(request, ranks))
    return found


def score(found: Sequence[Found]) -> Score:
    recalls = [sum(1 for rank in one.ranks if rank and rank <= PER_TASK) / len(one.ranks) for one in found]
    reciprocal = [max(1 / rank if rank else 0.0 for rank in one.ranks) for one in found]
    return Score(statistics.mean(recalls), statistics.mean(reciprocal))


def table(results: dict[str, list[Found]]) -> str:
    lines = [f"ranked by   half   requests   recall@{PER_TASK}   MRR"]
    for way, found in results.items():
        for half in ("tune", "held"):
            part = [one for one in found if one.request.half == half]
            if part:
                value = score(part)
                lines.append(f"{way:10}  {half}   {len(part):8}   {value.recall:8.1%}   {value.mrr:.3f}")
    return "\n".join(lines)


def misses(found: Sequence[Found]) -> list[str]:
    """Requests of the tuning half that miss a tool; the held half is not for looking at."""
    return [
        f"{rank or 'none':>4}  {name}: {one.request.text}"
        for one in found
        for name, rank in zip(one.request.tools, one.ranks, strict=True)
        if one.request.half == "tune" and (rank is None or rank > PER_TASK)
    ]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description=__doc__)
    parser.add_argument("--half", choices=["tune", "held", "both"], default="both")
    parser.add_argument("--misses", action="store_true", help="list what the fused ranking misses in the tuning half")
    parser.add_argument("--out", type=Path, help="write the ranks as JSON")
    options = parser.parse_args(arguments)
    from agentx_memory.embedder import MiniLmEmbedder

    embedder = MiniLmEmbedder()
    embedder.load()
    known = tools()
    names = [tool.name for tool in known]
    started = time.perf_counter()
    index = ToolIndex(known, embedder)
    indexed_s = time.perf_counter() - started
    asked = [request for request in requests() if options.half in ("both", request.half)]
    results = {way: run(index, names, way, asked) for way in WAYS}
    started = time.perf_counter()
    run(index, names, "fused", asked)
    query_ms = 1000 * (time.perf_counter() - started) / len(asked)
    print(table(results))
    print(f"{len(known)} tools indexed in {indexed_s:.2f} s; {query_ms:.1f} ms a request")
    if options.misses:
        print("\n".join(misses(results["fused"])))
    if options.out:
        rows = {way: [(one.request.text, one.ranks) for one in found] for way, found in results.items()}
        options.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
