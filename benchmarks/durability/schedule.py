"""Which processes of a contender are killed when: the same for all of them, but for the points that only one has."""

import random
from collections.abc import Iterator, Mapping
from itertools import count

from benchmarks.durability.rounds import Kill, Round

COMMON = ("before reply", "after reply", "before effect", "after effect")
"""Points that the task itself has, whatever carries it out."""

MOMENT = "moment"
ROW = "before row"
"""Before a row of the record that has no point of its own."""


def rounds(passed: Mapping[str, Mapping[str, int]], seed: int, labelled: int | None = None) -> Iterator[Round]:
    """Each labelled point once, then random moments without end; in a third of the rounds the resumed run dies too.

    Args:
        passed: for each workload, how often an undisturbed run passes each point.
        labelled: at most so many of the labelled points, drawn at random.
    """
    firsts = [
        (workload, Kill(point, number + 1))
        for workload, points in passed.items()
        for point, most in points.items()
        for number in range(most)
    ]
    # The points that all contenders have come first, in the same order; before just any row there are many.
    firsts.sort(key=lambda first: (_rank(first[1].point), first[0], first[1].point, first[1].number))
    if labelled is not None:
        firsts = random.Random(f"{seed} labelled").sample(firsts, min(labelled, len(firsts)))
    for place, (workload, kill) in enumerate(firsts):
        yield Round(workload, (kill, *_more(f"{seed} {place}", place)))
    for place in count():
        dice = random.Random(f"{seed} moment {place}")
        workload = list(passed)[place % len(passed)]
        yield Round(workload, (_moment(dice), *_more(f"{seed} after {place}", place)))


def _rank(point: str) -> int:
    return 0 if point in COMMON else 2 if point == ROW else 1


def _moment(dice: random.Random) -> Kill:
    return Kill(moment=dice.uniform(0.0, 1.05))


def _more(seed: str, place: int) -> list[Kill]:
    """Kills of the runs that go on."""
    dice = random.Random(seed)
    number = 2 if place % 9 == 0 else 1 if place % 3 == 0 else 0
    return [
        _moment(dice) if dice.random() < 0.5 else Kill(dice.choice(COMMON), dice.randint(1, 2)) for _ in range(number)
    ]
