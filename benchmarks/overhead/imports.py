"""`python -m benchmarks.overhead.imports`: wall time of the first line of a script, and of `--help`, beside the peers.

Each command in a fresh process, by turns, after one unmeasured round; nothing is subtracted.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.overhead.figures import ran, table, verdicts

OURS, HELP = "AgentX", "agentx --help"
TARGETS = [
    (OURS, "smolagents", 0.25),
    (OURS, "pydantic-ai", 0.25),
    (HELP, "bare typer --help", 1.3),
    (HELP, "bare typer --help, plain", None),
]


def commands(smolagents: str | None, pydantic_ai: str | None) -> dict[str, list[str]]:
    """What is timed, by name; of the peers those whose interpreter is given."""
    ours = sys.executable
    typer = [ours, str(Path(__file__).with_name("bare_typer.py")), "--help"]
    found = {
        "python -c pass": [ours, "-c", "pass"],
        OURS: [ours, "-c", "from agentx import Agent, tool"],
        HELP: [str(Path(ours).with_name("agentx")), "--help"],
        "bare typer --help": typer,
        "bare typer --help, plain": typer,
    }
    if smolagents:
        found["smolagents: python -c pass"] = [smolagents, "-c", "pass"]
        found["smolagents"] = [smolagents, "-c", "from smolagents import CodeAgent, tool"]
    if pydantic_ai:
        found["pydantic-ai: python -c pass"] = [pydantic_ai, "-c", "pass"]
        found["pydantic-ai"] = [pydantic_ai, "-c", "from pydantic_ai import Agent, Tool"]
    return found


def wall_ms(command: Sequence[str], environment: Mapping[str, str], folder: str) -> float:
    """Milliseconds from start to end of a process.

    Raises:
        SystemExit: it failed.
    """
    started = time.perf_counter()
    ran(command, env=environment, cwd=folder)
    return (time.perf_counter() - started) * 1e3


def measured(found: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each command in each round."""
    times: dict[str, list[float]] = {name: [] for name in found}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            for name, command in found.items():
                # typer draws its help with rich where rich is installed, unless told not to.
                plain = {"TYPER_USE_RICH": "0"} if name.endswith("plain") else {}
                elapsed = wall_ms(command, {**os.environ, **plain}, folder)
                if number:
                    times[name].append(elapsed)
    return times


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead.imports", description=__doc__)
    parser.add_argument("--smolagents", metavar="PYTHON", help="the interpreter of smolagents' environment")
    parser.add_argument("--pydantic-ai", metavar="PYTHON", help="the interpreter of pydantic-ai's environment")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args(arguments)
    found = measured(commands(options.smolagents, options.pydantic_ai), options.rounds)
    print(table(found, "ms", 1))
    print(verdicts(found, [target for target in TARGETS if target[1] in found]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
