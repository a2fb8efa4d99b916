"""Idle sequences beside the KV cache: attention runs over all cells up to the last one in use, idle ones too.

So what no stream works on is copied out to memory once enough of it has gathered, and back when a prompt goes on with
it: some 10 ms for 500 tokens, where to read them again would take seconds. Lives on the engine's thread.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from agentx.decoding.decoder import Decoder
from agentx.decoding.ledger import CachedSequence, Ledger, common_prefix

IDLE_CELLS = 512
"""Cells that idle sequences may hold for themselves; to attend to so many costs each token a few percent."""
RECENT = 4
"""Sequences used last that stay: a run goes to and fro between its own and those of its probes."""
MIN_TOKENS = 16
"""Fewer are read again as soon as they are copied."""


@dataclass(frozen=True, slots=True, eq=False)
class Parked:
    """A sequence that was taken out: `state` are its cells from `start` on; those before it shared with another."""

    tokens: list[int]
    start: int
    state: memoryview
    adapter: str


class Parking:
    """Copies idle sequences out and back. What was not used for longest is given up first, once the states take the
    room of as many tokens as the cache itself holds.

    Args:
        scratch: a sequence that the ledger does not know.
    """

    def __init__(self, llama: Decoder, ledger: Ledger, scratch: int) -> None:
        self._llama = llama
        self._ledger = ledger
        self._scratch = scratch
        self._lot: list[Parked] = []

    @property
    def tokens(self) -> int:
        """Tokens whose cells are copied out."""
        return sum(len(parked.tokens) - parked.start for parked in self._lot)

    def tidy(self, at_work: CachedSequence) -> None:
        """Parks what was idle for longest, as long as idle sequences hold many cells that nothing at work shares."""
        most = self._ledger.cells_at_work(at_work) + IDLE_CELLS
        for sequence in self._ledger.idle_ones(at_work)[:-RECENT]:
            if self._ledger.used_cells <= most:
                return
            self.park(sequence)

    def park(self, sequence: CachedSequence) -> None:
        """Takes an idle sequence out of the cache."""
        length = len(sequence.tokens)
        # One less, since a sequence that is extended in place gives up its last cell.
        start = max(self._ledger.shared(sequence) - 1, 0)
        if length - start > MIN_TOKENS:
            with self.copied(sequence, length, start) as copy:
                state = self._llama.state(copy)
            self._lot.append(Parked(sequence.tokens.copy(), start, state, sequence.adapter))
        self._llama.truncate(sequence.id, 0)
        self._ledger.truncate(sequence, 0)
        while self.tokens > self._ledger.cells:
            self._lot.pop(0)

    @contextmanager
    def copied(self, sequence: CachedSequence, length: int, start: int = 0) -> Generator[int]:
        """The id of a sequence that holds these cells of another and nothing else, for as long as its state is wanted:
        llama.cpp gives out the states of whole sequences only."""
        self._llama.copy(sequence.id, self._scratch, length, start)
        try:
            yield self._scratch
        finally:
            self._llama.truncate(self._scratch, 0)

    def fetch(self, prompt: list[int], adapter: str = "") -> None:
        """Puts back what a prompt goes on with, if that is more than what the cache holds of it."""
        parked, length = self._best_match(prompt, adapter)
        if parked and length > self._ledger.best_match(prompt, adapter)[1] + MIN_TOKENS:
            self._put_back(parked)

    def drop(self, adapter: str) -> None:
        """Forgets what was made under an adapter."""
        self._lot = [parked for parked in self._lot if parked.adapter != adapter]

    def make_room(self, cells: int, keep: CachedSequence | None = None) -> None:
        """Parks idle sequences, least recently used first, until there is room; all of them if that is not enough."""
        for victim in self._ledger.victims(cells, keep):
            self.park(victim)

    def _best_match(self, tokens: list[int], adapter: str) -> tuple[Parked | None, int]:
        lot = (parked for parked in self._lot if parked.adapter == adapter)
        found = max(lot, key=lambda parked: common_prefix(parked.tokens, tokens), default=None)
        return found, common_prefix(found.tokens, tokens) if found else 0

    def _put_back(self, parked: Parked) -> None:
        """Puts a sequence back into the cache, unless there is no room for it, or what it begins with is gone."""
        self._lot.remove(parked)
        if self._ledger.best_match(parked.tokens, parked.adapter)[1] < parked.start:
            # The sequence with which it shared its beginning may have been parked after it.
            other, length = self._best_match(parked.tokens, parked.adapter)
            if other and length >= parked.start:
                self._put_back(other)
        source, length = self._ledger.best_match(parked.tokens, parked.adapter)
        self.make_room(len(parked.tokens) - parked.start, keep=source)
        target = self._ledger.idle()
        if target is None or (target is source and target.tokens) or length < parked.start:
            return
        self.park(target)
        if self._llama.load_state(self._scratch, parked.state):
            if parked.start:
                self._llama.copy(source.id, target.id, parked.start)
            self._llama.copy(self._scratch, target.id, len(parked.tokens), parked.start)
            self._llama.truncate(self._scratch, 0)
            self._ledger.share(source, target, parked.start)
            target.adapter = parked.adapter
            self._ledger.append(target, parked.tokens[parked.start :])
            self._ledger.touch(target)
