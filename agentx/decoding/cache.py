"""The decoder's KV cache and the ledger of it, kept in step: every change of one is a change of the other."""

from collections.abc import Sequence

from agentx.decoding.decoder import CacheFull, Decoder, Row
from agentx.decoding.ledger import CachedSequence, Ledger
from agentx.decoding.parking import MIN_TOKENS, Parking
from agentx.errors import ContextOverflow


class Cache:
    """Places prompts on what is cached, and decodes batches; what is idle is parked where room is short."""

    def __init__(self, llama: Decoder, ledger: Ledger, parking: Parking) -> None:
        self.llama = llama
        self.ledger = ledger
        self._parking = parking

    def place(self, prompt: list[int], adapter: str = "") -> tuple[CachedSequence | None, int]:
        """A sequence that holds the longest cached prefix of the prompt under its adapter, and its length; at least one
        token is left to decode, since its logits are wanted."""
        self._parking.fetch(prompt, adapter)
        sequence, reused = self._place(prompt, adapter)
        if sequence:
            sequence.adapter = adapter
            self._parking.tidy(sequence)
        return sequence, reused

    def _place(self, prompt: list[int], adapter: str) -> tuple[CachedSequence | None, int]:
        source, shared = self.ledger.best_match(prompt, adapter)
        reused = min(shared, len(prompt) - 1)
        if not source.busy and reused >= len(source.tokens) - 1:
            self.truncate(source, reused)
            return source, reused
        target = self.ledger.idle()
        if target is None:
            return None, reused
        if target is source and reused > MIN_TOKENS:
            self.truncate(target, reused)
            return target, reused
        self._parking.park(target)
        if target is source:  # all that it shares with the prompt is next to nothing, and is parked too
            return target, 0
        if reused:
            self.llama.copy(source.id, target.id, reused)
            self.ledger.share(source, target, reused)
        return target, reused

    def truncate(self, sequence: CachedSequence, length: int) -> None:
        self.llama.truncate(sequence.id, length)
        self.ledger.truncate(sequence, length)

    def drop(self, adapter: str) -> None:
        """Forgets what was made under an adapter, in the cache and parked; nothing at work may hold it."""
        for sequence in self.ledger.sequences:
            if sequence.adapter == adapter:
                self.truncate(sequence, 0)
        self._parking.drop(adapter)

    def decode(self, rows: list[Row], adapter: str = "") -> None:
        """Runs a batch under an adapter, parking idle sequences where the cache is full.

        Raises:
            ContextOverflow: the sequences at work fill the cache.
            Aborted: a request was cancelled.
        """
        self.llama.adapt(adapter)
        self._parking.make_room(len(rows))
        try:
            self.llama.decode(rows)
        except CacheFull:
            self._parking.make_room(self.ledger.cells)
            try:
                self.llama.decode(rows)
            except CacheFull:
                raise ContextOverflow(
                    f"The model's context of {self.ledger.cells} tokens is full; "
                    "shorten the task, or choose a larger one (context_tokens)."
                ) from None

    def restore(self, sequence: CachedSequence) -> None:
        """Drops rows that an aborted batch left in the cache and that the ledger does not know."""
        self.llama.truncate(sequence.id, len(sequence.tokens))

    def append(self, sequence: CachedSequence, tokens: Sequence[int]) -> None:
        """Books tokens that a batch has put behind a sequence."""
        self.ledger.append(sequence, tokens)


def too_long(tokens: int, cells: int) -> ContextOverflow:
    return ContextOverflow(
        f"The prompt has {tokens} tokens and the model's context holds {cells}; "
        "shorten the task or what it reads, or choose a larger context (context_tokens)."
    )
