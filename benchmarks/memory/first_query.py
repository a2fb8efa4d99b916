"""The first question to a memory of 10,000 chunks in a new process, beside what importing chromadb alone takes.

    python -m benchmarks.memory.first_query

By turns, a new process each time. The process imports the memory, loads the embedding model, embeds the question, loads
the vectors and reads the five hits.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from agentx_memory.chunks import Chunk, Document
from agentx_memory.embedder import MiniLmEmbedder
from agentx_memory.local import LocalStore

from benchmarks.columns import aligned
from benchmarks.decoding.timing import Spread, interleave, ratios
from benchmarks.memory.corpus import chunks
from benchmarks.memory.vectors import vectors

FIRST = """
import sys, time
started = time.perf_counter()
from pathlib import Path
from agentx_memory.chroma import ChromaMemory
hits = ChromaMemory(Path(sys.argv[1]), url="").search("Where is the boat moored?")
print(time.perf_counter() - started)
assert len(hits) == 5 and "chromadb" not in sys.modules
"""
IMPORT = """
import time
started = time.perf_counter()
import chromadb
print(time.perf_counter() - started)
"""


def main() -> None:
    """Prints seconds for both, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _fill(folder, chosen.rows)
        _seconds(FIRST, folder), _seconds(IMPORT, folder)
        sides = {
            "first query": lambda _: _seconds(FIRST, folder),
            "import chromadb": lambda _: _seconds(IMPORT, folder),
        }
        taken = interleave(sides, chosen.rounds)
    rows = [("side", f"s, {chosen.rounds} new processes")]
    rows += [(name, Spread.of(values).show()) for name, values in taken.items()]
    rows.append(("first query / import chromadb", ratios(taken["first query"], taken["import chromadb"]).show()))
    print(aligned(rows))


def _fill(folder: Path, count: int) -> None:
    store = LocalStore(folder, MiniLmEmbedder().name)
    texts, rows = chunks(count), vectors(count, 1)
    for start in range(0, count, 20):
        part = tuple(map(Chunk, texts[start : start + 20]))
        store.put(Document(f"{start}.txt", "text", str(start), part), rows[start : start + 20])
    store.close()


def _seconds(code: str, folder: Path) -> float:
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
