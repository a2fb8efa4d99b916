"""A decoder that computes nothing and counts its batches, and requests to an engine over it."""

import queue
import threading
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from agentx.decoding.cache import Cache
from agentx.decoding.decoder import Aborted, Row
from agentx.decoding.drafts import Drafter
from agentx.decoding.engine import SEQUENCES, Engine
from agentx.decoding.ledger import Ledger
from agentx.decoding.parking import Parking
from agentx.decoding.prefixes import Prefixes
from agentx.decoding.reply import Reply
from agentx.decoding.sampler import Sampler
from agentx.decoding.schedule import Schedule
from agentx.decoding.stream import Stream
from agentx.model import GREEDY, Delta

VOCABULARY, PERIOD = 50, 40
ADAPTERS = ("", "a", "b")


class CountingDecoder:
    """A Decoder (see `agentx.decoding.decoder.Decoder`): after each token comes the next number of `PERIOD`.

    Attributes:
        batches: under which adapter each was decoded, and how many rows of each sequence it had.
        meanwhile: what happens while a batch is decoded.
    """

    vocab_size, context_tokens, batch_rows, bos = VOCABULARY, 2048, 256, None
    end_tokens = frozenset({VOCABULARY - 1})

    def __init__(self) -> None:
        self.batches: list[tuple[str, Counter[int]]] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self._adapter = ""
        self._rows: list[Row] = []
        self._aborting = False

    def decode(self, rows: list[Row]) -> None:
        self.batches.append((self._adapter, Counter(sequence for _, _, sequence, _ in rows)))
        self._rows = rows
        self.meanwhile()
        if self._aborting:
            raise Aborted

    def adapt(self, adapter: str) -> None:
        self._adapter = adapter

    def logits(self, row: int) -> NDArray[np.float32]:
        logits = np.zeros(VOCABULARY, np.float32)
        logits[(self._rows[row][0] + 1) % PERIOD] = 1
        return logits

    def tokenize(self, text: str | bytes, markup: bool) -> list[int]:
        return list(range(len(text)))

    def piece(self, token: int) -> bytes:
        return b"%d " % token

    def copy(self, source: int, target: int, end: int, start: int = 0) -> None: ...
    def truncate(self, sequence: int, length: int) -> None: ...
    def close(self) -> None: ...

    def abort(self, on: bool) -> None:
        self._aborting = on

    def state_size(self, sequence: int) -> int:
        return 1

    def state(self, sequence: int) -> memoryview:
        return memoryview(b"x")

    def load_state(self, sequence: int, state: memoryview) -> bool:
        return True


class NoGrammars:
    """A TokenizerSource for requests without a grammar."""

    def get(self) -> object:
        raise AssertionError("no request here has a grammar")

    def join(self) -> None: ...


class Asked:
    """A request as a model makes it; `wait` gives its last Delta."""

    def __init__(
        self,
        decoder: CountingDecoder,
        adapter: str,
        first: int,
        length: int,
        max_tokens: int,
        drafts: bool = False,
    ) -> None:
        self._arrived: queue.SimpleQueue[Delta | BaseException] = queue.SimpleQueue()
        prompt = [(first + i) % PERIOD for i in range(length)]
        self.stream = Stream(
            prompt=prompt,
            reply=Reply(decoder.piece),
            sampler=Sampler(GREEDY),
            matcher=None,
            fast_forward=False,
            max_tokens=max_tokens,
            end_tokens=decoder.end_tokens,
            emit=self._arrived.put,
            fail=self._arrived.put,
            adapter=adapter,
            drafter=Drafter(prompt) if drafts else None,
        )

    def wait(self) -> Delta:
        while True:
            item = self._arrived.get(timeout=60)
            if isinstance(item, BaseException):
                raise item
            if item.finish:
                return item


def parts(decoder: CountingDecoder) -> tuple[Ledger, Cache, Schedule]:
    """What an engine has inside it, to be looked at between two steps."""
    ledger = Ledger(SEQUENCES, decoder.context_tokens)
    parking = Parking(decoder, ledger, scratch=SEQUENCES)
    cache = Cache(decoder, ledger, parking)
    return ledger, cache, Schedule(cache, Prefixes(decoder, ledger, parking, None))


def together(engine: Engine, requests: list[Asked]) -> list[Delta]:
    """Has the requests begin in the same batch."""
    gate = threading.Event()
    engine.run(lambda: (gate.wait(60), None)[1])
    for request in requests:
        engine.submit(request.stream)
    gate.set()
    return [request.wait() for request in requests]
