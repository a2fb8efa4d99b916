"""Whether a side does better than the other on the same cases, or chance alone would tell it so.

The exact sign test (Dixon and Mood 1946), which on outcomes that are good or not is McNemar's exact test: of two sides
that are as good, each case that tells them apart falls to either as a coin does. Cases on which both do alike say
nothing of which is better, however many there are.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

ALPHA = 0.05
"""How often sides that are as good may be told apart by chance."""

MOST_CASES = 10_000
"""Beyond so many a number of cases is not told: nobody runs them."""

_EXACT_THROWS = 500
_NEGLIGIBLE = 1e-17


@dataclass(frozen=True, slots=True)
class Paired:
    """Outcomes of two sides on the same cases.

    Attributes:
        cases: how many.
        base, adapter: on how many of them that side was good.
        better: on how many the adapter was good and the base was not; `worse` the other way round.
    """

    cases: int
    base: int
    adapter: int
    better: int
    worse: int

    @classmethod
    def of(cls, outcomes: Iterable[tuple[bool, bool]]) -> "Paired":
        """Args:
        outcomes: for each case whether the base was good, and whether the adapter was.
        """
        pairs = list(outcomes)
        return cls(
            len(pairs),
            sum(base for base, _ in pairs),
            sum(adapter for _, adapter in pairs),
            sum(adapter and not base for base, adapter in pairs),
            sum(base and not adapter for base, adapter in pairs),
        )

    @property
    def chance(self) -> float:
        """Probability that as many or more of the cases that tell the sides apart fall to the adapter by chance."""
        return tail(self.better, self.worse)

    @property
    def shown(self) -> bool:
        return self.chance <= ALPHA

    @property
    def cases_needed(self) -> int | None:
        """About how many cases would show it, if others told the sides apart as these do; None where none would, and
        one more than `MOST_CASES` where it takes more than these."""
        if self.shown:
            return self.cases
        if self.better <= self.worse:
            return None
        for times in range(2, MOST_CASES // self.cases + 1):
            if tail(self.better * times, self.worse * times) <= ALPHA:
                return self.cases * times
        return MOST_CASES + 1


def tail(better: int, worse: int) -> float:
    """Probability of so many heads or more among `better + worse` throws of a coin; exact for few throws, for many to
    about ten digits."""
    throws = better + worse
    if throws <= _EXACT_THROWS:
        return sum(math.comb(throws, heads) for heads in range(better, throws + 1)) / 2**throws
    if better <= worse:
        return 1 - tail(worse + 1, better - 1) if better else 1.0
    log_ways = math.lgamma(throws + 1) - math.lgamma(better + 1) - math.lgamma(worse + 1)
    term = total = math.exp(log_ways - throws * math.log(2))
    # From the middle on each term is smaller than the one before, and soon nothing.
    for heads in range(better, throws):
        term *= (throws - heads) / (heads + 1)
        total += term
        if term < total * _NEGLIGIBLE:
            break
    return total


def needed(worse: int) -> int:
    """On how many cases the adapter has to be better where it is worse on so many."""
    better = worse + 1
    while tail(better, worse) > ALPHA:
        better += 1
    return better


LEAST_CASES = needed(0)
"""Fewer can show nothing, however they come out."""
