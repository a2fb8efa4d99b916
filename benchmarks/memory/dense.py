"""The dense stage alone: a vector in, ids and scores out, beside comparing all with NumPy and beside three peers.

    python -m benchmarks.memory.dense --rows 10000 --peers /tmp/memory-peers/bin/python

By turns: each query goes to every side before the next one, and another side begins each time.
"""

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from benchmarks.columns import aligned
from benchmarks.decoding.timing import Spread
from benchmarks.memory.sides import Ask, Rows, agentx, ask_agentx, ask_chroma, ask_numpy, peer
from benchmarks.memory.vectors import vectors

QUERIES = 100
PEERS = ("sqlite-vec", "lancedb")


def main() -> None:
    """Prints a table: milliseconds a query, the ratio to NumPy, and how many of the ten nearest each side found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--peers", type=Path, help="Python of the environment that has the peers")
    parser.add_argument("--no-chroma", action="store_true", help="leave out chromadb, which takes minutes at 100,000")
    parser.add_argument("--ann", action="store_true", help="also what AgentX does beyond its exact limit")
    chosen = parser.parse_args()
    rows, queries = vectors(chosen.rows, 1), vectors(QUERIES, 2)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sides = {"NumPy exact": _timed(ask_numpy(rows), queries)}
        sides["AgentX"] = _timed(ask_agentx(agentx(rows, folder / "agentx")), queries)
        if chosen.ann:
            sides["AgentX, Chroma's index"] = _timed(ask_agentx(agentx(rows, folder / "ann", 1)), queries)
        if not chosen.no_chroma:
            sides["chromadb defaults"] = _timed(ask_chroma(rows, folder / "chroma"), queries)
        if chosen.peers:
            np.savez(folder / "rows.npz", rows=rows, queries=queries)
            for name in PEERS:
                sides[name] = stack.enter_context(peer(chosen.peers, name, folder / "rows.npz", folder))
        _report(sides, rows, queries)


def _timed(ask: Ask, queries: Rows):
    def timed(query: int) -> tuple[float, list[int]]:
        started = time.perf_counter()
        found = ask(queries[query])
        return time.perf_counter() - started, found

    return timed


def _report(sides, rows: Rows, queries: Rows) -> None:
    for ask in sides.values():
        ask(0)
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    found: dict[str, int] = dict.fromkeys(sides, 0)
    # Before the clock runs: whoever is asked right after this would find the rows in the processor's cache.
    true = [set(np.argsort(-(rows @ query))[:10].tolist()) for query in queries]
    names = list(sides)
    for query in range(len(queries)):
        for place in range(len(names)):
            name = names[(query + place) % len(names)]
            took, numbers = sides[name](query)
            seconds[name].append(took)
            found[name] += len(true[query] & set(numbers))
    base = Spread.of(seconds["NumPy exact"]).median
    lines = [("side", f"ms a query, {len(rows):,} rows", "p50 / NumPy", "recall@10")]
    for name, took in seconds.items():
        spread = Spread.of([1_000 * value for value in took])
        ratio = spread.median / 1_000 / base
        lines.append((name, spread.show(), f"{ratio:.2f}", f"{found[name] / 10 / len(queries):.3f}"))
    print(aligned(lines))


if __name__ == "__main__":
    main()
