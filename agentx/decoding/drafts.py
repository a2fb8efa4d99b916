"""Guesses at the next tokens, read off what stands in the prompt and the reply already: prompt-lookup decoding
(Saxena 2023; llama.cpp calls it lookup decoding).

Several rows of one batch cost less than as many batches, so a guess that is right often enough makes a reply quicker.
Nothing here decides what the reply is: each guessed row is chosen by the sampler and the grammar like any other.
"""

from collections.abc import Mapping, Sequence

import numpy as np

MIN_MATCH = 3
"""Tokens that must have stood before a guess in the same order; of two, most matches are chance."""
LONG_MATCH = 8
"""From here on a match is a quotation under way; how often its guesses are right is counted apart."""
_COMPARED = 24
_CANDIDATES = 8

ROW_COSTS: Mapping[int, float] = {1: 1.0, 2: 1.4, 4: 2.2, 8: 4.3, 16: 5.5}
"""Time of a batch by its rows, relative to one row: the default model on two cores (benchmarks/decoding)."""


class NgramIndex:
    """Where each run of `MIN_MATCH` tokens stood, kept up as tokens come."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self._followers: dict[tuple[int, ...], list[int]] = {}

    def extend(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            position = len(self.tokens)
            if position >= MIN_MATCH:
                self._followers.setdefault(tuple(self.tokens[-MIN_MATCH:]), []).append(position)
            self.tokens.append(token)

    def match(self) -> tuple[int, int]:
        """Position of the token that followed when the last tokens stood there before, and how many of them did.

        Of several places the one that agrees furthest back, of equals the latest; (0, 0) if there is none.
        """
        best, length = 0, 0
        for position in reversed(self._followers.get(tuple(self.tokens[-MIN_MATCH:]), [])[-_CANDIDATES:]):
            agreed = self._agreed(position)
            if agreed > length:
                best, length = position, agreed
        return best, length

    def _agreed(self, position: int) -> int:
        """How many tokens before the position are those at the end, looking at the last few."""
        longest = min(position, _COMPARED)
        for i in range(MIN_MATCH, longest):
            if self.tokens[position - 1 - i] != self.tokens[-1 - i]:
                return i
        return longest

    def following(self, position: int, count: int) -> list[int]:
        """Tokens from a position on; where they end sooner, their repetition."""
        run = self.tokens[position : position + count]
        return (run * (count // len(run) + 1))[:count]


class Pace:
    """How many tokens to guess, by how often guesses were right.

    A guess of k tokens, each right with probability p, brings 1 + p + … + p^k tokens for the time of k + 1 rows; k is
    what brings most for its time, 0 if that is less than a single row brings. The probability is that of the latest
    guesses laid over a first assumption; evidence fades with each chance not taken, so that it is tried again later.

    Args:
        assumed: probability of a right guess before there is evidence.
        costs: time of a batch by its rows, relative to one row.
    """

    _ASSUMED_WEIGHT = 3.0
    _KEPT_A_GUESS = 0.95
    _KEPT_A_CHANCE = 0.99
    _WORTHWHILE = 1.05
    """How much more must be expected; less is lost to what guessing itself costs."""

    def __init__(self, assumed: float, costs: Mapping[int, float] = ROW_COSTS) -> None:
        self._assumed = assumed
        self._sizes = sorted(costs)
        # Between measured sizes a straight line, beyond them the last one's share of a row.
        sizes = range(self._sizes[-1] + 1)
        self._table: list[float] = np.interp(sizes, self._sizes, [costs[size] for size in self._sizes]).tolist()
        self._right = 0.0
        self._guessed = 0.0

    @property
    def probability(self) -> float:
        return (self._right + self._ASSUMED_WEIGHT * self._assumed) / (self._guessed + self._ASSUMED_WEIGHT)

    def length(self, rows: int, most: int) -> int:
        """How many tokens to guess behind `rows` certain ones, at most `most`."""
        p = self.probability
        best, best_rate = 0, self._WORTHWHILE / self._cost(rows)
        for guesses in {min(total - rows, most) for total in self._sizes if total > rows}:
            expected = sum(p**i for i in range(guesses + 1))
            rate = expected / self._cost(rows + guesses)
            if rate > best_rate:
                best, best_rate = guesses, rate
        if not best:
            self._right *= self._KEPT_A_CHANCE
            self._guessed *= self._KEPT_A_CHANCE
        return best

    def record(self, guessed: int, right: int) -> None:
        """Takes note that of so many guesses the first `right` were what was chosen."""
        tried = right + (right < guessed)
        kept = self._KEPT_A_GUESS**tried
        self._right = self._right * kept + right
        self._guessed = self._guessed * kept + tried

    def _cost(self, rows: int) -> float:
        last = len(self._table) - 1
        return self._table[rows] if rows <= last else self._table[last] * rows / last


class Drafter:
    """Drafts for one reply.

    Args:
        prompt: its token ids.
    """

    def __init__(self, prompt: Sequence[int]) -> None:
        self._prompt = prompt
        self._index: NgramIndex | None = None
        self._short, self._long = Pace(0.5), Pace(0.7)
        self._pace = self._short

    def draft(self, reply: Sequence[int], rows: int, most: int) -> list[int]:
        """Tokens that may follow the reply, of which the last `rows` tokens or fewer are still to be fed."""
        if most <= 0 or len(reply) < MIN_MATCH:
            return []
        if self._index is None:
            self._index = NgramIndex()
            self._index.extend(self._prompt)
        self._index.extend(reply[len(self._index.tokens) - len(self._prompt) :])
        position, length = self._index.match()
        if not length:
            return []
        self._pace = self._long if length >= LONG_MATCH else self._short
        count = self._pace.length(rows, most)
        return self._index.following(position, count) if count else []

    def record(self, drafted: int, accepted: int) -> None:
        """Takes note of what came of the last draft."""
        self._pace.record(drafted, accepted)
