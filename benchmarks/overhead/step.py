"""`python -m benchmarks.overhead.step`: framework time a step, ours and the peers', with a model that takes no time.

Fresh processes by turns, each contender in an environment of its own; a process runs the task a few times unmeasured,
then measures itself.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.overhead.figures import ran, table, verdicts
from benchmarks.overhead.task import STEPS

ROOT = Path(__file__).parent.parent.parent

OURS = "AgentX"
CONTENDERS = {
    OURS: ("agentx", "benchmarks.overhead.agentx_steps", "memory"),
    "AgentX, journal on disk": ("agentx", "benchmarks.overhead.agentx_steps", "disk"),
    "pydantic-ai": ("pydantic-ai", "benchmarks.peers.pydantic_ai_steps", "direct"),
    "smolagents": ("smolagents", "benchmarks.peers.smolagents_steps", "quiet"),
    "smolagents, log to null": ("smolagents", "benchmarks.peers.smolagents_steps", "logged"),
    "smolagents, request not prepared": ("smolagents", "benchmarks.peers.smolagents_steps", "unprepared"),
    "smolagents CodeAgent": ("smolagents", "benchmarks.peers.smolagents_steps", "code"),
}
"""For each contender its environment, module and way."""

TARGETS = {"pydantic-ai": 0.2, "smolagents": 0.1}


def step_time(python: str, module: str, way: str, runs: int) -> float:
    """Microseconds a step, the mean over one process's runs.

    Raises:
        SystemExit: the process failed, with its last line.
    """
    command = [python, "-m", module, way, "--runs", str(runs)]
    return statistics.mean(json.loads(ran(command, cwd=ROOT))) / STEPS * 1e6


def measured(pythons: Mapping[str, str], rounds: int, runs: int) -> dict[str, list[float]]:
    """Microseconds a step of each contender whose environment is known, by turns."""
    chosen = {name: how for name, how in CONTENDERS.items() if how[0] in pythons}
    found: dict[str, list[float]] = {name: [] for name in chosen}
    for number in range(rounds):
        for name, (environment, module, way) in chosen.items():
            found[name].append(step_time(pythons[environment], module, way, runs))
            print(f"{number + 1}/{rounds} {name}: {found[name][-1]:.0f} µs", file=sys.stderr)
    return found


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead.step", description=__doc__)
    parser.add_argument("--smolagents", metavar="PYTHON", help="the interpreter of smolagents' environment")
    parser.add_argument("--pydantic-ai", metavar="PYTHON", help="the interpreter of pydantic-ai's environment")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--runs", type=int, default=5, help="runs of the task that each process measures")
    options = parser.parse_args(arguments)
    pythons = {"agentx": sys.executable, "smolagents": options.smolagents, "pydantic-ai": options.pydantic_ai}
    found = measured({name: path for name, path in pythons.items() if path}, options.rounds, options.runs)
    print(table(found, "µs a step"))
    print(verdicts(found, [(OURS, name, TARGETS.get(name)) for name in found if name != OURS]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
