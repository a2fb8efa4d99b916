"""Which requests are at work, and which rows of theirs the next batch takes.

One that reads a long prompt gets only a part of the batch while others under its adapter decode, so that none
starves; adapters take turns. One whose prompt begins like that of another at work waits until that has read the
beginning, so that it is read once.
"""

from dataclasses import dataclass, field

from agentx.decoding.cache import Cache, too_long
from agentx.decoding.decoder import Row
from agentx.decoding.ledger import common_prefix
from agentx.decoding.prefixes import Prefixes
from agentx.decoding.request import Request
from agentx.errors import ModelError

PROMPT_ROWS_BESIDE_OTHERS = 32
"""Prompt rows that one batch takes while other requests decode: 32 rows take about as long as 8 single ones."""
WORTH_WAITING_FOR = 32
"""Tokens that two prompts must begin with alike for the second to wait; fewer are soon read again."""
TURN_ROWS = 8 * PROMPT_ROWS_BESIDE_OTHERS
"""Rows that are decoded under one adapter while others wait for theirs, a batch counting as a part of a prompt at
least: 8 batches of replies, or one of a long prompt. After each change llama.cpp plans its graph anew."""


@dataclass(slots=True)
class Batch:
    """Rows to decode, all under one adapter: it is the context's, not the row's.

    Attributes:
        fed: the tokens of each request in it.
        ends: for requests whose pending tokens are all in it, the rows whose logits they take.
    """

    adapter: str = ""
    rows: list[Row] = field(default_factory=list[Row])
    fed: dict[Request, list[int]] = field(default_factory=dict[Request, list[int]])
    ends: dict[Request, range] = field(default_factory=dict[Request, range])


class Schedule:
    """Requests that wait and requests at work. Lives on the engine's thread."""

    def __init__(self, cache: Cache, prefixes: Prefixes) -> None:
        self._cache = cache
        self._prefixes = prefixes
        self._waiting: list[Request] = []
        self.running: list[Request] = []
        self._adapter = ""
        self._turn_rows = 0

    @property
    def requests(self) -> list[Request]:
        return [*self._waiting, *self.running]

    def add(self, request: Request) -> None:
        self._waiting.append(request)

    def drop_ended(self) -> None:
        """Lets go of requests that are cancelled or done, and of their sequences."""
        for request in self.running:
            if (request.cancelled or request.done) and request.sequence:
                self._cache.ledger.release(request.sequence)
        self._waiting = [request for request in self._waiting if not (request.cancelled or request.done)]
        self.running = [request for request in self.running if not (request.cancelled or request.done)]

    def admit(self) -> None:
        """Gives waiting requests a sequence, first come, first served, as long as there is room."""
        waiting, self._waiting = self._waiting, []
        while waiting:
            request = waiting.pop(0)
            try:
                if len(request.prompt) + 1 > self._cache.ledger.cells:
                    raise too_long(len(request.prompt), self._cache.ledger.cells)
                if self._being_read(request.prompt, request.adapter):
                    self._waiting.append(request)
                elif not self._place(request):
                    self._waiting += [request, *waiting]
                    return
            except Exception as error:
                request.break_off(error)

    def _being_read(self, prompt: list[int], adapter: str) -> bool:
        """Whether another one at work is still reading a beginning that this prompt has too, under the same adapter."""
        fellows = (other.prompt for other in self.running if other.adapter == adapter)
        shared = max((common_prefix(other, prompt[:-1]) for other in fellows), default=0)
        return shared >= WORTH_WAITING_FOR and self._cache.ledger.best_match(prompt, adapter)[1] < shared

    def _place(self, request: Request) -> bool:
        """Begins a request; False if there is no room for it now."""
        ledger = self._cache.ledger
        # First of all: whoever waits is looked at before each batch, and states are copied for those that come in.
        if ledger.idle() is None or (self.running and not self._fits(request)):
            return False
        self._prefixes.prepare(request.prompt, request.kept, request.adapter)
        sequence, reused = self._cache.place(request.prompt, request.adapter)
        assert sequence
        request.begin(sequence, reused)
        if not request.done:  # a grammar that allows one reply only has given it
            ledger.take(sequence)
            self.running.append(request)
        return True

    def _fits(self, newcomer: Request) -> bool:
        """Whether there is room for all that those at work and one more may yet put there; what the newcomer shares
        with one of them is there already."""
        ledger = self._cache.ledger
        at_work = [(other, other.sequence.tokens) for other in self.running if other.sequence]
        beside = (tokens for other, tokens in at_work if other.adapter == newcomer.adapter)
        shared = max((common_prefix(tokens, newcomer.prompt[:-1]) for tokens in beside), default=0)
        to_come = sum(len(other.prompt) + other.max_tokens - len(tokens) for other, tokens in at_work)
        to_come += len(newcomer.prompt) + newcomer.max_tokens - shared
        return ledger.cells_at_work() + to_come <= ledger.cells

    def batch(self) -> Batch:
        """The next rows, of as many requests of one adapter as have any."""
        batch = Batch(self._next_adapter())
        alone = sum(request.adapter == batch.adapter for request in self.running) == 1
        # Short needs first: a request that decodes must not wait for one that reads its prompt. Of those that read, the
        # oldest is first, or the longest would wait for all that come after it.
        for request in sorted(self.running, key=lambda request: len(request.pending) > PROMPT_ROWS_BESIDE_OTHERS):
            if request.adapter != batch.adapter:
                continue
            room = self._cache.llama.batch_rows - len(batch.rows)
            count = min(request.ready, room if alone else min(room, PROMPT_ROWS_BESIDE_OTHERS))
            if count:
                self._add(batch, request, count, alone)
        self._turn_rows += max(len(batch.rows), PROMPT_ROWS_BESIDE_OTHERS)
        return batch

    def _next_adapter(self) -> str:
        """The adapter of the next batch: those of requests that have something to feed take turns of `TURN_ROWS`."""
        ready = sorted({request.adapter for request in self.running if request.ready})
        if ready and (self._adapter not in ready or self._turn_rows >= TURN_ROWS):
            self._adapter = next((adapter for adapter in ready if adapter > self._adapter), ready[0])
            self._turn_rows = 0
        return self._adapter

    def drop(self, adapter: str) -> None:
        """Breaks off all requests of an adapter, and lets go of their sequences."""
        for request in self.requests:
            if request.adapter == adapter and not request.done:
                request.break_off(ModelError("The adapter was unloaded while it was at work."))
        self.drop_ended()

    def _add(self, batch: Batch, request: Request, count: int, alone: bool) -> None:
        assert request.sequence
        position = len(request.sequence.tokens)
        fed = request.pending[:count]
        last = count == len(request.pending)
        if last:
            # Beside others' rows those of a draft are not cheap, and it must not be what fills the cache.
            room = min(self._cache.llama.batch_rows, self._cache.ledger.cells - position) - count
            fed += request.guess(max(room, 0) if alone else 0)
            batch.ends[request] = range(len(batch.rows) + count - 1, len(batch.rows) + len(fed))
        batch.fed[request] = fed
        for i, token in enumerate(fed):
            batch.rows.append((token, position + i, request.sequence.id, last and i >= count - 1))
