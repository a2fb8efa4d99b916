"""The decoding engine: one thread owns model and context; requests come from async code and share batches.

Each turn of the thread's loop builds one batch from the pending tokens of all streams, runs it, and hands each stream
the logits of its last row, and of what it has drafted behind that.
"""

import queue
import threading
from collections.abc import Callable, Sequence

from agentx.decoding import scoring
from agentx.decoding.cache import Cache, too_long
from agentx.decoding.constraint import Grammars, TokenizerSource
from agentx.decoding.decoder import Aborted, Decoder
from agentx.decoding.ledger import Ledger
from agentx.decoding.parking import Parking
from agentx.decoding.prefixes import Prefixes
from agentx.decoding.schedule import Schedule
from agentx.decoding.snapshots import SnapshotStore
from agentx.decoding.stream import Stream
from agentx.errors import AgentXError, ModelError

SEQUENCES = 32
QUIET_S = 0.1
"""Idle seconds after which work that nobody waits for is done."""
UNLOADED = "The adapter was unloaded; load it again."


class Engine:
    """Decodes many streams with one loaded model.

    Attributes:
        adapters: names of those that are loaded, "" for none among them; for the engine's thread only (see `run`).

    Args:
        decoder: the model, with `SEQUENCES` sequences and one more, which is for copying states.
        tokenizer: what grammars are compiled with.
        store: where the beginnings of prompts are kept between processes; None keeps none.
    """

    def __init__(self, decoder: Decoder, tokenizer: TokenizerSource, store: SnapshotStore | None = None) -> None:
        self.llama = decoder
        self._tokenizer = tokenizer
        self.grammars = Grammars(self._tokenizer, self.llama.vocab_size)
        self.ledger = Ledger(SEQUENCES, self.llama.context_tokens)
        parking = Parking(self.llama, self.ledger, scratch=SEQUENCES)
        self.cache = Cache(self.llama, self.ledger, parking)
        self.prefixes = Prefixes(self.llama, self.ledger, parking, store)
        self.adapters = {""}
        self.closed = False
        self._door = threading.Lock()
        self._compiling: set[threading.Thread] = set()
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._schedule = Schedule(self.cache, self.prefixes)
        # A daemon: a process that ends in the middle of a batch must not wait for it.
        self._thread = threading.Thread(target=self._work, name="agentx-decoder", daemon=True)
        self._thread.start()

    # From any thread.

    def submit(self, stream: Stream, lark: str | None = None) -> None:
        """Has a reply decoded, under a grammar if there is one; that is compiled while the prompt is read."""
        if lark is not None and self.grammars.has(lark):
            stream.matcher = self.grammars.start(lark)
        elif lark is not None:
            stream.held = True
            thread = threading.Thread(target=self._compile, args=(stream, lark), name="agentx-grammar", daemon=True)
            self._compiling.add(thread)
            thread.start()
        self.run(lambda: self._add(stream))

    def cancel(self, stream: Stream) -> None:
        """Stops a stream; a batch that is under way is given up."""
        stream.cancelled = True
        self.llama.abort(True)
        self._inbox.put(lambda: None)

    def run(self, work: Callable[[], None]) -> None:
        """Has the engine's thread do some work between two batches.

        Raises:
            ModelError: the engine was closed.
        """
        with self._door:
            self.require_open()
            self._inbox.put(work)

    def require_open(self) -> None:
        """Raises ModelError if the engine was closed."""
        if self.closed:
            raise ModelError("The model was closed; load it again.")

    def finish(self) -> None:
        """Ends what is under way and saves what is unsaved; the engine does nothing more."""
        with self._door:  # nothing may come after the last entry
            if not self.closed:
                self.closed = True
                self.llama.abort(True)
                self._inbox.put(None)
        self._thread.join()
        # An interpreter that ends while a thread is in a library's code crashes when that thread comes back from it.
        self._tokenizer.join()
        for thread in tuple(self._compiling):
            thread.join()

    def close(self) -> None:
        """As `finish`, and frees the memory."""
        self.finish()
        self.llama.close()

    def _compile(self, stream: Stream, lark: str) -> None:
        try:
            matcher = self.grammars.start(lark)
        except Exception as error:
            failure = error
            self._inbox.put(lambda: stream.break_off(failure))
        else:
            self._inbox.put(lambda: stream.unhold(matcher))
        self._compiling.discard(threading.current_thread())

    # On the engine's thread.

    def _add(self, stream: Stream) -> None:
        """Takes a stream up, unless its adapter was unloaded after it was asked for."""
        if stream.adapter in self.adapters:
            self._schedule.add(stream)
        else:
            stream.break_off(ModelError(UNLOADED))

    def _work(self) -> None:
        busy = False
        schedule = self._schedule
        while self._take_jobs(wait=not busy):
            self._allow()
            schedule.drop_ended()
            schedule.admit()
            try:
                busy = self._step()
            except Aborted:
                busy = True
                self._back_to_ledger()
            except Exception as error:
                busy = True
                self._back_to_ledger()
                for stream in schedule.running:
                    stream.break_off(error)
        for stream in schedule.streams:
            if not stream.done:
                stream.break_off(ModelError("The model was closed while it decoded."))
        self.prefixes.finish()

    def _take_jobs(self, wait: bool) -> bool:
        """Does what is in the inbox, waiting for something to be there first; False when the engine is to end."""
        while wait or not self._inbox.empty():
            try:
                job = self._inbox.get(timeout=QUIET_S if self.prefixes.unsaved else None)
            except queue.Empty:
                self.prefixes.save_one()
                continue
            if job is None:
                return False
            self._allow()
            job()
            wait = False
        return True

    def _allow(self) -> None:
        """Ends the call to give a batch up, unless all are to be."""
        if not self.closed:
            self.llama.abort(False)

    def _step(self) -> bool:
        """Decodes one batch; False if no stream had anything to decode."""
        batch = self._schedule.batch()
        if not batch.rows:
            return False
        self.cache.decode(batch.rows, batch.adapter)
        for stream, fed in batch.fed.items():
            assert stream.sequence
            self.cache.append(stream.sequence, fed)
            del stream.pending[: len(fed)]
        for stream, rows in batch.ends.items():
            assert stream.sequence
            try:
                refused = stream.advance(*map(self.llama.logits, rows))
            except AgentXError as error:
                stream.break_off(error)
            else:
                if refused:
                    self.cache.truncate(stream.sequence, len(stream.sequence.tokens) - refused)
        return True

    def _back_to_ledger(self) -> None:
        """After an aborted batch the cache may hold rows that the ledger does not know."""
        for stream in self._schedule.running:
            if stream.sequence:
                self.cache.restore(stream.sequence)

    def forget(self, adapter: str) -> None:
        """Breaks off what is decoded under an adapter, and drops all that was made under it.

        On the engine's thread only (see `run`).
        """
        self.adapters.discard(adapter)
        self._schedule.drop(adapter)
        self.cache.drop(adapter)
        self.prefixes.drop(adapter)

    def score(
        self, prompt: list[int], continuations: Sequence[list[int]], kept: int = 0, adapter: str = ""
    ) -> tuple[list[float], int, int]:
        """Log-probability of each continuation, prompt tokens read, and tokens decoded for the scores.

        On the engine's thread only (see `run`). The prompt stays cached; the continuations do not. The first `kept`
        tokens of the prompt are worth keeping on disk.

        Raises:
            ContextOverflow: the prompt does not fit.
            ModelError: all sequences are busy, the adapter was unloaded, or the engine was closed.
        """
        if adapter not in self.adapters:
            raise ModelError(UNLOADED)
        if len(prompt) + 1 > self.ledger.cells:
            raise too_long(len(prompt), self.ledger.cells)
        self.prefixes.prepare(prompt, kept, adapter)
        while not self.closed:
            try:
                return scoring.score(self.cache, prompt, continuations, adapter)
            except Aborted:  # another stream was cancelled; what was read so far is in the ledger
                self._allow()
        raise ModelError("The model was closed while it decoded.")
