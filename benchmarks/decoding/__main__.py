"""`python -m benchmarks.decoding`: runs all benchmarks of the decoding engine, each in a process of its own, and prints
one table of their figures."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.decoding.timing import HEAD, RESULTS, ROUNDS, THREADS, Figure, aligned, figures_of

NAMES = ("tool_call", "schemas", "rows", "concurrent", "snapshot")


def table(files: Sequence[Path]) -> str:
    """The figures of all results files."""
    figures: list[Figure] = [figure for file in files for figure in figures_of(file)]
    aimed = [figure for figure in figures if figure.target is not None]
    reached = sum(bool(figure.reached) for figure in aimed)
    return "\n".join([aligned([HEAD, *(figure.cells() for figure in figures)]), f"{reached} of {len(aimed)} targets"])


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decoding", description=__doc__)
    parser.add_argument("--model", default="", help="a catalogued name or a GGUF file (default: the default model)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument(
        "--outlines-python", help="a Python with benchmarks/peers/requirements-outlines.txt installed; else left out"
    )
    chosen = parser.parse_args(arguments)
    files = [chosen.out / f"decoding-{name}.json" for name in chosen.only]
    for name, file in zip(chosen.only, files, strict=True):
        command = [sys.executable, "-m", f"benchmarks.decoding.{name}", "--model", chosen.model, "--out", str(file)]
        command += ["--rounds", str(chosen.rounds), "--threads", str(chosen.threads)]
        if name == "schemas" and chosen.outlines_python:
            command += ["--outlines-python", chosen.outlines_python]
        print(f"\n{name}", flush=True)
        if code := subprocess.run(command, check=False).returncode:
            return code
    print(f"\n{table(files)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
