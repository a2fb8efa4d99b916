"""What the KV cache holds: for each sequence its token ids, cell by cell.

A request's prompt is matched against every sequence; the longest common prefix is shared (in a unified cache a copy
costs no memory), and only the rest is decoded. Sequences are few (tens), so a scan that compares lists in C beats a
tree that is kept in Python.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count


@dataclass(slots=True)
class CachedSequence:
    """A sequence of the cache: `tokens[i]` stands in cell `cells[i]`, which other sequences may share.

    What a cell holds was made under an adapter ("" is none) and is worth nothing to another.
    """

    id: int
    tokens: list[int] = field(default_factory=list[int])
    cells: list[int] = field(default_factory=list[int])
    busy: bool = False
    last_use: int = 0
    adapter: str = ""


class Ledger:
    """Book of a cache with a number of sequences and cells; says what to do, the caller does it in llama.cpp too."""

    def __init__(self, sequences: int, cells: int) -> None:
        self.sequences = [CachedSequence(i) for i in range(sequences)]
        self.cells = cells
        self._references: Counter[int] = Counter()
        self._next_cell = count()
        self._clock = count(1)

    @property
    def used_cells(self) -> int:
        return len(self._references)

    def cells_at_work(self, also: CachedSequence | None = None) -> int:
        """Cells of the busy sequences, and of one more."""
        return len(
            set(also.cells if also else ()).union(*(sequence.cells for sequence in self.sequences if sequence.busy))
        )

    def shared(self, sequence: CachedSequence) -> int:
        """How many cells of a sequence, from the first, another one holds too."""
        return next((i for i, cell in enumerate(sequence.cells) if self._references[cell] == 1), len(sequence.cells))

    def best_match(self, prompt: Sequence[int], adapter: str = "") -> tuple[CachedSequence, int]:
        """The sequence with the longest prefix in common with the prompt under its adapter, and that prefix's length
        in tokens.

        Of equals, an idle one that ends with the prefix, so that it can be extended in place.
        """
        wanted = list(prompt)

        def rank(sequence: CachedSequence) -> tuple[int, bool]:
            length = common_prefix(sequence.tokens, wanted) if sequence.adapter == adapter else 0
            return length, not sequence.busy and length == len(sequence.tokens)

        best = max(self.sequences, key=rank)
        return best, rank(best)[0]

    def idle(self) -> CachedSequence | None:
        """An idle sequence, empty ones first, then the least recently used; None if all are busy."""
        free = [sequence for sequence in self.sequences if not sequence.busy]
        return min(free, key=lambda sequence: (bool(sequence.tokens), sequence.last_use), default=None)

    def idle_ones(self, keep: CachedSequence | None = None) -> list[CachedSequence]:
        """The idle sequences that hold something, but for one to keep; least recently used first."""
        idle = [
            sequence for sequence in self.sequences if sequence.tokens and not sequence.busy and sequence is not keep
        ]
        return sorted(idle, key=lambda sequence: sequence.last_use)

    def take(self, sequence: CachedSequence) -> None:
        sequence.busy = True
        self.touch(sequence)

    def release(self, sequence: CachedSequence) -> None:
        sequence.busy = False
        self.touch(sequence)

    def touch(self, sequence: CachedSequence) -> None:
        sequence.last_use = next(self._clock)

    def append(self, sequence: CachedSequence, tokens: Sequence[int]) -> None:
        new = [next(self._next_cell) for _ in tokens]
        self._references.update(new)
        sequence.tokens += tokens
        sequence.cells += new

    def share(self, source: CachedSequence, target: CachedSequence, length: int) -> None:
        """The target, emptied, shares the first `length` cells of the source."""
        self.truncate(target, 0)
        target.tokens = source.tokens[:length]
        target.cells = source.cells[:length]
        target.adapter = source.adapter
        self._references.update(target.cells)

    def truncate(self, sequence: CachedSequence, length: int) -> None:
        for cell in sequence.cells[length:]:
            self._references[cell] -= 1
            if not self._references[cell]:
                del self._references[cell]
        del sequence.tokens[length:]
        del sequence.cells[length:]

    def victims(self, room: int, keep: CachedSequence | None = None) -> list[CachedSequence]:
        """Idle sequences to empty, least recently used first, until `room` more cells fit; all of them if none do."""
        chosen: list[CachedSequence] = []
        if self.used_cells + room <= self.cells:
            return chosen
        references = self._references.copy()
        for sequence in self.idle_ones(keep):
            if len(references) + room <= self.cells:
                break
            chosen.append(sequence)
            references.subtract(sequence.cells)
            references = +references
        return chosen


def common_prefix(a: list[int], b: list[int]) -> int:
    """Length of the longest common prefix; halving lets the comparisons run in C."""
    low, high = 0, min(len(a), len(b))
    if a[:high] == b[:high]:
        return high
    while low < high - 1:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low
