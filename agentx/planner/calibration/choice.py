"""From a probe's answers on cases whose answer is known to its threshold, and how well it tells them apart."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from agentx.planner.odds import log_odds, probability
from agentx.planner.probes import Probe

BLUR = 0.25
"""How far an answer may lie from that to the next task like it, so that the threshold keeps its distance from both
kinds; in standard deviations of the model's log-odds, since models differ in how sure they sound."""

PULL = 0.5
"""Errors that it costs, shared among all cases, to be one standard deviation from the default threshold."""

USELESS_AUC = 0.6
"""A probe that does no better than this on a model tells nothing about it: the default threshold stays."""

_STEPS = 1000
_LEAST_SCALE = 0.02


@dataclass(frozen=True, slots=True)
class Row:
    """A probe on a model.

    Attributes:
        auc: probability that a Yes case is given more Yes than a No case; 0.5 is chance.
        threshold: probability from which Yes is meant.
        missed: Yes cases below the threshold, of `yes_cases`.
        needless: No cases at or above it, of `no_cases`.
    """

    probe: str
    auc: float
    threshold: float
    missed: int
    yes_cases: int
    needless: int
    no_cases: int


def measured(probe: Probe, yes: Sequence[float], no: Sequence[float]) -> Row:
    """The row of a probe whose Yes and No cases were given these probabilities of Yes; neither may be empty."""
    threshold = chosen(probe, yes, no)
    missed = sum(value < threshold for value in yes)
    needless = sum(value >= threshold for value in no)
    return Row(probe.name, auc(yes, no), threshold, missed, len(yes), needless, len(no))


def auc(yes: Sequence[float], no: Sequence[float]) -> float:
    """Area under the ROC curve: the share of pairs in the right order, ties as halves."""
    return sum((a > b) + (a == b) / 2 for a in yes for b in no) / (len(yes) * len(no))


def chosen(probe: Probe, yes: Sequence[float], no: Sequence[float]) -> float:
    """The probability of least expected cost, each case blurred, with a pull to the default.

    Both kinds of cases weigh the same, whatever their number: how often each comes up in life is in the costs.
    """
    if auc(yes, no) < USELESS_AUC:
        return probe.threshold
    default = log_odds(probe.threshold)
    above, below = [log_odds(value) for value in yes], [log_odds(value) for value in no]
    scale = max(statistics.pstdev(above + below), _LEAST_SCALE)

    def share_below(threshold: float, values: Sequence[float]) -> float:
        return statistics.fmean(probability((threshold - value) / (BLUR * scale)) for value in values)

    def cost(threshold: float) -> float:
        missed, needless = share_below(threshold, above), 1 - share_below(threshold, below)
        pull = PULL * ((threshold - default) / scale) ** 2 / len(above + below)
        return probe.missed_cost * missed + probe.needless_cost * needless + pull

    low, high = min(*above, *below, default), max(*above, *below, default)
    best = min((low + (high - low) * i / _STEPS for i in range(_STEPS + 1)), key=cost)
    return round(probability(best), 4)
