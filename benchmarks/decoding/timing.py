"""What these benchmarks share: sides measured by turns, medians with the least and the most, a table, a JSON file."""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from agentx.errors import AgentXError
from benchmarks.columns import aligned

RESULTS = Path(__file__).parents[1] / "results"
ROUNDS = 9
THREADS = 2
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spread:
    """A measured value: median, least and most of `count` rounds."""

    median: float
    least: float
    most: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values), len(values))

    def show(self, digits: int = 2) -> str:
        return f"{self.median:.{digits}f} ({self.least:.{digits}f} to {self.most:.{digits}f})"


@dataclass(frozen=True, slots=True)
class Figure:
    """A value beside its target, which its median has to reach.

    Attributes:
        at_least: whether the target is the least wanted; else it is the most allowed.
        target: None for a value that is only shown, a peer's above all.
    """

    what: str
    value: Spread
    target: float | None = None
    at_least: bool = False

    @property
    def reached(self) -> bool | None:
        if self.target is None:
            return None
        return self.value.median >= self.target if self.at_least else self.value.median <= self.target

    def cells(self) -> tuple[str, ...]:
        wanted = "" if self.target is None else f"{'>=' if self.at_least else '<='} {self.target:g}"
        return self.what, wanted, self.value.show(3), {None: "", True: "reached", False: "MISSED"}[self.reached]


HEAD = ("figure", "target", "median (least to most)", "")


def interleave(sides: Mapping[str, Callable[[int], T]], rounds: int) -> dict[str, list[T]]:
    """Calls all sides by turns, A B A B, `rounds` times; each is told the number of the round."""
    measured: dict[str, list[T]] = {name: [] for name in sides}
    for number in range(rounds):
        for name, measure in sides.items():
            measured[name].append(measure(number))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return measured


def ratios(values: Sequence[float], others: Sequence[float]) -> Spread:
    """Of each round, the first value by the second."""
    return Spread.of([value / other for value, other in zip(values, others, strict=True)])


def options(name: str, description: str | None) -> argparse.ArgumentParser:
    """A parser with what all of these benchmarks take."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.decoding.{name}", description=description)
    parser.add_argument("--model", default="", help="a catalogued name or a GGUF file (default: the default model)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--out", type=Path, default=RESULTS / f"decoding-{name}.json", help="JSON file of the results")
    return parser


def report(chosen: argparse.Namespace, figures: Sequence[Figure], details: str, measured: Any) -> None:
    """Prints the details and the figures beside their targets, and writes both with all that was measured."""
    print(f"{details}\n\n{aligned([HEAD, *(figure.cells() for figure in figures)])}")
    save(chosen, figures, measured)
    print(f"results: {chosen.out}", file=sys.stderr)


def save(chosen: argparse.Namespace, figures: Sequence[Figure], measured: Any) -> None:
    """Writes the settings, the figures and all that was measured to the results file."""
    settings = {key: value for key, value in vars(chosen).items() if isinstance(value, str | int | list)}
    shown = [{**asdict(figure), "reached": figure.reached} for figure in figures]
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(
        json.dumps({"settings": settings, "figures": shown, "measured": measured}, ensure_ascii=False, indent=1) + "\n",
        encoding="utf-8",
    )


def command(main: Callable[[Sequence[str]], int]) -> int:
    """Runs a benchmark with the arguments of the command line; what goes wrong is told in one sentence."""
    try:
        return main(sys.argv[1:])
    except AgentXError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def figures_of(path: Path) -> list[Figure]:
    """The figures that `report` wrote."""
    rows = json.loads(path.read_text(encoding="utf-8"))["figures"]
    return [Figure(row["what"], Spread(**row["value"]), row["target"], row["at_least"]) for row in rows]
