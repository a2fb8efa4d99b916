"""`python -m benchmarks.bfcl`: runs cases of the leaderboard and prints a table."""

import argparse
import re
import sys
from collections.abc import Sequence

from agentx.model import Model
from benchmarks.bfcl import wheel
from benchmarks.bfcl.cases import CATEGORIES, Case, chosen
from benchmarks.bfcl.records import Record, Settings, from_json
from benchmarks.bfcl.report import table
from benchmarks.bfcl.runner import run_all
from benchmarks.tasks.options import add_output_options, ending
from benchmarks.tasks.results import ResultsFile


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bfcl", description=__doc__)
    parser.add_argument("--category", nargs="+", choices=CATEGORIES, default=list(CATEGORIES), metavar="NAME")
    parser.add_argument("--split", choices=("dev", "held"), default="dev", help="dev: cases 0-99 of each category")
    parser.add_argument("--cases", type=_numbers, metavar="A-B", help="only these, by their place in the category")
    parser.add_argument("--limit", type=int, metavar="N", help="at most so many of each category")
    parser.add_argument("--model", help="a catalogued name or a GGUF file (default: the default model)")
    parser.add_argument("--strategy", default="default", help="default: direct for one turn, auto for several")
    parser.add_argument("--seed", type=int, default=0)
    add_output_options(parser, "bfcl")
    return parser.parse_args(arguments)


def _numbers(text: str) -> range:
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if first > last:
        raise argparse.ArgumentTypeError(f"`{text}` is no range of cases; write one like 0-24")
    return range(first, last + 1)


def main(arguments: Sequence[str], cases: Sequence[Case] | None = None, model: Model | None = None) -> int:
    """Runs the command and returns its exit code; tests bring their own cases and model."""
    options = parse(arguments)
    settings = Settings(options.model or "default", options.strategy, options.seed)

    async def run() -> str:
        results: ResultsFile[Record] = ResultsFile(options.out, from_json)
        wanted = cases or chosen(wheel.data(), options.category, options.split, options.cases, options.limit)
        records = await run_all(wanted, settings, results, model or _load(options.model), resume=options.resume)
        return f"{table(records)}\n\n{settings}\nresults: {results.path}"

    return ending(run)


def _load(name: str | None) -> Model:
    from agentx.models import open_model

    return open_model(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
