"""`python -m benchmarks.decoding.snapshot`: process start to first token, with a KV snapshot of the prompt's beginning
and without, in fresh processes by turns."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WAYS = {
    "hit": "a snapshot and the vocabulary are on disk",
    "miss": "an empty folder: the first start of all",
    "off": "nothing is kept on disk",
}


@dataclass(frozen=True)
class Start:
    """Seconds from the process's start, and what the request cost."""

    loaded: float
    first: float
    read: int
    reused: int
    reply: str


def start(way: str, model: str, prefix: int, folder: Path | None) -> Start:
    command = [sys.executable, "-m", "benchmarks.decoding.first_token", model, "--prefix", str(prefix)]
    if folder:
        command += ["--folder", str(folder)]
    began = time.monotonic()
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"the process for `{way}` failed: {ran.stderr.strip().splitlines()[-1]}")
    row = json.loads(ran.stdout)
    return Start(row["loaded"] - began, row["first"] - began, row["read"], row["reused"], row["reply"])


def rounds(model: str, prefix: int, count: int, ways: Sequence[str]) -> dict[str, list[Start]]:
    """All ways by turns, `count` times, after one start that leaves the snapshot for the hits."""
    starts: dict[str, list[Start]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(scratch) / "kept"
        start("hit", model, prefix, kept)
        for number in range(count):
            for way in ways:
                folder = {"hit": kept, "miss": Path(scratch) / f"empty-{number}", "off": None}[way]
                starts[way].append(start(way, model, prefix, folder))
                print(f"{number + 1}/{count} {way}: {starts[way][-1].first:.2f} s", file=sys.stderr)
    return starts


def table(starts: dict[str, list[Start]]) -> str:
    lines = ["way   first token, s       model loaded, s      read  reused"]
    for way, runs in starts.items():
        first, loaded = spread([run.first for run in runs]), spread([run.loaded for run in runs])
        lines.append(f"{way:5} {first:20} {loaded:20} {runs[0].read:4}  {runs[0].reused:6}")
    hits = [run.first for run in starts["hit"]]
    for way, runs in starts.items():
        if way != "hit":
            ratios = [hit / run.first for hit, run in zip(hits, runs, strict=True)]
            agreed = sum(a.reply == b.reply for a, b in zip(starts["hit"], runs, strict=True))
            lines.append(f"hit / {way}: {spread(ratios, 3)}; same first 12 tokens in {agreed} of {len(runs)}")
    return "\n".join([*lines, *(f"{way}: {WAYS[way]}" for way in starts)])


def spread(values: Sequence[float], digits: int = 2) -> str:
    low, middle, high = (f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low} to {high})"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decoding.snapshot", description=__doc__)
    parser.add_argument("--model", default="", help="a catalogued name or a GGUF file (default: the default model)")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--prefix", type=int, default=1500, help="tokens before the question, about")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    options = parser.parse_args(arguments)
    ways = ["hit", *(way for way in options.ways if way != "hit")]
    print(table(rounds(options.model, options.prefix, options.rounds, ways)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
