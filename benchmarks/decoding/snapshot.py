"""`python -m benchmarks.decoding.snapshot`: process start to first token, with a KV snapshot of the prompt's beginning
and without, in fresh processes by turns."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.decoding.timing import Figure, Spread, command, interleave, options, ratios, report

TARGET = 0.15
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


def start(way: str, model: str, prefix: int, folder: Path | None, threads: int | None = None) -> Start:
    command = [sys.executable, "-m", "benchmarks.decoding.first_token", model, "--prefix", str(prefix)]
    if threads:
        command += ["--threads", str(threads)]
    if folder:
        command += ["--folder", str(folder)]
    began = time.monotonic()
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"the process for `{way}` failed: {ran.stderr.strip().splitlines()[-1]}")
    row = json.loads(ran.stdout)
    return Start(row["loaded"] - began, row["first"] - began, row["read"], row["reused"], row["reply"])


def rounds(
    model: str, prefix: int, count: int, ways: Sequence[str], threads: int | None = None
) -> dict[str, list[Start]]:
    """All ways by turns, `count` times, after one start that leaves the snapshot for the hits."""
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(scratch) / "kept"

        def measured(way: str, number: int) -> Start:
            folder = {"hit": kept, "miss": Path(scratch) / f"empty-{number}", "off": None}[way]
            return start(way, model, prefix, folder, threads)

        start("hit", model, prefix, kept, threads)
        return interleave({way: lambda number, way=way: measured(way, number) for way in ways}, count)


def table(starts: dict[str, list[Start]]) -> str:
    lines = ["way   first token, s       model loaded, s      read  reused"]
    for way, runs in starts.items():
        first, loaded = (Spread.of([getattr(run, what) for run in runs]).show() for what in ("first", "loaded"))
        lines.append(f"{way:5} {first:20} {loaded:20} {runs[0].read:4}  {runs[0].reused:6}")
    for way, runs in starts.items():
        if way != "hit":
            agreed = sum(a.reply == b.reply for a, b in zip(starts["hit"], runs, strict=True))
            lines.append(f"hit and {way}: same first 12 tokens in {agreed} of {len(runs)}")
    return "\n".join([*lines, *(f"{way}: {WAYS[way]}" for way in starts)])


def figures(starts: dict[str, list[Start]]) -> list[Figure]:
    seconds = {way: [run.first for run in runs] for way, runs in starts.items()}
    targets = {"miss": TARGET, "off": None}
    return [
        Figure(f"process start to first token, snapshot hit / {way}", ratios(seconds["hit"], seconds[way]), target)
        for way, target in targets.items()
        if way in seconds
    ]


def main(arguments: Sequence[str]) -> int:
    parser = options("snapshot", __doc__)
    parser.add_argument("--prefix", type=int, default=1500, help="tokens before the question, about")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    chosen = parser.parse_args(arguments)
    ways = ["hit", *(way for way in chosen.ways if way != "hit")]
    starts = rounds(chosen.model, chosen.prefix, chosen.rounds, ways, chosen.threads)
    report(chosen, figures(starts), table(starts), {way: list(map(asdict, runs)) for way, runs in starts.items()})
    return 0


if __name__ == "__main__":
    sys.exit(command(main))
