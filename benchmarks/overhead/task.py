"""The run that every contender makes: fifty calls of a trivial tool, one a step, then the answer.

Imports nothing but the standard library, since each peer runs it in an environment of its own.
"""

import argparse
import gc
import json
import time
from collections.abc import Callable, Iterator, Sequence

CALLS = 50
STEPS = CALLS + 1
"""Replies of the model in one run: a call each, and the answer."""

TASK = "Add one to each number from 0 to 49, one after the other."
ANSWER = "All of them are done."


class Adder:
    """The tool's body; counts its calls, so that a run that skips one is no result."""

    def __init__(self) -> None:
        self.calls = 0

    def add(self, a: int, b: int) -> int:
        self.calls += 1
        return a + b


def measure(run: Callable[[], object], adder: Adder, warm_up: int, runs: int) -> Iterator[float]:
    """Seconds of each run but the first `warm_up`; garbage of earlier runs is collected before and not timed.

    Raises:
        RuntimeError: a run that did not make every call, or gave another answer.
    """
    for number in range(warm_up + runs):
        gc.collect()
        before = adder.calls
        started = time.perf_counter()
        answer = run()
        seconds = time.perf_counter() - started
        if (adder.calls - before, answer) != (CALLS, ANSWER):
            raise RuntimeError(f"the run made {adder.calls - before} calls of {CALLS} and answered {answer!r}")
        if number >= warm_up:
            yield seconds


def main(make: Callable[[str, Adder], Callable[[], object]], ways: Sequence[str]) -> int:
    """A contender's process: prints the seconds of its runs as one JSON list.

    Args:
        make: gives the function that runs the task once and returns the answer, for one of the ways.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=ways)
    parser.add_argument("--warm-up", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    adder = Adder()
    run = make(options.way, adder)
    print(json.dumps(list(measure(run, adder, options.warm_up, options.runs))))
    return 0
