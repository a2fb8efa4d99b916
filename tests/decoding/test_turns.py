"""Who has his turn in the engine and what that costs, counted on a decoder that computes nothing."""

import queue
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from agentx.decoding.cache import Cache
from agentx.decoding.decoder import Row
from agentx.decoding.drafts import Drafter
from agentx.decoding.engine import SEQUENCES, Engine
from agentx.decoding.ledger import Ledger
from agentx.decoding.parking import Parking
from agentx.decoding.prefixes import Prefixes
from agentx.decoding.reply import Reply
from agentx.decoding.sampler import Sampler
from agentx.decoding.schedule import Schedule
from agentx.decoding.stream import Stream
from agentx.errors import AgentXError
from agentx.model import GREEDY, Delta

VOCABULARY, PERIOD = 50, 40
ADAPTERS = ("", "a", "b")


class CountingDecoder:
    """A Decoder (see `agentx.decoding.decoder.Decoder`): after each token comes the next number of `PERIOD`.

    Attributes:
        batches: under which adapter each was decoded, and how many rows of each sequence it had.
    """

    vocab_size, context_tokens, batch_rows, bos = VOCABULARY, 2048, 256, None
    end_tokens = frozenset({VOCABULARY - 1})

    def __init__(self) -> None:
        self.batches: list[tuple[str, Counter[int]]] = []
        self._adapter = ""
        self._rows: list[Row] = []

    def decode(self, rows: list[Row]) -> None:
        self.batches.append((self._adapter, Counter(sequence for _, _, sequence, _ in rows)))
        self._rows = rows

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
    def abort(self, on: bool) -> None: ...
    def close(self) -> None: ...

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


@pytest.fixture
def decoder() -> CountingDecoder:
    return CountingDecoder()


@pytest.fixture
def engine(decoder: CountingDecoder) -> Iterator[Engine]:
    made = Engine(decoder, NoGrammars())
    made.adapters.update(ADAPTERS)
    yield made
    made.close()


class Request:
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


def together(engine: Engine, requests: list[Request]) -> list[Delta]:
    """Has the requests begin in the same batch."""
    gate = threading.Event()
    engine.run(lambda: (gate.wait(60), None)[1])
    for request in requests:
        engine.submit(request.stream)
    gate.set()
    return [request.wait() for request in requests]


def test_adapters_take_turns_of_some_batches_and_none_waits_longer(engine: Engine, decoder: CountingDecoder) -> None:
    requests = [Request(decoder, adapter, i, 4, max_tokens=60) for i, adapter in enumerate(ADAPTERS * 2)]
    replies = together(engine, requests)
    assert {reply.usage.sampled_tokens for reply in replies} == {60}
    turns = [(adapter, len(list(batches))) for adapter, batches in groupby(decoder.batches, lambda batch: batch[0])]
    assert len(decoder.batches) == 3 * 60
    assert {length for _, length in turns} == {8, 4}
    assert [adapter for adapter, _ in turns] == [*ADAPTERS] * 8
    assert all(len(rows) == 2 for _, rows in decoder.batches)


def test_one_adapter_s_prompt_is_read_in_whole_batches_and_lets_the_others_decode_between_them(
    engine: Engine, decoder: CountingDecoder
) -> None:
    requests = [Request(decoder, "", 3, 4, max_tokens=60), Request(decoder, "a", 7, 700, max_tokens=2)]
    together(engine, requests)
    read = [i for i, (adapter, _) in enumerate(decoder.batches) if adapter == "a"]
    assert [decoder.batches[i][1].total() for i in read[:3]] == [256, 256, 188]
    gaps = [later - earlier - 1 for earlier, later in pairwise(read[:3])]
    assert gaps == [8, 8]


def test_a_prompt_beside_requests_of_its_own_adapter_is_read_in_parts(engine: Engine, decoder: CountingDecoder) -> None:
    requests = [Request(decoder, "a", 3, 4, max_tokens=60), Request(decoder, "a", 7, 700, max_tokens=2)]
    together(engine, requests)
    assert max(rows.total() for _, rows in decoder.batches) == 4 + 32


def test_a_reply_is_drafted_beside_those_of_other_adapters(engine: Engine, decoder: CountingDecoder) -> None:
    two = [Request(decoder, adapter, 0, 4, max_tokens=90, drafts=True) for adapter in ("a", "b")]
    for reply in together(engine, two):
        assert reply.usage.sampled_tokens == 90
        assert reply.usage.accepted_tokens > 20
    one = [Request(decoder, "a", i, 4, max_tokens=90, drafts=True) for i in (10, 20)]
    assert [reply.usage.drafted_tokens for reply in together(engine, one)] == [0, 0]


@pytest.mark.parametrize(("neighbour", "rows"), [(False, 16), (True, 4)])
def test_a_draft_leaves_others_their_cells(decoder: CountingDecoder, neighbour: bool, rows: int) -> None:
    ledger, cache, schedule = parts(decoder)
    drafting = Request(decoder, "a", 0, 100, max_tokens=60, drafts=True).stream
    drafting.reply.tokens = [token % PERIOD for token in range(100, 110)]
    assert drafting.drafter
    for _ in range(20):
        drafting.drafter.draft(drafting.reply.tokens, 1, 15)
        drafting.drafter.record(15, 15)
    if neighbour:
        schedule.add(Request(decoder, "b", 1, 1946, max_tokens=1).stream)
    schedule.add(drafting)
    schedule.admit()
    for stream in schedule.running:
        assert stream.sequence
        cache.append(stream.sequence, stream.prompt[:-1])
        stream.pending = stream.prompt[-1:]
    assert ledger.cells - ledger.used_cells == (4 if neighbour else 2048 - 99)
    batch = schedule.batch()
    assert (batch.adapter, len(batch.rows)) == ("a", rows)


def test_a_request_under_an_adapter_that_is_not_loaded_ends_alone(engine: Engine, decoder: CountingDecoder) -> None:
    fine, wrong = Request(decoder, "a", 3, 4, max_tokens=60), Request(decoder, "gone", 3, 4, max_tokens=60)
    gate = threading.Event()
    engine.run(lambda: (gate.wait(60), None)[1])
    engine.submit(fine.stream)
    engine.submit(wrong.stream)
    gate.set()
    with pytest.raises(AgentXError, match="The adapter was unloaded; load it again"):
        wrong.wait()
    assert fine.wait().usage.sampled_tokens == 60


@pytest.mark.parametrize("shared", [0, 1])
def test_what_was_used_longest_ago_is_parked_when_all_sequences_hold_something(
    decoder: CountingDecoder, shared: int
) -> None:
    ledger, cache, _ = parts(decoder)

    def read(prompt: list[int]) -> int:
        """Reads a prompt as a request does; how many tokens of it were cached."""
        sequence, reused = cache.place(prompt)
        assert sequence and sequence.tokens == prompt[:reused]
        cache.append(sequence, prompt[reused:])
        ledger.touch(sequence)
        return reused

    prompts = [[0] * shared + [100 * (i + 1) + k for k in range(10)] for i in range(SEQUENCES)]
    prompts[0] += list(range(5000, 5030))
    for prompt in prompts:
        read(prompt)
    assert all(sequence.tokens for sequence in ledger.sequences)
    assert ledger.idle() is ledger.best_match([9999])[0]
    read([0] * shared + [9999] * 5)
    assert read(prompts[0]) == len(prompts[0]) - 1
