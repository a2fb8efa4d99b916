"""`python -m benchmarks.tasks`: runs the tasks and prints a table."""

import argparse
import sys
from collections.abc import Sequence

from benchmarks.tasks import EVERYDAY, TASKS
from benchmarks.tasks.agents import agentx_maker, open_chroma
from benchmarks.tasks.options import SPLITS, add_output_options, chosen, ending
from benchmarks.tasks.report import table
from benchmarks.tasks.results import ResultsFile, Settings
from benchmarks.tasks.runner import MakeAgent, OpenMemory, run_all


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tasks", description=__doc__)
    parser.add_argument("--model", help="a catalogued name or a GGUF file (default: the default model)")
    parser.add_argument("--strategy", default="auto")
    parser.add_argument("--loop", choices=("full", "one-call"), default="full", help="one-call is the baseline")
    parser.add_argument("--split", choices=SPLITS, default="dev", help="all: dev and held")
    parser.add_argument("--only", nargs="+", metavar="ID", help="these tasks, whatever their split")
    parser.add_argument("--seed", type=int, default=0)
    add_output_options(parser, "tasks")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str], make_agent: MakeAgent | None = None, open_memory: OpenMemory = open_chroma) -> int:
    """Runs the command and returns its exit code; tests bring their own agent and memory."""
    options = parse(arguments)
    strategy = "direct" if options.loop == "one-call" else options.strategy
    settings = Settings(options.model or "default", strategy, options.loop, options.seed)
    maker = make_agent or agentx_maker(options.model, strategy, options.loop, options.seed)

    async def run() -> str:
        tasks = chosen((*TASKS, *EVERYDAY), options.split, options.only)
        results = ResultsFile(options.out)
        records = await run_all(tasks, settings, results, maker, open_memory, resume=options.resume)
        return f"{table(records)}\n\n{settings}\nresults: {results.path}"

    return ending(run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
