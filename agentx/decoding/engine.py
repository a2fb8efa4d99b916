"""The decoding engine: one thread owns model and context; requests come from async code and share batches.

Each turn of the thread's loop builds one batch from the pending tokens of all requests, runs it, and hands each of them
the logits of its last row, and of what it has guessed behind that.
"""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from agentx.decoding.cache import Cache
from agentx.decoding.constraint import Grammars, TokenizerSource
from agentx.decoding.decoder import Aborted, Decoder
from agentx.decoding.ledger import Ledger
from agentx.decoding.parking import Parking
from agentx.decoding.prefixes import Prefixes
from agentx.decoding.request import Request
from agentx.decoding.schedule import Schedule
from agentx.decoding.snapshots import SnapshotStore
from agentx.decoding.stream import Stream
from agentx.errors import ContextOverflow, ModelError

SEQUENCES = 32
QUIET_S = 0.1
"""Idle seconds after which work that nobody waits for is done."""
UNLOADED = "The adapter was unloaded; load it again."


class Engine:
    """Serves many requests with one loaded model.

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

    def submit(self, request: Request) -> None:
        """Has a request served."""
        self.run(lambda: self._add(request))

    def submit_under(self, lark: str, stream: Stream) -> None:
        """Has a reply decoded under a grammar, which is compiled while the prompt is read."""
        if self.grammars.has(lark):
            stream.matcher = self.grammars.start(lark)
        else:
            stream.held = True
            thread = threading.Thread(target=self._compile, args=(stream, lark), name="agentx-grammar", daemon=True)
            self._compiling.add(thread)
            thread.start()
        self.submit(stream)

    def cancel(self, request: Request) -> None:
        """Stops a request; a batch that is under way is given up."""
        request.cancelled = True
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

    def _add(self, request: Request) -> None:
        """Takes a request up, unless its adapter was unloaded after it was made."""
        if request.adapter in self.adapters:
            self._schedule.add(request)
        else:
            request.break_off(ModelError(UNLOADED))

    def _work(self) -> None:
        busy = False
        try:
            while self._take_jobs(wait=not busy):
                busy = self._turn()
        finally:
            self._end()

    def _turn(self) -> bool:
        """Decodes one batch; False if no request had anything to decode."""
        schedule = self._schedule
        self._allow()
        schedule.drop_ended()
        schedule.admit()
        try:
            return self._step()
        except Aborted:
            self._back_to_ledger()
        except ContextOverflow as error:
            self._back_to_ledger()
            # One that does not fit is at work alone; those with it were let in since they fit beside it.
            max(schedule.running, key=lambda request: len(request.prompt) + request.max_tokens).break_off(error)
        except Exception as error:
            self._back_to_ledger()
            for request in schedule.running:
                request.break_off(error)
        return True

    def _end(self) -> None:
        """Leaves nobody waiting, however the thread has come to its end."""
        with self._door:
            self.closed = True
        while not self._inbox.empty():
            if job := self._inbox.get():
                with suppress(Exception):
                    job()
        for request in self._schedule.requests:
            if not request.done:
                request.break_off(ModelError("The model was closed while it decoded."))
        self.prefixes.finish()

    def _take_jobs(self, wait: bool) -> bool:
        """Does what is in the inbox, waiting for something to be there first; False when the engine is to end."""
        while wait or not self._inbox.empty():
            try:
                job = self._inbox.get(timeout=QUIET_S if self.prefixes.unsaved else None)
            except queue.Empty:
                with suppress(Exception):  # nobody waits for it, and nobody shall suffer by it
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
        with self._door:
            self.llama.abort(self.closed)

    def _step(self) -> bool:
        batch = self._schedule.batch()
        if not batch.rows:
            return False
        self.cache.decode(batch.rows, batch.adapter)
        for request, fed in batch.fed.items():
            assert request.sequence
            self.cache.append(request.sequence, fed)
            del request.pending[: len(fed)]
        for request, rows in batch.ends.items():
            assert request.sequence
            try:
                refused = request.advance(*map(self.llama.logits, rows))
            except Exception as error:  # of this request alone: its grammar, its sampler
                request.break_off(error)
            else:
                if refused:
                    self.cache.truncate(request.sequence, len(request.sequence.tokens) - refused)
        return True

    def _back_to_ledger(self) -> None:
        """After an aborted batch the cache may hold rows that the ledger does not know."""
        for request in self._schedule.running:
            if request.sequence:
                self.cache.restore(request.sequence)

    def forget(self, adapter: str) -> None:
        """Breaks off what is decoded under an adapter, and drops all that was made under it.

        On the engine's thread only (see `run`).
        """
        self.adapters.discard(adapter)
        self._schedule.drop(adapter)
        self.cache.drop(adapter)
        self.prefixes.drop(adapter)
