"""The decoding engine: one thread owns model and context; requests come from async code and share batches.

Each turn of the thread's loop builds one batch from the pending tokens of all streams, runs it, and hands each stream
the logits of its last row. A stream that reads a long prompt gets only a part of the batch while others decode, so
that none starves.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from agentx.decoding import scoring
from agentx.decoding.cache import Cache, too_long
from agentx.decoding.constraint import Grammars
from agentx.decoding.ledger import Ledger
from agentx.decoding.llama import Aborted, Llama, Row, build
from agentx.decoding.prefixes import Prefixes
from agentx.decoding.snapshots import Snapshots, SnapshotStore
from agentx.decoding.stream import Stream
from agentx.decoding.tokenizer import GrammarTokenizer
from agentx.decoding.vocabulary import VocabularyFile
from agentx.errors import AgentXError, ModelError

SEQUENCES = 32
PROMPT_ROWS_BESIDE_OTHERS = 32
"""Prompt rows that one batch takes while other streams decode: 32 rows take about as long as 8 single ones."""
QUIET_S = 0.1
"""Idle seconds after which work that nobody waits for is done."""


class Engine:
    """Decodes many streams in one llama.cpp context.

    Args:
        path: a GGUF file.
        context_tokens: cells of the KV cache, shared by all sequences.
        threads: CPU threads.
        snapshots: where the beginnings of prompts are kept between processes; None keeps none.

    Raises:
        ModelFileError, ModelError: see `Llama`.
    """

    def __init__(self, path: Path, context_tokens: int, threads: int, snapshots: Snapshots | None = None) -> None:
        self._tokenizer = GrammarTokenizer(VocabularyFile(snapshots, build()) if snapshots else None)
        try:
            # The last sequence is for copying states; the ledger does not know it.
            self.llama = Llama(path, context_tokens, SEQUENCES + 1, threads)
        except BaseException:
            self._tokenizer.abandon()
            raise
        self._tokenizer.connect(self.llama)
        self.grammars = Grammars(self._tokenizer, self.llama.vocab_size)
        self.ledger = Ledger(SEQUENCES, self.llama.context_tokens)
        self.cache = Cache(self.llama, self.ledger)
        store = SnapshotStore(snapshots, self.llama.state_origin) if snapshots else None
        self.prefixes = Prefixes(self.llama, self.ledger, store, scratch=SEQUENCES)
        self.closed = False
        self._door = threading.Lock()
        self._compiling: set[threading.Thread] = set()
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._waiting: list[Stream] = []
        self._running: list[Stream] = []
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
        self.run(lambda: self._waiting.append(stream))

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

    def close(self) -> None:
        """As `finish`, and frees the memory."""
        self.finish()
        self._tokenizer.join()
        for thread in tuple(self._compiling):
            thread.join()
        self.llama.close()

    def _compile(self, stream: Stream, lark: str) -> None:
        try:
            matcher = self.grammars.start(lark)
        except Exception as error:
            failure = error
            self._inbox.put(lambda: self._fail(stream, failure))
        else:
            self._inbox.put(lambda: stream.unhold(matcher))
        self._compiling.discard(threading.current_thread())

    # On the engine's thread.

    def _work(self) -> None:
        busy = False
        while self._take_jobs(wait=not busy):
            self._allow()
            self._drop_cancelled()
            self._admit()
            try:
                busy = self._step()
            except Aborted:
                self._back_to_ledger()
            except Exception as error:
                for stream in self._running:
                    self._fail(stream, error)
                self._drop_cancelled()
        for stream in (*self._waiting, *self._running):
            self._fail(stream, ModelError("The model was closed while it decoded."))
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

    def _drop_cancelled(self) -> None:
        self._waiting = [stream for stream in self._waiting if not (stream.cancelled or stream.done)]
        for stream in self._running:
            if (stream.cancelled or stream.done) and stream.sequence:
                self.ledger.release(stream.sequence)
        self._running = [stream for stream in self._running if not (stream.cancelled or stream.done)]

    def _admit(self) -> None:
        while self._waiting:
            stream = self._waiting[0]
            if len(stream.prompt) + 1 > self.ledger.cells:
                self._fail(self._waiting.pop(0), too_long(len(stream.prompt), self.ledger.cells))
                continue
            busy = sum(len(other.prompt) + other.max_tokens for other in self._running)
            self.prefixes.prepare(stream.prompt, stream.kept)
            sequence, reused = self.cache.place(stream.prompt)
            if sequence is None or (self._running and busy + len(stream.prompt) - reused > self.ledger.cells):
                return
            self.ledger.take(sequence)
            stream.begin(sequence, reused)
            self._running.append(self._waiting.pop(0))

    def _step(self) -> bool:
        """Decodes one batch; False if no stream had anything to decode."""
        rows, ends, taken = self._batch()
        if not rows:
            return False
        self.cache.decode(rows)
        for stream, count in taken.items():
            assert stream.sequence
            self.cache.append(stream.sequence, stream.pending[:count])
            del stream.pending[:count]
        for stream, row in ends.items():
            try:
                stream.advance(self.llama.logits(row))
            except AgentXError as error:
                self._fail(stream, error)
        self._drop_cancelled()
        return True

    def _batch(self) -> tuple[list[Row], dict[Stream, int], dict[Stream, int]]:
        """Rows for one batch; for streams whose last pending token is in it, that row; rows taken of each stream."""
        rows: list[Row] = []
        ends: dict[Stream, int] = {}
        taken: dict[Stream, int] = {}
        alone = len(self._running) == 1
        # Short needs first: a stream that decodes must not wait for one that reads its prompt.
        for stream in sorted(self._running, key=lambda stream: len(stream.pending)):
            room = self.llama.batch_rows - len(rows)
            count = min(stream.ready, room if alone else min(room, PROMPT_ROWS_BESIDE_OTHERS))
            if count == 0:
                continue
            assert stream.sequence
            position = len(stream.sequence.tokens)
            last = count == len(stream.pending)
            for i, token in enumerate(stream.pending[:count]):
                rows.append((token, position + i, stream.sequence.id, last and i == count - 1))
            taken[stream] = count
            if last:
                ends[stream] = len(rows) - 1
        return rows, ends, taken

    def _back_to_ledger(self) -> None:
        """After an aborted batch the cache may hold rows that the ledger does not know."""
        for stream in self._running:
            if stream.sequence:
                self.cache.restore(stream.sequence)

    def _fail(self, stream: Stream, error: Exception) -> None:
        stream.done = True
        stream.fail(error if isinstance(error, AgentXError) else ModelError(f"The decoder failed: {error}."))

    def score(
        self, prompt: list[int], continuations: Sequence[list[int]], kept: int = 0
    ) -> tuple[list[float], int, int]:
        """Log-probability of each continuation, prompt tokens read, and tokens decoded for the scores.

        On the engine's thread only (see `run`). The prompt stays cached; the continuations do not. The first `kept`
        tokens of the prompt are worth keeping on disk.

        Raises:
            ContextOverflow: the prompt does not fit.
            ModelError: all sequences are busy, or the engine was closed.
        """
        if len(prompt) + 1 > self.ledger.cells:
            raise too_long(len(prompt), self.ledger.cells)
        self.prefixes.prepare(prompt, kept)
        while not self.closed:
            try:
                return scoring.score(self.cache, prompt, continuations)
            except Aborted:  # another stream was cancelled; what was read so far is in the ledger
                self._allow()
        raise ModelError("The model was closed while it decoded.")
