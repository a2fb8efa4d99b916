"""Which streams are at work, and which rows of theirs the next batch takes.

A stream that reads a long prompt gets only a part of the batch while others under its adapter decode, so that none
starves; adapters take turns. One whose prompt begins like that of a stream at work waits until that has read the
beginning, so that it is read once.
"""

from dataclasses import dataclass, field

from agentx.decoding.cache import Cache, too_long
from agentx.decoding.decoder import Row
from agentx.decoding.ledger import common_prefix
from agentx.decoding.prefixes import Prefixes
from agentx.decoding.stream import Stream
from agentx.errors import ModelError

PROMPT_ROWS_BESIDE_OTHERS = 32
"""Prompt rows that one batch takes while other streams decode: 32 rows take about as long as 8 single ones."""
WORTH_WAITING_FOR = 32
"""Tokens that two prompts must begin with alike for the second to wait; fewer are soon read again."""
TURN_ROWS = 8 * PROMPT_ROWS_BESIDE_OTHERS
"""Rows that are decoded under one adapter while others wait for theirs, a batch counting as a part of a prompt at
least: 8 batches of replies, or one of a long prompt. After each change llama.cpp plans its graph anew."""


@dataclass(slots=True)
class Batch:
    """Rows to decode, all under one adapter: it is the context's, not the row's.

    Attributes:
        fed: the tokens of each stream in it.
        ends: for streams whose pending tokens are all in it, the rows whose logits they take.
    """

    adapter: str = ""
    rows: list[Row] = field(default_factory=list[Row])
    fed: dict[Stream, list[int]] = field(default_factory=dict[Stream, list[int]])
    ends: dict[Stream, range] = field(default_factory=dict[Stream, range])


class Schedule:
    """Streams that wait and streams at work. Lives on the engine's thread."""

    def __init__(self, cache: Cache, prefixes: Prefixes) -> None:
        self._cache = cache
        self._prefixes = prefixes
        self._waiting: list[Stream] = []
        self.running: list[Stream] = []
        self._adapter = ""
        self._turn_rows = 0

    @property
    def streams(self) -> list[Stream]:
        return [*self._waiting, *self.running]

    def add(self, stream: Stream) -> None:
        self._waiting.append(stream)

    def drop_ended(self) -> None:
        """Lets go of streams that are cancelled or done, and of their sequences."""
        for stream in self.running:
            if (stream.cancelled or stream.done) and stream.sequence:
                self._cache.ledger.release(stream.sequence)
        self._waiting = [stream for stream in self._waiting if not (stream.cancelled or stream.done)]
        self.running = [stream for stream in self.running if not (stream.cancelled or stream.done)]

    def admit(self) -> None:
        """Gives waiting streams a sequence, first come, first served, as long as there is room."""
        waiting, self._waiting = self._waiting, []
        while waiting:
            stream = waiting.pop(0)
            if len(stream.prompt) + 1 > self._cache.ledger.cells:
                stream.break_off(too_long(len(stream.prompt), self._cache.ledger.cells))
            elif self._being_read(stream.prompt, stream.adapter):
                self._waiting.append(stream)
            elif not self._place(stream):
                self._waiting += [stream, *waiting]
                return

    def _being_read(self, prompt: list[int], adapter: str) -> bool:
        """Whether a stream at work is still reading a beginning that this prompt has too, under the same adapter."""
        fellows = (other.prompt for other in self.running if other.adapter == adapter)
        shared = max((common_prefix(other, prompt[:-1]) for other in fellows), default=0)
        return shared >= WORTH_WAITING_FOR and self._cache.ledger.best_match(prompt, adapter)[1] < shared

    def _place(self, stream: Stream) -> bool:
        """Begins a stream; False if there is no room for it now."""
        ledger = self._cache.ledger
        self._prefixes.prepare(stream.prompt, stream.kept, stream.adapter)
        sequence, reused = self._cache.place(stream.prompt, stream.adapter)
        busy = sum(len(other.prompt) + other.max_tokens for other in self.running)
        if sequence is None or (self.running and busy + len(stream.prompt) - reused > ledger.cells):
            return False
        stream.begin(sequence, reused)
        if not stream.done:  # a grammar that allows one reply only has given it
            ledger.take(sequence)
            self.running.append(stream)
        return True

    def batch(self) -> Batch:
        """The next rows, of as many streams of one adapter as have any."""
        for stream in self.running:
            if len(stream.pending) > WORTH_WAITING_FOR:
                # Probes read their prompts between two batches, perhaps this one's beginning.
                assert stream.sequence
                stream.skip(self._cache.catch_up(stream.sequence, stream.prompt))
        batch = Batch(self._next_adapter())
        alone = sum(stream.adapter == batch.adapter for stream in self.running) == 1
        # Short needs first: a stream that decodes must not wait for one that reads its prompt.
        for stream in sorted(self.running, key=lambda stream: len(stream.pending)):
            if stream.adapter != batch.adapter:
                continue
            room = self._cache.llama.batch_rows - len(batch.rows)
            count = min(stream.ready, room if alone else min(room, PROMPT_ROWS_BESIDE_OTHERS))
            if count:
                self._add(batch, stream, count, alone)
        self._turn_rows += max(len(batch.rows), PROMPT_ROWS_BESIDE_OTHERS)
        return batch

    def _next_adapter(self) -> str:
        """The adapter of the next batch: those of the streams that have something to feed take turns of `TURN_ROWS`."""
        ready = sorted({stream.adapter for stream in self.running if stream.ready})
        if ready and (self._adapter not in ready or self._turn_rows >= TURN_ROWS):
            self._adapter = next((adapter for adapter in ready if adapter > self._adapter), ready[0])
            self._turn_rows = 0
        return self._adapter

    def drop(self, adapter: str) -> None:
        """Breaks off all streams of an adapter, and lets go of their sequences."""
        for stream in self.streams:
            if stream.adapter == adapter and not stream.done:
                stream.break_off(ModelError("The adapter was unloaded while it was at work."))
        self.drop_ended()

    def _add(self, batch: Batch, stream: Stream, count: int, alone: bool) -> None:
        assert stream.sequence
        position = len(stream.sequence.tokens)
        fed = stream.pending[:count]
        last = count == len(stream.pending)
        if last:
            # Beside other streams' rows a draft's are not cheap, and it must not be what fills the cache.
            taken = sum(len(other.sequence.tokens) for other in self.running if other.sequence)
            room = min(self._cache.llama.batch_rows, self._cache.ledger.cells - taken) - count
            fed += stream.guess(room if alone else 0)
            batch.ends[stream] = range(len(batch.rows) + count - 1, len(batch.rows) + len(fed))
        batch.fed[stream] = fed
        for i, token in enumerate(fed):
            batch.rows.append((token, position + i, stream.sequence.id, last and i >= count - 1))
