"""Figures of contenders that take turns: medians with their extremes, and ratios round by round."""

import statistics
from collections.abc import Mapping, Sequence

Rounds = Mapping[str, Sequence[float]]
"""For each contender its figure of each round, all of them equally many."""


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median (least to most)."""
    low, middle, high = (f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low} to {high})"


def ratios(rounds: Rounds, ours: str, theirs: str) -> list[float]:
    """Ours divided by theirs in each round: what slows the machine for a while slows both."""
    return [a / b for a, b in zip(rounds[ours], rounds[theirs], strict=True)]


def table(rounds: Rounds, unit: str, digits: int = 0) -> str:
    width = max(map(len, rounds))
    return "\n".join(f"{name:{width}}  {spread(values, digits)} {unit}" for name, values in rounds.items())


def verdicts(rounds: Rounds, targets: Sequence[tuple[str, str, float | None]]) -> str:
    """A line for each pair: the median ratio beside its target, if it has one."""
    lines: list[str] = []
    for ours, theirs, most in targets:
        found = ratios(rounds, ours, theirs)
        line = f"{ours} / {theirs}: {spread(found, 3)}"
        if most is not None:
            line += f", target {most:g}: {'reached' if statistics.median(found) <= most else 'missed'}"
        lines.append(line)
    return "\n".join(lines)
