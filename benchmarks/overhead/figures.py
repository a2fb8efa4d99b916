"""Figures of contenders that take turns: medians with their extremes, and ratios round by round."""

import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.decoding.timing import Figure, Spread, ratios

Rounds = Mapping[str, Sequence[float]]
"""For each contender its figure of each round, all of them equally many."""


def ran(command: Sequence[str], **options: Any) -> str:
    """What a process printed.

    Raises:
        SystemExit: it failed, with its last line.
    """
    ended = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if ended.returncode:
        last = (ended.stderr.strip() or "it said nothing").splitlines()[-1]
        raise SystemExit(f"`{' '.join(command)}` failed: {last}")
    return ended.stdout


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median (least to most)."""
    return Spread.of(values).show(digits)


def table(rounds: Rounds, unit: str, digits: int = 0) -> str:
    width = max(map(len, rounds))
    return "\n".join(f"{name:{width}}  {spread(values, digits)} {unit}" for name, values in rounds.items())


def verdicts(rounds: Rounds, targets: Sequence[tuple[str, str, float | None]]) -> str:
    """A line for each pair: the median ratio beside its target, if it has one."""
    lines: list[str] = []
    for ours, theirs, most in targets:
        figure = Figure(f"{ours} / {theirs}", ratios(rounds[ours], rounds[theirs]), most)
        line = f"{figure.what}: {figure.value.show(3)}"
        if most is not None:
            line += f", target {most:g}: {'reached' if figure.reached else 'missed'}"
        lines.append(line)
    return "\n".join(lines)
